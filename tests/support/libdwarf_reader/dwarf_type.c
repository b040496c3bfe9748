/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_layout.h"

#include "base/limits.h"

enum { POINTER_SIZE = 4 };

bool ref_is_structure(Dwarf_Half tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

bool ref_is_transparent(Dwarf_Half tag)
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

static uint32_t size_of(const struct ref_facts *f)
{
	return f->byte_size.is_known && f->byte_size.value > 0 && f->byte_size.value <= UINT32_MAX
		       ? (uint32_t)f->byte_size.value
		       : 0;
}

/* gcc gives an array of no elements the upper bound -1, in 32 bits. */
static uint32_t element_count(const struct ref_facts *f)
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
static uint32_t array_count(struct ref_layout_reader *r, Dwarf_Die array)
{
	uint32_t count = 0;
	bool first = true;
	Dwarf_Die die = ref_entry_child(r->dwarf, array);
	while (die) {
		struct ref_facts f;
		bool go_on = ref_layout_step(r);
		if (go_on && ref_entry_tag(r->dwarf, die) == DW_TAG_subrange_type) {
			ref_entry_facts(r->dwarf, die, &f);
			count = first ? element_count(&f) : multiply(count, element_count(&f));
			first = false;
		}
		Dwarf_Die next = go_on ? ref_entry_sibling(r->dwarf, die) : NULL;
		ref_entry_free(r->dwarf, die);
		die = next;
	}
	return count;
}

static void read_base(const struct ref_facts *f, struct fl_debug_type *ret)
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
read_pointer(struct ref_layout_reader *r, const struct ref_facts *f, struct fl_debug_type *ret)
{
	uint64_t off;
	ret->size = size_of(f) ? size_of(f) : POINTER_SIZE;
	ret->is_pointer = true;
	Dwarf_Die pointee = f->has_type ? ref_layout_structure_at(r, f->type_off) : NULL;
	if (pointee && ref_entry_off(r->dwarf, pointee, &off))
		ret->structure = ref_layout_number(r, off);
	ref_entry_free(r->dwarf, pointee);
}

/* Whether what the entry's own type says counts too. */
static bool read_link(struct ref_layout_reader *r, Dwarf_Die die, const struct ref_facts *f,
		      struct fl_debug_type *ret)
{
	Dwarf_Half tag = ref_entry_tag(r->dwarf, die);
	if (ref_is_transparent(tag))
		return true;
	switch (tag) {
	case DW_TAG_array_type:
		ret->count = multiply(ret->count, array_count(r, die));
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
		ret->structure = ref_layout_structure(r, die);
		return false;
	default:
		ret->size = size_of(f);
		return false;
	}
}

struct fl_debug_type ref_layout_type(struct ref_layout_reader *r, uint64_t off)
{
	struct fl_debug_type type = { .count = 1, .structure = FL_NO_INDEX };
	bool more = true;
	for (int i = 0; more && i < FL_LIMIT_TYPE_CHAIN && ref_layout_step(r); i++) {
		struct ref_facts f;
		Dwarf_Die die = ref_entry_at(r->dwarf, off);
		if (!die)
			break;
		ref_entry_facts(r->dwarf, die, &f);
		more = read_link(r, die, &f, &type) && f.has_type;
		ref_entry_free(r->dwarf, die);
		off = f.type_off;
	}
	return type;
}

Dwarf_Die ref_layout_structure_at(struct ref_layout_reader *r, uint64_t off)
{
	for (int i = 0; i < FL_LIMIT_TYPE_CHAIN && ref_layout_step(r); i++) {
		struct ref_facts f;
		Dwarf_Die die = ref_entry_at(r->dwarf, off);
		if (!die)
			break;
		Dwarf_Half tag = ref_entry_tag(r->dwarf, die);
		if (ref_is_structure(tag))
			return die;
		ref_entry_facts(r->dwarf, die, &f);
		ref_entry_free(r->dwarf, die);
		if (!ref_is_transparent(tag) || !f.has_type)
			break;
		off = f.type_off;
	}
	return NULL;
}
