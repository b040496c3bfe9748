/* SPDX-License-Identifier: Apache-2.0 */
/** @file Untrusted names on their way to a terminal or a JSON file. */
#ifndef REPORT_CLEAN_H
#define REPORT_CLEAN_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/** Whether @p text is printable ASCII: clean without a closer look, and nearly always so. */
bool fl_is_plain(const char *text, size_t size);

/**
 * @p text itself when it is valid UTF-8 without control characters, else a copy in @p arena where
 * each bad byte is U+FFFD: the same text that the binary form would keep. NULL when memory is out.
 */
const char *fl_clean(struct fl_arena *arena, const char *text);

/** Columns of clean text: one per code point. Wide and combining characters are not told apart. */
size_t fl_columns(const char *text, size_t size);

/** Bytes of the longest prefix of clean @p text of at most @p columns columns. */
size_t fl_columns_prefix(const char *text, size_t size, size_t columns);

#endif
