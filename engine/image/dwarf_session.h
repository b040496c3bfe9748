/* SPDX-License-Identifier: Apache-2.0 */
/** @file libdwarf over bytes: one session per image, errors as findings. */
#ifndef IMAGE_DWARF_SESSION_H
#define IMAGE_DWARF_SESSION_H

#include "image/debug_info.h"
#include "image/dwarf_compat.h"
#include "image/section_bytes.h"

struct fl_dwarf {
	Dwarf_Debug dbg;
	fl_dwarf_interface interface; /**< libdwarf keeps pointers to these three */
	struct fl_debug_sections sections;
	const char *module; /**< name, for findings */
	struct fl_findings *findings;
	unsigned error_count;
	bool out_of_memory;
};

/**
 * @param sections named and decompressed; their bytes must outlive the session.
 * @return false when there is nothing for libdwarf to read.
 */
bool fl_dwarf_open(struct fl_dwarf *dwarf, const struct fl_debug_sections *sections,
		   const char *module, struct fl_findings *findings);
void fl_dwarf_close(struct fl_dwarf *dwarf);

/** Whether a call gave a value. An error becomes a finding (the first few of a session do). */
bool fl_dwarf_ok(struct fl_dwarf *dwarf, int result, Dwarf_Error *error, const char *what);

/** The finding for damage that libdwarf accepts. */
void fl_dwarf_damaged(struct fl_dwarf *dwarf, const char *what);

const struct fl_debug_section *fl_dwarf_section_of(const struct fl_dwarf *dwarf, const char *name);

/** Functions, inlines and lines of every unit. Keeps what was read before an error. */
void fl_dwarf_read_units(struct fl_dwarf *dwarf, struct fl_debug_info *info,
			 struct fl_intern *strings);

/** .debug_frame and .eh_frame. */
void fl_dwarf_read_frames(struct fl_dwarf *dwarf, struct fl_debug_info *info);

#endif
