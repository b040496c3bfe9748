/* SPDX-License-Identifier: Apache-2.0 */
/** @file Files of the cache folder: written whole or not at all, bounded in their sum. */
#ifndef CLI_CACHE_FOLDER_H
#define CLI_CACHE_FOLDER_H

#include "cli/cli.h"

/** What is kept at most, in bytes; then the least recently used goes. */
#define CLI_CACHE_MAX (UINT64_C(1) << 30)

/**
 * Open one for reading. @p folder: NULL = the user's own.
 * @return -1: FL_ENOTFOUND, it is not there; else it is there and not to be trusted.
 */
int cli_cache_open(const char *folder, const char *file, struct fl_error *err);

/** Write one. A folder that was named and cannot be written is worth a line, nothing else is. */
void cli_cache_write(const char *folder, const char *file, const struct fl_buffer *bytes);

#endif
