/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/code_walk.h"

#include <string.h>

bool fl_code_walk(const struct fl_inquiry *q, uint32_t start, uint32_t end,
		  struct fl_code_walk *ret)
{
	struct fl_thumb insn;
	size_t total = 0;
	ret->count = 0;
	if (start > end || end - start > FL_CODE_WALK_MAX)
		return false;
	uint32_t addr = start;
	while (addr < end) {
		if (!fl_inquiry_decode(q, addr, NULL, &insn))
			return false;
		size_t kept = ret->count < FL_CODE_LINES ? ret->count : FL_CODE_LINES - 1;
		memmove(&ret->lines[1], &ret->lines[0], kept * sizeof(ret->lines[0]));
		ret->lines[0] = (struct fl_code_line){ addr, insn };
		ret->count = kept + 1;
		total++;
		addr += insn.length;
	}
	ret->whole = total == ret->count;
	return addr == end;
}

bool fl_code_function_start(const struct fl_inquiry *q, uint32_t *ret)
{
	const struct fl_thread *thread = q->in->thread;
	struct fl_function_info info;
	size_t i = 0;
	while (thread && i < thread->frame_count && thread->frames[i].inlined)
		i++;
	if (thread && i < thread->frame_count && thread->frames[i].function_known) {
		*ret = thread->frames[i].function_addr;
		return true;
	}
	if (!q->has_pc || !q->in->symbols || !q->in->symbols->count)
		return false;
	const struct fl_module *module = fl_view_module_at(q->in->symbols, q->pc);
	if (!module || !fl_module_function(module, q->pc, &info))
		return false;
	*ret = info.addr;
	return true;
}

bool fl_code_is_joined(const struct fl_inquiry *q, uint32_t start, uint32_t end, uint32_t low,
		       uint32_t high)
{
	struct fl_thumb insn;
	if (end - start > FL_CODE_WALK_MAX)
		return true;
	for (uint32_t addr = start; addr < end; addr += insn.length) {
		if (!fl_inquiry_decode(q, addr, NULL, &insn))
			return true;
		uint32_t target = addr + 4 + (uint32_t)insn.target;
		if (insn.kind == FL_THUMB_BRANCH && target > low && target <= high)
			return true;
		if (insn.kind == FL_THUMB_TABLE_BRANCH)
			return true;
	}
	return false;
}

bool fl_code_breaks_line(const struct fl_thumb *insn)
{
	switch (insn->kind) {
	case FL_THUMB_BRANCH:
		return !insn->conditional;
	case FL_THUMB_BRANCH_REG:
	case FL_THUMB_LOAD_PC:
	case FL_THUMB_TABLE_BRANCH:
	case FL_THUMB_UDF:
		return true;
	default:
		return false;
	}
}

/*
 * Registers that hold the first argument once the code before the walk's end has run. Copies count
 * only in the straight line from the entry, overwriting counts everywhere.
 */
static uint16_t holders(const struct fl_code_walk *walk)
{
	uint16_t set = 1u << FL_R0;
	bool straight = true;
	for (size_t i = walk->count; i-- > 0;) {
		const struct fl_thumb *insn = &walk->lines[i].insn;
		straight &= insn->kind != FL_THUMB_BRANCH && insn->kind != FL_THUMB_IT &&
			    !fl_code_breaks_line(insn);
		bool copy = straight && insn->kind == FL_THUMB_MOVE_REG && set >> insn->rm & 1;
		set &= (uint16_t)~insn->writes;
		if (copy)
			set |= (uint16_t)(1u << insn->rd);
	}
	return set;
}

bool fl_code_first_argument(const struct fl_inquiry *q, const struct fl_frame *frame, uint32_t *ret)
{
	struct fl_code_walk walk;
	if (frame->inlined || !frame->pc_known || !frame->function_known ||
	    !fl_code_walk(q, frame->function_addr, frame->pc, &walk) || !walk.whole)
		return false;
	uint16_t set = holders(&walk);
	for (unsigned reg = FL_R0; reg <= FL_R12; reg++)
		if (set >> reg & 1 && fl_reg_get(&frame->regs, (enum fl_register)reg, ret))
			return true;
	return false;
}
