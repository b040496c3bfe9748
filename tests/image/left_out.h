/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the engine leaves out of an ELF on purpose, and why. */
#ifndef TESTS_IMAGE_LEFT_OUT_H
#define TESTS_IMAGE_LEFT_OUT_H

#include "support/libdwarf_reader/said.h"

/** Take it out of what libdwarf said. */
void leave_out(struct said *said);

/** The part of it that is about structures, typedefs and variables. */
void leave_out_types(struct said *said);

#endif
