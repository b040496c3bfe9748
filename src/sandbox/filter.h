/* SPDX-License-Identifier: Apache-2.0 */
/** @file The system calls a child may make. */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Why this build cannot filter at all; NULL when it can. */
const char *fl_filter_missing(void);

/** Confine this process for good. @return 0 or an errno value. */
int fl_filter_install(void);

/** "forbidden system call 41 (socket)" */
void fl_filter_describe(uint32_t number, char *text, size_t room);

#endif
