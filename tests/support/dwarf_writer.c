/* SPDX-License-Identifier: Apache-2.0 */
#include "support/dwarf_writer.h"

/* Abbreviation codes: one per shape of entry. */
enum {
	A_UNIT = 1,
	A_FUNCTION,
	A_STATIC,
	A_ABSTRACT,
	A_INLINED,
	A_NAMESPACE,
	A_ANONYMOUS,
	A_CLASS,
	A_CLOSURE,
	A_DECLARATION,
	A_DEFINITION,
	A_BLOCK,
};

/* code, tag, children, then attribute and form pairs, 0 0 (DWARF 4, 7.5.3). */
static const uint8_t abbreviations[] = {
	A_UNIT,
	0x11,
	1,
	0x03,
	0x08,
	0x1b,
	0x08,
	0x13,
	0x0b,
	0x10,
	0x17,
	0,
	0,
	A_FUNCTION,
	0x2e,
	1,
	0x03,
	0x08,
	0x3f,
	0x19,
	0x11,
	0x01,
	0x12,
	0x06,
	0,
	0,
	A_STATIC,
	0x2e,
	1,
	0x03,
	0x08,
	0x11,
	0x01,
	0x12,
	0x06,
	0,
	0,
	A_ABSTRACT,
	0x2e,
	0,
	0x03,
	0x08,
	0x20,
	0x0b,
	0,
	0,
	A_INLINED,
	0x1d,
	1,
	0x31,
	0x13,
	0x11,
	0x01,
	0x12,
	0x06,
	0x58,
	0x0b,
	0x59,
	0x05,
	0,
	0,
	A_NAMESPACE,
	0x39,
	1,
	0x03,
	0x08,
	0,
	0,
	A_ANONYMOUS,
	0x39,
	1,
	0,
	0,
	A_CLASS,
	0x02,
	1,
	0x03,
	0x08,
	0,
	0,
	A_CLOSURE,
	0x13,
	1,
	0,
	0,
	A_DECLARATION,
	0x2e,
	0,
	0x03,
	0x08,
	0x6e,
	0x08,
	0x3c,
	0x19,
	0,
	0,
	A_DEFINITION,
	0x2e,
	1,
	0x47,
	0x13,
	0x11,
	0x01,
	0x12,
	0x06,
	0,
	0,
	A_BLOCK,
	0x0b,
	1,
	0,
	0,
	0,
};

void dwarf_free(struct dwarf_writer *w)
{
	bytes_free(&w->abbrev);
	bytes_free(&w->info);
	bytes_free(&w->line);
	bytes_free(&w->frame);
}

static uint32_t entry(struct dwarf_writer *w, unsigned code)
{
	uint32_t off = (uint32_t)(w->info.size - w->unit_off);
	put_u8(&w->info, code);
	return off;
}

static void begin_lines(struct dwarf_writer *w, const char *name)
{
	static const uint8_t operands[12] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };
	struct bytes *l = &w->line;
	w->line_off = l->size;
	put_u32(l, 0);
	put_u16(l, 4);
	size_t header = l->size;
	put_u32(l, 0);
	put_u8(l, 2);    /* minimum instruction length */
	put_u8(l, 1);    /* operations per instruction */
	put_u8(l, 1);    /* default is_stmt */
	put_u8(l, 0xfb); /* line base */
	put_u8(l, 14);
	put_u8(l, 13);
	put(l, operands, sizeof(operands));
	put_text(l, "inc");
	put_u8(l, 0);
	put_text(l, name);
	put(l, (const uint8_t[3]){ 0 }, 3);
	put_text(l, "util.h");
	put(l, (const uint8_t[3]){ 1, 0, 0 }, 3);
	put_u8(l, 0);
	patch_u32(l, header, (uint32_t)(l->size - header - 4));
}

void dwarf_unit(struct dwarf_writer *w, const char *name, unsigned language)
{
	if (!w->abbrev.size)
		put(&w->abbrev, abbreviations, sizeof(abbreviations));
	w->unit_off = w->info.size;
	put_u32(&w->info, 0);
	put_u16(&w->info, 4);
	put_u32(&w->info, 0);
	put_u8(&w->info, 4);
	entry(w, A_UNIT);
	put_text(&w->info, name);
	put_text(&w->info, "/src");
	put_u8(&w->info, language);
	put_u32(&w->info, (uint32_t)w->line.size);
	begin_lines(w, name);
}

void dwarf_unit_end(struct dwarf_writer *w)
{
	dwarf_up(w);
	patch_u32(&w->info, w->unit_off, (uint32_t)(w->info.size - w->unit_off - 4));
	patch_u32(&w->line, w->line_off, (uint32_t)(w->line.size - w->line_off - 4));
}

static void put_range(struct dwarf_writer *w, uint32_t addr, uint32_t size)
{
	put_u32(&w->info, addr);
	put_u32(&w->info, size);
}

uint32_t dwarf_function(struct dwarf_writer *w, const char *name, uint32_t addr, uint32_t size)
{
	uint32_t off = entry(w, A_FUNCTION);
	put_text(&w->info, name);
	put_range(w, addr, size);
	return off;
}

uint32_t
dwarf_static_function(struct dwarf_writer *w, const char *name, uint32_t addr, uint32_t size)
{
	uint32_t off = entry(w, A_STATIC);
	put_text(&w->info, name);
	put_range(w, addr, size);
	return off;
}

uint32_t dwarf_abstract(struct dwarf_writer *w, const char *name)
{
	uint32_t off = entry(w, A_ABSTRACT);
	put_text(&w->info, name);
	put_u8(&w->info, 3);
	return off;
}

uint32_t dwarf_declaration(struct dwarf_writer *w, const char *name, const char *linkage)
{
	uint32_t off = entry(w, A_DECLARATION);
	put_text(&w->info, name);
	put_text(&w->info, linkage);
	return off;
}

uint32_t
dwarf_definition(struct dwarf_writer *w, uint32_t declaration, uint32_t addr, uint32_t size)
{
	uint32_t off = entry(w, A_DEFINITION);
	put_u32(&w->info, declaration);
	put_range(w, addr, size);
	return off;
}

void dwarf_inlined(struct dwarf_writer *w, uint32_t origin, uint32_t addr, uint32_t size,
		   unsigned call_file, unsigned call_line)
{
	entry(w, A_INLINED);
	put_u32(&w->info, origin);
	put_range(w, addr, size);
	put_u8(&w->info, call_file);
	put_u16(&w->info, call_line);
}

void dwarf_namespace(struct dwarf_writer *w, const char *name)
{
	entry(w, name ? A_NAMESPACE : A_ANONYMOUS);
	if (name)
		put_text(&w->info, name);
}

void dwarf_class(struct dwarf_writer *w, const char *name)
{
	entry(w, name ? A_CLASS : A_CLOSURE);
	if (name)
		put_text(&w->info, name);
}

void dwarf_block(struct dwarf_writer *w)
{
	entry(w, A_BLOCK);
}

void dwarf_up(struct dwarf_writer *w)
{
	put_u8(&w->info, 0);
}

static void move_to(struct dwarf_writer *w, uint32_t addr)
{
	if (!w->in_sequence) {
		put_u8(&w->line, 0); /* DW_LNE_set_address */
		put_uleb(&w->line, 5);
		put_u8(&w->line, 2);
		put_u32(&w->line, addr);
		w->row_line = 1;
		w->in_sequence = true;
	} else {
		put_u8(&w->line, 2); /* DW_LNS_advance_pc, in instructions */
		put_uleb(&w->line, (addr - w->row_addr) / 2);
	}
	w->row_addr = addr;
}

void dwarf_row(struct dwarf_writer *w, uint32_t addr, unsigned file, unsigned line)
{
	move_to(w, addr);
	put_u8(&w->line, 4); /* DW_LNS_set_file */
	put_uleb(&w->line, file);
	put_u8(&w->line, 3); /* DW_LNS_advance_line */
	put_sleb(&w->line, (int32_t)line - w->row_line);
	w->row_line = (int32_t)line;
	put_u8(&w->line, 1); /* DW_LNS_copy */
}

void dwarf_row_end(struct dwarf_writer *w, uint32_t addr)
{
	move_to(w, addr);
	put(&w->line, "\0\1\1", 3); /* DW_LNE_end_sequence */
	w->in_sequence = false;
}

static void put_cie(struct bytes *f)
{
	put_u32(f, 12);
	put_u32(f, 0xffffffff);
	put_u8(f, 1);
	put_text(f, "");
	put_u8(f, 2);
	put_sleb(f, -4);
	put_u8(f, 14);
	put(f, "\x0c\x0d\x00", 3); /* DW_CFA_def_cfa r13, 0 */
}

void dwarf_frame_of(struct dwarf_writer *w, uint32_t addr, uint32_t size, const void *instructions,
		    size_t instructions_size)
{
	struct bytes *f = &w->frame;
	if (!f->size)
		put_cie(f);
	put_u32(f, (uint32_t)(12 + instructions_size));
	put_u32(f, 0);
	put_u32(f, addr);
	put_u32(f, size);
	put(f, instructions, instructions_size);
}

void dwarf_frame(struct dwarf_writer *w, uint32_t addr, uint32_t size)
{
	/* advance 1 instruction; def_cfa_offset 8; r4 at cfa-8; r14 at cfa-4; nops */
	static const uint8_t push[] = { 0x41, 0x0e, 0x08, 0x84, 0x02, 0x8e, 0x01, 0x00 };
	dwarf_frame_of(w, addr, size, push, sizeof(push));
}

void dwarf_end(struct dwarf_writer *w, struct elf_writer *elf)
{
	const struct {
		const char *name;
		const struct bytes *data;
	} sections[] = { { ".debug_abbrev", &w->abbrev },
			 { ".debug_info", &w->info },
			 { ".debug_line", &w->line },
			 { ".debug_frame", &w->frame } };
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].data->size)
			elf_section(elf, sections[i].name, 1, 0, 0, sections[i].data->data,
				    sections[i].data->size);
}
