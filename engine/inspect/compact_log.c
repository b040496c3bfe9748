/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/compact_log.h"

#include "base/limits.h"
#include "inspect/log_format.h"

#include <string.h>

/* "<arguments>;<file>;<line>;<format>"; only the format may hold further semicolons. */
struct record {
	const char *file;
	size_t file_size;
	uint32_t line;
	const char *format;
};

static bool split(const char *text, struct record *ret)
{
	const char *file = strchr(text, ';');
	const char *line = file ? strchr(file + 1, ';') : NULL;
	const char *format = line ? strchr(line + 1, ';') : NULL;
	if (!format)
		return false;
	uint64_t number = 0;
	for (const char *p = line + 1; *p >= '0' && *p <= '9' && number < UINT32_MAX; p++)
		number = number * 10 + (uint64_t)(*p - '0');
	*ret = (struct record){
		.file = file + 1,
		.file_size = (size_t)(line - file - 1),
		.line = number > UINT32_MAX ? 0 : (uint32_t)number,
		.format = format + 1,
	};
	return true;
}

static const char *clean(struct fl_arena *arena, const char *text, size_t size, size_t limit)
{
	char *copy = fl_arena_alloc(arena, limit + 1);
	if (copy)
		fl_utf8_clean(text, size, copy, limit + 1);
	return copy;
}

static const char *
message_of(const struct record *record, const struct fl_compact_log *log, struct fl_arena *arena)
{
	FL_AUTO_STR out = { 0 };
	if (log->too_long)
		fl_str_addf(&out, "compact log too long: %u bytes", log->original_size);
	else
		fl_log_format(&out, record->format, log->arguments, log->argument_count);
	fl_str_add(&out, "", 0);
	if (out.failed)
		return NULL;
	return clean(arena, out.data, fl_one_line(out.data, out.size), FL_LIMIT_LOG);
}

static const char *text_of(const struct fl_log_line *line, struct fl_arena *arena)
{
	if (!line->file[0])
		return line->message;
	if (!line->line)
		return fl_arena_printf(arena, "%s: %s", line->file, line->message);
	return fl_arena_printf(arena, "%s:%u: %s", line->file, line->line, line->message);
}

enum fl_code fl_compact_log_format(const struct fl_symbol_view *view,
				   const struct fl_compact_log *log, struct fl_arena *arena,
				   struct fl_log_line *ret, struct fl_error *err)
{
	bool has_formats;
	struct record record;
	const char *text = fl_view_log_format(view, log->offset, &has_formats);
	if (!has_formats)
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0,
			       "no ELF with log formats (section log_fmt)");
	if (!text || !split(text, &record))
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0,
			       "no log format at offset 0x%x of section log_fmt", log->offset);
	struct fl_log_line line = { .line = record.line };
	line.file = clean(arena, record.file, record.file_size, FL_LIMIT_STRING);
	line.message = message_of(&record, log, arena);
	if (line.file && line.message)
		line.text = text_of(&line, arena);
	if (!line.text)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a log");
	*ret = line;
	return FL_OK;
}
