/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form, all little-endian:
 *
 *   header   "FLRP", u8 major, u8 minor, u16 section count, u32 size of everything
 *   section  u16 id, u16 zero, u32 size of the payload, payload
 *
 * A reader skips sections it does not know and, in a file of a newer minor version, bytes at the
 * end of those it knows. A newer major version is refused. Sections come in ascending order, each
 * once; the strings are the first, because the others count on them.
 */
#include "report/codec_trace.h"
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

enum {
	/* 1.1: FL_SECTION_EVENT, fingerprints that lead; 1.2: _KERNEL, _REGISTERS */
	MAJOR = FL_REPORT_MAJOR,
	MINOR = FL_REPORT_MINOR,
	HEADER_SIZE = 12,
	SECTION_HEADER_SIZE = 8,
	USUAL_BODY = 8000,
	USUAL_STRINGS = 4000,
	SECTION_COUNT = FL_SECTION_END - FL_SECTION_STRINGS,
};

static const char magic[4] = { 'F', 'L', 'R', 'P' };

static const char *const section_names[FL_SECTION_END] = {
	[FL_SECTION_STRINGS] = "report strings",   [FL_SECTION_DUMP] = "report dump",
	[FL_SECTION_REGIONS] = "report regions",   [FL_SECTION_MODULES] = "report modules",
	[FL_SECTION_FAULT] = "report fault",       [FL_SECTION_CAUSE] = "report cause",
	[FL_SECTION_THREADS] = "report threads",   [FL_SECTION_SIGNATURE] = "report signature",
	[FL_SECTION_FINDINGS] = "report findings", [FL_SECTION_EVENT] = "report event",
	[FL_SECTION_KERNEL] = "report kernel",     [FL_SECTION_REGISTERS] = "report registers",
};

static void add_section_header(struct fl_str *out, unsigned id, size_t size)
{
	fl_str_add_u16(out, (uint16_t)id);
	fl_str_add_u16(out, 0);
	fl_str_add_u32(out, (uint32_t)size);
}

/* The size of a section is known once it is written. */
static void set_section_size(struct fl_str *out, size_t header_off)
{
	size_t size = out->size - header_off - SECTION_HEADER_SIZE;
	for (int i = 0; i < 4 && !out->failed; i++)
		out->data[header_off + 4 + (size_t)i] = (char)(size >> (8 * i));
}

/* Sections 2.. into @p body; the string table fills up on the way. */
static enum fl_code write_body(const struct fl_report *report, struct fl_string_table *strings,
			       struct fl_str *body, struct fl_error *err)
{
	struct fl_trace trace = report->trace;
	struct fl_codec c = { .strings = strings };
	fl_str_room(&c.out, USUAL_BODY);
	fl_str_room(&strings->bytes, USUAL_STRINGS);
	for (unsigned id = FL_SECTION_STRINGS + 1; id < FL_SECTION_END && fl_x_ok(&c); id++) {
		size_t header_off = c.out.size;
		add_section_header(&c.out, id, 0);
		fl_codec_section(&c, (enum fl_section)id, &trace);
		set_section_size(&c.out, header_off);
		if (!fl_x_ok(&c))
			fl_fail(err, c.error.code, FL_AT_NONE, 0, "%s: %s", section_names[id],
				c.error.message);
	}
	*body = c.out;
	return c.error.code;
}

static void
write_file(const struct fl_string_table *strings, const struct fl_str *body, struct fl_str *out)
{
	size_t strings_size = 4 + strings->bytes.size;
	size_t total = HEADER_SIZE + SECTION_HEADER_SIZE + strings_size + body->size;
	out->failed |= body->failed || total > UINT32_MAX;
	fl_str_room(out, total);
	fl_str_add(out, magic, sizeof(magic));
	fl_str_add_u8(out, MAJOR);
	fl_str_add_u8(out, MINOR);
	fl_str_add_u16(out, SECTION_COUNT);
	fl_str_add_u32(out, (uint32_t)total);
	add_section_header(out, FL_SECTION_STRINGS, strings_size);
	fl_str_add_u32(out, (uint32_t)strings->spans.count);
	if (strings->bytes.size)
		fl_str_add(out, strings->bytes.data, strings->bytes.size);
	if (body->size)
		fl_str_add(out, body->data, body->size);
}

enum fl_code
fl_report_encode(const struct fl_report *report, struct fl_buffer *ret, struct fl_error *err)
{
	struct fl_string_table strings = { .spans = { .element_size = 2 * sizeof(size_t) } };
	FL_AUTO_STR body = { 0 };
	FL_AUTO_STR out = { 0 };
	enum fl_code code = write_body(report, &strings, &body, err);
	if (!code)
		write_file(&strings, &body, &out);
	fl_string_table_deinit(&strings);
	return code ? code : fl_str_finish(&out, ret, err);
}

struct header {
	uint8_t minor;
	uint16_t section_count;
};

static enum fl_code read_header(struct fl_reader *file, struct header *ret, struct fl_error *err)
{
	const uint8_t *start = fl_read_bytes(file, sizeof(magic));
	uint8_t major = fl_read_u8(file);
	ret->minor = fl_read_u8(file);
	ret->section_count = fl_read_u16(file);
	uint32_t size = fl_read_u32(file);
	if (start && memcmp(start, magic, sizeof(magic)) != 0)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 0, "not an encoded report");
	if (!file->error.code && major > MAJOR)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, sizeof(magic),
			       "report format %u is newer than this program, which reads %u", major,
			       MAJOR);
	if (!file->error.code && (major < MAJOR || size != file->size))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, sizeof(magic),
			       "report of version %u claims %" PRIu32 " bytes and has %zu", major,
			       size, file->size);
	return fl_reader_status(file, err);
}

/* One section into the report. @p last is the id of the one before it. */
static enum fl_code read_section(struct fl_reader *file, struct fl_codec *c, unsigned minor,
				 unsigned *last, struct fl_trace *trace, struct fl_error *err)
{
	uint64_t at = file->pos;
	unsigned id = fl_read_u16(file);
	fl_read_skip(file, 2);
	uint32_t size = fl_read_u32(file);
	c->in = fl_read_window(file,
			       id < FL_SECTION_END && section_names[id] ? section_names[id]
									: "report section",
			       size);
	if (fl_reader_status(file, err))
		return file->error.code;
	if (id <= *last || (id < FL_SECTION_END && id != *last + 1))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, at,
			       "report section %u after section %u", id, *last);
	*last = id;
	if (id >= FL_SECTION_END)
		return FL_OK;
	if (id == FL_SECTION_STRINGS)
		fl_string_table_read(c);
	else
		fl_codec_section(c, (enum fl_section)id, trace);
	if (fl_reader_status(&c->in, err))
		return c->in.error.code;
	if (fl_reader_left(&c->in) && minor <= MINOR)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, c->in.origin + c->in.pos,
			       "%s: %zu bytes too many", c->in.name, fl_reader_left(&c->in));
	return FL_OK;
}

/* The least that a file of that minor version holds. */
static unsigned last_section(unsigned minor)
{
	return minor == 0   ? FL_SECTION_FINDINGS
	       : minor == 1 ? FL_SECTION_EVENT
			    : FL_SECTION_END - 1;
}

enum fl_code
fl_report_decode(const void *bytes, size_t size, struct fl_report **ret, struct fl_error *err)
{
	struct fl_reader file = fl_reader("report", bytes, size, 0);
	struct header header = { 0 };
	enum fl_code code = read_header(&file, &header, err);
	if (code)
		return code;
	FL_AUTO(fl_report) report = fl_report_new();
	if (!report)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a report");
	struct fl_string_table strings = { 0 };
	struct fl_codec c = { .reading = true, .arena = &report->arena, .strings = &strings };
	unsigned last = 0;
	for (unsigned i = 0; i < header.section_count && !code; i++)
		code = read_section(&file, &c, header.minor, &last, &report->trace, err);
	if (code)
		return code;
	if (last < last_section(header.minor) || fl_reader_left(&file))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, file.pos,
			       "report ends after section %u with %zu bytes left", last,
			       fl_reader_left(&file));
	*ret = fl_report_take(&report);
	return FL_OK;
}
