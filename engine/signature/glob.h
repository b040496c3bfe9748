/* SPDX-License-Identifier: Apache-2.0 */
/** @file Patterns of the rule lists. */
#ifndef SIGNATURE_GLOB_H
#define SIGNATURE_GLOB_H

#include <stdbool.h>

/** Whether @p text matches all of @p pattern; `*` stands for any run of characters, also none. */
bool fl_glob(const char *pattern, const char *text);

#endif
