/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/reader.h"

static struct said_row read_row(Dwarf_Line line, unsigned unit)
{
	Dwarf_Addr addr = 0;
	Dwarf_Unsigned number = 0;
	Dwarf_Unsigned column = 0;
	Dwarf_Bool is_end = false;
	char *path = NULL;
	dwarf_lineaddr(line, &addr, NULL);
	dwarf_lineno(line, &number, NULL);
	dwarf_lineoff_b(line, &column, NULL);
	dwarf_lineendsequence(line, &is_end, NULL);
	dwarf_linesrc(line, &path, NULL);
	return (struct said_row){ unit, addr, path, number, column, is_end };
}

void ref_read_lines(struct libdwarf_reader *r, struct ref_unit *unit)
{
	Dwarf_Line_Context table;
	Dwarf_Line *lines;
	Dwarf_Small kind;
	Dwarf_Signed count = 0;
	if (dwarf_srclines_b(unit->die, &unit->line_version, &kind, &table, NULL) != DW_DLV_OK)
		return;
	dwarf_srclines_from_linecontext(table, &lines, &count, NULL);
	for (Dwarf_Signed i = 0; i < count; i++) {
		struct said_row row = read_row(lines[i], unit->number);
		said_add(&r->said.rows, &row);
	}
	dwarf_srcfiles(unit->die, &unit->files, &unit->file_count, NULL);
}

/* DWARF 5, 6.2.4: numbers begin with 0, before that with 1. */
const char *ref_file(const struct ref_unit *unit, int64_t number)
{
	int64_t i = unit->line_version >= 5 ? number : number - 1;
	return i >= 0 && i < unit->file_count ? unit->files[i] : NULL;
}
