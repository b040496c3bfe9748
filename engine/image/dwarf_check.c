/* SPDX-License-Identifier: Apache-2.0 */
#include "image/dwarf_check.h"

#include "base/reader.h"

#include <stdlib.h>
#include <string.h>

/* DWARF 5, 7.28. libdwarf 20210528 frees a header twice after an error in it
 * (internal_load_rnglists_contexts lacks a return). */
static bool check_rnglists(const struct fl_debug_section *s)
{
	struct fl_reader r = fl_reader(s->name, s->bytes, s->size, s->off);
	while (fl_reader_left(&r) && !r.error.code) {
		struct fl_reader list = fl_read_window(&r, s->name, fl_read_u32(&r));
		uint16_t version = fl_read_u16(&list);
		uint8_t address_size = fl_read_u8(&list);
		uint8_t selector_size = fl_read_u8(&list);
		(void)fl_read_count(&list, 4);
		if (list.error.code || version != 5 || address_size != 4 || selector_size != 0)
			return false;
	}
	return !r.error.code;
}

static const struct {
	const char *name;
	bool (*good)(const struct fl_debug_section *);
} checks[] = {
	{ ".debug_rnglists", check_rnglists },
};

static bool is_good(const struct fl_debug_section *s)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!strcmp(s->name, checks[i].name))
			return checks[i].good(s);
	return true;
}

void fl_dwarf_check(struct fl_debug_sections *sections, const char *module,
		    struct fl_findings *findings)
{
	size_t kept = 0;
	for (size_t i = 0; i < sections->count; i++) {
		struct fl_debug_section s = sections->items[i];
		if (is_good(&s)) {
			sections->items[kept++] = s;
			continue;
		}
		fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_FILE_OFFSET,
			       s.off, "%s: %s is damaged and is ignored", module, s.name);
		if (s.inflated)
			free((void *)(uintptr_t)s.bytes);
	}
	sections->count = kept;
}
