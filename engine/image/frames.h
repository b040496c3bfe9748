/* SPDX-License-Identifier: Apache-2.0 */
/** @file Call frame programs: .debug_frame and .eh_frame. */
#ifndef IMAGE_FRAMES_H
#define IMAGE_FRAMES_H

#include "image/debug_info.h"
#include "image/section_bytes.h"

/**
 * Append the programs of both sections to debug->frames, in their order. One that cannot be read
 * is left out; damage of a section is a finding, and what comes before it stays.
 * @return false: out of memory.
 */
bool fl_frames_read(const struct fl_debug_sections *sections, const char *module,
		    struct fl_findings *findings, struct fl_debug_info *debug);

#endif
