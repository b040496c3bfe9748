/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_layout.h"

#include "base/limits.h"

enum { POINTER_SIZE = 4 };

bool fl_dwarf_is_structure(uint16_t tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

bool fl_dwarf_is_transparent(uint16_t tag)
{
	switch (tag) {
	case DW_TAG_typedef:
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
	case DW_TAG_immutable_type:
	case DW_TAG_packed_type:
		return true;
	default:
		return false;
	}
}

static uint32_t size_of(const struct fl_dwarf_facts *f)
{
	return f->byte_size.is_known && f->byte_size.value > 0 && f->byte_size.value <= UINT32_MAX
		       ? (uint32_t)f->byte_size.value
		       : 0;
}

/* gcc gives an array of no elements the upper bound -1, in 32 bits. */
static uint32_t element_count(const struct fl_dwarf_facts *f)
{
	if (f->count.is_present)
		return f->count.is_known && f->count.value > 0 && f->count.value < UINT32_MAX
			       ? (uint32_t)f->count.value
			       : 0;
	if (!f->upper.is_known || (f->lower.is_present && !f->lower.is_known) ||
	    f->upper.value < f->lower.value)
		return 0;
	uint64_t last = (uint64_t)f->upper.value - (uint64_t)f->lower.value;
	return last < UINT32_MAX ? (uint32_t)last + 1 : 0;
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint64_t product = (uint64_t)a * b;
	return product <= UINT32_MAX ? (uint32_t)product : 0;
}

/* Dimensions are children (DWARF 5, 5.5). */
static uint32_t array_count(struct fl_layout_reader *r, const struct fl_dwarf_entry *array)
{
	uint32_t count = 0;
	bool first = true;
	struct fl_dwarf_entry e;
	bool more = fl_dwarf_entry_child(r->dwarf, array, &e);
	while (more && fl_layout_step(r)) {
		struct fl_dwarf_facts f;
		if (e.abbrev->tag == DW_TAG_subrange_type) {
			fl_dwarf_entry_facts(r->dwarf, &e, &f);
			count = first ? element_count(&f) : multiply(count, element_count(&f));
			first = false;
		}
		more = fl_dwarf_entry_sibling(r->dwarf, &e, &e);
	}
	return count;
}

static void read_base(const struct fl_dwarf_facts *f, struct fl_debug_type *ret)
{
	ret->size = size_of(f);
	switch (f->encoding.is_known ? f->encoding.value : 0) {
	case DW_ATE_signed:
	case DW_ATE_signed_char:
	case DW_ATE_signed_fixed:
		ret->is_signed = true;
		break;
	case DW_ATE_float:
	case DW_ATE_complex_float:
	case DW_ATE_imaginary_float:
		ret->is_float = true;
		break;
	default:
		break;
	}
}

static void
read_pointer(struct fl_layout_reader *r, const struct fl_dwarf_facts *f, struct fl_debug_type *ret)
{
	struct fl_dwarf_entry pointee;
	ret->size = size_of(f) ? size_of(f) : POINTER_SIZE;
	ret->is_pointer = true;
	if (f->has_type && fl_layout_structure_at(r, f->type_off, &pointee))
		ret->structure = fl_layout_number(r, pointee.off);
}

/* Whether what the entry's own type says counts too. */
static bool read_link(struct fl_layout_reader *r, const struct fl_dwarf_entry *e,
		      const struct fl_dwarf_facts *f, struct fl_debug_type *ret)
{
	if (fl_dwarf_is_transparent(e->abbrev->tag))
		return true;
	switch (e->abbrev->tag) {
	case DW_TAG_array_type:
		ret->count = multiply(ret->count, array_count(r, e));
		return true;
	case DW_TAG_enumeration_type:
		ret->size = size_of(f);
		return true;
	case DW_TAG_base_type:
		read_base(f, ret);
		return false;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		read_pointer(r, f, ret);
		return false;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_class_type:
		ret->size = size_of(f);
		ret->structure = fl_layout_structure(r, e);
		return false;
	default:
		ret->size = size_of(f);
		return false;
	}
}

struct fl_debug_type fl_layout_type(struct fl_layout_reader *r, uint64_t off)
{
	struct fl_debug_type type = { .count = 1, .structure = FL_NO_INDEX };
	bool more = true;
	for (int i = 0; more && i < FL_LIMIT_TYPE_CHAIN && fl_layout_step(r); i++) {
		struct fl_dwarf_facts f;
		struct fl_dwarf_entry e;
		if (!fl_dwarf_entry_at(r->dwarf, off, &e))
			break;
		fl_dwarf_entry_facts(r->dwarf, &e, &f);
		more = read_link(r, &e, &f, &type) && f.has_type;
		off = f.type_off;
	}
	return type;
}

bool fl_layout_structure_at(struct fl_layout_reader *r, uint64_t off, struct fl_dwarf_entry *ret)
{
	for (int i = 0; i < FL_LIMIT_TYPE_CHAIN && fl_layout_step(r); i++) {
		struct fl_dwarf_facts f;
		if (!fl_dwarf_entry_at(r->dwarf, off, ret))
			return false;
		uint16_t tag = ret->abbrev->tag;
		if (fl_dwarf_is_structure(tag))
			return true;
		fl_dwarf_entry_facts(r->dwarf, ret, &f);
		if (!fl_dwarf_is_transparent(tag) || !f.has_type)
			return false;
		off = f.type_off;
	}
	return false;
}
