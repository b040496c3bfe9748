/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the engine read out of an ELF, as the plain lists of said.h. */
#ifndef TESTS_IMAGE_ENGINE_SAID_H
#define TESTS_IMAGE_ENGINE_SAID_H

#include "image/image.h"
#include "support/libdwarf_reader/said.h"

/** What its indexes promise of each other (image/debug_info.h) is asserted on the way. */
struct said engine_said(const struct fl_image *image);

#endif
