/* SPDX-License-Identifier: Apache-2.0 */
/** @file Is an index file the one of an ELF? By its head, without reading the rest of either. */
#ifndef SANDBOX_INDEX_CHECK_H
#define SANDBOX_INDEX_CHECK_H

#include <faultline/symbols.h>

enum fl_index_state {
	FL_INDEX_FRESH,
	FL_INDEX_STALE,   /**< the ELF changed, or another engine wrote it: nothing to speak of */
	FL_INDEX_FOREIGN, /**< not an index, of another ELF or version, cut off */
};

/**
 * By device, inode, mtime, size and build id of the ELF.
 * @param ret what its head says, when it is fresh.
 * @param err why, unless it is fresh.
 */
enum fl_index_state
fl_index_check(int index_fd, int elf_fd, struct fl_symbols_index_info *ret, struct fl_error *err);

#endif
