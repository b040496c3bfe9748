/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_read.h"

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

static bool value_of(const struct fl_dwarf_entry *e, uint32_t *ret)
{
	struct fl_cursor c = e->attributes;
	const struct fl_abbrev *a = e->abbrev;
	for (size_t i = 0; i < a->attribute_count; i++) {
		struct fl_dwarf_value v = fl_abbrev_read(&c, e->unit->abbrevs, &a->attributes[i]);
		int64_t value;
		if (a->attributes[i].name != DW_AT_const_value)
			continue;
		*ret = (uint32_t)v.number;
		return !c.failed && fl_form_constant(&v, &value) && value >= 0 &&
		       value <= UINT32_MAX;
	}
	return false;
}

/* Every unit that includes the header has them all: each pair of name and value is kept once. */
static void add(struct fl_dwarf *s, const char *name, uint32_t value)
{
	struct fl_debug_info *info = s->debug;
	struct fl_enumerator one = { .name = name, .value = value };
	char key[FL_LIMIT_ENUMERATOR + 16];
	int size = snprintf(key, sizeof(key), "%u %s", value, name);
	if (size < 0 || (size_t)size >= sizeof(key) ||
	    info->enumerators.count >= FL_LIMIT_ENUMERATORS)
		return;
	uint32_t number = fl_intern_add(&info->enumerator_keys, key, (size_t)size);
	if (number == UINT32_MAX ||
	    (number == info->enumerators.count && !fl_vec_push(&info->enumerators, &one)))
		s->out_of_memory = true;
}

/* All enumerators of a type share their prefix, so the first one says whether to go on. */
void fl_dwarf_enumeration(struct fl_dwarf *s, const struct fl_dwarf_entry *type)
{
	struct fl_dwarf_entry e;
	bool more = fl_dwarf_entry_child(s, type, &e);
	for (unsigned n = 0; more && n < FL_LIMIT_ENUMERATORS && !s->out_of_memory; n++) {
		uint32_t value;
		const char *name = fl_dwarf_entry_name(s, &e);
		if (!name || !is_wanted(name))
			return;
		if (value_of(&e, &value))
			add(s, name, value);
		more = fl_dwarf_entry_sibling(s, &e, &e);
	}
}
