/* SPDX-License-Identifier: Apache-2.0 */
/** @file A folder for one test: a database, a spool, and questions to both. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "store/store.h"

#include <stdio.h>

struct scratch {
	char folder[64];
	char database[128];
	char spool[128];
	struct fl_store *store; /**< NULL until scratch_store() */
};

void scratch_make(struct scratch *scratch);
/** Remove everything. */
void scratch_remove(struct scratch *scratch);
#define SCRATCH_AUTO __attribute__((__cleanup__(scratch_remove))) struct scratch

/** The test's own handle of the database. */
struct fl_store *scratch_store(struct scratch *scratch);
/** Close it: before a fork. */
void scratch_close_store(struct scratch *scratch);

/** Write a file, whole, then rename it into the spool folder. */
void scratch_put(const struct scratch *scratch, const char *name, const void *bytes, size_t size);
/** The same with text. */
void scratch_put_text(const struct scratch *scratch, const char *name, const char *text);
bool scratch_has(const struct scratch *scratch, const char *name);
/** Entries of the spool folder, hidden ones too. */
unsigned scratch_count(const struct scratch *scratch);

/** A whole file; fails the test when it cannot be read. Release with fl_buffer_deinit(). */
struct fl_buffer scratch_read(const char *path);

/** Add an ELF with what fl_symbols_open() says about it. */
void scratch_add_symbols(struct scratch *scratch, const char *path, const char *software_type,
			 const char *software_version, struct fl_symbol_added *ret);

/** A dump in the database, as `traces list` shows it. */
struct scratch_row {
	int64_t id, dump_id, issue_id;
	char state[32], source[128], device[64], software_version[64], reason[256];
	char backtrace[4096];
	int64_t received_at;
	uint64_t duplicates;
	uint32_t attempts;
};
struct scratch_rows {
	struct scratch_row *rows; /**< oldest first */
	size_t count;
};
struct scratch_rows scratch_rows(struct scratch *scratch);
void scratch_rows_free(struct scratch_rows *rows);
#define SCRATCH_ROWS_AUTO __attribute__((__cleanup__(scratch_rows_free))) struct scratch_rows
/** The only row from that source; fails the test when there is none or more. */
const struct scratch_row *scratch_row(const struct scratch_rows *rows, const char *source);

#endif
