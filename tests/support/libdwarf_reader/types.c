/* SPDX-License-Identifier: Apache-2.0 */
/* Structures, typedefs, variables and enumerators. */
#include "support/libdwarf_reader/reader.h"

static bool is_structure(Dwarf_Half tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_class_type;
}

/* Typedefs and qualifiers (DWARF 5, 5.3 and 5.4): the type behind them is what counts. */
static Dwarf_Die strip(struct libdwarf_reader *r, Dwarf_Die die)
{
	while (die) {
		switch (ref_tag(die)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
		case DW_TAG_immutable_type:
		case DW_TAG_packed_type:
			die = ref_follow(r->dbg, die, DW_AT_type);
			break;
		default:
			return die;
		}
	}
	return NULL;
}

static uint64_t structure_key(Dwarf_Die die)
{
	return die && is_structure(ref_tag(die)) ? ref_off(die) : 0;
}

/* DWARF 5, 5.13. gcc's upper bound of an array without a length is -1 in 32 bits. */
static uint64_t length(Dwarf_Die dimension)
{
	int64_t count = 0;
	int64_t upper;
	if (!ref_number(dimension, DW_AT_count, &count) &&
	    ref_number(dimension, DW_AT_upper_bound, &upper))
		count = upper - ref_number_or(dimension, DW_AT_lower_bound, 0) + 1;
	return count > 0 && count <= UINT32_MAX ? (uint64_t)count : 0;
}

static uint64_t lengths(struct libdwarf_reader *r, Dwarf_Die array)
{
	uint64_t product = 1;
	bool has_dimension = false;
	for (Dwarf_Die d = ref_child(array); d; d = ref_sibling(r->dbg, d)) {
		if (ref_tag(d) != DW_TAG_subrange_type)
			continue;
		product *= length(d);
		has_dimension = true;
	}
	return has_dimension ? product : 0;
}

/* DWARF 5, 5.1.1. */
static void read_encoding(Dwarf_Die die, struct said_type *type)
{
	int64_t encoding = ref_number_or(die, DW_AT_encoding, 0);
	type->is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char ||
			  encoding == DW_ATE_signed_fixed;
	type->is_float = encoding == DW_ATE_float || encoding == DW_ATE_complex_float ||
			 encoding == DW_ATE_imaginary_float;
}

static struct said_type describe(struct libdwarf_reader *r, Dwarf_Die die)
{
	struct said_type type = { .count = 1 };
	Dwarf_Die base = die ? ref_follow(r->dbg, die, DW_AT_type) : NULL;
	if (!die)
		return type;
	switch (ref_tag(die)) {
	case DW_TAG_array_type:
		type = describe(r, strip(r, base));
		type.count *= lengths(r, die);
		return type;
	case DW_TAG_enumeration_type:
		if (base)
			type = describe(r, strip(r, base));
		break;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		type.is_pointer = true;
		type.structure = structure_key(strip(r, base));
		type.size = 4; /* unless it says so */
		break;
	default:
		type.structure = structure_key(die);
		read_encoding(die, &type);
		break;
	}
	type.size = (uint64_t)ref_number_or(die, DW_AT_byte_size, (int64_t)type.size);
	return type;
}

static struct said_type type_of(struct libdwarf_reader *r, Dwarf_Die die)
{
	return describe(r, strip(r, ref_follow(r->dbg, die, DW_AT_type)));
}

/* DWARF 4, 5.5.6; DWARF 2, 5.5.4: from the most significant bit of a unit of storage. */
static void read_bits(Dwarf_Die die, struct said_member *m)
{
	int64_t first;
	int64_t from_top;
	int64_t storage = ref_number_or(die, DW_AT_byte_size, (int64_t)m->type.size);
	if (!ref_number(die, DW_AT_bit_size, &m->bit_size))
		return;
	if (!ref_number(die, DW_AT_data_bit_offset, &first)) {
		first = m->off * 8;
		if (ref_number(die, DW_AT_bit_offset, &from_top))
			first += storage * 8 - from_top - m->bit_size;
	}
	m->off = first >> 3;
	m->bit_off = first & 7;
}

/* DWARF 3 and older write an expression that adds to the address of the structure. */
static bool read_place(Dwarf_Die die, int64_t *ret)
{
	Dwarf_Bool is_given;
	Dwarf_Small operation;
	uint64_t operand;
	*ret = 0;
	dwarf_hasattr(die, DW_AT_data_member_location, &is_given, NULL);
	if (!is_given || ref_number(die, DW_AT_data_member_location, ret))
		return true;
	if (!ref_operation(die, DW_AT_data_member_location, &operation, &operand) ||
	    operation != DW_OP_plus_uconst)
		return false;
	*ret = (int64_t)operand;
	return true;
}

static struct said_member read_member(struct libdwarf_reader *r, Dwarf_Die die)
{
	struct said_member m = {
		.name = ref_text(die, DW_AT_name),
		.is_static = ref_flag(die, DW_AT_declaration) || ref_flag(die, DW_AT_external),
		.type = type_of(r, die),
	};
	m.has_place = read_place(die, &m.off);
	read_bits(die, &m);
	return m;
}

static void add_structure(struct libdwarf_reader *r, Dwarf_Die die, bool in_function)
{
	FL_AUTO_VEC members = FL_VEC(struct said_member);
	struct said_structure s = {
		.key = ref_off(die),
		.name = ref_name(r->dbg, die),
		.size = ref_number_or(die, DW_AT_byte_size, -1),
		.in_function = in_function,
	};
	for (Dwarf_Die d = ref_child(die); d; d = ref_sibling(r->dbg, d)) {
		if (ref_tag(d) != DW_TAG_member && ref_tag(d) != DW_TAG_inheritance)
			continue;
		struct said_member m = read_member(r, d);
		said_add(&members, &m);
	}
	s.member_count = members.count;
	s.members = fl_arena_copy(&r->said.arena, members.data,
				  members.count * sizeof(struct said_member));
	said_add(&r->said.structures, &s);
}

static void add_alias(struct libdwarf_reader *r, Dwarf_Die die, bool in_function)
{
	said_add(&r->said.aliases,
		 &(struct said_alias){ ref_text(die, DW_AT_name), structure_key(strip(r, die)),
				       in_function });
}

/* Of those that have one address. Name and type may be those of a declaration elsewhere. */
static void add_variable(struct libdwarf_reader *r, Dwarf_Die die, bool in_function)
{
	Dwarf_Small operation;
	uint64_t operand;
	if (!ref_operation(die, DW_AT_location, &operation, &operand))
		return;
	if (operation == DW_OP_addrx || operation == DW_OP_GNU_addr_index) {
		Dwarf_Addr addr;
		dwarf_debug_addr_index_to_addr(die, operand, &addr, NULL);
		operand = addr;
	} else if (operation != DW_OP_addr) {
		return;
	}
	Dwarf_Die typed = ref_owner(r->dbg, die, DW_AT_type);
	said_add(&r->said.variables,
		 &(struct said_variable){ ref_name(r->dbg, die), operand, in_function,
					  typed ? type_of(r, typed)
						: (struct said_type){ .count = 1 } });
}

static void add_enumerator(struct libdwarf_reader *r, Dwarf_Die die)
{
	struct said_enumerator e = { .name = ref_text(die, DW_AT_name) };
	if (ref_number(die, DW_AT_const_value, &e.value))
		said_add(&r->said.enumerators, &e);
}

void ref_read_types(struct libdwarf_reader *r, Dwarf_Die die, bool in_function)
{
	Dwarf_Half tag = ref_tag(die);
	if (is_structure(tag))
		add_structure(r, die, in_function);
	else if (tag == DW_TAG_typedef)
		add_alias(r, die, in_function);
	else if (tag == DW_TAG_variable)
		add_variable(r, die, in_function);
	else if (tag == DW_TAG_enumerator)
		add_enumerator(r, die);
}
