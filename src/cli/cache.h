/* SPDX-License-Identifier: Apache-2.0 */
/** @file A folder of symbol indexes, so that an ELF is compiled once and not once per command. */
#ifndef CLI_CACHE_H
#define CLI_CACHE_H

#include "cli/pick.h"

/** Zero-initialised: the user's own folder. Fill in what the options say, then use it. */
struct cli_cache {
	const char *folder; /**< --cache; NULL: $XDG_CACHE_HOME/faultline, ~/.cache/faultline */
	bool off;           /**< --no-cache */
	bool verify;        /**< --verify-cache: compare the contents of the ELF, too */
};

/** The three options, for a verb's list. */
#define CLI_CACHE_OPTIONS(cache) \
	{ "cache", 0, CLI_TEXT, &(cache).folder, NULL }, \
		{ "no-cache", 0, CLI_FLAG, &(cache).off, NULL }, \
	{ \
		"verify-cache", 0, CLI_FLAG, &(cache).verify, NULL \
	}
/** Give the ELF a key for the child, and its index where there is a fresh one. */
void cli_cache_find(const struct cli_cache *cache, struct cli_elfs *elfs, size_t index);

/**
 * After a request with the ELFs from @p first on: which indexes were no good, in a line each; they
 * are not given again.
 */
void cli_cache_note(struct fl_sandbox *sandbox, struct cli_elfs *elfs, size_t first);

/** Write those that were missing. Never fails: a cache is no result. */
void cli_cache_keep(const struct cli_cache *cache, struct fl_sandbox *sandbox,
		    struct cli_elfs *elfs);

/**
 * Whether a file that was read was written to since cli_cache_find(), and not merely replaced: what
 * was read of it is neither the old nor the new one. @return an exit code, after an error line.
 */
int cli_elfs_check(const struct cli_elfs *elfs);
/** Say what failed and, of a child, how it died; or that this is why. @return an exit code. */
int cli_elfs_fail(const struct cli_elfs *elfs, const char *subject, const struct fl_error *err,
		  const struct fl_sandbox_death *death);

/** Whether cli_cache_keep() has something to do. */
bool cli_cache_wants(const struct cli_elfs *elfs);

#endif
