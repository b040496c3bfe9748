/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware calls an object. */
#include "threads/kernel.h"

#include "model/kernel_types.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	HANDLES_MAX = 1 << 16, /* that are kept */
	READS_MAX = 1 << 20,   /* variables may overlap */
	STRUCT_MAX = 256,      /* larger ones are buffers */
	SAME_MAX = 64          /* words with one value that are looked at */
};

/* Without the number that compilers put behind the name of a function's static variable: the next
 * build has another. */
static int plain_length(const char *name)
{
	size_t length = strlen(name);
	size_t digits = length;
	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	return (int)(digits > 1 && digits < length && name[digits - 1] == '.' ? digits - 1
									      : length);
}

const char *fl_scan_object_name(struct fl_kernel_scan *scan, uint32_t addr)
{
	struct fl_symbol_info object;
	if (!fl_view_object_at(&scan->symbols, addr, &object))
		return NULL;
	int length = plain_length(object.name);
	if (addr == object.addr)
		return fl_scan_text(scan, "%.*s", length, object.name);
	return fl_scan_text(scan, "%.*s+0x%" PRIx32, length, object.name, addr - object.addr);
}

/* --- words that hold its address --- */

struct gatherer {
	const struct fl_kernel_scan *scan;
	struct fl_handle *handles; /* NULL: count only */
	size_t count;
	uint32_t rank, reads;
	bool whole;
};

static void gather_words(struct gatherer *g, const struct fl_symbol_info *object)
{
	g->rank++;
	for (uint32_t off = -object->addr % 4; off + 4 <= object->size; off += 4) {
		uint32_t value;
		if (g->reads++ >= READS_MAX || g->count >= HANDLES_MAX)
			return;
		if (!fl_memory_u32(g->scan->in->memory, object->addr + off, &value) || !value ||
		    value % 4)
			continue;
		if (g->handles)
			g->handles[g->count] = (struct fl_handle){ .value = value,
								   .addr = object->addr + off,
								   .whole = g->whole,
								   .rank = g->rank };
		g->count++;
	}
}

/* Variables that are nothing but a handle come first: the others may not fit. */
static void gather(struct gatherer *g)
{
	for (int whole = 1; whole >= 0; whole--) {
		struct fl_object_cursor cursor = { 0 };
		struct fl_symbol_info object;
		g->whole = whole;
		g->reads = 0;
		while (g->count < HANDLES_MAX && g->reads < READS_MAX &&
		       fl_view_next_object(&g->scan->symbols, &cursor, &object))
			if ((object.size == 4) == g->whole && object.size <= STRUCT_MAX)
				gather_words(g, &object);
	}
}

static int by_value(const void *a, const void *b)
{
	const struct fl_handle *x = a;
	const struct fl_handle *y = b;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	if (x->whole != y->whole)
		return x->whole ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

static void find_handles(struct fl_kernel_scan *scan)
{
	struct gatherer g = { .scan = scan };
	scan->has_handles = true;
	gather(&g);
	struct fl_handle *handles = fl_arena_array(scan->arena, g.count, sizeof(*handles));
	if (!handles) {
		scan->failed = scan->failed || g.count;
		return;
	}
	g = (struct gatherer){ .scan = scan, .handles = handles };
	gather(&g);
	qsort(handles, g.count, sizeof(*handles), by_value);
	scan->handles = handles;
	scan->handle_count = g.count;
}

/* The first that holds [value], or the end. */
static size_t first_handle(const struct fl_kernel_scan *scan, uint32_t value)
{
	size_t low = 0;
	size_t high = scan->handle_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (scan->handles[middle].value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Stacks hold copies of handles; so do control blocks and what the kernel keeps for itself. */
static bool is_of_the_kernel(const struct fl_kernel_scan *scan, const struct fl_symbol_info *object)
{
	if (fl_kernel_wants_variable(object->name))
		return true;
	for (size_t i = 0; i < scan->out->count; i++) {
		const struct fl_thread *t = &scan->out->items[i];
		if ((t->has_block && t->block - object->addr < object->size) ||
		    (t->stack.start_known && t->stack.start - object->addr < object->size) ||
		    (t->stack.known && object->addr >= t->stack.start &&
		     object->addr < t->stack.end))
			return true;
	}
	return false;
}

/* The handle that gives [addr] its name: of words in structures there must be one only. */
static bool find_handle(struct fl_kernel_scan *scan, uint32_t addr, struct fl_symbol_info *ret,
			uint32_t *off_ret)
{
	uint32_t word = 0;
	size_t seen = 0;
	if (!scan->has_handles)
		find_handles(scan);
	for (size_t i = first_handle(scan, addr); i < scan->handle_count; i++, seen++) {
		const struct fl_handle *handle = &scan->handles[i];
		struct fl_symbol_info object;
		if (handle->value != addr)
			break;
		if (!fl_view_object_at(&scan->symbols, handle->addr, &object) ||
		    (!handle->whole && is_of_the_kernel(scan, &object)))
			continue;
		if ((word && word != handle->addr) || seen >= SAME_MAX)
			return false;
		word = handle->addr;
		*ret = object;
		*off_ret = word - object.addr;
		if (handle->whole)
			break;
	}
	return word;
}

const char *fl_scan_handle_name(struct fl_kernel_scan *scan, uint32_t addr)
{
	struct fl_symbol_info object;
	uint32_t off;
	if (fl_view_object_at(&scan->symbols, addr, &object) && object.addr == addr)
		return fl_scan_text(scan, "%.*s", plain_length(object.name), object.name);
	if (!find_handle(scan, addr, &object, &off))
		return NULL;
	int length = plain_length(object.name);
	if (object.size == 4)
		return fl_scan_text(scan, "%.*s", length, object.name);
	return fl_scan_text(scan, "%.*s+0x%" PRIx32, length, object.name, off);
}
