/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/dwarf_unit.h"

#include <stdlib.h>
#include <string.h>

void ref_lines_open(struct ref_unit *unit)
{
	Dwarf_Small tables;
	Dwarf_Signed count;
	Dwarf_Error error = NULL;
	int result =
		dwarf_srclines_b(unit->die, &unit->line_version, &tables, &unit->lines, &error);
	if (!ref_ok(unit->dwarf, result, &error, "a line table header")) {
		unit->lines = NULL;
		return;
	}
	result = dwarf_srclines_files_indexes(unit->lines, &unit->file_base, &count,
					      &unit->file_end, &error);
	if (!ref_ok(unit->dwarf, result, &error, "a file table") ||
	    unit->file_end <= unit->file_base)
		unit->file_end = unit->file_base;
	size_t files = (size_t)(unit->file_end - unit->file_base);
	unit->file_ids = calloc(files ? files : 1, sizeof(*unit->file_ids));
	if (!unit->file_ids) {
		unit->file_end = unit->file_base;
		unit->dwarf->out_of_memory = true;
	}
}

void ref_lines_close(struct ref_unit *unit)
{
	if (unit->lines)
		dwarf_srclines_dealloc_b(unit->lines);
	unit->lines = NULL;
	free(unit->file_ids);
	unit->file_ids = NULL;
}

/* Firmware is built on Windows too. */
static bool is_absolute(const char *path)
{
	return path[0] == '/' || path[0] == '\\' || (path[0] && path[1] == ':');
}

static void prepend(struct fl_str *path, const char *dir)
{
	if (!dir || !dir[0] || (path->data && is_absolute(path->data)))
		return;
	struct fl_str joined = { 0 };
	size_t n = strlen(dir);
	fl_str_add(&joined, dir, n);
	if (dir[n - 1] != '/' && dir[n - 1] != '\\')
		fl_str_addc(&joined, '/');
	fl_str_add(&joined, path->data, path->size);
	joined.failed |= path->failed;
	fl_str_deinit(path);
	*path = joined;
}

static const char *directory(struct ref_unit *unit, uint64_t number)
{
	const char *dir = NULL;
	Dwarf_Error error = NULL;
	if (unit->line_version < 5 && number == 0)
		return NULL; /* DWARF 4, 6.2.4: the compilation directory */
	int result =
		dwarf_srclines_include_dir_data(unit->lines, (Dwarf_Signed)number, &dir, &error);
	return ref_ok(unit->dwarf, result, &error, "a directory table") ? dir : NULL;
}

static uint32_t read_file(struct ref_unit *unit, Dwarf_Signed number)
{
	const char *name = NULL;
	Dwarf_Unsigned dir;
	Dwarf_Unsigned time;
	Dwarf_Unsigned size;
	Dwarf_Form_Data16 *md5 = NULL;
	Dwarf_Error error = NULL;
	int result = dwarf_srclines_files_data_b(unit->lines, number, &name, &dir, &time, &size,
						 &md5, &error);
	if (!ref_ok(unit->dwarf, result, &error, "a file table") || !name || !name[0])
		return 0;
	FL_AUTO_STR path = { 0 };
	fl_str_adds(&path, name);
	prepend(&path, directory(unit, dir));
	if (unit->line_version >= 5 && dir != 0)
		prepend(&path, directory(unit, 0));
	prepend(&path, unit->comp_dir);
	uint32_t id = path.failed ? UINT32_MAX : fl_intern_text(unit->strings, path.data);
	if (id != UINT32_MAX)
		return id;
	unit->dwarf->out_of_memory = true;
	return 0;
}

/* Asked for one by one: libdwarf walks a list to each, and most files of a unit have no code. */
uint32_t ref_file(struct ref_unit *unit, uint64_t number)
{
	if (!unit->lines || number > INT32_MAX)
		return 0;
	Dwarf_Signed n = (Dwarf_Signed)number;
	if (n < unit->file_base || n >= unit->file_end)
		return 0;
	uint32_t *id = &unit->file_ids[n - unit->file_base];
	if (!*id)
		*id = read_file(unit, n) + 1;
	return *id - 1;
}

struct raw_line {
	uint64_t addr;
	uint64_t file, line, column;
	bool end;
};

static bool read_line(struct ref_unit *unit, Dwarf_Line line, struct raw_line *ret)
{
	Dwarf_Addr addr;
	Dwarf_Unsigned file;
	Dwarf_Unsigned number;
	Dwarf_Unsigned column;
	Dwarf_Bool end;
	Dwarf_Error error = NULL;
	bool failed =
		dwarf_lineaddr(line, &addr, &error) || dwarf_line_srcfileno(line, &file, &error) ||
		dwarf_lineno(line, &number, &error) || dwarf_lineoff_b(line, &column, &error) ||
		dwarf_lineendsequence(line, &end, &error);
	if (failed)
		return ref_ok(unit->dwarf, DW_DLV_ERROR, &error, "a line table");
	*ret = (struct raw_line){ addr, file, number, column, end };
	return true;
}

/* Forget a sequence that turns out to be none. */
static void drop_rows(struct fl_debug_info *info, uint32_t first_row)
{
	info->rows.count = first_row;
}

static bool add_row(struct ref_unit *unit, const struct raw_line *line)
{
	struct fl_line_row row = {
		.addr = (uint32_t)line->addr,
		.file = ref_file(unit, line->file),
		.line = line->line > UINT32_MAX ? 0 : (uint32_t)line->line,
		.column = line->column > UINT32_MAX ? 0 : (uint32_t)line->column,
	};
	if (unit->info->rows.count < FL_NO_INDEX && fl_vec_push(&unit->info->rows, &row))
		return true;
	unit->dwarf->out_of_memory = true;
	return false;
}

static void end_sequence(struct ref_unit *unit, uint32_t first_row, uint64_t end)
{
	struct fl_debug_info *info = unit->info;
	uint32_t count = (uint32_t)info->rows.count - first_row;
	if (!count)
		return;
	uint32_t addr = fl_vec_at(&info->rows, struct fl_line_row, first_row)->addr;
	struct fl_line_sequence sequence = { .addr = addr,
					     .unit = unit->number,
					     .end = end,
					     .first_row = first_row,
					     .row_count = count };
	if (end <= addr)
		drop_rows(info, first_row);
	else if (!fl_vec_push(&info->sequences, &sequence))
		unit->dwarf->out_of_memory = true;
}

/* DWARF 5, 6.2.5: addresses only increase within a sequence. A row that steps back is not usable.
 */
static void read_rows(struct ref_unit *unit, Dwarf_Line *lines, Dwarf_Signed count)
{
	uint32_t first_row = (uint32_t)unit->info->rows.count;
	uint64_t last = 0;
	for (Dwarf_Signed i = 0; i < count && !unit->dwarf->out_of_memory; i++) {
		struct raw_line line = { 0 };
		if (!read_line(unit, lines[i], &line))
			break;
		line.addr &= ~UINT64_C(1);
		bool usable = line.addr >= last && line.addr <= UINT32_MAX;
		if (usable)
			last = line.addr;
		if (usable && !line.end && !add_row(unit, &line))
			break;
		if (!line.end)
			continue;
		end_sequence(unit, first_row, usable ? line.addr : last);
		first_row = (uint32_t)unit->info->rows.count;
		last = 0;
	}
	drop_rows(unit->info, first_row); /* without an end nobody knows how far they reach */
}

void ref_lines_read(struct ref_unit *unit)
{
	Dwarf_Line *lines;
	Dwarf_Signed count;
	Dwarf_Error error = NULL;
	if (!unit->lines)
		return;
	int result = dwarf_srclines_from_linecontext(unit->lines, &lines, &count, &error);
	if (ref_ok(unit->dwarf, result, &error, "a line table"))
		read_rows(unit, lines, count);
}
