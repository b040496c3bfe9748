/* SPDX-License-Identifier: Apache-2.0 */
/** @file What a file that is not a dump seems to be, for the one line a user gets. */
#ifndef DUMP_IDENTIFY_H
#define DUMP_IDENTIFY_H

#include <stddef.h>
#include <stdint.h>

/**
 * Describe the bytes in a phrase that fits after "this is": "an ELF file", "text".
 * Never NULL; @p buf (>= 80 bytes) holds phrases that are put together.
 */
const char *fl_identify(const uint8_t *bytes, size_t size, char *buf, size_t room);

#endif
