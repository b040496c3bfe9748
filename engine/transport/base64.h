/* SPDX-License-Identifier: Apache-2.0 */
/** @file Base64 without white space, for the readers of carriers. */
#ifndef TRANSPORT_BASE64_H
#define TRANSPORT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Not a character of the alphabet. */
enum { FL_BASE64_OTHER = 64 };

/** 0 to 63, or FL_BASE64_OTHER. */
extern const uint8_t fl_base64_values[256];

/** Characters of the alphabet at the beginning of @p text. */
size_t fl_base64_span(const uint8_t *text, size_t size);

/**
 * Decode @p size characters; padding may be absent.
 * @param out room for size / 4 * 3 + 2 bytes.
 * @return false: another character, padding that does not fit, a length that cannot be.
 */
bool fl_base64_run(const uint8_t *text, size_t size, uint8_t *out, size_t *size_ret);

#endif
