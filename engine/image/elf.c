/* SPDX-License-Identifier: Apache-2.0 */
#include "image/elf.h"

#include "base/limits.h"
#include "base/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	EHDR_SIZE = 52,
	PHDR_SIZE = 32,
	SHDR_SIZE = 40,
	EI_CLASS = 4,
	EI_DATA = 5,
	EM_ARM = 40,
	PN_XNUM = 0xffff,
};

/* gABI "e_machine"; the ones that people hand over by mistake. */
static const char *machine_name(uint16_t machine)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} names[] = {
		{ 3, "x86" },     { 8, "MIPS" },     { 20, "PowerPC" }, { 62, "x86-64" },
		{ 83, "AVR" },    { 94, "Xtensa" },  { 105, "MSP430" }, { 183, "AArch64" },
		{ 195, "ARCv2" }, { 243, "RISC-V" },
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

static enum fl_code check_magic(const uint8_t *bytes, size_t size, struct fl_error *err)
{
	char seen[16] = "";
	size_t n = size < 4 ? size : 4;
	if (n == 4 && !memcmp(bytes, "\177ELF", 4))
		return FL_OK;
	if (n == 0)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 0,
			       "not an ELF file: it is empty");
	for (size_t i = 0; i < n; i++)
		snprintf(seen + 3 * i, sizeof(seen) - 3 * i, "%02x ", bytes[i]);
	seen[3 * n - 1] = '\0';
	return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 0, "not an ELF file: starts with %s",
		       seen);
}

/* Class, byte order and machine, in the order in which a wrong one makes the rest meaningless. */
static enum fl_code check_target(struct fl_reader r, struct fl_error *err)
{
	uint8_t ident[16];
	for (size_t i = 0; i < sizeof(ident); i++)
		ident[i] = fl_read_u8(&r);
	uint16_t type = fl_read_u16(&r);
	uint16_t machine = fl_read_u16(&r);
	enum fl_code code = fl_reader_status(&r, err);
	if (code)
		return code;
	bool big = ident[EI_DATA] == 2;
	if (big)
		machine = (uint16_t)(machine << 8 | machine >> 8);
	const char *other = machine_name(machine);
	if (machine != EM_ARM && other)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, 18, "ELF for %s, not Arm",
			       other);
	if (machine != EM_ARM)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, 18,
			       "ELF for machine %u, not Arm", machine);
	if (ident[EI_CLASS] != 1)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, EI_CLASS,
			       ident[EI_CLASS] == 2 ? "64-bit ELF" : "ELF of unknown class");
	if (ident[EI_DATA] != 1)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, EI_DATA,
			       big ? "big-endian ELF" : "ELF of unknown byte order");
	if (type == FL_ET_CORE)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, 16,
			       "ELF core file, not a firmware image");
	return FL_OK;
}

struct header {
	uint16_t type;
	uint32_t phoff, shoff;
	uint16_t phentsize, phnum, shentsize;
	uint32_t shnum, shstrndx;
};

static struct header read_header(struct fl_reader *r)
{
	struct header h = { 0 };
	fl_read_seek(r, 16);
	h.type = fl_read_u16(r);
	fl_read_skip(r, 2 + 4 + 4); /* machine, version, entry */
	h.phoff = fl_read_u32(r);
	h.shoff = fl_read_u32(r);
	fl_read_skip(r, 4 + 2); /* flags, ehsize */
	h.phentsize = fl_read_u16(r);
	h.phnum = fl_read_u16(r);
	h.shentsize = fl_read_u16(r);
	h.shnum = fl_read_u16(r);
	h.shstrndx = fl_read_u16(r);
	return h;
}

static struct fl_section read_section(struct fl_reader *r, uint32_t *name_ret)
{
	struct fl_section s = { .name = "" };
	*name_ret = fl_read_u32(r);
	s.type = fl_read_u32(r);
	s.flags = fl_read_u32(r);
	s.addr = fl_read_u32(r);
	s.off = fl_read_u32(r);
	s.size = fl_read_u32(r);
	s.link = fl_read_u32(r);
	s.info = fl_read_u32(r);
	fl_read_skip(r, 8);
	return s;
}

/* @p size bytes at @p off, or NULL. */
static const uint8_t *contents(const struct fl_elf *elf, uint32_t off, uint32_t size)
{
	struct fl_reader r = fl_reader("ELF", elf->bytes, elf->size, 0);
	fl_read_seek(&r, off);
	const uint8_t *p = fl_read_bytes(&r, size);
	return r.error.code ? NULL : p;
}

static enum fl_code read_sections(struct fl_elf *elf, struct header *h, struct fl_arena *arena,
				  uint32_t **names_ret, struct fl_error *err)
{
	if (!h->shoff)
		return FL_OK;
	struct fl_reader r = fl_reader("ELF section headers", elf->bytes, elf->size, 0);
	uint32_t name;
	fl_read_seek(&r, h->shoff);
	struct fl_section first = read_section(&r, &name);
	/* gABI: counts that do not fit the header live in section 0. */
	if (h->shnum == 0)
		h->shnum = first.size;
	if (h->shstrndx == FL_SHN_XINDEX)
		h->shstrndx = first.link;
	if (!r.error.code && h->shentsize != SHDR_SIZE)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 46,
			       "ELF section headers: entries of %u bytes instead of 40",
			       h->shentsize);
	if (!r.error.code && h->shnum > FL_LIMIT_SECTIONS)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, h->shoff,
			       "ELF section headers: %" PRIu32 " sections", h->shnum);
	fl_read_seek(&r, h->shoff);
	struct fl_reader table =
		fl_read_window(&r, "ELF section headers", (uint64_t)h->shnum * SHDR_SIZE);
	enum fl_code code = fl_reader_status(&table, err);
	if (code)
		return code;
	elf->sections = fl_arena_array(arena, h->shnum, sizeof(*elf->sections));
	*names_ret = fl_arena_array(arena, h->shnum, sizeof(**names_ret));
	if (!elf->sections || !*names_ret)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for ELF sections");
	for (uint32_t i = 0; i < h->shnum; i++)
		elf->sections[i] = read_section(&table, &(*names_ret)[i]);
	elf->section_count = h->shnum;
	return FL_OK;
}

static void name_sections(struct fl_elf *elf, uint32_t shstrndx, const uint32_t *names)
{
	if (shstrndx >= elf->section_count || !elf->sections[shstrndx].bytes)
		return;
	const struct fl_section *strings = &elf->sections[shstrndx];
	for (size_t i = 0; i < elf->section_count; i++) {
		struct fl_reader r =
			fl_reader(".shstrtab", strings->bytes, strings->size, strings->off);
		fl_read_seek(&r, names[i]);
		const char *name = fl_read_cstr(&r);
		if (name)
			elf->sections[i].name = name;
	}
}

static void attach_contents(struct fl_elf *elf, struct fl_findings *findings)
{
	for (size_t i = 1; i < elf->section_count; i++) {
		struct fl_section *s = &elf->sections[i];
		if (s->type != FL_SHT_NOBITS && s->type != FL_SHT_NULL)
			s->bytes = contents(elf, s->off, s->size);
		if (s->type == FL_SHT_NOBITS || s->type == FL_SHT_NULL || s->bytes)
			continue;
		fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_FILE_OFFSET,
			       s->off, "%s: section %zu lies outside the file and is ignored",
			       elf->name, i);
	}
}

static enum fl_code read_segments(struct fl_elf *elf, const struct header *h,
				  struct fl_arena *arena, struct fl_findings *findings,
				  struct fl_error *err)
{
	uint32_t count =
		h->phnum == PN_XNUM && elf->section_count ? elf->sections[0].info : h->phnum;
	if (!h->phoff || !count)
		return FL_OK;
	if (h->phentsize != PHDR_SIZE)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, 42,
			       "ELF program headers: entries of %u bytes instead of 32",
			       h->phentsize);
	struct fl_reader r = fl_reader("ELF program headers", elf->bytes, elf->size, 0);
	fl_read_seek(&r, h->phoff);
	struct fl_reader table =
		fl_read_window(&r, "ELF program headers", (uint64_t)count * PHDR_SIZE);
	enum fl_code code = fl_reader_status(&table, err);
	if (code)
		return code;
	elf->segments = fl_arena_array(arena, count, sizeof(*elf->segments));
	if (!elf->segments)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for ELF segments");
	for (uint32_t i = 0; i < count; i++) {
		struct fl_segment *s = &elf->segments[i];
		s->type = fl_read_u32(&table);
		s->off = fl_read_u32(&table);
		s->addr = fl_read_u32(&table);
		fl_read_skip(&table, 4); /* physical address */
		s->file_size = fl_read_u32(&table);
		s->size = fl_read_u32(&table);
		s->flags = fl_read_u32(&table);
		fl_read_skip(&table, 4);
		s->bytes = contents(elf, s->off, s->file_size);
		if (!s->bytes && s->type == FL_PT_LOAD)
			fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT,
				       FL_AT_FILE_OFFSET, s->off,
				       "%s: segment %" PRIu32
				       " lies outside the file and is ignored",
				       elf->name, i);
	}
	elf->segment_count = count;
	return FL_OK;
}

enum fl_code fl_elf_open(const char *name, const void *bytes, size_t size, struct fl_arena *arena,
			 struct fl_findings *findings, struct fl_elf *ret, struct fl_error *err)
{
	struct fl_elf elf = { .name = name, .bytes = bytes, .size = size };
	struct fl_reader r = fl_reader("ELF header", bytes, size, 0);
	enum fl_code code = check_magic(r.data, r.size, err);
	if (code || (code = check_target(r, err)))
		return code;
	struct header h = read_header(&r);
	if ((code = fl_reader_status(&r, err)))
		return code;
	elf.type = h.type;
	uint32_t *names = NULL;
	if ((code = read_sections(&elf, &h, arena, &names, err)))
		return code;
	attach_contents(&elf, findings);
	name_sections(&elf, h.shstrndx, names);
	if ((code = read_segments(&elf, &h, arena, findings, err)))
		return code;
	*ret = elf;
	return FL_OK;
}

const struct fl_section *fl_elf_section(const struct fl_elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].bytes && !strcmp(elf->sections[i].name, name))
			return &elf->sections[i];
	return NULL;
}

bool fl_section_is_code(const struct fl_section *section)
{
	const uint32_t both = FL_SHF_ALLOC | FL_SHF_EXECINSTR;
	return (section->flags & both) == both && section->size && section->type != FL_SHT_NOBITS;
}

static const uint8_t *
slice(const uint8_t *bytes, uint32_t start, uint32_t have, uint32_t addr, uint32_t size)
{
	if (!bytes || addr < start || addr - start > have || size > have - (addr - start))
		return NULL;
	struct fl_reader r = fl_reader("ELF", bytes, have, 0);
	fl_read_skip(&r, addr - start);
	return fl_read_bytes(&r, size);
}

const uint8_t *fl_elf_at(const struct fl_elf *elf, uint32_t addr, uint32_t size)
{
	const uint8_t *found = NULL;
	for (size_t i = 0; i < elf->section_count && !found; i++) {
		const struct fl_section *s = &elf->sections[i];
		if (s->flags & FL_SHF_ALLOC)
			found = slice(s->bytes, s->addr, s->size, addr, size);
	}
	for (size_t i = 0; i < elf->segment_count && !found; i++) {
		const struct fl_segment *s = &elf->segments[i];
		if (s->type == FL_PT_LOAD)
			found = slice(s->bytes, s->addr, s->file_size, addr, size);
	}
	return found;
}
