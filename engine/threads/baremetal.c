/* SPDX-License-Identifier: Apache-2.0 */
#include "threads/kernel.h"

/* Names that linker scripts in the field give to the ends of the main stack. */
static const char *const top_symbols[] = {
	"__StackTop", "_estack", "__stack_top", "__stack", "__initial_sp", "_stack_top",
};
static const char *const limit_symbols[] = {
	"__StackLimit", "__stack_limit", "_sstack", "__stack_bottom", "_stack_bottom",
};

static bool first_symbol(const struct fl_symbol_view *symbols, const char *const *names,
			 size_t count, uint32_t *addr_ret)
{
	for (size_t i = 0; i < count; i++) {
		struct fl_symbol_info info;
		if (!fl_view_symbol(symbols, names[i], &info))
			continue;
		*addr_ret = info.addr;
		return true;
	}
	return false;
}

static void find_bounds(const struct fl_symbol_view *symbols, uint32_t sp, struct fl_thread *thread)
{
	uint32_t top;
	uint32_t limit;
	if (!first_symbol(symbols, top_symbols, sizeof(top_symbols) / sizeof(top_symbols[0]), &top))
		return;
	if (!first_symbol(symbols, limit_symbols, sizeof(limit_symbols) / sizeof(limit_symbols[0]),
			  &limit))
		return;
	/* Another stack's pointer says nothing about this one. */
	if (limit >= top || sp > top || (sp < limit && limit - sp > top - limit))
		return;
	fl_thread_set_stack(thread, limit, top);
	fl_thread_set_used(thread, sp);
}

void fl_thread_bare(const struct fl_symbol_view *symbols, const struct fl_registers *regs,
		    struct fl_thread *ret)
{
	*ret = (struct fl_thread){
		.state = FL_THREAD_RUNNING,
		.current = true,
		.crashed = true,
		.context = FL_CONTEXT_BLOCK,
		.regs = *regs,
		.stop_text = "",
	};
	uint32_t sp;
	if (fl_reg_get(regs, FL_SP, &sp))
		find_bounds(symbols, sp, ret);
}
