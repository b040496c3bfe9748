/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_types.h"

#include "base/limits.h"

/* Where in the tree an entry stands. */
struct place {
	uint32_t scope;    /* innermost namespace, class or function */
	uint32_t function; /* concrete function, or FL_NO_INDEX */
	uint32_t parent;   /* enclosing inlined call, or FL_NO_INDEX */
	uint32_t depth;    /* of inlined calls */
};

struct level {
	Dwarf_Die die; /* the entry to visit next at this level; NULL: none left */
	struct place place;
};

struct walk {
	struct ref_unit *unit;
	struct fl_vec levels; /* struct level */
	uint64_t last_off;
	bool stop;
};

static void out_of_memory(struct walk *w)
{
	w->unit->dwarf->out_of_memory = true;
	w->stop = true;
}

static void *append(struct walk *w, struct fl_vec *v, uint32_t *index_ret)
{
	*index_ret = (uint32_t)v->count;
	void *slot = v->count < FL_NO_INDEX ? fl_vec_add(v) : NULL;
	if (!slot)
		out_of_memory(w);
	return slot;
}

/* Entries are visited in the order of their offsets; anything else is a crafted sibling link. */
static bool advance(struct walk *w, Dwarf_Die die, uint64_t *off_ret)
{
	Dwarf_Off off;
	Dwarf_Error error = NULL;
	int result = dwarf_dieoffset(die, &off, &error);
	if (!ref_ok(w->unit->dwarf, result, &error, "an entry in .debug_info"))
		return false;
	bool forward = off > w->last_off;
	w->last_off = off;
	*off_ret = off;
	return forward;
}

static bool visit_scope(struct walk *w, Dwarf_Die die, Dwarf_Half tag, struct place *place)
{
	if (w->unit->plain)
		return false; /* C: nothing inside a struct is code */
	struct ref_attributes a;
	ref_attributes(w->unit, die, false, &a);
	uint32_t index;
	struct fl_name_scope *scope = append(w, &w->unit->info->scopes, &index);
	if (!scope)
		return false;
	*scope = (struct fl_name_scope){
		.parent = place->scope,
		.decl = FL_NO_INDEX,
		.name = a.name,
		.is_namespace = tag == DW_TAG_namespace,
	};
	place->scope = index;
	return true;
}

static bool
add_decl(struct walk *w, uint64_t off, const struct ref_attributes *a, struct place *place)
{
	uint32_t decl_index;
	uint32_t scope_index;
	struct fl_decl *decl = append(w, &w->unit->info->decls, &decl_index);
	if (!decl)
		return false;
	*decl = (struct fl_decl){
		.die_off = off,
		.origin_off = a->origin_off,
		.has_origin = a->has_origin,
		.external = a->external,
		.plain = w->unit->plain,
		.scope = place->scope,
		.name = a->name,
		.linkage = a->linkage,
	};
	struct fl_name_scope *scope = append(w, &w->unit->info->scopes, &scope_index);
	if (!scope)
		return false;
	*scope = (struct fl_name_scope){ .parent = place->scope, .decl = decl_index };
	place->scope = scope_index;
	return true;
}

static bool visit_function(struct walk *w, Dwarf_Die die, uint64_t off, struct place *place)
{
	struct ref_attributes a;
	ref_attributes(w->unit, die, true, &a);
	uint32_t decl_index = (uint32_t)w->unit->info->decls.count;
	if (!add_decl(w, off, &a, place))
		return false;
	place->function = FL_NO_INDEX;
	place->parent = FL_NO_INDEX;
	place->depth = 0;
	if (!a.range_count)
		return true;
	struct fl_debug_function *f = append(w, &w->unit->info->functions, &place->function);
	if (!f)
		return false;
	*f = (struct fl_debug_function){
		.decl = decl_index,
		.unit = w->unit->number,
		.first_range = a.first_range,
		.range_count = a.range_count,
		.first_inline = (uint32_t)w->unit->info->inlines.count,
	};
	return true;
}

static uint32_t clamp(uint64_t value)
{
	return value > UINT32_MAX ? 0 : (uint32_t)value;
}

static bool visit_inline(struct walk *w, Dwarf_Die die, struct place *place)
{
	if (place->function == FL_NO_INDEX)
		return false; /* inside an abstract function: no code */
	struct ref_attributes a;
	ref_attributes(w->unit, die, true, &a);
	if (!a.range_count || !a.has_origin)
		return true;
	struct fl_debug_info *info = w->unit->info;
	uint32_t file = ref_file(w->unit, a.call_file);
	uint32_t parent = place->parent;
	struct fl_debug_inline *in = append(w, &info->inlines, &place->parent);
	if (!in)
		return false;
	*in = (struct fl_debug_inline){
		.decl = FL_NO_INDEX,
		.origin_off = a.origin_off,
		.parent = parent,
		.depth = ++place->depth,
		.first_range = a.first_range,
		.range_count = a.range_count,
		.call_file = file,
		.call_line = clamp(a.call_line),
		.call_column = clamp(a.call_column),
	};
	struct fl_debug_function *f =
		fl_vec_at(&info->functions, struct fl_debug_function, place->function);
	f->inline_count = (uint32_t)info->inlines.count - f->first_inline;
	return true;
}

static bool in_function(const struct walk *w, const struct place *place)
{
	const struct fl_vec *scopes = &w->unit->info->scopes;
	return place->scope != FL_NO_INDEX &&
	       fl_vec_at(scopes, struct fl_name_scope, place->scope)->decl != FL_NO_INDEX;
}

/* Whether to go on below @p die; @p place becomes that of its children. */
static bool visit(struct walk *w, Dwarf_Die die, struct place *place)
{
	uint64_t off;
	Dwarf_Half tag;
	Dwarf_Error error = NULL;
	if (!advance(w, die, &off)) {
		ref_damaged(w->unit->dwarf, "the order of entries in .debug_info");
		w->stop = true;
		return false;
	}
	if (!ref_ok(w->unit->dwarf, dwarf_tag(die, &tag, &error), &error, "an entry"))
		return false;
	if (tag == DW_TAG_enumeration_type)
		ref_enumeration_read(w->unit, die);
	else if (!in_function(w, place))
		ref_note(w->unit, die, tag, off);
	switch (tag) {
	case DW_TAG_subprogram:
		return visit_function(w, die, off, place);
	case DW_TAG_inlined_subroutine:
		return visit_inline(w, die, place);
	case DW_TAG_namespace:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_module:
		return visit_scope(w, die, tag, place);
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		return true;
	default:
		return false;
	}
}

static void push(struct walk *w, Dwarf_Die die, struct place place)
{
	struct level level = { die, place };
	bool deep = w->levels.count >= FL_LIMIT_DIE_DEPTH;
	if (!deep && fl_vec_push(&w->levels, &level))
		return;
	dwarf_dealloc(w->unit->dwarf->dbg, die, DW_DLA_DIE);
	if (deep)
		ref_damaged(w->unit->dwarf, "the nesting of entries in .debug_info");
	else
		out_of_memory(w);
}

static void step(struct walk *w)
{
	struct level *level = fl_vec_at(&w->levels, struct level, w->levels.count - 1);
	Dwarf_Die die = level->die;
	if (!die) {
		w->levels.count--;
		return;
	}
	struct place place = level->place;
	Dwarf_Die child = visit(w, die, &place) ? ref_entry_child(w->unit->dwarf, die) : NULL;
	level->die = w->stop ? NULL : ref_entry_sibling(w->unit->dwarf, die);
	dwarf_dealloc(w->unit->dwarf->dbg, die, DW_DLA_DIE);
	if (child)
		push(w, child, place);
}

static void drop_levels(struct walk *w)
{
	for (size_t i = 0; i < w->levels.count; i++) {
		struct level *level = fl_vec_at(&w->levels, struct level, i);
		if (level->die)
			dwarf_dealloc(w->unit->dwarf->dbg, level->die, DW_DLA_DIE);
	}
	fl_vec_deinit(&w->levels);
}

void ref_tree_read(struct ref_unit *unit)
{
	struct walk w = { .unit = unit, .levels = FL_VEC(struct level) };
	Dwarf_Die first = ref_entry_child(unit->dwarf, unit->die);
	if (first)
		push(&w, first, (struct place){ FL_NO_INDEX, FL_NO_INDEX, FL_NO_INDEX, 0 });
	while (w.levels.count && !w.stop)
		step(&w);
	drop_levels(&w);
}
