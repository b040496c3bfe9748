/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel ran, and which of its threads crashed. */
#include "threads/kernel.h"

static const struct fl_kernel *const kernels[] = {
	NULL, /* rows: &fl_kernel_<name> */
};

static const struct fl_kernel *find_kernel(const struct fl_symbol_view *symbols, const char **by)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct fl_variable_info variable;
		if (!kernels[i])
			continue;
		for (const char *const *name = kernels[i]->decisive; *name; name++) {
			*by = *name;
			if (fl_view_variable(symbols, *name, &variable))
				return kernels[i];
		}
	}
	return NULL;
}

enum { IPSR = 0x1ff };

/*
 * Thread mode on the main stack: none of the kernel's threads, which run on the process stack, but
 * what came before them.
 */
static bool is_before_threads(const struct fl_registers *regs)
{
	uint32_t xpsr, sp, msp, psp;
	return fl_reg_get(regs, FL_XPSR, &xpsr) && !(xpsr & IPSR) && fl_reg_get(regs, FL_SP, &sp) &&
	       fl_reg_get(regs, FL_MSP, &msp) && fl_reg_get(regs, FL_PSP, &psp) && sp == msp &&
	       sp != psp;
}

static struct fl_thread *running_on(const struct fl_threads *threads, size_t core)
{
	for (size_t i = 0; i < threads->count; i++) {
		struct fl_thread *t = &threads->items[i];
		if (t->current && (t->has_core ? t->core : 0) == core)
			return t;
	}
	return NULL;
}

/* The register blocks are those of the cores, in order. */
static void hand_out_contexts(const struct fl_threads_input *in, struct fl_threads *threads)
{
	const struct fl_kernel_facts *kernel = &threads->kernel;
	for (size_t core = 0; core < in->context_count; core++) {
		struct fl_thread *t = running_on(threads, core);
		if (!t)
			continue;
		if ((kernel->has_running && !kernel->running) ||
		    is_before_threads(&in->contexts[core])) {
			t->current = false;
			continue;
		}
		t->regs = in->contexts[core];
		t->context = FL_CONTEXT_BLOCK;
		t->stop_text = "";
		t->crashed = core == 0;
	}
}

/* The crashed one to the front; the others keep their order. */
static void put_crashed_first(const struct fl_threads_input *in, struct fl_threads *threads)
{
	size_t at = 0;
	while (at < threads->count && !threads->items[at].crashed)
		at++;
	struct fl_thread crashed;
	if (at < threads->count)
		crashed = threads->items[at];
	else if (in->context_count && ++threads->count)
		fl_thread_bare(in->symbols, &in->contexts[0], &crashed);
	else
		return;
	for (; at > 0; at--)
		threads->items[at] = threads->items[at - 1];
	threads->items[0] = crashed;
}

enum fl_code fl_threads_find(const struct fl_threads_input *input, struct fl_findings *findings,
			     struct fl_arena *arena, struct fl_threads *ret)
{
	const char *by = NULL;
	const struct fl_kernel *kernel = find_kernel(input->symbols, &by);
	struct fl_kernel_scan scan = {
		.in = input,
		.symbols = kernel ? fl_view_from(input->symbols, by) : *input->symbols,
		.arena = arena,
		.findings = findings,
		.out = ret,
	};
	size_t room = kernel ? FL_LIMIT_THREADS + 1 : 1;
	*ret = (struct fl_threads){ .items = fl_arena_array(arena, room, sizeof(*ret->items)) };
	if (!ret->items)
		return FL_ENOMEM;
	if (kernel) {
		ret->kernel.name = kernel->name;
		kernel->find(&scan);
	}
	hand_out_contexts(input, ret);
	put_crashed_first(input, ret);
	return scan.failed ? FL_ENOMEM : FL_OK;
}
