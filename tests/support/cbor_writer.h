/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Writes CBOR (RFC 8949) for tests, independently of the reader: no CBOR library is used. Heads of
 * any width, also wider than needed, and counts that are lies.
 */
#ifndef SUPPORT_CBOR_WRITER_H
#define SUPPORT_CBOR_WRITER_H

#include "support/elf_writer.h"

/** Major types of RFC 8949, 3.1. */
enum { CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_MISC };

/** Shortest head of @p major with argument @p value. */
void put_cbor(struct bytes *b, unsigned major, uint64_t value);
/** The same with an argument of 1, 2, 4 or 8 bytes. */
void put_cbor_wide(struct bytes *b, unsigned major, uint64_t value, unsigned width);
void put_cbor_int(struct bytes *b, int64_t value);
void put_cbor_text(struct bytes *b, const char *text);
void put_cbor_bytes(struct bytes *b, const void *data, size_t size);
void put_cbor_half(struct bytes *b, uint16_t bits);
void put_cbor_single(struct bytes *b, float value);
void put_cbor_double(struct bytes *b, double value);
void put_cbor_null(struct bytes *b);
/** An array, map or string whose end is put_cbor_break(). */
void put_cbor_open(struct bytes *b, unsigned major);
void put_cbor_break(struct bytes *b);

/** Key and value, as most of an event is. */
void put_cbor_pair(struct bytes *b, uint64_t key, uint64_t value);
void put_cbor_pair_text(struct bytes *b, uint64_t key, const char *text);

/** Bytes from hexadecimal digits; blanks are skipped. */
void put_hex(struct bytes *b, const char *hex);

#endif
