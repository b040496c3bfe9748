/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The texts of the binary form, packed: names of a program repeat each other's parts.
 *
 * u32 size of the block, then an LZ4 block (lz4_Block_format.md of LZ4 1.9).
 */
#ifndef REPORT_TEXTS_H
#define REPORT_TEXTS_H

#include "base/reader.h"
#include "base/str.h"

/** Pack @p size bytes; sets fl_str::failed when memory is out, or for more than LZ4 takes (2 GB).
 */
void fl_texts_pack(const char *texts, size_t size, struct fl_str *out);

/** Read exactly @p size bytes to @p out. Latches FL_EFORMAT in @p in. */
void fl_texts_unpack(struct fl_reader *in, char *out, size_t size);

#endif
