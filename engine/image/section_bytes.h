/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Debug sections as DWARF names them: SHF_COMPRESSED (zlib, zstd) and GNU .zdebug_* ones inflated.
 */
#ifndef IMAGE_SECTION_BYTES_H
#define IMAGE_SECTION_BYTES_H

#include "image/elf.h"

enum { FL_MAX_DEBUG_SECTIONS = 40 };

struct fl_debug_section {
	const char *name;     /**< static: ".debug_info", also for .zdebug_info */
	const uint8_t *bytes; /**< borrowed from the ELF, or heap when inflated */
	size_t size;
	uint32_t addr;
	uint64_t off; /**< file offset; 0 when inflated */
	bool inflated;
};

struct fl_debug_sections {
	struct fl_debug_section items[FL_MAX_DEBUG_SECTIONS];
	size_t count;
};

/**
 * Collect them. One that cannot be inflated is left out with a finding.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_debug_sections_init(struct fl_debug_sections *sections, const struct fl_elf *elf,
		       struct fl_findings *findings, struct fl_error *err);
void fl_debug_sections_deinit(struct fl_debug_sections *sections);

#endif
