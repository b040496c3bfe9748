/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_attributes.h"
#include "image/dwarf_notes.h"

#include "base/limits.h"

/* Where in the tree an entry stands. */
struct place {
	uint32_t scope;    /* innermost namespace, class or function */
	uint32_t function; /* concrete function, or FL_NO_INDEX */
	uint32_t parent;   /* enclosing inlined call, or FL_NO_INDEX */
	uint32_t depth;    /* of inlined calls */
	bool in_function;  /* the scope is a function */
};

struct walk {
	struct fl_dwarf *dwarf;
	const struct fl_dwarf_unit *unit;
	struct fl_line_table *lines;
	struct fl_cursor c; /* behind the attributes of the entry that is visited, once they are
			       read */
	size_t depth;
	struct place places[FL_LIMIT_DIE_DEPTH + 1]; /* of the entries at each depth */
	bool stop;
};

static void *append(struct walk *w, struct fl_vec *v, uint32_t *index_ret)
{
	*index_ret = (uint32_t)v->count;
	void *slot = v->count < FL_NO_INDEX ? fl_vec_add(v) : NULL;
	if (!slot) {
		w->dwarf->out_of_memory = true;
		w->stop = true;
	}
	return slot;
}

/* A class may be defined outside of what declares it; gcc's link-time optimisation repeats
 * namespaces without their names. */
static uint64_t origin_of(struct walk *w, const struct fl_dwarf_entry *e)
{
	struct fl_dwarf_facts f;
	if (!e->abbrev->has_origin)
		return 0;
	fl_dwarf_entry_facts(w->dwarf, e, &f);
	return f.has_origin ? f.origin_off : 0;
}

static bool visit_scope(struct walk *w, const struct fl_dwarf_entry *e, struct place *place)
{
	if (w->unit->plain)
		return false; /* C: nothing inside a struct is code */
	uint32_t index;
	struct fl_name_scope *scope = append(w, &w->dwarf->debug->scopes, &index);
	if (!scope)
		return false;
	*scope = (struct fl_name_scope){
		.die_off = e->off,
		.origin_off = origin_of(w, e),
		.parent = place->scope,
		.decl = FL_NO_INDEX,
		.name = fl_dwarf_entry_name(w->dwarf, e),
		.is_namespace = e->abbrev->tag == DW_TAG_namespace,
	};
	place->scope = index;
	place->in_function = false;
	return true;
}

static bool
add_decl(struct walk *w, uint64_t off, const struct fl_dwarf_attributes *a, struct place *place)
{
	uint32_t decl_index;
	uint32_t scope_index;
	struct fl_decl *decl = append(w, &w->dwarf->debug->decls, &decl_index);
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
	struct fl_name_scope *scope = append(w, &w->dwarf->debug->scopes, &scope_index);
	if (!scope)
		return false;
	*scope = (struct fl_name_scope){
		.die_off = off,
		.parent = place->scope,
		.decl = decl_index,
	};
	*place = (struct place){
		.scope = scope_index,
		.function = FL_NO_INDEX,
		.parent = FL_NO_INDEX,
		.in_function = true,
	};
	return true;
}

static bool visit_function(struct walk *w, const struct fl_dwarf_entry *e, struct place *place)
{
	struct fl_dwarf_attributes a;
	fl_dwarf_attributes(w->dwarf, e, &w->c, &a);
	uint32_t decl_index = (uint32_t)w->dwarf->debug->decls.count;
	if (!add_decl(w, e->off, &a, place))
		return false;
	if (!a.range_count)
		return true;
	struct fl_debug_function *f = append(w, &w->dwarf->debug->functions, &place->function);
	if (!f)
		return false;
	*f = (struct fl_debug_function){
		.decl = decl_index,
		.unit = w->unit->number,
		.first_range = a.first_range,
		.range_count = a.range_count,
		.first_inline = (uint32_t)w->dwarf->debug->inlines.count,
	};
	return true;
}

static uint32_t clamp(uint64_t value)
{
	return value > UINT32_MAX ? 0 : (uint32_t)value;
}

static bool visit_inline(struct walk *w, const struct fl_dwarf_entry *e, struct place *place)
{
	if (place->function == FL_NO_INDEX)
		return false; /* inside an abstract function: no code */
	struct fl_dwarf_attributes a;
	fl_dwarf_attributes(w->dwarf, e, &w->c, &a);
	if (!a.range_count || !a.has_origin)
		return true;
	struct fl_debug_info *info = w->dwarf->debug;
	uint32_t file = fl_line_table_file(w->lines, a.call_file);
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

/* Whether to go on below the entry; @p place becomes that of its children. */
static bool visit(struct walk *w, const struct fl_dwarf_entry *e, struct place *place)
{
	switch (e->abbrev->tag) {
	case DW_TAG_variable:
		if (e->abbrev->has_location && !place->in_function)
			fl_dwarf_note_variable(w->dwarf, e);
		return false;
	case DW_TAG_typedef:
		if (!place->in_function)
			fl_dwarf_note_type(w->dwarf, e, w->lines);
		return false;
	case DW_TAG_subprogram:
		return visit_function(w, e, place);
	case DW_TAG_inlined_subroutine:
		return visit_inline(w, e, place);
	case DW_TAG_enumeration_type:
		fl_dwarf_enumeration(w->dwarf, e);
		return visit_scope(w, e, place);
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		if (!place->in_function)
			fl_dwarf_note_type(w->dwarf, e, w->lines);
		return visit_scope(w, e, place);
	case DW_TAG_namespace:
	case DW_TAG_interface_type:
	case DW_TAG_module:
		return visit_scope(w, e, place);
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		return true;
	default:
		return false;
	}
}

static void descend(struct walk *w, const struct fl_dwarf_entry *e, const struct place *place)
{
	if (w->depth < FL_LIMIT_DIE_DEPTH) {
		w->places[++w->depth] = *place;
		return;
	}
	fl_dwarf_damaged(w->dwarf, &w->dwarf->info, e->off, "entries are nested too deep");
	(void)fl_dwarf_skip_children(w->dwarf, e, &w->c);
}

static void step(struct walk *w)
{
	struct fl_dwarf_entry e;
	if (!fl_dwarf_entry_read(w->dwarf, w->unit, &w->c, &e)) {
		w->stop = true;
		return;
	}
	if (!e.abbrev) {
		w->depth--;
		return;
	}
	struct place place = w->places[w->depth];
	bool below = visit(w, &e, &place);
	if (w->c.at == e.attributes.at)
		fl_abbrev_skip(&w->c, e.abbrev);
	if (w->c.failed) {
		fl_dwarf_damaged(w->dwarf, &w->dwarf->info, e.off,
				 "an entry ends outside its unit");
		w->stop = true;
	} else if (e.abbrev->has_children && below) {
		descend(w, &e, &place);
	} else if (e.abbrev->has_children) {
		(void)fl_dwarf_skip_children(w->dwarf, &e, &w->c);
	}
}

void fl_dwarf_tree(struct fl_dwarf *s, const struct fl_dwarf_unit *unit,
		   struct fl_line_table *lines)
{
	struct fl_dwarf_entry first;
	struct walk w = {
		.dwarf = s,
		.unit = unit,
		.lines = lines,
		.c = fl_dwarf_cursor(s, unit, unit->first_off),
	};
	if (!fl_dwarf_entry_read(s, unit, &w.c, &first) || !first.abbrev->has_children)
		return;
	fl_abbrev_skip(&w.c, first.abbrev);
	w.depth = 1;
	w.places[1] = (struct place){ FL_NO_INDEX, FL_NO_INDEX, FL_NO_INDEX, 0, false };
	while (w.depth && fl_cursor_left(&w.c) && !w.stop && !s->out_of_memory)
		step(&w);
}
