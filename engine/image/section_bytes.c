/* SPDX-License-Identifier: Apache-2.0 */
#include "image/section_bytes.h"

#include "base/limits.h"
#include "base/reader.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* gABI, "Compression header": ch_type. */
enum { COMPRESS_ZLIB = 1, COMPRESS_ZSTD = 2 };

/* deflate cannot exceed 1032:1 (zlib technical notes); zstd can, but does not on debug information.
 */
enum { MAX_RATIO = 1100, MAX_RATIO_ZSTD = 4096 };

/* What is read. The split-DWARF sections never appear in firmware. */
static const char *const wanted[] = {
	".debug_info",     ".debug_abbrev", ".debug_line",        ".debug_line_str",
	".debug_str",      ".debug_addr",   ".debug_str_offsets", ".debug_ranges",
	".debug_rnglists", ".debug_frame",  ".eh_frame",
};

/* The wanted name that the section bears, the GNU ".z" spelling included. */
static const char *wanted_name(const char *name, bool *gnu_ret)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		*gnu_ret = name[0] == '.' && name[1] == 'z' && !strcmp(name + 2, wanted[i] + 1);
		if (*gnu_ret || !strcmp(name, wanted[i]))
			return wanted[i];
	}
	return NULL;
}

struct packed {
	unsigned type;
	uint64_t plain_size;
	const uint8_t *bytes;
	size_t size;
};

static bool read_gnu_header(const struct fl_section *s, struct packed *ret)
{
	struct fl_reader r = fl_reader(".zdebug", s->bytes, s->size, s->off);
	const uint8_t *magic = fl_read_bytes(&r, 4);
	uint64_t size = 0;
	for (int i = 0; i < 8; i++)
		size = size << 8 | fl_read_u8(&r); /* big-endian, whatever the target */
	if (r.error.code || memcmp(magic, "ZLIB", 4) != 0)
		return false;
	ret->type = COMPRESS_ZLIB;
	ret->plain_size = size;
	ret->size = fl_reader_left(&r);
	ret->bytes = fl_read_bytes(&r, ret->size);
	return true;
}

static bool read_elf_header(const struct fl_section *s, struct packed *ret)
{
	struct fl_reader r = fl_reader("compression header", s->bytes, s->size, s->off);
	ret->type = fl_read_u32(&r);
	ret->plain_size = fl_read_u32(&r);
	fl_read_skip(&r, 4); /* alignment */
	ret->size = fl_reader_left(&r);
	ret->bytes = fl_read_bytes(&r, ret->size);
	return !r.error.code;
}

static bool plausible(const struct packed *p)
{
	uint64_t ratio = p->type == COMPRESS_ZSTD ? MAX_RATIO_ZSTD : MAX_RATIO;
	return p->plain_size <= FL_LIMIT_DECOMPRESSED && p->plain_size <= (p->size + 64) * ratio;
}

static bool inflate_all(const struct packed *p, uint8_t *out)
{
	size_t size = (size_t)p->plain_size;
	if (p->type == COMPRESS_ZLIB) {
		uLongf got = size;
		return uncompress(out, &got, p->bytes, p->size) == Z_OK && got == size;
	}
	if (p->type == COMPRESS_ZSTD)
		return ZSTD_decompress(out, size, p->bytes, p->size) == size;
	return false;
}

static enum fl_code inflate_section(const struct fl_elf *elf, const struct fl_section *s, bool gnu,
				    struct fl_debug_section *item, struct fl_findings *findings,
				    struct fl_error *err)
{
	struct packed p = { 0 };
	const char *why = "its compression header is damaged";
	uint8_t *out = NULL;
	if (gnu ? read_gnu_header(s, &p) : read_elf_header(s, &p)) {
		why = "its size is not plausible";
		if (plausible(&p) && !(out = malloc(p.plain_size ? (size_t)p.plain_size : 1)))
			return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for %s",
				       item->name);
	}
	if (out && inflate_all(&p, out)) {
		item->bytes = out;
		item->size = (size_t)p.plain_size;
		item->inflated = true;
		item->off = 0;
		return FL_OK;
	}
	if (out)
		why = "its contents are damaged or in an unknown format";
	free(out);
	fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_FILE_OFFSET, s->off,
		       "%s: compressed section %s is ignored: %s", elf->name, item->name, why);
	item->name = NULL;
	return FL_OK;
}

static bool have(const struct fl_debug_sections *sections, const char *name)
{
	for (size_t i = 0; i < sections->count; i++)
		if (sections->items[i].name == name)
			return true;
	return false;
}

enum fl_code fl_debug_sections_init(struct fl_debug_sections *sections, const struct fl_elf *elf,
				    struct fl_findings *findings, struct fl_error *err)
{
	*sections = (struct fl_debug_sections){ 0 };
	for (size_t i = 0; i < elf->section_count; i++) {
		const struct fl_section *s = &elf->sections[i];
		bool gnu;
		const char *name = s->bytes && s->size ? wanted_name(s->name, &gnu) : NULL;
		if (!name || have(sections, name))
			continue;
		struct fl_debug_section item = { .name = name,
						 .bytes = s->bytes,
						 .size = s->size,
						 .addr = s->addr,
						 .off = s->off };
		if (gnu || s->flags & FL_SHF_COMPRESSED) {
			enum fl_code code = inflate_section(elf, s, gnu, &item, findings, err);
			if (code) {
				fl_debug_sections_deinit(sections);
				return code;
			}
		}
		if (item.name)
			sections->items[sections->count++] = item;
	}
	return FL_OK;
}

void fl_debug_sections_deinit(struct fl_debug_sections *sections)
{
	if (!sections)
		return;
	for (size_t i = 0; i < sections->count; i++)
		if (sections->items[i].inflated)
			free((void *)(uintptr_t)sections->items[i].bytes);
	sections->count = 0;
}
