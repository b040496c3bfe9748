/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the 2021 libdwarf does not survive, checked before it sees the sections. */
#ifndef IMAGE_DWARF_CHECK_H
#define IMAGE_DWARF_CHECK_H

#include "image/section_bytes.h"

/**
 * Take out sections whose headers contradict themselves, each with a finding. This is not a
 * validation of DWARF: only of what was seen to crash or stall libdwarf.
 */
void fl_dwarf_check(struct fl_debug_sections *sections, const char *module,
		    struct fl_findings *findings);

#endif
