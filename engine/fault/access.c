/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/access.h"

#include <inttypes.h>
#include <stdio.h>

struct pattern {
	uint32_t value;
	const char *words;
};

static const struct pattern patterns[] = {
	{ 0xdeadbeef, "a marker for memory that was freed or never set" },
	{ 0xfeeefeee, "a marker for freed heap memory" },
	{ 0xa5a5a5a5, "the fill of unused stacks under FreeRTOS" },
	{ 0xaaaaaaaa, "the fill of unused stacks under Zephyr" },
	{ 0xcccccccc, "the fill of unused stacks under RTX" },
	{ 0xefefefef, "the fill of unused stacks under ThreadX" },
	{ 0x55555555, "the fill of unused stacks under ChibiOS" },
};

enum { PATTERN_REACH = 0x1000 }; /* how far a member may lie behind a bad pointer */

const char *fl_pattern_words(uint32_t value)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (value >= patterns[i].value && value - patterns[i].value < PATTERN_REACH)
			return patterns[i].words;
	return NULL;
}

/* Arm DDI 0403E A4.2.1: PC reads as the address + 4, word-aligned for literal access. */
static bool base_value(const struct fl_inquiry *q, uint32_t pc, unsigned reg, uint32_t *ret)
{
	if (reg != FL_PC)
		return fl_inquiry_register(q, reg, ret);
	*ret = (pc + 4) & ~UINT32_C(3);
	return true;
}

bool fl_access_address(const struct fl_inquiry *q, uint32_t pc, const struct fl_thumb *insn,
		       uint32_t *ret)
{
	const struct fl_thumb_access *access = &insn->access;
	uint32_t base, index = 0;
	if (!base_value(q, pc, access->base, &base))
		return false;
	if (access->index != FL_THUMB_NO_REGISTER && !fl_inquiry_register(q, access->index, &index))
		return false;
	*ret = base + (index << access->shift) + (uint32_t)access->offset;
	return true;
}

struct fl_access fl_access_at_pc(const struct fl_inquiry *q)
{
	struct fl_access ret = { 0 };
	if (!q->has_insn || !fl_thumb_accesses(&q->insn))
		return ret;
	ret.decoded = true;
	ret.write = q->insn.kind == FL_THUMB_STORE;
	ret.size = q->insn.access.size;
	ret.base_known = base_value(q, q->pc, q->insn.access.base, &ret.base);
	ret.addr_known = fl_access_address(q, q->pc, &q->insn, &ret.addr);
	return ret;
}

const char *fl_access_words(const struct fl_access *access, char *buf, size_t room)
{
	if (!access->decoded)
		return "access to";
	snprintf(buf, room, "%s of %u byte%s %s", access->write ? "write" : "read", access->size,
		 access->size == 1 ? "" : "s", access->write ? "to" : "from");
	return buf;
}

static void add_operand(const struct fl_thumb_access *access, char *buf, size_t room)
{
	const char *base = fl_register_name(access->base);
	if (access->index != FL_THUMB_NO_REGISTER)
		snprintf(buf, room, "%s + %s%s", base, fl_register_name(access->index),
			 access->shift == 0   ? ""
			 : access->shift == 1 ? " * 2"
			 : access->shift == 2 ? " * 4"
					      : " * 8");
	else if (access->offset)
		snprintf(buf, room, "%s %s %u", base, access->offset < 0 ? "-" : "+",
			 (unsigned)(access->offset < 0 ? -access->offset : access->offset));
	else
		snprintf(buf, room, "%s", base);
}

void fl_evidence_access(struct fl_inquiry *q, const struct fl_access *access)
{
	char operand[32];
	uint32_t index;
	if (!access->decoded)
		return;
	const struct fl_thumb_access *a = &q->insn.access;
	const char *kind = access->write ? "store" : "load";
	add_operand(a, operand, sizeof(operand));
	if (!access->base_known)
		fl_evidence(q, "the %s at 0x%08" PRIx32 " goes through %s", kind, q->pc, operand);
	else if (a->index != FL_THUMB_NO_REGISTER && fl_inquiry_register(q, a->index, &index))
		fl_evidence(q,
			    "the %s at 0x%08" PRIx32 " goes through %s; %s is 0x%08" PRIx32
			    ", %s is 0x%08" PRIx32,
			    kind, q->pc, operand, fl_register_name(a->base), access->base,
			    fl_register_name(a->index), index);
	else if (a->base != FL_PC)
		fl_evidence(q, "the %s at 0x%08" PRIx32 " goes through %s, and %s is 0x%08" PRIx32,
			    kind, q->pc, operand, fl_register_name(a->base), access->base);
	const char *words = access->base_known ? fl_pattern_words(access->base) : NULL;
	if (words)
		fl_evidence(q, "0x%08" PRIx32 " is %s", access->base, words);
}

static const char *region_words(uint32_t addr)
{
	if (addr >= UINT32_C(0xe0000000))
		return "system and debug registers";
	if (addr >= UINT32_C(0x40000000) && addr < UINT32_C(0x60000000))
		return "peripherals";
	return NULL;
}

void fl_evidence_address(struct fl_inquiry *q, uint32_t addr)
{
	struct fl_symbol_info info;
	const char *words = fl_pattern_words(addr);
	if (words)
		fl_evidence(q, "the address is near %s", words);
	if (q->in->symbols && q->in->symbols->count &&
	    fl_view_object_at(q->in->symbols, addr, &info)) {
		fl_evidence(q, "0x%08" PRIx32 " lies in %s, at offset %" PRIu32, addr, info.name,
			    addr - info.addr);
		return;
	}
	words = region_words(addr);
	if (words)
		fl_evidence(q, "0x%08" PRIx32 " is in the range of %s", addr, words);
}

/* Distance from a null base to the address, both ways round zero. */
static bool near_zero(uint32_t addr, uint32_t reach)
{
	return addr < reach || addr >= UINT32_MAX - reach + 1;
}

bool fl_access_is_null(const struct fl_access *access, uint32_t addr,
		       enum fl_confidence *confidence_ret)
{
	bool null_base = access->base_known && access->base < 4;
	if (!near_zero(addr, FL_NULL_LIKELY) || (addr >= FL_NULL_LIKELY && !null_base))
		return false;
	*confidence_ret = addr < FL_NULL_CERTAIN || null_base ? FL_CERTAIN : FL_LIKELY;
	return true;
}

void fl_verdict_null(struct fl_inquiry *q, const struct fl_access *access, uint32_t addr,
		     enum fl_confidence confidence)
{
	char words[40];
	const char *what = fl_access_words(access, words, sizeof(words));
	fl_verdict_address(q, addr);
	if (!addr)
		fl_verdict(q, "Null Pointer", confidence, "%s 0x00000000, a null pointer", what);
	else if (addr < FL_NULL_LIKELY)
		fl_verdict(q, "Null Pointer", confidence,
			   "%s 0x%08" PRIx32 ", %" PRIu32 " byte%s past a null pointer", what, addr,
			   addr, addr == 1 ? "" : "s");
	else
		fl_verdict(q, "Null Pointer", confidence,
			   "%s 0x%08" PRIx32 ", %" PRIu32 " bytes before a null pointer", what,
			   addr, UINT32_MAX - addr + 1);
}
