/* SPDX-License-Identifier: Apache-2.0 */
/** @file What two readers said, line by line. */
#ifndef TESTS_IMAGE_SAID_LINES_H
#define TESTS_IMAGE_SAID_LINES_H

#include "support/libdwarf_reader/said.h"

/** Fail at the first line of any list that is not the same, with the file, the list and both. */
void same_said(const char *path, struct said *engine, struct said *reference);

#endif
