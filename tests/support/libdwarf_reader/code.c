/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes, functions, and the calls that were inlined into them. */
#include "support/libdwarf_reader/reader.h"

#include <inttypes.h>

static void enter(struct libdwarf_reader *r, struct ref_place *here, bool is_type, const char *what)
{
	if (here->path[0])
		what = said_text(&r->said, "%s / %s", here->path, what);
	here->path = what;
	said_add(&r->said.scopes, &(struct said_scope){ what, is_type, here->unit->in_c });
}

static void
add_scope(struct libdwarf_reader *r, struct ref_place *here, Dwarf_Die die, bool is_type)
{
	const char *name = ref_text(die, DW_AT_name);
	const char *kind = is_type ? "type" : "namespace";
	enter(r, here, is_type, said_text(&r->said, "%s %s", kind, name ? name : "-"));
}

/* Its own or that of an origin. */
static const char *linkage_name(struct libdwarf_reader *r, Dwarf_Die die)
{
	const char *name = NULL;
	for (; die && !name; die = ref_origin(r->dbg, die))
		name = ref_linkage_name(die);
	return name;
}

static void add_function(struct libdwarf_reader *r, struct ref_place *here, Dwarf_Die die)
{
	Dwarf_Die origin = ref_origin(r->dbg, die);
	struct said_function function = {
		.unit = here->unit->number,
		.off = ref_off(die),
		.origin = origin ? ref_off(origin) : 0,
		.scope = here->path,
		.own_name = ref_text(die, DW_AT_name),
		.own_linkage = ref_linkage_name(die),
		.name = ref_qualified(r, die),
		.linkage = linkage_name(r, die),
		.is_external = ref_flag(die, DW_AT_external),
		.in_c = here->unit->in_c,
		.code = ref_code(r, here->unit, die),
	};
	said_add(&r->said.functions, &function);
	enter(r, here, false, said_text(&r->said, "function 0x%" PRIx64, function.off));
	here->function = function.off;
	here->call = SAID_NONE;
}

static void add_call(struct libdwarf_reader *r, struct ref_place *here, Dwarf_Die die)
{
	Dwarf_Die origin = ref_origin(r->dbg, die);
	struct said_call call = {
		.function = here->function,
		.parent = here->call,
		.origin = origin ? ref_off(origin) : 0,
		.name = origin ? ref_qualified(r, origin) : NULL,
		.file = ref_file(here->unit, ref_number_or(die, DW_AT_call_file, -1)),
		.line = (uint64_t)ref_number_or(die, DW_AT_call_line, 0),
		.column = (uint64_t)ref_number_or(die, DW_AT_call_column, 0),
		.code = ref_code(r, here->unit, die),
	};
	here->call = said_add(&r->said.calls, &call);
}

void ref_read_code(struct libdwarf_reader *r, Dwarf_Die die, struct ref_place *here)
{
	switch (ref_tag(die)) {
	case DW_TAG_subprogram:
		add_function(r, here, die);
		break;
	case DW_TAG_inlined_subroutine:
		add_call(r, here, die);
		break;
	case DW_TAG_namespace:
		add_scope(r, here, die, false);
		break;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_module:
		add_scope(r, here, die, true);
		break;
	default:
		break;
	}
}
