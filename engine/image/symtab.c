/* SPDX-License-Identifier: Apache-2.0 */
#include "image/symtab.h"

#include "base/reader.h"

#include <string.h>

enum {
	SYM_SIZE = 16,
	STT_NOTYPE = 0,
	STT_OBJECT = 1,
	STT_FUNC = 2,
	STT_GNU_IFUNC = 10,
	STB_LOCAL = 0,
	STB_WEAK = 2,
};

struct raw {
	uint32_t name, value, size, section;
	uint8_t type, bind;
};

static struct raw read_raw(struct fl_reader *r)
{
	struct raw raw;
	raw.name = fl_read_u32(r);
	raw.value = fl_read_u32(r);
	raw.size = fl_read_u32(r);
	uint8_t info = fl_read_u8(r);
	fl_read_skip(r, 1);
	raw.section = fl_read_u16(r);
	raw.type = info & 15;
	raw.bind = info >> 4;
	return raw;
}

/* AAELF32 5.5.5: "$t" or "$t.anything"; "$p" once was one too. */
static bool is_mapping(const char *name)
{
	return name[0] == '$' && name[1] && strchr("adtxp", name[1]) &&
	       (name[2] == '\0' || name[2] == '.');
}

static bool classify(const struct fl_elf *elf, const struct raw *raw, struct fl_symbol *ret)
{
	bool absolute = raw->section == FL_SHN_ABS;
	if (raw->section == FL_SHN_UNDEF || (raw->section >= elf->section_count && !absolute))
		return false;
	bool code = !absolute && fl_section_is_code(&elf->sections[raw->section]);
	ret->global = raw->bind != STB_LOCAL;
	ret->weak = raw->bind == STB_WEAK;
	ret->section = raw->section;
	ret->addr = raw->value;
	ret->size = raw->size;
	switch (raw->type) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		ret->kind = FL_SYMBOL_FUNCTION;
		ret->addr &= ~UINT32_C(1); /* AAELF32 5.5.3: bit 0 says Thumb */
		return true;
	case STT_NOTYPE:
		/* Local labels of assembly split functions for nobody's benefit. */
		ret->kind = code ? FL_SYMBOL_LABEL : FL_SYMBOL_OBJECT;
		if (code)
			ret->addr &= ~UINT32_C(1);
		return ret->global;
	case STT_OBJECT:
		ret->kind = FL_SYMBOL_OBJECT;
		return true;
	default:
		return false;
	}
}

static const struct fl_section *find_table(const struct fl_elf *elf)
{
	for (size_t i = 0; i < elf->section_count; i++)
		if (elf->sections[i].type == FL_SHT_SYMTAB && elf->sections[i].bytes)
			return &elf->sections[i];
	return NULL;
}

enum fl_code fl_symtab_read(const struct fl_elf *elf, struct fl_findings *findings,
			    struct fl_vec *ret, struct fl_error *err)
{
	const struct fl_section *table = find_table(elf);
	if (!table)
		return FL_OK;
	const struct fl_section *names =
		table->link < elf->section_count ? &elf->sections[table->link] : NULL;
	if (!names || !names->bytes) {
		fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_FILE_OFFSET,
			       table->off, "%s: .symtab has no string table and is ignored",
			       elf->name);
		return FL_OK;
	}
	struct fl_reader r = fl_reader(".symtab", table->bytes, table->size, table->off);
	size_t unnamed = 0;
	while (fl_reader_left(&r) >= SYM_SIZE) {
		struct raw raw = read_raw(&r);
		struct fl_symbol symbol = { 0 };
		if (!raw.name || !classify(elf, &raw, &symbol))
			continue;
		struct fl_reader text = fl_reader(".strtab", names->bytes, names->size, names->off);
		fl_read_seek(&text, raw.name);
		symbol.name = fl_read_cstr(&text);
		unnamed += !symbol.name;
		if (!symbol.name || !symbol.name[0] || is_mapping(symbol.name))
			continue;
		if (!fl_vec_push(ret, &symbol))
			return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for symbols");
	}
	if (unnamed)
		fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT, FL_AT_FILE_OFFSET,
			       table->off, "%s: %zu symbols have names outside the string table",
			       elf->name, unnamed);
	return FL_OK;
}
