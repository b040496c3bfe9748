/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/callers.h"

#include "target/thumb.h"
#include "unwind/check.h"
#include "unwind/methods.h"

enum {
	MAX_CODE = 4 << 20, /* bytes of code looked through */
	MAX_SITES = 64,     /* calls to the function that are tried */
};

struct search {
	const struct fl_unwind_input *in;
	const struct fl_cursor *cursor;
	uint32_t function_addr;
	struct fl_registers regs; /* of any caller */
	uint16_t before;          /* the half-word last seen */
	unsigned sites;
	bool found;
	bool found_named; /* the call above names the caller's function */
	bool ambiguous;
	uint32_t caller_addr; /* function */
	uint32_t return_addr;
};

static struct fl_step site_step(const struct search *s, uint32_t return_addr)
{
	struct fl_step step = { .status = FL_STEP_FOUND, .trust = FL_TRUST_SCAN };
	step.return_addr = return_addr | 1;
	step.regs = s->regs;
	return step;
}

/* Two callers may fit by chance where calls go through pointers; one that is named outdoes them. */
static void accept(struct search *s, uint32_t caller_addr, uint32_t return_addr, bool named)
{
	if (s->found && s->found_named && !named)
		return;
	if (s->found && s->found_named == named) {
		s->ambiguous |= s->caller_addr != caller_addr;
		return;
	}
	s->found = true;
	s->found_named = named;
	s->ambiguous = false;
	s->caller_addr = caller_addr;
	s->return_addr = return_addr;
}

static void try_site(struct search *s, uint32_t return_addr)
{
	struct fl_function_info caller;
	uint32_t target = 0;
	if (s->sites++ >= MAX_SITES || !fl_function_at(s->in->symbols, return_addr - 1, &caller))
		return;
	struct fl_step step = site_step(s, return_addr);
	struct fl_cursor at = fl_caller_of(s->cursor, &step);
	struct fl_hop hop;
	fl_ask_methods(s->in, &at, &hop);
	if (hop.kind == FL_HOP_EXCEPTION)
		accept(s, caller.addr, return_addr, true);
	if (hop.kind != FL_HOP_CALLER)
		return;
	bool named =
		fl_call_before(s->in->memory, hop.step.return_addr, &target) == FL_CALL_DIRECT &&
		target == caller.addr;
	accept(s, caller.addr, return_addr, named);
}

/* The encoding of BL, before it is worth decoding (Arm DDI 0403E A7.7.18 T1). */
static bool may_be_call(uint16_t h1, uint16_t h2)
{
	return (h1 & 0xf800) == 0xf000 && (h2 & 0xd000) == 0xd000;
}

static void look_at(struct search *s, uint32_t addr, uint16_t half)
{
	const uint16_t hw[2] = { s->before, half };
	struct fl_thumb insn;
	s->before = half;
	if (!may_be_call(hw[0], hw[1]) || !fl_thumb_decode(hw, 2, &insn) ||
	    insn.kind != FL_THUMB_CALL)
		return;
	uint32_t return_addr = addr + 2;
	if (return_addr + (uint32_t)insn.target == s->function_addr)
		try_site(s, return_addr);
}

/* All of it is there. */
static void search_range(struct search *s, uint64_t addr, uint64_t end)
{
	uint8_t bytes[512];
	s->before = 0;
	while (addr + 2 <= end) {
		size_t size = end - addr < sizeof(bytes) ? (size_t)(end - addr) : sizeof(bytes);
		if (!fl_memory_read(s->in->memory, (uint32_t)addr, bytes, size, NULL))
			return;
		for (size_t i = 0; i + 2 <= size; i += 2)
			look_at(s, (uint32_t)(addr + i),
				(uint16_t)(bytes[i] | (unsigned)bytes[i + 1] << 8));
		addr += sizeof(bytes);
	}
}

static void search_code(struct search *s, uint32_t addr, uint64_t end)
{
	const struct fl_memory *memory = s->in->memory;
	if (end - addr > MAX_CODE)
		end = (uint64_t)addr + MAX_CODE;
	for (size_t i = 0; i < memory->count; i++) {
		uint64_t from = memory->spans[i].addr;
		uint64_t to = from + memory->spans[i].size;
		if (from < addr)
			from = addr;
		if (to > end)
			to = end;
		if (from < to)
			search_range(s, from + from % 2, to);
	}
}

/* What such a function does not save it may have used: only the stack pointer is sure. */
static struct fl_registers caller_registers(const struct fl_cursor *cursor, uint32_t cfa)
{
	struct fl_registers regs = fl_registers_after_call(&cursor->regs);
	for (int reg = FL_R4; reg <= FL_R11; reg++)
		fl_reg_forget(&regs, (enum fl_register)reg);
	fl_reg_set(&regs, FL_SP, cfa);
	return regs;
}

void fl_callers_step(const struct fl_unwind_input *in, const struct fl_cursor *cursor, uint32_t cfa,
		     struct fl_step *ret)
{
	fl_step_begin(ret, FL_TRUST_SCAN);
	struct fl_function_info function;
	const struct fl_module *module = fl_view_module_at(in->symbols, cursor->lookup_pc);
	if (!module || !fl_module_function(module, cursor->lookup_pc, &function))
		return;
	struct search s = { .in = in, .cursor = cursor, .function_addr = function.addr };
	struct fl_module_info info = fl_module_info(module);
	s.regs = caller_registers(cursor, cfa);
	search_code(&s, info.code_addr & ~UINT32_C(1), info.code_end);
	if (!s.found || s.ambiguous)
		return;
	*ret = site_step(&s, s.return_addr);
	ret->cfa_known = true;
	ret->cfa = cfa;
}
