/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * A second opinion on DWARF: what libdwarf says, in the form that engine/image gives it. Slow, and
 * only for files that can be trusted: the 2021 release does not survive crafted ones.
 */
#ifndef SUPPORT_LIBDWARF_READER_H
#define SUPPORT_LIBDWARF_READER_H

#include "image/debug_info.h"
#include "image/section_bytes.h"

/** As fl_dwarf_read() and fl_frames_read() of the engine. @return false: out of memory. */
bool libdwarf_read(const struct fl_debug_sections *sections, const char *module,
		   struct fl_findings *findings, struct fl_debug_info *debug,
		   struct fl_intern *strings);

#endif
