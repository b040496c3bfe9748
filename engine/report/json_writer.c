/* SPDX-License-Identifier: Apache-2.0 */
#include "report/json_writer.h"

#include "report/clean.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void fl_json_deinit(struct fl_json *j)
{
	fl_arena_deinit(&j->scratch);
}

static void newline(struct fl_json *j)
{
	fl_str_addc(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		fl_str_adds(j->out, "  ");
}

/* RFC 8259, section 7. Control characters are gone by now. */
static void quoted(struct fl_json *j, const char *text)
{
	const char *clean = fl_clean(&j->scratch, text);
	if (!clean) {
		j->out->failed = true;
		return;
	}
	fl_str_addc(j->out, '"');
	while (*clean) {
		size_t plain = strcspn(clean, "\"\\");
		fl_str_add(j->out, clean, plain);
		clean += plain;
		if (*clean) {
			fl_str_addc(j->out, '\\');
			fl_str_addc(j->out, *clean++);
		}
	}
	fl_str_addc(j->out, '"');
}

/* Comma, line break and key before a value. */
static void member(struct fl_json *j, const char *key)
{
	if (j->depth) {
		bool on_one_line = j->open[j->depth - 1].on_one_line;
		if (j->open[j->depth - 1].has_members)
			fl_str_adds(j->out, on_one_line ? ", " : ",");
		if (!on_one_line)
			newline(j);
		j->open[j->depth - 1].has_members = true;
	}
	if (!key)
		return;
	quoted(j, key);
	fl_str_adds(j->out, ": ");
}

static void begin(struct fl_json *j, const char *key, const char *brackets, bool on_one_line)
{
	member(j, key);
	assert(j->depth < FL_JSON_DEPTH);
	bool inherited = j->depth && j->open[j->depth - 1].on_one_line;
	j->open[j->depth].close = brackets[1];
	j->open[j->depth].on_one_line = on_one_line || inherited;
	j->open[j->depth].has_members = false;
	j->depth++;
	fl_str_addc(j->out, brackets[0]);
}

void fl_json_object(struct fl_json *j, const char *key)
{
	begin(j, key, "{}", false);
}

void fl_json_array(struct fl_json *j, const char *key)
{
	begin(j, key, "[]", false);
}

void fl_json_object_line(struct fl_json *j, const char *key)
{
	begin(j, key, "{}", true);
}

void fl_json_end(struct fl_json *j)
{
	assert(j->depth);
	j->depth--;
	if (j->open[j->depth].has_members && !j->open[j->depth].on_one_line)
		newline(j);
	fl_str_addc(j->out, j->open[j->depth].close);
	if (!j->depth)
		fl_str_addc(j->out, '\n');
}

void fl_json_str(struct fl_json *j, const char *key, const char *value)
{
	if (!value)
		return;
	member(j, key);
	quoted(j, value);
}

void fl_json_uint(struct fl_json *j, const char *key, uint64_t value)
{
	member(j, key);
	fl_str_addf(j->out, "%" PRIu64, value);
}

void fl_json_int(struct fl_json *j, const char *key, int64_t value)
{
	member(j, key);
	fl_str_addf(j->out, "%" PRId64, value);
}

void fl_json_bool(struct fl_json *j, const char *key, bool value)
{
	member(j, key);
	fl_str_adds(j->out, value ? "true" : "false");
}

void fl_json_null(struct fl_json *j, const char *key)
{
	member(j, key);
	fl_str_adds(j->out, "null");
}

void fl_json_addr(struct fl_json *j, const char *key, uint64_t value)
{
	member(j, key);
	fl_str_addf(j->out, "\"0x%08" PRIx64 "\"", value);
}

void fl_json_hex(struct fl_json *j, const char *key, const uint8_t *bytes, size_t size)
{
	char hex[65];
	if (!size || size > sizeof(hex) / 2)
		return;
	fl_hex(bytes, size, hex);
	fl_json_str(j, key, hex);
}
