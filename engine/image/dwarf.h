/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The pass over DWARF: sections, units, and what they are read into.
 *
 * DWARF 2 to 5 in its 32-bit format with addresses of 4 bytes, which is all that an ELF of 32 bits
 * needs. Everything is borrowed from the sections. References, indexes and lengths are checked
 * where they are used; the time is linear in the size of the sections, for crafted ones too
 * (struct fl_dwarf_budget).
 */
#ifndef IMAGE_DWARF_H
#define IMAGE_DWARF_H

#include "base/cursor.h"
#include "base/pages.h"
#include "image/debug_info.h"
#include "image/dwarf_numbers.h"
#include "image/section_bytes.h"

struct fl_abbrevs;
struct fl_dwarf_notes;

/** Of one compilation unit, or of a type unit. */
struct fl_dwarf_unit {
	uint64_t off, end;  /**< in .debug_info, header included */
	uint64_t first_off; /**< of its entry, which the others lie below */
	const struct fl_abbrevs *abbrevs;
	const char *comp_dir;
	uint32_t base_addr;    /**< DW_AT_low_pc: what range lists are relative to */
	uint32_t str_offs_off; /**< of its numbered strings in .debug_str_offsets */
	uint32_t addr_off;     /**< of its numbered addresses in .debug_addr */
	uint32_t rnglists_off; /**< of its numbered lists in .debug_rnglists */
	uint32_t line_off;     /**< in .debug_line */
	uint32_t number;       /**< in fl_debug_info.units */
	uint16_t version;
	bool has_lines;
	bool plain; /**< C or assembly */
};

/**
 * How many bytes of a section may still be read through references. A compiler refers to every
 * byte about once; crafted references to the same bytes again and again would take for ever.
 */
struct fl_dwarf_budget {
	uint64_t abbrev, line, ranges;
	uint64_t steps; /**< entries that are stepped over outside the walk through the units */
};

struct fl_dwarf {
	/** Empty where there is none. */
	struct fl_debug_section info, abbrev, line, line_str, str, addr, str_offs, ranges, rnglists;
	const char *module;     /**< name, for findings */
	struct fl_pages *pages; /**< what the sections lie in, or NULL */
	struct fl_findings *findings;
	struct fl_debug_info *debug;
	struct fl_intern *strings;
	struct fl_dwarf_notes *notes;
	struct fl_vec units;         /**< struct fl_dwarf_unit, ascending */
	struct fl_vec tables;        /**< struct fl_abbrevs *, by number of table_offs */
	struct fl_intern table_offs; /**< of the tables of abbreviations */
	struct fl_dwarf_budget budget;
	unsigned error_count;
	bool out_of_memory;
};

/**
 * Read functions, inlined calls, lines, enumerators and the kernels' data of every unit into
 * @p debug; paths go into @p strings. @p pages, or NULL, are released on the way. What was read
 * before damage stays, with a finding.
 * @return false: out of memory.
 */
bool fl_dwarf_read(const struct fl_debug_sections *sections, const char *module,
		   struct fl_pages *pages, struct fl_findings *findings,
		   struct fl_debug_info *debug, struct fl_intern *strings);

/** The finding for @p what at @p off of a section. The first few of an image are told. */
void fl_dwarf_damaged(struct fl_dwarf *s, const struct fl_debug_section *section, uint64_t off,
		      const char *what);

/** Take @p size off a budget; a finding, once, and false when it is used up. */
bool fl_dwarf_spend(struct fl_dwarf *s, uint64_t *budget, uint64_t size, const char *what);

/** String at an offset of .debug_str or .debug_line_str; NULL when it lies outside. */
const char *fl_dwarf_string(const struct fl_debug_section *section, uint64_t off);

/** Number @p number of the words that begin at @p base; false when it lies outside. */
bool fl_dwarf_word(const struct fl_debug_section *section, uint64_t base, uint64_t number,
		   uint32_t *ret);

/** The numbered string and address of a unit (DW_FORM_strx, DW_FORM_addrx). */
const char *
fl_dwarf_string_number(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit, uint64_t number);
bool fl_dwarf_addr_number(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
			  uint64_t number, uint64_t *ret);

/** Read the headers and first entries of all units into s->units. */
void fl_dwarf_units(struct fl_dwarf *s);

/** The unit that holds an offset of .debug_info, or NULL. */
const struct fl_dwarf_unit *fl_dwarf_unit_of(const struct fl_dwarf *s, uint64_t off);

#endif
