/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: size of the array (one byte), the array, the contents of section log_fmt. Whatever they
 * are, the text is one clean line of bounded length; the formatter agrees with itself.
 */
#include "base/limits.h"
#include "inspect/compact_log.h"
#include "inspect/log_format.h"
#include "symbols/module.h"
#include "transport/compact_log.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_text(const char *text, size_t limit)
{
	require(strlen(text) <= limit);
	for (; *text; text++)
		require((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_log(const struct fl_symbol_view *view, const struct fl_compact_log *log,
		      struct fl_arena *arena, const uint8_t *formats, size_t size)
{
	struct fl_log_line line;
	struct fl_error err = { 0 };
	enum fl_code code = fl_compact_log_format(view, log, arena, &line, &err);
	if (code) {
		require(code == FL_ENOTFOUND && err.message[0]);
		return;
	}
	require(log->offset >= 8 && log->offset < size);
	require(memchr(formats + log->offset, 0, size - log->offset) != NULL);
	check_text(line.file, FL_LIMIT_STRING);
	check_text(line.message, FL_LIMIT_LOG);
	size_t message = strlen(line.message);
	size_t text = strlen(line.text);
	require(text >= message && !strcmp(line.text + text - message, line.message));
	FL_AUTO_STR out = { 0 };
	fl_log_format(&out, (const char *)formats + log->offset, log->arguments,
		      log->argument_count);
	require(out.size <= 2 * FL_LIMIT_LOG + 512 && !out.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_arena arena = { 0 };
	struct fl_compact_log log;
	if (!size || data[0] > size - 1)
		return 0;
	size_t array_size = data[0];
	const uint8_t *formats = data + 1 + array_size;
	size_t formats_size = size - 1 - array_size;
	struct fl_module module = { 0 };
	module.tables[FL_INDEX_LOG_FORMATS] =
		(struct fl_table){ formats, (uint32_t)formats_size, 1 };
	struct fl_symbol_view view = { .modules = { &module }, .count = 1 };
	struct fl_error err = { 0 };
	if (!fl_compact_log_decode(data + 1, array_size, &arena, &log, &err))
		check_log(&view, &log, &arena, formats, formats_size);
	else
		require(err.message[0] && err.at <= array_size);
	fl_arena_deinit(&arena);
	return 0;
}
