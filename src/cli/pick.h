/* SPDX-License-Identifier: Apache-2.0 */
/** @file Which ELF files belong to a dump or event, from a folder or a database. */
#ifndef CLI_PICK_H
#define CLI_PICK_H

#include "cli/cli.h"

struct cli_cache;

/** What the bytes are by their first byte: a map of CBOR is an event, all else a dump. */
bool cli_is_event(const struct fl_buffer *bytes);

/** fl_sandbox_analyze() or fl_sandbox_analyze_event(). @p death may be NULL. */
FL_MUST_CHECK enum fl_code
cli_analyze_bytes(struct fl_sandbox *sandbox, const struct fl_buffer *bytes,
		  const struct fl_sandbox_elf *elfs, size_t count, struct fl_report **ret,
		  struct fl_sandbox_death *death, struct fl_error *err);

/** A descriptor of a regular file, for the sandbox, and protected; -1 with the reason in @p err. */
int cli_open_regular(const char *path, struct fl_error *err);

/** Lower-case hex; @p buf >= 41 bytes; "none" for no build id. */
const char *cli_build_id(const uint8_t *bytes, size_t size, char *buf);

/** Where the index of an ELF belongs in the cache (cli/cache.h). */
struct cli_index {
	char file[64]; /**< "": nowhere */
	struct fl_symbols_origin origin;
	bool missing; /**< shall be written */
	/** What the index says that the ELF has, when one is given. */
	bool has_debug_info, has_symbol_table;
};

/** ELF files that are open for the sandbox. Zero-initialised is empty. */
enum { CLI_ELFS_MAX = 32 };
struct cli_elfs {
	struct fl_sandbox_elf items[CLI_ELFS_MAX]; /**< names are owned, descriptors, too */
	struct cli_index indexes[CLI_ELFS_MAX];
	size_t count;
};
/** The files of a choice of the database, with their indexes; takes over its descriptors. */
bool cli_elfs_add_choice(struct cli_elfs *elfs, const struct fl_symbol_choice *choice);
/** Takes over @p fd. False after an error line: there is no more room. */
bool cli_elfs_add(struct cli_elfs *elfs, int fd, const char *name);
void cli_elfs_drop(struct cli_elfs *elfs, size_t index);
void cli_elfs_deinit(struct cli_elfs *elfs);

/**
 * The ELF of that build id in a folder and its subfolders; of several the one with debug
 * information, and after it the one that holds the code when that has none. Links to folders are
 * not followed. What was not looked at because of a bound is said.
 * @retval CLI_NOT_FOUND after an error line: none has it, it has none, several builds begin with it
 */
int cli_pick_from_folder(struct fl_sandbox *sandbox, const struct cli_cache *cache,
			 const char *folder, const struct fl_report_facts *facts,
			 struct cli_elfs *ret);

/** What the database would take; an error line otherwise. @return an exit code. */
int cli_pick_from_database(struct fl_store *store, const char *path,
			   const struct fl_report_facts *facts, struct cli_elfs *ret);

#endif
