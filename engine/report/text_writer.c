/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text_writer.h"

#include "report/clean.h"

#include <stdarg.h>
#include <string.h>

#define ELLIPSIS      "..."
#define ELLIPSIS_SIZE (sizeof(ELLIPSIS) - 1)

void fl_text_deinit(struct fl_text *t)
{
	fl_arena_deinit(&t->scratch);
}

const char *fl_text_cleaned(struct fl_text *t, const char *text)
{
	const char *clean = fl_clean(&t->scratch, text);
	t->out->failed |= !clean;
	return clean ? clean : "";
}

/* ECMA-48 SGR parameters. */
static const char *const styles[FL_STYLE_COUNT] = {
	[FL_STYLE_TITLE] = "1;31", [FL_STYLE_HEADING] = "1",   [FL_STYLE_ALARM] = "1;37;41",
	[FL_STYLE_NAME] = "1",     [FL_STYLE_LOCATION] = "36", [FL_STYLE_DOUBT] = "33",
	[FL_STYLE_DIM] = "2",
};

/* Clean bytes on the current line. */
static void put(struct fl_text *t, enum fl_style style, const char *text, size_t size)
{
	bool painted = t->color && styles[style] && size;
	if (painted)
		fl_str_addf(t->out, "\033[%sm", styles[style]);
	fl_str_add(t->out, text, size);
	if (painted)
		fl_str_adds(t->out, "\033[0m");
	t->column += fl_columns(text, size);
}

void fl_text_put(struct fl_text *t, enum fl_style style, const char *text)
{
	if (!text)
		return;
	text = fl_text_cleaned(t, text);
	put(t, style, text, strlen(text));
}

static const char *scratch_v(struct fl_text *t, const char *format, va_list ap)
{
	const char *text = fl_arena_vprintf(&t->scratch, format, ap);
	t->out->failed |= !text;
	return text;
}

const char *fl_text_scratch(struct fl_text *t, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	const char *text = scratch_v(t, format, ap);
	va_end(ap);
	return text;
}

void fl_text_putf(struct fl_text *t, enum fl_style style, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	const char *text = scratch_v(t, format, ap);
	va_end(ap);
	fl_text_put(t, style, text);
}

void fl_text_newline(struct fl_text *t)
{
	fl_str_addc(t->out, '\n');
	t->column = 0;
}

void fl_text_pad(struct fl_text *t, size_t column)
{
	for (; t->column < column; t->column++)
		fl_str_addc(t->out, ' ');
}

void fl_text_wrap(struct fl_text *t, enum fl_style style, size_t indent, const char *text)
{
	if (!text)
		return;
	text = fl_text_cleaned(t, text);
	for (;;) {
		size_t gap = strspn(text, " ");
		size_t size = strcspn(text + gap, " ");
		if (!size)
			break;
		text += gap;
		if (t->column > indent && t->column + gap + fl_columns(text, size) > t->width) {
			fl_text_newline(t);
			fl_text_pad(t, indent);
		} else {
			fl_text_pad(t, t->column + gap);
		}
		put(t, style, text, size);
		text += size;
	}
}

void fl_text_wrapf(struct fl_text *t, enum fl_style style, size_t indent, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	const char *text = scratch_v(t, format, ap);
	va_end(ap);
	fl_text_wrap(t, style, indent, text);
}

/* Bytes of the bracketed part that starts at @p text ('<'), or 0 when it does not close. */
static size_t bracketed(const char *text)
{
	size_t depth = 0;
	for (size_t i = 0; text[i]; i++) {
		if (text[i] == '<')
			depth++;
		if (text[i] == '>' && !(i && text[i - 1] == '-') && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* "vec<map<a, b>>::at" with @p instead of the brackets. A name that starts with '<' (Rust) keeps
 * those. */
static const char *without_arguments(struct fl_text *t, const char *name, const char *instead)
{
	FL_AUTO_STR s = { 0 };
	const char *from = name;
	while (*from) {
		size_t size = from > name && *from == '<' ? bracketed(from) : 0;
		bool is_operator = from - name >= 8 && !memcmp(from - 8, "operator", 8);
		if (size > strlen(instead) && !is_operator) {
			fl_str_adds(&s, instead);
			from += size;
		} else {
			fl_str_addc(&s, *from++);
		}
	}
	t->out->failed |= s.failed;
	const char *shorter = s.data ? fl_arena_strdup(&t->scratch, s.data) : NULL;
	return shorter ? shorter : name;
}

/* The first @p head and the last @p tail columns of @p text. */
static const char *cut_middle(struct fl_text *t, const char *text, size_t head, size_t tail)
{
	size_t size = strlen(text);
	size_t columns = fl_columns(text, size);
	size_t head_size = fl_columns_prefix(text, size, head);
	size_t tail_off = fl_columns_prefix(text, size, columns - tail);
	const char *cut =
		fl_text_scratch(t, "%.*s" ELLIPSIS "%s", (int)head_size, text, text + tail_off);
	return cut ? cut : "";
}

const char *fl_text_fit_name(struct fl_text *t, const char *name, size_t columns)
{
	name = fl_text_cleaned(t, name);
	if (columns < 2 * ELLIPSIS_SIZE)
		columns = 2 * ELLIPSIS_SIZE;
	if (fl_columns(name, strlen(name)) <= columns)
		return name;
	const char *shorter = without_arguments(t, name, "<" ELLIPSIS ">");
	if (fl_columns(shorter, strlen(shorter)) <= columns)
		return shorter;
	name = without_arguments(t, name, "");
	if (fl_columns(name, strlen(name)) <= columns)
		return name;
	size_t head = (columns - ELLIPSIS_SIZE) / 3;
	return cut_middle(t, name, head, columns - ELLIPSIS_SIZE - head);
}

const char *fl_text_fit_path(struct fl_text *t, const char *path, size_t columns)
{
	path = fl_text_cleaned(t, path);
	size_t size = strlen(path);
	if (fl_columns(path, size) <= columns)
		return path;
	size_t keep = columns > 2 * ELLIPSIS_SIZE ? columns - ELLIPSIS_SIZE : ELLIPSIS_SIZE;
	const char *tail = path + fl_columns_prefix(path, size, fl_columns(path, size) - keep);
	const char *slash = strchr(tail, '/');
	const char *elided = fl_text_scratch(t, ELLIPSIS "%s", slash ? slash : tail);
	return elided ? elided : "";
}
