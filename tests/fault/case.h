/* SPDX-License-Identifier: Apache-2.0 */
/** @file One crash made by hand: registers, fault registers, a few words of memory, no symbols. */
#ifndef FAULT_CASE_H
#define FAULT_CASE_H

#include "fault/cause.h"
#include "fault/decode.h"
#include "support/cmocka.h"

#include <string.h>

struct fault_case {
	struct fl_arena arena;
	struct fl_memory memory;
	struct fl_registers regs;
	struct fl_reason reason;
	struct fl_fault fault;
	struct fl_thread thread;
	struct fl_cause_input in;
	struct fl_cause cause;
};

static inline void case_begin(struct fault_case *c, enum fl_arch arch, uint32_t reason)
{
	memset(c, 0, sizeof(*c));
	c->reason = fl_reason_decode(reason != UINT32_MAX, reason, NULL, &c->arena);
	c->in = (struct fl_cause_input){
		.arch = arch,
		.reason = &c->reason,
		.fault = &c->fault,
		.regs = &c->regs,
		.memory = &c->memory,
	};
}

/** Half-words or words as captured memory; copied. */
static inline void case_memory(struct fault_case *c, uint32_t addr, const void *bytes, size_t size)
{
	struct fl_span span = {
		.addr = addr,
		.size = (uint32_t)size,
		.bytes = fl_arena_copy(&c->arena, bytes, size),
		.source = FL_SPAN_DUMP,
	};
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, &span, 1), FL_OK);
}

/** SHCSR, CFSR, HFSR, DFSR, MMFAR, BFAR, AFSR */
static inline void
case_fault(struct fault_case *c, uint32_t cfsr, uint32_t hfsr, uint32_t mmfar, uint32_t bfar)
{
	uint32_t words[7] = { 0, cfsr, hfsr, 0, mmfar, bfar, 0 };
	case_memory(c, 0xe000ed24, words, sizeof(words));
}

static inline void case_pc(struct fault_case *c, uint32_t pc, uint16_t h1, uint16_t h2)
{
	uint16_t code[2] = { h1, h2 };
	fl_reg_set(&c->regs, FL_PC, pc);
	fl_reg_set(&c->regs, FL_XPSR, 0x01000000);
	case_memory(c, pc, code, sizeof(code));
}

static inline void case_decide(struct fault_case *c)
{
	fl_fault_decode(&c->memory, c->in.arch, &c->fault);
	assert_int_equal(fl_cause_find(&c->in, &c->arena, &c->cause), FL_OK);
}

static inline bool case_says(const struct fault_case *c, const char *text)
{
	for (size_t i = 0; i < c->cause.evidence_count; i++)
		if (strstr(c->cause.evidence[i], text))
			return true;
	return false;
}

static inline void case_end(struct fault_case *c)
{
	fl_arena_deinit(&c->arena);
}

#endif
