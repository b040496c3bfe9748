/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel ran. */
#include "threads/kernel.h"
#include "threads/running.h"

static const struct fl_kernel *const kernels[] = {
	&fl_kernel_freertos,
	&fl_kernel_zephyr,
	&fl_kernel_threadx,
	&fl_kernel_rtx5,
};

static const struct fl_kernel *find_kernel(const struct fl_symbol_view *symbols, const char **by)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct fl_variable_info variable;
		for (const char *const *name = kernels[i]->decisive; *name; name++) {
			*by = *name;
			if (fl_view_variable(symbols, *name, &variable))
				return kernels[i];
		}
	}
	return NULL;
}

/* Without names nothing says whether a kernel ran. */
static void say_what_is_missing(const struct fl_symbol_view *symbols, struct fl_findings *findings)
{
	for (size_t i = 0; i < symbols->count; i++) {
		struct fl_module_info info = fl_module_info(symbols->modules[i]);
		if (info.has_symbol_table || info.has_debug_info)
			return;
	}
	if (symbols->count)
		fl_finding_add(
			findings, FL_STAGE_THREADS, FL_WARNING, FL_ENOTFOUND, FL_AT_NONE, 0,
			"the ELF has neither symbols nor debug information: whether a kernel "
			"ran, and its threads, cannot be told");
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
	*ret = (struct fl_threads){ 0 };
	if (kernel) {
		ret->kernel.name = kernel->name;
		kernel->find(&scan);
	} else {
		say_what_is_missing(input->symbols, findings);
	}
	fl_threads_hand_out(&scan);
	return scan.failed ? FL_ENOMEM : FL_OK;
}
