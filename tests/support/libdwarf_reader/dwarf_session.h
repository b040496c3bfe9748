/* SPDX-License-Identifier: Apache-2.0 */
/** @file libdwarf over bytes: one session per image, errors as findings. */
#ifndef LIBDWARF_READER_SESSION_H
#define LIBDWARF_READER_SESSION_H

#include "image/debug_info.h"
#include "image/section_bytes.h"
#include "support/libdwarf_reader/dwarf_compat.h"

struct ref_session {
	Dwarf_Debug dbg;
	ref_interface interface; /**< libdwarf keeps pointers to these three */
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
bool ref_open(struct ref_session *dwarf, const struct fl_debug_sections *sections,
	      const char *module, struct fl_findings *findings);
void ref_close(struct ref_session *dwarf);

/** Whether a call gave a value. An error becomes a finding (the first few of a session do). */
bool ref_ok(struct ref_session *dwarf, int result, Dwarf_Error *error, const char *what);

/** The finding for damage that libdwarf accepts. */
void ref_damaged(struct ref_session *dwarf, const char *what);

const struct fl_debug_section *ref_section_of(const struct ref_session *dwarf, const char *name);

/** Functions, inlines and lines of every unit. Keeps what was read before an error. */
void ref_read_units(struct ref_session *dwarf, struct fl_debug_info *info,
		    struct fl_intern *strings);

/** .debug_frame and .eh_frame. */
void ref_read_frames(struct ref_session *dwarf, struct fl_debug_info *info);

#endif
