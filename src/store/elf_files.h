/* SPDX-License-Identifier: Apache-2.0 */
/** @file ELF files beside the database: `<database>.symbols/<hash>.elf`, `<hash>.index`. */
#ifndef STORE_ELF_FILES_H
#define STORE_ELF_FILES_H

#include "store/internal.h"

/**
 * Keep the bytes under their hash, durable before it returns; a file that is there and holds the
 * same bytes is left alone.
 * @param written_ret whether the file had to be written.
 */
FL_MUST_CHECK enum fl_code fl_elf_file_keep(struct fl_store *store, const uint8_t hash[16],
					    const void *bytes, size_t size, bool *written_ret,
					    struct fl_error *err);

/** Open read-only. @retval FL_EIO the message names the path. */
FL_MUST_CHECK enum fl_code
fl_elf_file_open(struct fl_store *store, const uint8_t hash[16], int *fd_ret, struct fl_error *err);

/**
 * The same with its index. Without one the ELF is going to be read: its bytes are compared with the
 * hash.
 * @param index_ret open read-only, if it is of this engine and this ELF; else -1.
 * @param refusal why one that is there was not opened: "" unless it is damaged or another ELF's.
 * @retval FL_EIO the ELF cannot be opened, or is damaged; the message names the path.
 */
FL_MUST_CHECK enum fl_code
fl_elf_file_open_indexed(struct fl_store *store, const uint8_t hash[16], int *fd_ret,
			 int *index_ret, char refusal[FL_INDEX_REFUSAL], struct fl_error *err);

bool fl_elf_file_exists(const struct fl_store *store, const uint8_t hash[16]);
/** With its index. */
void fl_elf_file_remove(const struct fl_store *store, const uint8_t hash[16]);

/**
 * ELF files without a row, older than a writer can be; removed unless @p dry_run.
 * @param bytes_ret of all of them.
 */
FL_MUST_CHECK enum fl_code fl_elf_files_orphans(struct fl_store *store, bool dry_run,
						uint64_t *count_ret, uint64_t *bytes_ret,
						struct fl_error *err);

/** Name and size of each file that is called like an ELF file of ours. False stops. */
typedef bool (*fl_elf_file_fn)(void *context, const uint8_t hash[16], uint64_t size, int64_t mtime);
void fl_elf_files_each(const struct fl_store *store, fl_elf_file_fn each, void *context);

/** FL_ENOTFOUND where no row has it. */
FL_MUST_CHECK enum fl_code
fl_elf_file_row(struct fl_store *store, const uint8_t hash[16], struct fl_error *err);

/** Remove what writers that died left behind, and indexes without an ELF. */
void fl_elf_files_clean(struct fl_store *store);

#endif
