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
	size_t room = (kernel ? FL_LIMIT_THREADS : 0) + FL_LIMIT_CONTEXTS;
	*ret = (struct fl_threads){ .items = fl_arena_array(arena, room, sizeof(*ret->items)) };
	if (!ret->items)
		return FL_ENOMEM;
	if (kernel) {
		ret->kernel.name = kernel->name;
		kernel->find(&scan);
	}
	fl_threads_hand_out(&scan);
	return scan.failed ? FL_ENOMEM : FL_OK;
}
