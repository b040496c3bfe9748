/* SPDX-License-Identifier: Apache-2.0 */
/** @file Build ids: the GNU note and the vendor's post-link id. */
#ifndef IMAGE_BUILD_ID_H
#define IMAGE_BUILD_ID_H

#include "base/vec.h"
#include "image/elf.h"

enum { FL_BUILD_ID_SIZE = 20 };

/**
 * The id a device built from this image reports: the vendor's when g_memfault_build_id says so
 * (type 3), else the GNU note's.
 * @param symbols struct fl_symbol.
 * @return its size in bytes, at most FL_BUILD_ID_SIZE; 0: none.
 */
uint8_t
fl_build_id(const struct fl_elf *elf, const struct fl_vec *symbols, uint8_t ret[FL_BUILD_ID_SIZE]);

#endif
