/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/libdwarf_reader.h"

#include "support/libdwarf_reader/dwarf_session.h"

bool libdwarf_read(const struct fl_debug_sections *sections, const char *module,
		   struct fl_findings *findings, struct fl_debug_info *debug,
		   struct fl_intern *strings)
{
	struct ref_session dwarf;
	if (ref_open(&dwarf, sections, module, findings)) {
		ref_read_units(&dwarf, debug, strings);
		ref_read_frames(&dwarf, debug);
	}
	ref_close(&dwarf);
	return !dwarf.out_of_memory;
}
