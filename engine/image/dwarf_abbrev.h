/* SPDX-License-Identifier: Apache-2.0 */
/** @file Abbreviations, compiled for stepping over entries. */
#ifndef IMAGE_DWARF_ABBREV_H
#define IMAGE_DWARF_ABBREV_H

#include "image/dwarf.h"

struct fl_abbrev_attribute {
	uint16_t name;     /**< DW_AT_... */
	uint16_t form;     /**< DW_FORM_... */
	uint32_t constant; /**< of DW_FORM_implicit_const: number in fl_abbrevs.constants */
};

/** Bytes of known number, then one value of an unknown one. */
struct fl_abbrev_step {
	uint32_t size;
	uint16_t form; /**< 0: no such value, the entry ends */
};

enum { FL_ABBREV_UNKNOWN = UINT16_MAX };

struct fl_abbrev {
	uint64_t code;
	const struct fl_abbrev_attribute *attributes;
	const struct fl_abbrev_step *steps; /**< the last one has form 0 */
	uint16_t tag;
	uint16_t attribute_count;
	/** Where in an entry these begin; FL_ABBREV_UNKNOWN: not there, or it varies. */
	uint16_t name_at, sibling_at;
	uint16_t name_form, sibling_form;
	bool has_children;
	bool has_location;    /**< DW_AT_location */
	bool has_declaration; /**< DW_AT_declaration */
	bool has_origin;      /**< DW_AT_specification or DW_AT_abstract_origin */
	bool is_fixed;        /**< steps[0].size is all of an entry */
};

struct fl_abbrevs {
	struct fl_vec entries;    /**< struct fl_abbrev, ascending code */
	struct fl_vec attributes; /**< struct fl_abbrev_attribute */
	struct fl_vec steps;      /**< struct fl_abbrev_step */
	struct fl_vec constants;  /**< int64_t */
	bool is_dense;            /**< the codes are 1, 2, 3... */
};

/** The table at an offset of .debug_abbrev; NULL, with a finding, where there is none. */
const struct fl_abbrevs *fl_abbrevs_at(struct fl_dwarf *s, uint64_t off);

/** Release all tables of a pass. */
void fl_abbrevs_close(struct fl_dwarf *s);

/** For codes that are not 1, 2, 3...: fl_abbrev_of(). */
const struct fl_abbrev *fl_abbrev_search(const struct fl_abbrevs *t, uint64_t code);

/** NULL: there is none of that code. */
static inline const struct fl_abbrev *fl_abbrev_of(const struct fl_abbrevs *t, uint64_t code)
{
	if (code - 1 < t->entries.count && t->is_dense)
		return fl_vec_at(&t->entries, const struct fl_abbrev, code - 1);
	return fl_abbrev_search(t, code);
}

#endif
