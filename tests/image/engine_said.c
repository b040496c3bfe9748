/* SPDX-License-Identifier: Apache-2.0 */
#include "engine_said.h"

#include "support/cmocka.h"

#include <inttypes.h>
#include <string.h>

struct told {
	const struct fl_image *image;
	const struct fl_debug_info *debug;
	struct said said;
};

static const char *file_of(const struct told *t, uint32_t off)
{
	return off ? t->image->strings.bytes.data + off : NULL;
}

static const char *path_of(struct told *t, uint32_t scope)
{
	if (scope == FL_NO_INDEX)
		return "";
	assert_true(scope < t->debug->scopes.count);
	const struct fl_name_scope *s =
		fl_vec_at(&t->debug->scopes, const struct fl_name_scope, scope);
	const char *outer = path_of(t, s->parent);
	const char *gap = outer[0] ? " / " : "";
	if (s->decl == FL_NO_INDEX)
		return said_text(&t->said, "%s%s%s %s", outer, gap,
				 s->is_namespace ? "namespace" : "type", s->name ? s->name : "-");
	const struct fl_decl *decl = fl_vec_at(&t->debug->decls, const struct fl_decl, s->decl);
	return said_text(&t->said, "%s%sfunction 0x%" PRIx64, outer, gap, decl->die_off);
}

static void tell_scopes(struct told *t)
{
	for (size_t i = 0; i < t->debug->scopes.count; i++) {
		struct said_scope scope = { .path = path_of(t, (uint32_t)i) };
		said_add(&t->said.scopes, &scope);
	}
}

/* Also of a NULL linkage name; an index of none has no name. */
static const char *name_of(struct told *t, uint32_t decl, const char **linkage_ret)
{
	FL_AUTO_STR name = { 0 };
	struct fl_decl_name found = fl_decl_qualified(t->debug, decl, &name);
	*linkage_ret = found.linkage;
	return found.has_name ? said_text(&t->said, "%s", name.data) : NULL;
}

static struct said_ranges code_of(struct told *t, uint32_t first, uint32_t count)
{
	struct said_range *items = fl_arena_array(&t->said.arena, count, sizeof(*items));
	assert_true(items && first + count <= t->debug->ranges.count);
	for (uint32_t i = 0; i < count; i++) {
		const struct fl_code_range *r =
			fl_vec_at(&t->debug->ranges, const struct fl_code_range, first + i);
		items[i] = (struct said_range){ r->addr, (uint64_t)r->addr + r->size };
	}
	return (struct said_ranges){ items, count };
}

static void tell_declarations(struct told *t)
{
	for (uint32_t i = 0; i < t->debug->decls.count; i++) {
		const struct fl_decl *d = fl_vec_at(&t->debug->decls, const struct fl_decl, i);
		struct said_function f = {
			.off = d->die_off,
			.origin = d->has_origin ? d->origin_off : 0,
			.scope = path_of(t, d->scope),
			.own_name = d->name,
			.own_linkage = d->linkage,
			.is_external = d->external,
			.in_c = d->plain,
		};
		f.name = name_of(t, i, &f.linkage);
		said_add(&t->said.functions, &f);
	}
}

static void tell_call(struct told *t, const struct fl_debug_function *f, uint32_t i)
{
	const char *linkage;
	const struct fl_decl *caller = fl_vec_at(&t->debug->decls, const struct fl_decl, f->decl);
	const struct fl_debug_inline *in =
		fl_vec_at(&t->debug->inlines, const struct fl_debug_inline, i);
	bool outermost = in->parent == FL_NO_INDEX;
	if (!outermost) {
		assert_in_range(in->parent, f->first_inline, i - 1);
		assert_int_equal(in->depth, in[(int64_t)in->parent - i].depth + 1);
	}
	assert_true(!outermost || in->depth == 1);
	assert_int_equal(t->said.calls.count, i);
	struct said_call call = {
		.function = caller->die_off,
		.parent = outermost ? SAID_NONE : in->parent,
		.origin = in->origin_off,
		.name = name_of(t, in->decl, &linkage),
		.file = file_of(t, in->call_file),
		.line = in->call_line,
		.column = in->call_column,
		.code = code_of(t, in->first_range, in->range_count),
	};
	said_add(&t->said.calls, &call);
}

static void tell_function(struct told *t, unsigned unit, uint32_t i)
{
	const struct fl_debug_function *f =
		fl_vec_at(&t->debug->functions, const struct fl_debug_function, i);
	assert_int_equal(f->unit, unit);
	assert_true(f->decl < t->said.functions.count);
	struct said_function *said = fl_vec_at(&t->said.functions, struct said_function, f->decl);
	assert_int_equal(said->code.count, 0);
	said->unit = unit;
	said->code = code_of(t, f->first_range, f->range_count);
	for (uint32_t k = 0; k < f->inline_count; k++)
		tell_call(t, f, f->first_inline + k);
}

static void tell_code(struct told *t)
{
	uint32_t seen = 0;
	t->said.unit_count = (unsigned)t->debug->units.count;
	for (unsigned i = 0; i < t->said.unit_count; i++) {
		const struct fl_unit *unit = fl_vec_at(&t->debug->units, const struct fl_unit, i);
		assert_int_equal(unit->first_function, seen);
		for (; seen < unit->first_function + unit->function_count; seen++)
			tell_function(t, i, seen);
	}
	assert_int_equal(seen, t->debug->functions.count);
	assert_int_equal(t->said.calls.count, t->debug->inlines.count);
}

static void tell_row(struct told *t, unsigned unit, uint32_t i)
{
	const struct fl_line_row *row = fl_vec_at(&t->debug->rows, const struct fl_line_row, i);
	struct said_row said = { unit,      row->addr,   file_of(t, row->file),
				 row->line, row->column, false };
	said_add(&t->said.rows, &said);
}

static void tell_lines(struct told *t)
{
	uint32_t seen = 0;
	for (size_t i = 0; i < t->debug->sequences.count; i++) {
		const struct fl_line_sequence *s =
			fl_vec_at(&t->debug->sequences, const struct fl_line_sequence, i);
		assert_int_equal(s->first_row, seen);
		assert_int_equal(s->addr,
				 fl_vec_at(&t->debug->rows, const struct fl_line_row, seen)->addr);
		for (; seen < s->first_row + s->row_count; seen++)
			tell_row(t, s->unit, seen);
		struct said_row end = { .unit = s->unit, .addr = s->end, .is_end = true };
		said_add(&t->said.rows, &end);
	}
	assert_int_equal(seen, t->debug->rows.count);
}

static void tell_enumerators(struct told *t)
{
	for (size_t i = 0; i < t->debug->enumerators.count; i++) {
		const struct fl_enumerator *e =
			fl_vec_at(&t->debug->enumerators, const struct fl_enumerator, i);
		said_add(&t->said.enumerators, &(struct said_enumerator){ e->name, e->value });
	}
}

/* Its index + 1. */
static uint64_t key_of(uint32_t structure)
{
	return structure == FL_NO_INDEX ? 0 : (uint64_t)structure + 1;
}

static struct said_type type_of(const struct fl_debug_type *type)
{
	return (struct said_type){ type->size,      type->count,      key_of(type->structure),
				   type->is_signed, type->is_pointer, type->is_float };
}

static void tell_structure(struct told *t, uint32_t i)
{
	const struct fl_debug_struct *s =
		fl_vec_at(&t->debug->structs, const struct fl_debug_struct, i);
	struct said_structure said = {
		.key = key_of(i),
		.name = s->name,
		.size = s->size,
		.member_count = s->field_count,
		.members = fl_arena_array(&t->said.arena, s->field_count, sizeof(*said.members)),
	};
	assert_non_null(said.members);
	for (uint32_t k = 0; k < s->field_count; k++) {
		const struct fl_debug_field *f = fl_vec_at(
			&t->debug->fields, const struct fl_debug_field, s->first_field + k);
		said.members[k] = (struct said_member){
			.name = f->name,
			.has_place = true,
			.off = f->off,
			.bit_off = f->bit_off,
			.bit_size = f->bit_size,
			.type = type_of(&f->type),
		};
	}
	said_add(&t->said.structures, &said);
}

static void tell_types(struct told *t)
{
	for (uint32_t i = 0; i < t->debug->structs.count; i++)
		tell_structure(t, i);
	for (size_t i = 0; i < t->debug->aliases.count; i++) {
		const struct fl_debug_alias *a =
			fl_vec_at(&t->debug->aliases, const struct fl_debug_alias, i);
		said_add(&t->said.aliases,
			 &(struct said_alias){ a->name, key_of(a->structure), false });
	}
	for (size_t i = 0; i < t->debug->variables.count; i++) {
		const struct fl_debug_variable *v =
			fl_vec_at(&t->debug->variables, const struct fl_debug_variable, i);
		said_add(&t->said.variables,
			 &(struct said_variable){ v->name, v->addr, false, type_of(&v->type) });
	}
}

static const struct fl_debug_section *section_of(const struct told *t, const uint8_t *bytes)
{
	for (size_t i = 0; i < t->image->sections.count; i++) {
		const struct fl_debug_section *s = &t->image->sections.items[i];
		if (bytes >= s->bytes && bytes < s->bytes + s->size)
			return s;
	}
	fail_msg("instructions of a frame lie in no section");
	return NULL;
}

static void tell_frames(struct told *t)
{
	for (size_t i = 0; i < t->debug->frames.count; i++) {
		const struct fl_frame_program *p =
			fl_vec_at(&t->debug->frames, const struct fl_frame_program, i);
		const struct fl_debug_section *section = section_of(t, p->cie_instructions);
		struct said_frame f = {
			.section = section->name,
			.off = p->fde_size ? p->fde_off - section->off : 0,
			.code = { p->range.addr, (uint64_t)p->range.addr + p->range.size },
			.common = p->cie_instructions,
			.own = p->fde_instructions,
			.common_size = p->cie_size,
			.own_size = p->fde_size,
			.code_align = p->code_align,
			.data_align = p->data_align,
			.return_column = p->return_column,
			.is_signal = p->signal_frame,
		};
		said_add(&t->said.frames, &f);
	}
}

struct said engine_said(const struct fl_image *image)
{
	struct told t = { image, &image->debug, said_init() };
	tell_scopes(&t);
	tell_declarations(&t);
	tell_code(&t);
	tell_lines(&t);
	tell_enumerators(&t);
	tell_types(&t);
	tell_frames(&t);
	return t.said;
}
