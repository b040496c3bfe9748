/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What a batch of results has found out about issues, fingerprints and symbol files: as long as its
 * transaction is open nobody else changes them, so it asks once. Only in a batch that is undone as
 * a whole (fl_store::whole); outside of one nothing is known.
 */
#ifndef STORE_KNOWN_H
#define STORE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FL_KNOWN_ISSUES = 32,
	FL_KNOWN_FINGERPRINTS = 256,
	FL_KNOWN_KIND_SIZE = 16,
};

struct fl_known_issue {
	int64_t id;
	bool has_dumps; /**< at least one, false = not known */
	bool is_open;   /**< false = not known */
	bool changed;   /**< its row does not count its traces (yet) */
	int64_t change; /**< to the count of its row */
};

struct fl_known_fingerprint {
	uint8_t hash[16];
	char kind[FL_KNOWN_KIND_SIZE];
	bool has_issue;        /**< @ref issue_id is known */
	int64_t issue_id;      /**< it joins; 0 = none */
	bool recorded, joined; /**< it has a row; one that joins */
};

struct fl_known {
	struct fl_known_issue issues[FL_KNOWN_ISSUES];
	size_t issue_count;
	struct fl_known_fingerprint fingerprints[FL_KNOWN_FINGERPRINTS];
	int64_t symbols_id; /**< the symbol file that was in use last; 0 = none */
};

/** What is known of it, or nothing yet. NULL: no room. */
struct fl_known_issue *fl_known_issue(struct fl_known *known, int64_t id);

/** The same; what was known of another one may be forgotten for it. NULL: its kind is too long. */
struct fl_known_fingerprint *
fl_known_fingerprint(struct fl_known *known, const uint8_t hash[16], const char *kind);

/** Traces or fingerprints went elsewhere: ask again. What is to be counted stays. */
void fl_known_forget(struct fl_known *known);

#endif
