/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_layout.h"

#include "base/limits.h"

enum { MAX_BITS = 64 };

/* One structure while its members are collected. */
struct structure {
	struct fl_layout_reader *r;
	struct fl_vec *fields; /* struct fl_debug_field */
	uint32_t size;
};

static void out_of_memory(struct fl_layout_reader *r)
{
	r->dwarf->out_of_memory = true;
}

/* Bits from the beginning of the structure. DWARF 4 counts from there; DWARF 2 from the most
 * significant bit of a storage unit, which may begin before it (7.2.2 of the latter). */
static bool first_bit(const struct fl_dwarf_facts *f, uint32_t type_size, int64_t *ret)
{
	const int64_t far = (int64_t)UINT32_MAX * 8;
	if (f->data_bit_offset.is_present) {
		*ret = f->data_bit_offset.value;
		return f->data_bit_offset.is_known && *ret >= 0 && *ret <= far;
	}
	int64_t unit = f->byte_size.is_known ? f->byte_size.value : type_size;
	int64_t back = f->bit_offset.value;
	if (unit < 0 || unit > MAX_BITS || back < -far || back > far)
		return false;
	*ret = f->member_off.value * 8;
	if (f->bit_offset.is_known)
		*ret += unit * 8 - back - f->bit_size.value;
	return *ret >= 0 && *ret <= far;
}

/* What is read to get at the bits: a whole number of the declared type where there is one inside
 * the structure, else as few bytes as hold them. */
static bool
place_bits(const struct structure *s, uint64_t first, uint32_t bits, struct fl_debug_field *field)
{
	uint32_t unit = field->type.size;
	uint64_t off = unit ? first / 8 / unit * unit : 0;
	if (!unit || unit > 8 || first + bits > (off + unit) * 8 || off + unit > s->size) {
		off = first / 8;
		for (unit = 1; unit <= 8 && first + bits > (off + unit) * 8;)
			unit *= 2;
	}
	if (unit > 8 || off + unit > s->size)
		return false;
	field->off = (uint32_t)off;
	field->type.size = unit;
	field->bit_off = (uint16_t)(first - off * 8);
	field->bit_size = (uint16_t)bits;
	return true;
}

static bool member_off(const struct fl_dwarf_facts *f, uint64_t *ret)
{
	*ret = (uint64_t)f->member_off.value;
	return (f->member_off.is_known || !f->member_off.is_present) && f->member_off.value >= 0 &&
	       f->member_off.value <= UINT32_MAX;
}

static bool place(const struct structure *s, const struct fl_dwarf_facts *f, uint32_t base,
		  struct fl_debug_field *field)
{
	uint64_t off;
	int64_t first;
	if (!member_off(f, &off))
		return false;
	if (!f->bit_size.is_present) {
		field->off = (uint32_t)(base + off);
		return base + off <= s->size;
	}
	return f->bit_size.is_known && f->bit_size.value > 0 && f->bit_size.value <= MAX_BITS &&
	       first_bit(f, field->type.size, &first) &&
	       place_bits(s, (uint64_t)base * 8 + (uint64_t)first, (uint32_t)f->bit_size.value,
			  field);
}

static void
read_members(struct structure *s, const struct fl_dwarf_entry *structure, uint32_t base);

/* In C the members of a member without a name belong to its parent; so do those of a base class. */
static void read_unnamed(struct structure *s, const struct fl_dwarf_facts *f, uint32_t base)
{
	uint64_t off;
	struct fl_dwarf_entry inner;
	struct fl_layout_reader *r = s->r;
	if (!f->has_type || !member_off(f, &off) || base + off > s->size ||
	    r->depth == FL_LIMIT_STRUCT_DEPTH)
		return;
	if (!fl_layout_structure_at(r, f->type_off, &inner))
		return;
	r->depth++;
	read_members(s, &inner, (uint32_t)(base + off));
	r->depth--;
}

static void read_member(struct structure *s, const struct fl_dwarf_entry *e, uint32_t base)
{
	struct fl_dwarf_facts f;
	if (e->abbrev->tag != DW_TAG_member && e->abbrev->tag != DW_TAG_inheritance)
		return;
	fl_dwarf_entry_facts(s->r->dwarf, e, &f);
	if (f.is_declaration || f.is_external)
		return; /* static */
	if (!f.name) {
		read_unnamed(s, &f, base);
		return;
	}
	struct fl_debug_field field = { .name = f.name };
	field.type = f.has_type ? fl_layout_type(s->r, f.type_off)
				: (struct fl_debug_type){ .count = 1, .structure = FL_NO_INDEX };
	if (place(s, &f, base, &field) && !fl_vec_push(s->fields, &field))
		out_of_memory(s->r);
}

static void read_members(struct structure *s, const struct fl_dwarf_entry *structure, uint32_t base)
{
	struct fl_dwarf_entry e;
	bool more = fl_dwarf_entry_child(s->r->dwarf, structure, &e);
	while (more && fl_layout_step(s->r)) {
		read_member(s, &e, base);
		more = fl_dwarf_entry_sibling(s->r->dwarf, &e, &e);
	}
}

/* Structures are alike when their names and all of their members are; what a pointer points at
 * does not count. */
static void add_content(struct fl_str *key, const struct structure *s, const char *name)
{
	fl_str_addf(key, "%s %u\n", name ? name : "", s->size);
	for (size_t i = 0; i < s->fields->count; i++) {
		const struct fl_debug_field *f =
			fl_vec_at(s->fields, const struct fl_debug_field, i);
		const struct fl_debug_type *t = &f->type;
		fl_str_addf(key, "%s %u %u %u %u %u %u %d%d%d\n", f->name, f->off, f->bit_off,
			    f->bit_size, t->size, t->count, t->is_pointer ? 0 : t->structure,
			    t->is_signed, t->is_pointer, t->is_float);
	}
}

static bool has_room(struct fl_layout_reader *r, size_t fields)
{
	const struct fl_debug_info *info = r->info;
	if (r->full)
		return false;
	if (info->structs.count < FL_LIMIT_STRUCTS &&
	    info->fields.count + fields <= FL_LIMIT_FIELDS)
		return true;
	r->full = true;
	fl_finding_add(r->dwarf->findings, FL_STAGE_IMAGE, FL_WARNING, FL_ELIMIT, FL_AT_NONE, 0,
		       "%s: the kernel's data has more than %d structures or %d members: the rest "
		       "is not kept",
		       r->dwarf->module, FL_LIMIT_STRUCTS, FL_LIMIT_FIELDS);
	return false;
}

static bool append(struct fl_debug_info *info, const struct structure *s, const char *name)
{
	struct fl_debug_struct entry = {
		.name = name,
		.size = s->size,
		.first_field = (uint32_t)info->fields.count,
		.field_count = (uint32_t)s->fields->count,
	};
	for (size_t i = 0; i < s->fields->count; i++)
		if (!fl_vec_push(&info->fields,
				 fl_vec_at(s->fields, const struct fl_debug_field, i)))
			return false;
	return fl_vec_push(&info->structs, &entry);
}

static uint32_t keep(struct structure *s, const char *name)
{
	FL_AUTO_STR key = { 0 };
	struct fl_layout_reader *r = s->r;
	add_content(&key, s, name);
	uint32_t index = key.failed ? UINT32_MAX : fl_intern_add(&r->contents, key.data, key.size);
	if (index < r->info->structs.count)
		return index;
	if (index != UINT32_MAX && !has_room(r, s->fields->count))
		return FL_NO_INDEX;
	if (index != UINT32_MAX && append(r->info, s, name))
		return index;
	out_of_memory(r);
	return FL_NO_INDEX;
}

/* Defined outside of the class or namespace that declares it, it has its name there. */
static const char *name_of(struct fl_layout_reader *r, const struct fl_dwarf_facts *f)
{
	struct fl_dwarf_entry origin;
	if (f->name || !f->has_origin || !fl_dwarf_entry_at(r->dwarf, f->origin_off, &origin))
		return f->name;
	return fl_dwarf_entry_name(r->dwarf, &origin);
}

static uint32_t read_structure(struct fl_layout_reader *r, const struct fl_dwarf_entry *e)
{
	struct fl_dwarf_facts f;
	fl_dwarf_entry_facts(r->dwarf, e, &f);
	if (f.is_declaration || !f.byte_size.is_known || f.byte_size.value < 0 ||
	    f.byte_size.value > UINT32_MAX)
		return FL_NO_INDEX;
	FL_AUTO_VEC fields = FL_VEC(struct fl_debug_field);
	struct structure s = { r, &fields, (uint32_t)f.byte_size.value };
	r->depth++;
	read_members(&s, e, 0);
	r->depth--;
	return keep(&s, name_of(r, &f));
}

/* One that contains itself is met while it is read: it has no index then. */
uint32_t fl_layout_structure(struct fl_layout_reader *r, const struct fl_dwarf_entry *e)
{
	if (r->depth == FL_LIMIT_STRUCT_DEPTH)
		return FL_NO_INDEX;
	uint32_t number = fl_layout_number(r, e->off);
	if (number == FL_NO_INDEX)
		return FL_NO_INDEX;
	struct fl_layout_seen *seen = fl_vec_at(&r->seen, struct fl_layout_seen, number);
	if (seen->begun)
		return seen->index;
	seen->begun = true;
	uint32_t index = read_structure(r, e);
	fl_vec_at(&r->seen, struct fl_layout_seen, number)->index = index;
	return index;
}
