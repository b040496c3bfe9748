/* SPDX-License-Identifier: Apache-2.0 */
/* Quoted is docs/symbol-index.md, "Layouts and variables". */
#include "left_out.h"

#include "model/kernel_types.h"

static struct said_structure *inner_of(const struct said *said, const struct said_type *type)
{
	return type->structure && !type->is_pointer ? said_structure_of(said, type->structure)
						    : NULL;
}

/* "A whole number of the declared type where an aligned one lies inside the structure, else as few
 * bytes as hold the bits." */
static bool place_bits(const struct said_structure *s, struct said_member *m)
{
	int64_t first = m->off * 8 + m->bit_off;
	int64_t size = (int64_t)m->type.size;
	m->off = size ? first / 8 / size * size : 0;
	bool fits = size && first + m->bit_size <= (m->off + size) * 8 && m->off + size <= s->size;
	if (!fits) {
		m->off = first / 8;
		for (size = 1; first + m->bit_size > (m->off + size) * 8;)
			size *= 2;
	}
	m->type.size = (uint64_t)size;
	m->bit_off = first - m->off * 8;
	return m->off + size <= s->size;
}

/* "Those of a member without a name, and of base classes, count as the structure's own; static
 * members do not. A member whose place is not a constant (...) is left out." */
static void flatten(struct said *said, const struct said_structure *whole,
		    const struct said_structure *part, int64_t base, struct fl_vec *ret)
{
	for (size_t i = 0; part && i < part->member_count; i++) {
		struct said_member m = part->members[i];
		m.off += base;
		if (m.is_static || !m.has_place)
			continue;
		if (!m.name)
			flatten(said, whole, inner_of(said, &m.type), m.off, ret);
		else if (!m.bit_size || place_bits(whole, &m))
			said_add(ret, &m);
	}
}

static void flatten_all(struct said *said)
{
	FL_AUTO_VEC flat = FL_VEC(struct said_structure);
	for (size_t i = 0; i < said->structures.count; i++) {
		struct said_structure s = *fl_vec_at(&said->structures, struct said_structure, i);
		FL_AUTO_VEC members = FL_VEC(struct said_member);
		flatten(said, &s, &s, 0, &members);
		s.member_count = members.count;
		s.members = fl_arena_copy(&said->arena, members.data,
					  members.count * sizeof(struct said_member));
		said_add(&flat, &s);
	}
	struct fl_vec whole = said->structures;
	said->structures = flat;
	flat = whole;
}

/* "... and whatever these contain by value." What has no size is no layout. */
static void want(struct said *said, struct said_structure *s)
{
	if (!s || s->size < 0 || s->is_wanted)
		return;
	s->is_wanted = true;
	for (size_t i = 0; i < s->member_count; i++)
		want(said, inner_of(said, &s->members[i].type));
}

/* "Those with a wanted tag, those that a wanted typedef names." What a function alone knows is not
 * the kernel's. */
static void
want_named(struct said *said, struct said_structure *s, const char *name, bool in_function)
{
	if (!s || !name || in_function || !fl_kernel_wants_struct(name))
		return;
	s->has_wanted_name = true;
	want(said, s);
}

/* "Only those outside functions": wanted by name, or such structures or arrays of them. */
static bool is_wanted_variable(const void *element, const void *said)
{
	const struct said_variable *v = element;
	const struct said_structure *s = inner_of(said, &v->type);
	return v->name && !v->in_function &&
	       (fl_kernel_wants_variable(v->name) || (s && s->has_wanted_name));
}

static void choose(struct said *said)
{
	for (size_t i = 0; i < said->structures.count; i++) {
		struct said_structure *s = fl_vec_at(&said->structures, struct said_structure, i);
		want_named(said, s, s->name, s->in_function);
	}
	for (size_t i = 0; i < said->aliases.count; i++) {
		struct said_alias *a = fl_vec_at(&said->aliases, struct said_alias, i);
		want_named(said, said_structure_of(said, a->structure), a->name, a->in_function);
	}
	said_keep(&said->variables, is_wanted_variable, said);
	for (size_t i = 0; i < said->variables.count; i++)
		want(said,
		     inner_of(said, &fl_vec_at(&said->variables, struct said_variable, i)->type));
}

static bool is_wanted_alias(const void *element, const void *said)
{
	const struct said_alias *a = element;
	const struct said_structure *s = said_structure_of(said, a->structure);
	return s && s->is_wanted && a->name && !a->in_function && fl_kernel_wants_struct(a->name);
}

static bool is_wanted_structure(const void *element, const void *nothing)
{
	(void)nothing;
	return ((const struct said_structure *)element)->is_wanted;
}

/* What is not kept, types do not know either. */
static void forget(const struct said *said, struct said_type *type)
{
	if (!said_structure_of(said, type->structure))
		type->structure = 0;
}

static void forget_all(struct said *said)
{
	for (size_t i = 0; i < said->structures.count; i++) {
		struct said_structure *s = fl_vec_at(&said->structures, struct said_structure, i);
		for (size_t k = 0; k < s->member_count; k++)
			forget(said, &s->members[k].type);
	}
	for (size_t i = 0; i < said->variables.count; i++)
		forget(said, &fl_vec_at(&said->variables, struct said_variable, i)->type);
}

void leave_out_types(struct said *said)
{
	flatten_all(said);
	choose(said);
	said_keep(&said->aliases, is_wanted_alias, said);
	said_keep(&said->structures, is_wanted_structure, NULL);
	forget_all(said);
}
