/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * snprintf() for what reports are made of: names and whole numbers, which it writes in a fraction
 * of the time. Any other conversion is left to the C library.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <faultline/error.h>

#include <stdarg.h>
#include <stddef.h>

/**
 * Write to @p out, cut where @p room ends and NUL-terminated unless that is 0.
 * @return bytes that the whole text has, without the NUL.
 */
size_t fl_format(char *out, size_t room, const char *format, ...) FL_PRINTF(3, 4);
size_t fl_vformat(char *out, size_t room, const char *format, va_list ap) FL_PRINTF(3, 0);

#endif
