/* SPDX-License-Identifier: Apache-2.0 */
/** @file ELF files beside the database: `<database>.symbols/<hash>.elf`. */
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

/** Remove what writers that died left behind. */
void fl_elf_files_clean(struct fl_store *store);

#endif
