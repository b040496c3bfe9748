/* SPDX-License-Identifier: Apache-2.0 */
/** @file Patterns of the rule lists. */
#ifndef SIGNATURE_GLOB_H
#define SIGNATURE_GLOB_H

#include <stdbool.h>
#include <stdint.h>

/** Whether @p text matches all of @p pattern; `*` stands for any run of characters, also none. */
bool fl_glob(const char *pattern, const char *text);

/**
 * Which characters there are, but for `*`; several share a bit. A text that lacks a bit of a
 * pattern does not match it.
 */
uint64_t fl_glob_letters(const char *text);

#endif
