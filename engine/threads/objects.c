/* SPDX-License-Identifier: Apache-2.0 */
/* Data symbols in captured memory. There are thousands, of which few were captured. */
#include "threads/kernel.h"

static bool next_span(const struct fl_kernel_scan *scan, struct fl_object_walk *walk)
{
	if (walk->span < scan->in->memory->count)
		return true;
	*walk = (struct fl_object_walk){ .module = walk->module + 1 };
	return false;
}

bool fl_scan_next_objects(const struct fl_kernel_scan *scan, struct fl_object_walk *walk,
			  struct fl_captured_objects *ret)
{
	while (walk->module < scan->symbols.count) {
		if (!next_span(scan, walk))
			continue;
		const struct fl_span *span = &scan->in->memory->spans[walk->span++];
		struct fl_object_run run = fl_module_objects(scan->symbols.modules[walk->module],
							     walk->next, span->addr, span->size);
		walk->next = run.end;
		if (!run.count)
			continue;
		*ret = (struct fl_captured_objects){ run.places, run.count, span };
		return true;
	}
	return false;
}
