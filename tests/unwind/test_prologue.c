/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prologues and epilogues, instruction by instruction. The code is what GNU as 2.40 makes of the
 * lines beside it; each probe says what the stack of such a function holds when execution stands
 * there.
 */
#include "support/cmocka.h"
#include "support/target_memory.h"
#include "unwind/prologue.h"

#include <stdio.h>
#include <string.h>

static const uint16_t code_plain[] = {
	0xb570,         /* 00 push {r4, r5, r6, lr} */
	0xb084,         /* 02 sub sp, #16 */
	0x4604,         /* 04 mov r4, r0 */
	0xf7ff, 0xfffe, /* 06 bl plain */
	0xb004,         /* 0a add sp, #16 */
	0xbd70,         /* 0c pop {r4, r5, r6, pc} */
};
static const uint16_t code_wide[] = {
	0xe92d, 0x47f0, /* 00 stmdb sp!, {r4, r5, r6, r7, r8, r9, sl, lr} */
	0xf5ad, 0x6d80, /* 04 sub.w sp, sp, #1024 */
	0xf2ad, 0x0d04, /* 08 subw sp, sp, #4 */
	0x4604,         /* 0c mov r4, r0 */
	0xf20d, 0x0d04, /* 0e addw sp, sp, #4 */
	0xf50d, 0x6d80, /* 12 add.w sp, sp, #1024 */
	0xe8bd, 0x87f0, /* 16 ldmia.w sp!, {r4, r5, r6, r7, r8, r9, sl, pc} */
};
static const uint16_t code_single[] = {
	0xf84d, 0xed04, /* 00 str.w lr, [sp, #-4]! */
	0xb083,         /* 04 sub sp, #12 */
	0x2001,         /* 06 movs r0, #1 */
	0xb003,         /* 08 add sp, #12 */
	0xf85d, 0xfb04, /* 0a ldr.w pc, [sp], #4 */
};
static const uint16_t code_padded[] = {
	0xf84d, 0xed08, /* 00 str.w lr, [sp, #-8]! */
	0x2001,         /* 04 movs r0, #1 */
	0xf85d, 0xfb08, /* 06 ldr.w pc, [sp], #8 */
};
static const uint16_t code_framed[] = {
	0xb580, /* 00 push {r7, lr} */
	0xb082, /* 02 sub sp, #8 */
	0xaf00, /* 04 add r7, sp, #0 */
	0x6078, /* 06 str r0, [r7, #4] */
	0x3708, /* 08 adds r7, #8 */
	0x46bd, /* 0a mov sp, r7 */
	0xbd80, /* 0c pop {r7, pc} */
};
static const uint16_t code_alloca[] = {
	0xb590,         /* 00 push {r4, r7, lr} */
	0xb083,         /* 02 sub sp, #12 */
	0xaf00,         /* 04 add r7, sp, #0 */
	0xebad, 0x0d00, /* 06 sub.w sp, sp, r0 */
	0x466c,         /* 0a mov r4, sp */
	0x370c,         /* 0c adds r7, #12 */
	0x46bd,         /* 0e mov sp, r7 */
	0xbd90,         /* 10 pop {r4, r7, pc} */
};
static const uint16_t code_clang[] = {
	0xb5f0,         /* 00 push {r4, r5, r6, r7, lr} */
	0xaf03,         /* 02 add r7, sp, #12 */
	0xf84d, 0x8d04, /* 04 str.w r8, [sp, #-4]! */
	0xb086,         /* 08 sub sp, #24 */
	0x4605,         /* 0a mov r5, r0 */
	0xb006,         /* 0c add sp, #24 */
	0xf85d, 0x8b04, /* 0e ldr.w r8, [sp], #4 */
	0xbdf0,         /* 12 pop {r4, r5, r6, r7, pc} */
};
static const uint16_t code_floats[] = {
	0xb510,         /* 00 push {r4, lr} */
	0xed2d, 0x8b04, /* 02 vpush {d8-d9} */
	0xb082,         /* 06 sub sp, #8 */
	0xee08, 0x0a10, /* 08 vmov s16, r0 */
	0xb002,         /* 0c add sp, #8 */
	0xecbd, 0x8b04, /* 0e vpop {d8-d9} */
	0xbd10,         /* 12 pop {r4, pc} */
};
static const uint16_t code_varargs[] = {
	0xb40f,         /* 00 push {r0, r1, r2, r3} */
	0xb510,         /* 02 push {r4, lr} */
	0xb082,         /* 04 sub sp, #8 */
	0x4604,         /* 06 mov r4, r0 */
	0xb002,         /* 08 add sp, #8 */
	0xe8bd, 0x4010, /* 0a ldmia.w sp!, {r4, lr} */
	0xb004,         /* 0e add sp, #16 */
	0x4770,         /* 10 bx lr */
};
static const uint16_t code_shrink[] = {
	0xb120,         /* 00 cbz r0, b4 shrink+0xc */
	0xb510,         /* 02 push {r4, lr} */
	0x4604,         /* 04 mov r4, r0 */
	0xf7ff, 0xfffe, /* 06 bl plain */
	0xbd10,         /* 0a pop {r4, pc} */
	0x2001,         /* 0c movs r0, #1 */
	0x4770,         /* 0e bx lr */
};
static const uint16_t code_doubles[] = {
	0xe96d, 0x4504, /* 00 strd r4, r5, [sp, #-16]! */
	0xe9cd, 0x6e02, /* 04 strd r6, lr, [sp, #8] */
	0x2000,         /* 08 movs r0, #0 */
	0xe9dd, 0x4500, /* 0a ldrd r4, r5, [sp] */
	0xe9dd, 0x6e02, /* 0e ldrd r6, lr, [sp, #8] */
	0xb004,         /* 12 add sp, #16 */
	0x4770,         /* 14 bx lr */
};
static const uint16_t code_movw[] = {
	0xb510,         /* 00 push {r4, lr} */
	0xf241, 0x3c88, /* 02 movw ip, #5000 */
	0xebad, 0x0d0c, /* 06 sub.w sp, sp, ip */
	0x4604,         /* 0a mov r4, r0 */
};
static const uint16_t code_leaf[] = {
	0x1840, /* 00 adds r0, r0, r1 */
	0x4348, /* 02 muls r0, r1 */
	0x4770, /* 04 bx lr */
};
static const uint16_t code_leafsp[] = {
	0xb082, /* 00 sub sp, #8 */
	0x9001, /* 02 str r0, [sp, #4] */
	0x9800, /* 04 ldr r0, [sp, #0] */
	0xb002, /* 06 add sp, #8 */
	0x4770, /* 08 bx lr */
};
static const uint16_t code_tail[] = {
	0xb510,         /* 00 push {r4, lr} */
	0x4604,         /* 02 mov r4, r0 */
	0xe8bd, 0x4010, /* 04 ldmia.w sp!, {r4, lr} */
	0xf7ff, 0xbf82, /* 08 b.w plain */
};
static const uint16_t code_condret[] = {
	0xb510,         /* 00 push {r4, lr} */
	0x2800,         /* 02 cmp r0, #0 */
	0xbf08,         /* 04 it eq */
	0xbd10,         /* 06 popeq {r4, pc} */
	0x4604,         /* 08 mov r4, r0 */
	0xf7ff, 0xfffe, /* 0a bl plain */
	0xbd10,         /* 0e pop {r4, pc} */
};
static const uint16_t code_m0high[] = {
	0xb5f0, /* 00 push {r4, r5, r6, r7, lr} */
	0x464f, /* 02 mov r7, r9 */
	0x4646, /* 04 mov r6, r8 */
	0xb4c0, /* 06 push {r6, r7} */
	0xb083, /* 08 sub sp, #12 */
	0x2001, /* 0a movs r0, #1 */
	0xb003, /* 0c add sp, #12 */
	0xbc0c, /* 0e pop {r2, r3} */
	0x4690, /* 10 mov r8, r2 */
	0x4699, /* 12 mov r9, r3 */
	0xbdf0, /* 14 pop {r4, r5, r6, r7, pc} */
};
static const uint16_t code_m0large[] = {
	0xb510,         /* 00 push {r4, lr} */
	0x4c03,         /* 02 ldr r4, [pc, #12] */
	0x44a5,         /* 04 add sp, r4 */
	0x2001,         /* 06 movs r0, #1 */
	0x2382,         /* 08 movs r3, #130 */
	0x00db,         /* 0a lsls r3, r3, #3 */
	0x449d,         /* 0c add sp, r3 */
	0xbd10,         /* 0e pop {r4, pc} */
	0xfbf0, 0xffff, /* 10 .word -1040 */
};
static const uint16_t code_m0varargs[] = {
	0xb40f, /* 00 push {r0, r1, r2, r3} */
	0xb510, /* 02 push {r4, lr} */
	0x2001, /* 04 movs r0, #1 */
	0xbc10, /* 06 pop {r4} */
	0xbc08, /* 08 pop {r3} */
	0xb004, /* 0a add sp, #16 */
	0x4718, /* 0c bx r3 */
};

enum { CODE_ADDR = 0x08001000, STACK_BOTTOM = 0x20000000, STACK_WORDS = 1536, CFA = 0x20001700 };
static const uint32_t return_addr = 0x08002345;

enum { PROLOGUE = 1, EPILOGUE = 2, EDGE = 4 };

#define CODE(code) #code, code, sizeof(code) / 2

static const struct probe {
	const char *name;
	const uint16_t *code;
	size_t count;
	uint32_t pc_off;
	uint32_t depth;    /* CFA - SP */
	const char *saved; /* "r4-8": saved at CFA - 8; "fp7-16": r7 is CFA - 16 */
	unsigned methods;  /* which must find the caller */
} probes[] = {
	{ CODE(code_plain), 0x00, 0, "", EDGE },
	{ CODE(code_plain), 0x02, 16, "r4-16 r5-12 r6-8 lr-4", PROLOGUE },
	{ CODE(code_plain), 0x04, 32, "r4-16 r5-12 r6-8 lr-4", PROLOGUE },
	{ CODE(code_plain), 0x06, 32, "r4-16 r5-12 r6-8 lr-4", PROLOGUE },
	{ CODE(code_plain), 0x0a, 32, "r4-16 r5-12 r6-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_plain), 0x0c, 16, "r4-16 r5-12 r6-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_wide), 0x04, 32, "r4-32 r5-28 r6-24 r7-20 r8-16 r9-12 r10-8 lr-4", PROLOGUE },
	{ CODE(code_wide), 0x0c, 1060, "r4-32 r5-28 r6-24 r7-20 r8-16 r9-12 r10-8 lr-4",
	  PROLOGUE | EPILOGUE },
	{ CODE(code_wide), 0x16, 32, "r4-32 r5-28 r6-24 r7-20 r8-16 r9-12 r10-8 lr-4",
	  PROLOGUE | EPILOGUE },
	{ CODE(code_single), 0x04, 4, "lr-4", PROLOGUE },
	{ CODE(code_single), 0x06, 16, "lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_single), 0x0a, 4, "lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_padded), 0x04, 8, "lr-8", PROLOGUE | EPILOGUE },
	{ CODE(code_padded), 0x06, 8, "lr-8", PROLOGUE | EPILOGUE },
	{ CODE(code_framed), 0x02, 8, "r7-8 lr-4", PROLOGUE },
	{ CODE(code_framed), 0x06, 16, "r7-8 lr-4 fp7-16", PROLOGUE | EPILOGUE },
	{ CODE(code_framed), 0x08, 16, "r7-8 lr-4 fp7-16", PROLOGUE | EPILOGUE },
	{ CODE(code_framed), 0x0a, 16, "r7-8 lr-4 fp7-8", PROLOGUE | EPILOGUE },
	{ CODE(code_framed), 0x0c, 8, "r7-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_alloca), 0x06, 24, "r4-12 r7-8 lr-4 fp7-24", PROLOGUE },
	{ CODE(code_alloca), 0x0c, 56, "r4-12 r7-8 lr-4 fp7-24", PROLOGUE | EPILOGUE },
	{ CODE(code_alloca), 0x0e, 56, "r4-12 r7-8 lr-4 fp7-12", PROLOGUE | EPILOGUE },
	{ CODE(code_alloca), 0x10, 12, "r4-12 r7-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_clang), 0x04, 20, "r4-20 r5-16 r6-12 r7-8 lr-4 fp7-8", PROLOGUE },
	{ CODE(code_clang), 0x0a, 48, "r4-20 r5-16 r6-12 r7-8 lr-4 r8-24 fp7-8",
	  PROLOGUE | EPILOGUE },
	{ CODE(code_clang), 0x0e, 24, "r4-20 r5-16 r6-12 r7-8 lr-4 r8-24 fp7-8",
	  PROLOGUE | EPILOGUE },
	{ CODE(code_clang), 0x12, 20, "r4-20 r5-16 r6-12 r7-8 lr-4 fp7-8", PROLOGUE | EPILOGUE },
	{ CODE(code_floats), 0x06, 24, "r4-8 lr-4", PROLOGUE },
	{ CODE(code_floats), 0x08, 32, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_floats), 0x0e, 24, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_floats), 0x12, 8, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_varargs), 0x02, 16, "", PROLOGUE },
	{ CODE(code_varargs), 0x04, 24, "r4-24 lr-20", PROLOGUE },
	{ CODE(code_varargs), 0x06, 32, "r4-24 lr-20", PROLOGUE | EPILOGUE },
	{ CODE(code_varargs), 0x0a, 24, "r4-24 lr-20", PROLOGUE | EPILOGUE },
	{ CODE(code_varargs), 0x0e, 16, "", EPILOGUE },
	{ CODE(code_shrink), 0x00, 0, "", EDGE },
	{ CODE(code_shrink), 0x02, 0, "", EDGE },
	{ CODE(code_shrink), 0x04, 8, "r4-8 lr-4", PROLOGUE },
	{ CODE(code_shrink), 0x0a, 8, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_shrink), 0x0c, 0, "", EPILOGUE },
	{ CODE(code_shrink), 0x0e, 0, "", EPILOGUE },
	{ CODE(code_doubles), 0x04, 16, "r4-16 r5-12", PROLOGUE },
	{ CODE(code_doubles), 0x08, 16, "r4-16 r5-12 r6-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_doubles), 0x0a, 16, "r4-16 r5-12 r6-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_movw), 0x0a, 5008, "r4-8 lr-4", PROLOGUE },
	{ CODE(code_leaf), 0x00, 0, "", EPILOGUE },
	{ CODE(code_leaf), 0x02, 0, "", EPILOGUE },
	{ CODE(code_leaf), 0x04, 0, "", EPILOGUE },
	{ CODE(code_leafsp), 0x02, 8, "", PROLOGUE | EPILOGUE },
	{ CODE(code_leafsp), 0x04, 8, "", PROLOGUE | EPILOGUE },
	{ CODE(code_leafsp), 0x06, 8, "", PROLOGUE | EPILOGUE },
	{ CODE(code_leafsp), 0x08, 0, "", EPILOGUE },
	{ CODE(code_tail), 0x02, 8, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_tail), 0x04, 8, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_tail), 0x08, 0, "", EPILOGUE },
	{ CODE(code_condret), 0x02, 8, "r4-8 lr-4", PROLOGUE },
	{ CODE(code_condret), 0x08, 8, "r4-8 lr-4", PROLOGUE },
	{ CODE(code_condret), 0x0e, 8, "r4-8 lr-4", PROLOGUE | EPILOGUE },
	{ CODE(code_m0high), 0x02, 20, "r4-20 r5-16 r6-12 r7-8 lr-4", PROLOGUE },
	{ CODE(code_m0high), 0x06, 20, "r4-20 r5-16 r6-12 r7-8 lr-4", PROLOGUE },
	{ CODE(code_m0high), 0x08, 28, "r4-20 r5-16 r6-12 r7-8 lr-4 r8-28 r9-24", PROLOGUE },
	{ CODE(code_m0high), 0x0a, 40, "r4-20 r5-16 r6-12 r7-8 lr-4 r8-28 r9-24",
	  PROLOGUE | EPILOGUE },
	{ CODE(code_m0high), 0x0e, 28, "r4-20 r5-16 r6-12 r7-8 lr-4 r8-28 r9-24",
	  PROLOGUE | EPILOGUE },
	{ CODE(code_m0large), 0x06, 1048, "r4-8 lr-4", PROLOGUE },
	{ CODE(code_m0large), 0x0e, 8, "r4-8 lr-4", EPILOGUE },
	{ CODE(code_m0varargs), 0x04, 24, "r4-24 lr-20", PROLOGUE | EPILOGUE },
	{ CODE(code_m0varargs), 0x06, 24, "r4-24 lr-20", PROLOGUE | EPILOGUE },
	{ CODE(code_m0varargs), 0x08, 20, "lr-20", EPILOGUE },
};

static uint32_t value_on_entry(unsigned reg)
{
	return 0xcafe0000 + reg;
}

struct stage {
	struct target_memory memory;
	uint32_t stack[STACK_WORDS];
	struct fl_cursor cursor;
};

static void place(struct stage *stage, unsigned reg, uint32_t below)
{
	uint32_t value = reg == FL_LR ? return_addr : value_on_entry(reg);
	stage->stack[(CFA - below - STACK_BOTTOM) / 4] = value;
	fl_reg_set(&stage->cursor.regs, (enum fl_register)reg, 0xdead0000 + reg); /* reused */
}

static void place_saved(struct stage *stage, const char *saved)
{
	char text[128];
	char *state;
	snprintf(text, sizeof(text), "%s", saved);
	for (char *word = strtok_r(text, " ", &state); word; word = strtok_r(NULL, " ", &state)) {
		unsigned reg = FL_LR;
		unsigned below;
		if (sscanf(word, "fp%u-%u", &reg, &below) == 2)
			fl_reg_set(&stage->cursor.regs, (enum fl_register)reg, CFA - below);
		else if (sscanf(word, "lr-%u", &below) == 1)
			place(stage, FL_LR, below);
		else if (sscanf(word, "r%u-%u", &reg, &below) == 2)
			place(stage, reg, below);
		else
			fail_msg("bad row: %s", saved);
	}
}

static void set_stage(struct stage *stage, const struct probe *probe, bool exact)
{
	*stage = (struct stage){ .cursor = { .exact = exact } };
	struct fl_cursor *c = &stage->cursor;
	for (size_t i = 0; i < STACK_WORDS; i++)
		stage->stack[i] = 0x55550000 + (uint32_t)i;
	for (int reg = 0; reg <= FL_R12; reg++)
		fl_reg_set(&c->regs, (enum fl_register)reg, value_on_entry((unsigned)reg));
	fl_reg_set(&c->regs, FL_LR, return_addr);
	place_saved(stage, probe->saved);
	fl_reg_set(&c->regs, FL_SP, CFA - probe->depth);
	c->pc = CODE_ADDR + probe->pc_off;
	c->lookup_pc = exact ? c->pc : c->pc - 1;
	target_code(&stage->memory, CODE_ADDR, probe->code, probe->count);
	target_words(&stage->memory, STACK_BOTTOM, stage->stack, STACK_WORDS);
}

static void
run(unsigned method, const struct stage *stage, const struct probe *probe, struct fl_step *ret)
{
	const struct fl_memory *memory = &stage->memory.view;
	uint32_t end = CODE_ADDR + 2 * (uint32_t)probe->count;
	if (method == PROLOGUE)
		fl_prologue_step(memory, CODE_ADDR, &stage->cursor, ret);
	else if (method == EDGE)
		fl_prologue_edge_step(memory, CODE_ADDR, &stage->cursor, ret);
	else
		fl_epilogue_step(memory, CODE_ADDR, end, &stage->cursor, ret);
}

static void expect_caller(const struct probe *probe, unsigned method, const struct fl_step *step)
{
	bool ok = step->status == FL_STEP_FOUND && step->cfa_known && step->cfa == CFA &&
		  step->return_addr == return_addr;
	for (unsigned reg = FL_R4; reg <= FL_R11; reg++) {
		uint32_t value = 0;
		ok = ok && fl_reg_get(&step->regs, (enum fl_register)reg, &value) &&
		     value == value_on_entry(reg);
	}
	if (!ok)
		print_error("%s+%02x method %u: status %d cfa %x return %x\n", probe->name,
			    probe->pc_off, method, step->status, step->cfa, step->return_addr);
	assert_true(ok);
	assert_int_equal(step->from_lr, !strstr(probe->saved, "lr-"));
	assert_int_equal(step->regs.value[FL_SP], CFA);
	/* What a call may change has no value in the caller. */
	assert_int_equal(step->regs.known & 0x100f, 0);
	assert_false(fl_reg_known(&step->regs, FL_LR));
}

static void test_every_probe(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		for (unsigned method = PROLOGUE; method <= EDGE; method <<= 1) {
			if (!(probes[i].methods & method))
				continue;
			static struct stage stage;
			struct fl_step step;
			set_stage(&stage, &probes[i], true);
			run(method, &stage, &probes[i], &step);
			expect_caller(&probes[i], method, &step);
			target_memory_free(&stage.memory);
		}
	}
}

/* The frame of a caller: LR and r0..r3 are no longer there, and nothing may depend on them. */
static void test_every_probe_after_a_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		static struct stage stage;
		struct fl_step step;
		unsigned method = probes[i].methods & EPILOGUE ? EPILOGUE : PROLOGUE;
		if (probes[i].methods & EDGE)
			continue;
		set_stage(&stage, &probes[i], false);
		for (int reg = 0; reg < 4; reg++)
			fl_reg_forget(&stage.cursor.regs, (enum fl_register)reg);
		run(method, &stage, &probes[i], &step);
		if (strstr(probes[i].saved, "lr-"))
			expect_caller(&probes[i], method, &step);
		else
			assert_int_equal(step.status, FL_STEP_NONE);
		target_memory_free(&stage.memory);
	}
}

static const struct probe *find_probe(const char *name, uint32_t pc_off)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (!strcmp(probes[i].name, name) && probes[i].pc_off == pc_off)
			return &probes[i];
	fail_msg("no probe %s", name);
	return NULL;
}

/* Nothing was saved yet: that is for the LR rule, except where no unwind table can be right. */
static void test_a_leaf_is_not_for_the_prologue(void **state)
{
	static struct stage stage;
	struct fl_step step;
	(void)state;
	for (uint32_t pc = 0; pc < 6; pc += 2) {
		const struct probe *probe = find_probe("code_leaf", pc);
		set_stage(&stage, probe, true);
		run(PROLOGUE, &stage, probe, &step);
		assert_int_equal(step.status, FL_STEP_NONE);
		run(EDGE, &stage, probe, &step);
		assert_int_equal(step.status, pc ? FL_STEP_NONE : FL_STEP_FOUND);
		assert_int_equal(step.trust, pc ? FL_TRUST_PROLOGUE : FL_TRUST_LR);
		target_memory_free(&stage.memory);
	}
}

/* Both returns of a function with two: what lies behind the first is no longer in its frame. */
static void test_shape_behind_a_return(void **state)
{
	static struct stage stage;
	struct fl_step step;
	const struct probe *probe = find_probe("code_shrink", 0x0c);
	(void)state;
	set_stage(&stage, probe, true);
	run(PROLOGUE, &stage, probe, &step);
	assert_int_equal(step.status, FL_STEP_NONE); /* LR is live there */
	target_memory_free(&stage.memory);
}

static void test_return_slot_not_captured(void **state)
{
	static struct stage stage;
	const struct probe *probe = find_probe("code_plain", 0x0a);
	(void)state;
	for (unsigned method = PROLOGUE; method <= EPILOGUE; method <<= 1) {
		struct fl_step step;
		set_stage(&stage, probe, true);
		stage.memory.spans[1].size = CFA - 4 - STACK_BOTTOM;
		run(method, &stage, probe, &step);
		assert_int_equal(step.status, FL_STEP_MISSING);
		assert_int_equal(step.missing_addr, CFA - 4);
		assert_true(step.cfa_known);
		assert_int_equal(step.cfa, CFA);
		target_memory_free(&stage.memory);
	}
}

/* A register whose slot is missing is unknown, and the caller is found all the same. */
static void test_register_slot_not_captured(void **state)
{
	static struct stage stage;
	struct fl_step step;
	const struct probe *probe = find_probe("code_plain", 0x06);
	(void)state;
	set_stage(&stage, probe, true);
	stage.memory.spans[1].addr = CFA - 12;
	stage.memory.spans[1].bytes += CFA - 12 - STACK_BOTTOM;
	stage.memory.spans[1].size = 64;
	run(PROLOGUE, &stage, probe, &step);
	assert_int_equal(step.status, FL_STEP_FOUND);
	assert_int_equal(step.return_addr, return_addr);
	assert_false(fl_reg_known(&step.regs, FL_R4));
	assert_int_equal(step.regs.value[FL_R5], value_on_entry(5));
	target_memory_free(&stage.memory);
}

/* Without the code, or with another function's data for code, there is no answer and no crash. */
static void test_code_not_captured(void **state)
{
	static struct stage stage;
	struct fl_step step;
	const struct probe *probe = find_probe("code_plain", 0x0a);
	(void)state;
	set_stage(&stage, probe, true);
	stage.memory.view.spans++;
	stage.memory.view.count--;
	for (unsigned method = PROLOGUE; method <= EDGE; method <<= 1) {
		run(method, &stage, probe, &step);
		assert_int_equal(step.status, FL_STEP_NONE);
	}
	stage.memory.view.spans--;
	stage.memory.view.count++;
	target_memory_free(&stage.memory);
}

/* A branch to itself, and a stretch of NOPs longer than what is decoded. */
static void test_code_without_end(void **state)
{
	static const uint16_t loop[] = { 0xe7fe };
	static uint16_t nops[4096];
	static struct stage stage;
	struct fl_step step;
	struct probe probe = { CODE(loop), 0, 0, "", 0 };
	(void)state;
	set_stage(&stage, &probe, true);
	run(EPILOGUE, &stage, &probe, &step);
	assert_int_equal(step.status, FL_STEP_NONE);
	target_memory_free(&stage.memory);

	for (size_t i = 0; i < 4096; i++)
		nops[i] = 0xbf00;
	probe = (struct probe){ CODE(nops), 8000, 0, "", 0 };
	set_stage(&stage, &probe, true);
	for (unsigned method = PROLOGUE; method <= EDGE; method <<= 1) {
		run(method, &stage, &probe, &step);
		assert_int_equal(step.status, FL_STEP_NONE);
	}
	target_memory_free(&stage.memory);
}

/* A variable that is loaded from the stack and called is no return address. */
static void test_tail_call_through_a_variable(void **state)
{
	static const uint16_t code[] = {
		0x9b01, /* 00 ldr r3, [sp, #4] */
		0xb002, /* 02 add sp, #8 */
		0x4718, /* 04 bx r3 */
	};
	static struct stage stage;
	struct fl_step step;
	const struct probe probe = { CODE(code), 0, 8, "lr-4", 0 };
	(void)state;
	set_stage(&stage, &probe, true);
	run(EPILOGUE, &stage, &probe, &step);
	assert_int_equal(step.status, FL_STEP_NONE);
	target_memory_free(&stage.memory);
}

/* Behind the last instruction that is decoded LR may hold anything. */
static void test_lr_is_not_believed_from_afar(void **state)
{
	static uint16_t code[512] = { 0xb082 }; /* sub sp, #8 */
	static struct stage stage;
	struct probe probe = { CODE(code), 40, 8, "", 0 };
	struct fl_step step;
	(void)state;
	for (size_t i = 1; i < 512; i++)
		code[i] = 0xbf00;
	set_stage(&stage, &probe, true);
	run(PROLOGUE, &stage, &probe, &step);
	assert_int_equal(step.status, FL_STEP_FOUND);
	target_memory_free(&stage.memory);
	probe.pc_off = 1000;
	set_stage(&stage, &probe, true);
	run(PROLOGUE, &stage, &probe, &step);
	assert_int_equal(step.status, FL_STEP_NONE);
	assert_int_equal(step.cfa, CFA);
	target_memory_free(&stage.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_probe),
		cmocka_unit_test(test_every_probe_after_a_call),
		cmocka_unit_test(test_a_leaf_is_not_for_the_prologue),
		cmocka_unit_test(test_shape_behind_a_return),
		cmocka_unit_test(test_return_slot_not_captured),
		cmocka_unit_test(test_register_slot_not_captured),
		cmocka_unit_test(test_code_not_captured),
		cmocka_unit_test(test_code_without_end),
		cmocka_unit_test(test_tail_call_through_a_variable),
		cmocka_unit_test(test_lr_is_not_believed_from_afar),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
