/* SPDX-License-Identifier: Apache-2.0 */
#include "image/frames.h"

#include "base/cursor.h"
#include "image/dwarf_numbers.h"

#include <inttypes.h>
#include <string.h>

/* "zPLR" and "armcc+" are the longest that producers for Arm write. */
enum { MAX_AUGMENTATION = 16, ADDRESS_SIZE = 4 };

enum { CIE_OF_DEBUG_FRAME = -1, CIE_OF_EH_FRAME = 0 };

struct cie {
	struct fl_frame_program program; /* its part of one */
	uint64_t off;
	uint8_t encoding; /* DW_EH_PE_... of addresses */
	bool has_data;    /* FDEs have augmentation data */
	bool is_read, is_usable;
};

struct reader {
	const struct fl_debug_section *section;
	struct fl_debug_info *debug;
	bool is_eh;
	struct cie cie; /* the one that was asked for last */
};

static uint64_t off_of(const struct reader *r, const struct fl_cursor *c)
{
	return (uint64_t)(c->at - r->section->bytes);
}

/* An entry's contents behind its length; false: there is none. */
static bool open_entry(struct fl_cursor *c, struct fl_cursor *ret)
{
	uint32_t size = fl_cursor_u32(c);
	const uint8_t *bytes = fl_cursor_bytes(c, size);
	*ret = fl_cursor(bytes, bytes ? size : 0);
	return !c->failed;
}

static uint32_t extend(uint16_t value)
{
	return value | (value & 0x8000 ? UINT32_C(0xffff0000) : 0);
}

/* As the lower half of a DW_EH_PE_... says. */
static bool read_value(uint8_t encoding, struct fl_cursor *c, uint32_t *ret)
{
	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata4:
	case DW_EH_PE_sdata4:
		*ret = fl_cursor_u32(c);
		return true;
	case DW_EH_PE_udata2:
		*ret = fl_cursor_u16(c);
		return true;
	case DW_EH_PE_sdata2:
		*ret = extend(fl_cursor_u16(c));
		return true;
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		*ret = (uint32_t)fl_cursor_u64(c);
		return true;
	case DW_EH_PE_uleb128:
		*ret = (uint32_t)fl_cursor_uleb(c);
		return true;
	case DW_EH_PE_sleb128:
		*ret = (uint32_t)fl_cursor_sleb(c);
		return true;
	default:
		return false;
	}
}

/* The letters behind 'z' say what the data consist of (LSB 5.0, 10.6.1.1.1). False: how addresses
 * are encoded is behind something of unknown size. */
static bool read_data(struct cie *cie, const char *letters, struct fl_cursor c)
{
	for (; *letters && !c.failed; letters++) {
		uint32_t personality;
		if (*letters == 'R')
			cie->encoding = fl_cursor_u8(&c);
		else if (*letters == 'L')
			(void)fl_cursor_u8(&c);
		else if (*letters == 'S')
			cie->program.signal_frame = true;
		else if (*letters != 'P' || !read_value(fl_cursor_u8(&c), &c, &personality))
			return !strchr(letters, 'R');
	}
	return true;
}

static bool read_augmentation(struct cie *cie, const char *text, struct fl_cursor *c)
{
	if (text[0] != 'z') {
		cie->program.signal_frame = !strcmp(text, "S"); /* .cfi_signal_frame */
		return !text[0] || cie->program.signal_frame || !strcmp(text, "armcc+");
	}
	uint64_t size = fl_cursor_uleb(c);
	const uint8_t *data = fl_cursor_bytes(c, size);
	cie->has_data = true;
	cie->program.signal_frame = strchr(text, 'S');
	return data && read_data(cie, text + 1, fl_cursor(data, (size_t)size));
}

static bool read_alignment(struct cie *cie, struct fl_cursor *c, uint8_t version)
{
	uint64_t code = fl_cursor_uleb(c);
	int64_t data = fl_cursor_sleb(c);
	uint64_t column = version == 1 ? fl_cursor_u8(c) : fl_cursor_uleb(c);
	if (code > UINT32_MAX || data > INT32_MAX || data < INT32_MIN || column > UINT16_MAX)
		return false;
	cie->program.code_align = (uint32_t)code;
	cie->program.data_align = (int32_t)data;
	cie->program.return_column = (uint32_t)column;
	return true;
}

static bool read_cie(struct cie *cie, struct fl_cursor c)
{
	uint8_t version = fl_cursor_u8(&c);
	struct fl_cursor head = c;
	if (fl_cursor_left(&head) > MAX_AUGMENTATION)
		head.end = head.at + MAX_AUGMENTATION;
	const char *text = fl_cursor_cstr(&head);
	if (!text || (version != 1 && version != 3 && version != 4))
		return false;
	c.at = head.at;
	if (version == 4 && (fl_cursor_u8(&c) != ADDRESS_SIZE || fl_cursor_u8(&c) != 0))
		return false;
	if (!read_alignment(cie, &c, version) || !read_augmentation(cie, text, &c) || c.failed)
		return false;
	cie->program.cie_instructions = c.at;
	cie->program.cie_size = fl_cursor_left(&c);
	return true;
}

/* Most FDEs of a file share one. */
static const struct cie *cie_at(struct reader *r, uint64_t off)
{
	struct cie *cie = &r->cie;
	struct fl_cursor body;
	if (cie->is_read && cie->off == off)
		return cie->is_usable ? cie : NULL;
	*cie = (struct cie){ .off = off, .is_read = true };
	struct fl_cursor c = fl_cursor_at(r->section->bytes, r->section->size, off);
	cie->is_usable = open_entry(&c, &body) &&
			 fl_cursor_u32(&body) ==
				 (uint32_t)(r->is_eh ? CIE_OF_EH_FRAME : CIE_OF_DEBUG_FRAME) &&
			 read_cie(cie, body);
	return cie->is_usable ? cie : NULL;
}

static bool
read_encoded(const struct reader *r, uint8_t encoding, struct fl_cursor *c, uint32_t *ret)
{
	uint32_t base = 0;
	if ((encoding & 0x70) == DW_EH_PE_pcrel)
		base = r->section->addr + (uint32_t)off_of(r, c);
	else if ((encoding & 0xf0) != DW_EH_PE_absptr)
		return false;
	if (!read_value(encoding, c, ret))
		return false;
	*ret += base;
	return true;
}

static bool read_range(const struct reader *r, const struct cie *cie, struct fl_cursor *c,
		       struct fl_code_range *ret)
{
	uint32_t size;
	if (!read_encoded(r, cie->encoding, c, &ret->addr) ||
	    !read_encoded(r, cie->encoding & 0x0f, c, &size))
		return false;
	ret->addr &= ~UINT32_C(1);
	ret->size = size;
	return !c->failed && size && size <= (UINT64_C(1) << 32) - ret->addr;
}

/* @p pointer: as it stands there, at @p pointer_off. */
static bool read_fde(struct reader *r, uint32_t pointer, uint64_t pointer_off, struct fl_cursor c,
		     struct fl_frame_program *ret)
{
	uint64_t off = r->is_eh ? pointer_off - pointer : pointer;
	const struct cie *cie = cie_at(r, off);
	if (!cie)
		return false;
	*ret = cie->program;
	if (!read_range(r, cie, &c, &ret->range))
		return false;
	if (cie->has_data)
		fl_cursor_skip(&c, fl_cursor_uleb(&c));
	if (c.failed)
		return false;
	ret->fde_instructions = c.at;
	ret->fde_size = fl_cursor_left(&c);
	ret->fde_off = ret->fde_size ? r->section->off + off_of(r, &c) : 0;
	return true;
}

/* False: out of memory. @p damaged_ret: something could not be read. */
static bool read_entry(struct reader *r, struct fl_cursor c, bool *damaged_ret)
{
	struct fl_frame_program program;
	uint64_t off = off_of(r, &c);
	uint32_t id = fl_cursor_u32(&c);
	if (c.failed || id == (uint32_t)(r->is_eh ? CIE_OF_EH_FRAME : CIE_OF_DEBUG_FRAME))
		return true;
	if (read_fde(r, id, off, c, &program))
		return fl_vec_push(&r->debug->frames, &program);
	*damaged_ret |= !r->cie.is_usable;
	return true;
}

static bool read_section(struct reader *r, bool *damaged_ret)
{
	struct fl_cursor c = fl_cursor(r->section->bytes, r->section->size);
	struct fl_cursor body;
	while (fl_cursor_left(&c)) {
		if (!open_entry(&c, &body)) {
			*damaged_ret = true;
			return true;
		}
		if (fl_cursor_left(&body) && !read_entry(r, body, damaged_ret))
			return false;
	}
	return true;
}

bool fl_frames_read(const struct fl_debug_sections *sections, const char *module,
		    struct fl_findings *findings, struct fl_debug_info *debug)
{
	static const char *const names[] = { ".debug_frame", ".eh_frame" };
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < sections->count; i++) {
			const struct fl_debug_section *s = &sections->items[i];
			struct reader r = { .section = s, .debug = debug, .is_eh = k == 1 };
			bool damaged = false;
			if (strcmp(s->name, names[k]) != 0)
				continue;
			if (!read_section(&r, &damaged))
				return false;
			if (damaged)
				fl_finding_add(findings, FL_STAGE_IMAGE, FL_WARNING, FL_EFORMAT,
					       s->off ? FL_AT_FILE_OFFSET : FL_AT_NONE, s->off,
					       "%s: %s is damaged: what cannot be read of it is "
					       "left out",
					       module, s->name);
		}
	}
	return true;
}
