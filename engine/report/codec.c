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
 *
 * Major version 2 packs the strings and tells frames as differences. The sections of version 1 that
 * it has not kept as they were are in codec_1.h.
 */
#include "report/codec_1.h"
#include "report/codec_trace.h"
#include "report/report.h"

#include <inttypes.h>
#include <string.h>

enum {
	MAJOR = FL_REPORT_MAJOR,
	MINOR = FL_REPORT_MINOR,
	MINOR_1 = 2, /* 1.1: FL_SECTION_EVENT, fingerprints that lead; 1.2: _KERNEL, _REGISTERS */
	END = FL_SECTION_KERNEL + 1,
	END_1 = FL_SECTION_END,
	HEADER_SIZE = 12,
	SECTION_HEADER_SIZE = 8,
	USUAL_BODY = 4000,
	USUAL_STRINGS = 8000,
	SECTION_COUNT = END - FL_SECTION_STRINGS,
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

static void add_section_header(struct fl_str *out, unsigned id)
{
	fl_str_add_u16(out, (uint16_t)id);
	fl_str_add_u16(out, 0);
	fl_str_add_u32(out, 0);
}

static void set_u32(struct fl_str *out, size_t at, size_t value)
{
	for (int i = 0; i < 4 && !out->failed; i++)
		out->data[at + (size_t)i] = (char)(value >> (8 * i));
}

/* The size of a section is known once it is written. */
static void set_section_size(struct fl_str *out, size_t header_off)
{
	set_u32(out, header_off + 4, out->size - header_off - SECTION_HEADER_SIZE);
}

/* Sections 2.. into @p body; the string table fills up on the way. */
static enum fl_code write_body(const struct fl_report *report, struct fl_string_table *strings,
			       struct fl_str *body, struct fl_error *err)
{
	struct fl_trace trace = report->trace;
	struct fl_codec c = { .major = MAJOR, .strings = strings };
	fl_str_room(&c.out, USUAL_BODY);
	fl_str_room(&strings->bytes, USUAL_STRINGS);
	for (unsigned id = FL_SECTION_STRINGS + 1; id < END && fl_x_ok(&c); id++) {
		size_t header_off = c.out.size;
		add_section_header(&c.out, id);
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
	enum { SIZE_OFF = 8 };
	out->failed |= body->failed || strings->bytes.failed;
	fl_str_room(out, HEADER_SIZE + strings->bytes.size + body->size);
	fl_str_add(out, magic, sizeof(magic));
	fl_str_add_u8(out, MAJOR);
	fl_str_add_u8(out, MINOR);
	fl_str_add_u16(out, SECTION_COUNT);
	fl_str_add_u32(out, 0);
	add_section_header(out, FL_SECTION_STRINGS);
	fl_string_table_write(strings, out);
	set_section_size(out, HEADER_SIZE);
	if (body->size)
		fl_str_add(out, body->data, body->size);
	out->failed |= out->size > UINT32_MAX;
	set_u32(out, SIZE_OFF, out->size);
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
	uint8_t major;
	uint8_t minor;
	uint16_t section_count;
};

static enum fl_code read_header(struct fl_reader *file, struct header *ret, struct fl_error *err)
{
	const uint8_t *start = fl_read_bytes(file, sizeof(magic));
	ret->major = fl_read_u8(file);
	ret->minor = fl_read_u8(file);
	ret->section_count = fl_read_u16(file);
	uint32_t size = fl_read_u32(file);
	if (start && memcmp(start, magic, sizeof(magic)) != 0)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 0, "not an encoded report");
	if (!file->error.code && ret->major > MAJOR)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, sizeof(magic),
			       "report format %u is newer than this program, which reads %u",
			       ret->major, MAJOR);
	if (!file->error.code && (ret->major < 1 || size != file->size))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, sizeof(magic),
			       "report of version %u claims %" PRIu32 " bytes and has %zu",
			       ret->major, size, file->size);
	return fl_reader_status(file, err);
}

/* The first section that this program does not know in a file of that version. */
static unsigned end_of(const struct header *header)
{
	return header->major == 1 ? END_1 : END;
}

/* The newest minor version that this program knows, in which every byte of a section means
 * something. */
static bool knows_all(const struct header *header)
{
	return header->minor <= (header->major == 1 ? MINOR_1 : MINOR);
}

/* The least that a file of that version holds. */
static unsigned last_section(const struct header *header)
{
	static const unsigned of_1[] = { FL_SECTION_FINDINGS, FL_SECTION_EVENT };
	return header->major == 1 && header->minor < 2 ? of_1[header->minor] : end_of(header) - 1;
}

static const char *section_name(unsigned id)
{
	return id < FL_SECTION_END && section_names[id] ? section_names[id] : "report section";
}

static void read_payload(struct fl_codec *c, unsigned id, struct fl_trace *trace)
{
	if (id != FL_SECTION_STRINGS)
		fl_codec_section(c, (enum fl_section)id, trace);
	else if (c->major == 1)
		fl_codec_strings_1(c);
	else
		fl_string_table_read(c);
}

/* One section into the report. @p last is the id of the one before it. */
static enum fl_code read_section(struct fl_reader *file, struct fl_codec *c,
				 const struct header *header, unsigned *last,
				 struct fl_trace *trace, struct fl_error *err)
{
	uint64_t at = file->pos;
	unsigned end = end_of(header);
	unsigned id = fl_read_u16(file);
	fl_read_skip(file, 2);
	uint32_t size = fl_read_u32(file);
	c->in = fl_read_window(file, section_name(id), size);
	if (fl_reader_status(file, err))
		return file->error.code;
	if (id <= *last || (id < end && id != *last + 1))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, at,
			       "report section %u after section %u", id, *last);
	*last = id;
	if (id >= end)
		return FL_OK;
	read_payload(c, id, trace);
	if (fl_reader_status(&c->in, err))
		return c->in.error.code;
	if (fl_reader_left(&c->in) && knows_all(header))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, c->in.origin + c->in.pos,
			       "%s: %zu bytes too many", c->in.name, fl_reader_left(&c->in));
	return FL_OK;
}

static enum fl_code read_sections(struct fl_reader *file, const struct header *header,
				  bool facts_only, struct fl_report *report, struct fl_error *err)
{
	struct fl_string_table strings = { 0 };
	struct fl_codec c = { .reading = true,
			      .major = header->major,
			      .facts_only = facts_only && header->major > 1,
			      .arena = &report->arena,
			      .strings = &strings };
	unsigned last = 0;
	for (unsigned i = 0; i < header->section_count; i++) {
		enum fl_code code = read_section(file, &c, header, &last, &report->trace, err);
		if (code)
			return code;
	}
	if (last < last_section(header) || fl_reader_left(file))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, file->pos,
			       "report ends after section %u with %zu bytes left", last,
			       fl_reader_left(file));
	return FL_OK;
}

static enum fl_code decode(const void *bytes, size_t size, bool facts_only, struct fl_report **ret,
			   struct fl_error *err)
{
	struct fl_reader file = fl_reader("report", bytes, size, 0);
	struct header header = { 0 };
	enum fl_code code = read_header(&file, &header, err);
	if (code)
		return code;
	FL_AUTO(fl_report) report = fl_report_new();
	if (!report)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a report");
	code = read_sections(&file, &header, facts_only, report, err);
	if (code)
		return code;
	*ret = fl_report_take(&report);
	return FL_OK;
}

enum fl_code
fl_report_decode(const void *bytes, size_t size, struct fl_report **ret, struct fl_error *err)
{
	return decode(bytes, size, false, ret, err);
}

enum fl_code
fl_report_decode_facts(const void *bytes, size_t size, struct fl_report **ret, struct fl_error *err)
{
	enum fl_code code = decode(bytes, size, true, ret, err);
	if (!code) {
		(*ret)->trace.threads = NULL;
		(*ret)->trace.thread_count = 0;
	}
	return code;
}
