/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/methods.h"

#include "unwind/cfi.h"
#include "unwind/check.h"
#include "unwind/exidx.h"
#include "unwind/leaf.h"
#include "unwind/process_stack.h"
#include "unwind/prologue.h"

static void by_cfi(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_step *ret)
{
	struct fl_pc_facts room;
	struct fl_unwind_rule rule;
	if (fl_pc_unwind_rule(fl_view_pc(in->symbols, c->lookup_pc, &room), &rule))
		fl_cfi_step(&rule, in->memory, c, ret);
}

static void
by_exidx(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_step *ret)
{
	const struct fl_module *module = fl_view_module_at(in->symbols, c->lookup_pc);
	struct fl_exidx_entry entry;
	if (module && fl_module_exidx(module, c->lookup_pc, &entry) && !entry.cantunwind)
		fl_exidx_step(entry.opcodes, entry.opcode_count, in->memory, c, ret);
}

static void
by_prologue(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_step *ret)
{
	struct fl_function_info function;
	if (fl_function_at(in->symbols, c->lookup_pc, &function))
		fl_prologue_step(in->memory, function.addr, c, ret);
}

static void
by_prologue_edge(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_step *ret)
{
	struct fl_function_info function;
	if (fl_function_at(in->symbols, c->lookup_pc, &function))
		fl_prologue_edge_step(in->memory, function.addr, c, ret);
}

static void
by_epilogue(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_step *ret)
{
	struct fl_function_info function = { 0 };
	(void)fl_function_at(in->symbols, c->lookup_pc, &function);
	fl_epilogue_step(in->memory, function.addr, function.end, c, ret);
}

static void
by_leaf(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_step *ret)
{
	(void)in;
	fl_leaf_step(c, ret);
}

typedef void (*method_fn)(const struct fl_unwind_input *in, const struct fl_cursor *c,
			  struct fl_step *ret);

enum { METHODS = 6 };

/* EHABI tables describe the body only: where execution may stand anywhere, the code itself comes
 * first. */
static const method_fn exact_methods[METHODS] = {
	by_cfi, by_epilogue, by_prologue_edge, by_exidx, by_prologue, by_leaf,
};
static const method_fn caller_methods[METHODS] = {
	by_cfi,
	by_exidx,
	by_prologue,
	by_epilogue,
};

/* The step is in the hop already. */
static void judge(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_hop *hop)
{
	const struct fl_step *step = &hop->step;
	hop->kind = FL_HOP_NONE;
	hop->stop = FL_STOP_NO_METHOD;
	hop->stop_addr = 0;
	switch (step->status) {
	case FL_STEP_NONE:
		return;
	case FL_STEP_MISSING:
		if (step->cfa_known && fl_process_stack_ends_below(in, c, step->cfa)) {
			hop->stop = FL_STOP_STACK_END;
			hop->stop_addr = step->cfa;
			return;
		}
		hop->kind = FL_HOP_END;
		hop->stop = FL_STOP_NOT_CAPTURED;
		hop->stop_addr = step->missing_addr;
		return;
	case FL_STEP_OUTERMOST:
		hop->kind = FL_HOP_END;
		hop->stop = FL_STOP_UNDEFINED;
		return;
	case FL_STEP_FOUND:
		break;
	}
	hop->stop_addr = step->return_addr;
	switch (fl_judge(in, c, step, &hop->stop)) {
	case FL_VERDICT_CALLER:
		hop->kind = FL_HOP_CALLER;
		hop->stop = FL_STOP_NONE;
		break;
	case FL_VERDICT_EXCEPTION:
		hop->kind = FL_HOP_EXCEPTION;
		hop->stop = FL_STOP_NONE;
		break;
	case FL_VERDICT_END:
		hop->kind = FL_HOP_END;
		break;
	case FL_VERDICT_BAD:
		if (hop->stop == FL_STOP_STACK_END)
			hop->stop_addr = step->regs.value[FL_SP];
		break;
	}
}

struct fl_hop fl_judge_step(const struct fl_unwind_input *in, const struct fl_cursor *c,
			    const struct fl_step *step)
{
	struct fl_hop hop;
	hop.step = *step;
	judge(in, c, &hop);
	return hop;
}

/* A return address that lies on the stack, however bad, rules out that it is still in LR. */
void fl_ask_methods(const struct fl_unwind_input *in, const struct fl_cursor *c, struct fl_hop *ret)
{
	const method_fn *methods = c->exact ? exact_methods : caller_methods;
	struct fl_hop refused;
	refused.kind = FL_HOP_NONE;
	refused.stop = FL_STOP_NO_METHOD;
	refused.stop_addr = 0;
	fl_step_begin(&refused.step, FL_TRUST_SCAN);
	for (int i = 0; i < METHODS && methods[i]; i++) {
		fl_step_begin(&ret->step, FL_TRUST_SCAN);
		methods[i](in, c, &ret->step);
		if (refused.stop != FL_STOP_NO_METHOD && ret->step.from_lr)
			continue;
		judge(in, c, ret);
		if (ret->kind != FL_HOP_NONE)
			return;
		if (refused.stop == FL_STOP_NO_METHOD && ret->stop != FL_STOP_NO_METHOD &&
		    !ret->step.from_lr)
			refused = *ret;
		else if (ret->step.cfa_known && !refused.step.cfa_known)
			refused.step = ret->step;
	}
	*ret = refused;
}

void fl_follow_stack(struct fl_cursor *c)
{
	uint32_t sp;
	if (fl_reg_get(&c->regs, FL_SP, &sp))
		fl_reg_set(&c->regs, c->on_psp ? FL_PSP : FL_MSP, sp);
}

/* What is being handled, and on which stack, stays the same. */
void fl_go_to_caller(struct fl_cursor *c, const struct fl_step *step)
{
	c->regs = step->regs;
	c->pc = step->return_addr & ~UINT32_C(1);
	c->lookup_pc = step->exact ? c->pc : c->pc - 1;
	c->exact = step->exact;
	fl_reg_set(&c->regs, FL_PC, c->pc);
	fl_follow_stack(c);
}

struct fl_cursor fl_caller_of(const struct fl_cursor *c, const struct fl_step *step)
{
	struct fl_cursor caller = *c;
	fl_go_to_caller(&caller, step);
	return caller;
}
