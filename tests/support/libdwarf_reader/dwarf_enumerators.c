/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_entry.h"
#include "support/libdwarf_reader/dwarf_unit.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

/* Numbers that devices send without their names (docs/formats.md, "Reboot and trace reasons"). */
static bool is_wanted(const char *name)
{
	static const char *const prefixes[] = { "kMfltRebootReason_", "kMfltTraceReasonUser_" };
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static bool value_of(struct ref_unit *unit, Dwarf_Die die, uint32_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Error error = NULL;
	int result = dwarf_attr(die, DW_AT_const_value, &attribute, &error);
	if (!ref_ok(unit->dwarf, result, &error, "an enumerator"))
		return false;
	uint64_t value;
	bool ok = ref_number(unit, attribute, &value) && value <= UINT32_MAX;
	dwarf_dealloc(unit->dwarf->dbg, attribute, DW_DLA_ATTR);
	*ret = ok ? (uint32_t)value : 0;
	return ok;
}

/* Every unit that includes the header has them all: each pair of name and value is kept once. */
static void add(struct ref_unit *unit, const char *name, uint32_t value)
{
	struct fl_debug_info *info = unit->info;
	struct fl_enumerator one = { .name = name, .value = value };
	char key[FL_LIMIT_ENUMERATOR + 16];
	int size = snprintf(key, sizeof(key), "%u %s", value, name);
	if (size < 0 || (size_t)size >= sizeof(key) ||
	    info->enumerators.count >= FL_LIMIT_ENUMERATORS)
		return;
	uint32_t number = fl_intern_add(&info->enumerator_keys, key, (size_t)size);
	if (number == UINT32_MAX ||
	    (number == info->enumerators.count && !fl_vec_push(&info->enumerators, &one)))
		unit->dwarf->out_of_memory = true;
}

/* All enumerators of a type share their prefix, so the first one says whether to go on. */
void ref_enumeration_read(struct ref_unit *unit, Dwarf_Die type)
{
	Dwarf_Die die = ref_entry_child(unit->dwarf, type);
	for (unsigned count = 0; die && !unit->dwarf->out_of_memory; count++) {
		uint32_t value;
		const char *name = ref_entry_name(unit->dwarf, die);
		bool wanted = name && is_wanted(name) && count < FL_LIMIT_ENUMERATORS;
		if (wanted && value_of(unit, die, &value))
			add(unit, name, value);
		Dwarf_Die next = wanted ? ref_entry_sibling(unit->dwarf, die) : NULL;
		dwarf_dealloc(unit->dwarf->dbg, die, DW_DLA_DIE);
		die = next;
	}
}
