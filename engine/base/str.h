/* SPDX-License-Identifier: Apache-2.0 */
/** @file Growing byte and text buffer; also small text helpers. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <faultline/buffer.h>
#include <faultline/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A buffer that grows on the heap. Zero-initialised is empty. The first failed allocation
 * latches @ref failed; later writes do nothing, so a writer checks once at the end.
 */
struct fl_str {
	char *data;  /**< NUL-terminated once anything was added; NULL before */
	size_t size; /**< bytes, without the NUL */
	size_t room;
	bool failed;
};

void fl_str_deinit(struct fl_str *s);
void fl_str_add(struct fl_str *s, const void *bytes, size_t size);
void fl_str_adds(struct fl_str *s, const char *text);
void fl_str_addc(struct fl_str *s, char c);
void fl_str_addf(struct fl_str *s, const char *format, ...) FL_PRINTF(2, 3);

/** Make room for @p size more bytes: one who knows how many there will be moves none of them. */
void fl_str_room(struct fl_str *s, size_t size);

/** Little-endian integers, for binary forms. */
void fl_str_add_u8(struct fl_str *s, uint8_t value);
void fl_str_add_u16(struct fl_str *s, uint16_t value);
void fl_str_add_u32(struct fl_str *s, uint32_t value);
void fl_str_add_u64(struct fl_str *s, uint64_t value);
void fl_str_add_uleb(struct fl_str *s, uint64_t value);

/** Hand the bytes to @p ret, or FL_ENOMEM when anything failed. Empties @p s either way. */
FL_MUST_CHECK enum fl_code
fl_str_finish(struct fl_str *s, struct fl_buffer *ret, struct fl_error *err);

#define FL_AUTO_STR __attribute__((__cleanup__(fl_str_deinit))) struct fl_str

/**
 * Copy @p size bytes of untrusted text to @p out as valid UTF-8 without control characters:
 * each bad byte becomes U+FFFD (3 bytes). Stops before @p room would overflow; NUL-terminates.
 * @return bytes written without the NUL.
 */
size_t fl_utf8_clean(const void *text, size_t size, char *out, size_t room);

/**
 * Make one line of a text, in place: what ends it goes (line ends, NULs), what would break it
 * becomes a space (the same within it, and tabs).
 * @return its new size.
 */
size_t fl_one_line(char *text, size_t size);

/** Lower-case hex of @p size bytes; @p out has room for 2 * size + 1. */
void fl_hex(const uint8_t *bytes, size_t size, char *out);

/** Three-way comparison of strings that may be NULL (NULL sorts first). */
int fl_strcmp(const char *a, const char *b);

#endif
