/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The texts of the binary form, packed: names of a program repeat each other's parts.
 *
 * A row of steps, each of which is
 *
 *   u8    high half: bytes that follow literally; low half: bytes to repeat, less FL_TEXTS_REPEAT.
 *         15 in either half: as many, and the uleb that follows says how many more
 *   ...   those bytes
 *   uleb  how far back what is repeated begins, counted from here; it may reach into the repetition
 *
 * until all bytes are there; the last step may end after its bytes.
 */
#ifndef REPORT_TEXTS_H
#define REPORT_TEXTS_H

#include "base/reader.h"
#include "base/str.h"

#include <stdbool.h>

enum { FL_TEXTS_REPEAT = 6 /**< the shortest repetition that is worth a step */ };

/** A step of bytes that do not repeat costs one byte, and one more for each seven bits of theirs.
 */
#define FL_TEXTS_MOST(size) ((size) + (size) / 8 + 16)

/** Pack @p size bytes, < 2^32, to FL_TEXTS_MOST() at most; same bytes, same steps. */
void fl_texts_pack(const char *texts, size_t size, struct fl_str *out);

/** Read @p size bytes to @p out, and all steps it takes. Latches FL_EFORMAT in @p in. */
void fl_texts_unpack(struct fl_reader *in, char *out, size_t size);

#endif
