/* SPDX-License-Identifier: Apache-2.0 */
/** @file Values of attributes: DWARF 5, 7.5.6. */
#ifndef IMAGE_DWARF_FORM_H
#define IMAGE_DWARF_FORM_H

#include "image/dwarf_abbrev.h"

/** As it stands in the entry; what it means depends on the unit and the attribute. */
struct fl_dwarf_value {
	uint16_t form;        /**< never DW_FORM_indirect; 0: cannot be read */
	uint64_t number;      /**< constant, offset, index or address; size of a block */
	const uint8_t *bytes; /**< of a block; of a string, up to its NUL */
};

/** Bytes of a value of that form; FL_ABBREV_UNKNOWN: they vary, or nobody knows the form. */
uint16_t fl_form_size(uint16_t form);

/** Read one value; the cursor fails for a form that is not known. */
struct fl_dwarf_value fl_form_read(struct fl_cursor *c, uint16_t form);

/** Step over it. */
void fl_form_skip(struct fl_cursor *c, uint16_t form);

/** Step over all attributes of an entry. */
static inline void fl_abbrev_skip(struct fl_cursor *c, const struct fl_abbrev *a)
{
	const struct fl_abbrev_step *step = a->steps;
	for (; step->form; step++) {
		fl_cursor_skip(c, step->size);
		fl_form_skip(c, step->form);
	}
	fl_cursor_skip(c, step->size);
}

/** The next attribute of an entry. */
static inline struct fl_dwarf_value
fl_abbrev_read(struct fl_cursor *c, const struct fl_abbrevs *t, const struct fl_abbrev_attribute *a)
{
	if (a->form != DW_FORM_implicit_const)
		return fl_form_read(c, a->form);
	return (struct fl_dwarf_value){
		.form = a->form,
		.number = (uint64_t)*fl_vec_at(&t->constants, const int64_t, a->constant),
	};
}

/** The text of a string; NULL: none, empty, or outside its section. */
const char *fl_form_text(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
			 const struct fl_dwarf_value *v);

bool fl_form_is_addr(uint16_t form);
bool fl_form_addr(const struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		  const struct fl_dwarf_value *v, uint64_t *ret);

/** A constant. DW_FORM_dataN leaves the sign to the attribute; here they have none. */
bool fl_form_constant(const struct fl_dwarf_value *v, int64_t *ret);

/** One that is not negative; 0 for what is none. */
uint64_t fl_form_number(const struct fl_dwarf_value *v);

/** Offset in .debug_info of the entry that is referred to; not into a type unit. */
bool fl_form_reference(const struct fl_dwarf_unit *unit, const struct fl_dwarf_value *v,
		       uint64_t *ret);

/** Whether a flag is set. */
bool fl_form_flag(const struct fl_dwarf_value *v);

/** An offset into another section (before DWARF 4: DW_FORM_data4). */
bool fl_form_section_off(const struct fl_dwarf_value *v, uint64_t *ret);

#endif
