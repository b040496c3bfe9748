/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware calls an object. */
#include "threads/kernel.h"

#include "model/kernel_types.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	READS_MAX = 1 << 20, /* variables may overlap */
	STRUCT_MAX = 256,    /* larger ones are buffers */
	SAME_MAX = 64,       /* words with one value that are looked at */
	NAME_MAX_SIZE = 255
};

/* Without the number that compilers put behind the name of a function's static variable: the next
 * build has another. */
static size_t plain_length(const char *name)
{
	size_t length = strlen(name);
	size_t digits = length;
	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits > 1 && digits < length && name[digits - 1] == '.')
		length = digits - 1;
	return length < NAME_MAX_SIZE ? length : NAME_MAX_SIZE;
}

const char *fl_scan_object_name(struct fl_kernel_scan *scan, uint32_t addr)
{
	struct fl_symbol_info object;
	if (!fl_view_object_at(&scan->symbols, addr, &object))
		return NULL;
	size_t length = plain_length(object.name);
	if (addr == object.addr)
		return fl_scan_copy(scan, object.name, length);
	return fl_scan_text(scan, "%.*s+0x%" PRIx32, (int)length, object.name, addr - object.addr);
}

/* --- words that hold its address --- */

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

static void
take_word(const struct fl_kernel_scan *scan, struct fl_handle *handle, uint32_t addr, bool whole)
{
	struct fl_symbol_info object;
	if (handle->found == FL_HANDLE_WHOLE)
		return;
	if (!whole && handle->seen++ >= SAME_MAX) {
		handle->found = FL_HANDLE_AMBIGUOUS;
		return;
	}
	if (!fl_view_object_at(&scan->symbols, addr, &object) ||
	    (!whole && is_of_the_kernel(scan, &object)))
		return;
	if (whole)
		handle->found = FL_HANDLE_WHOLE;
	else if (handle->found == FL_HANDLE_NONE)
		handle->found = FL_HANDLE_INSIDE;
	else if (handle->addr != addr)
		handle->found = FL_HANDLE_AMBIGUOUS;
	handle->addr = addr;
}

static int by_object(const void *a, const void *b)
{
	uint32_t x = ((const struct fl_handle *)a)->object;
	uint32_t y = ((const struct fl_handle *)b)->object;
	return (x > y) - (x < y);
}

static struct fl_handle *handle_of(const struct fl_kernel_scan *scan, uint32_t object)
{
	const struct fl_handle key = { .object = object };
	return bsearch(&key, scan->handles, scan->handle_count, sizeof(key), by_object);
}

/* A look for the handles of all objects. */
struct search {
	const struct fl_kernel_scan *scan;
	struct fl_word_range range; /* of the objects */
	uint32_t reads;             /* variables may overlap */
};

static void try_word(const struct search *s, uint32_t word, uint32_t addr, bool whole)
{
	struct fl_handle *handle = word % 4 ? NULL : handle_of(s->scan, word);
	if (handle)
		take_word(s->scan, handle, addr, whole);
}

static void try_object(struct search *s, const struct fl_object_place *place, const uint8_t *bytes)
{
	bool whole = place->size == 4;
	uint32_t first = -place->addr % 4;
	s->reads += whole ? 0 : place->size / 4;
	if (s->reads > READS_MAX)
		return;
	for (uint32_t off = first; off + 4 <= place->size; off += 4) {
		uint32_t word;
		if (bytes)
			word = fl_word(bytes + off);
		else if (!fl_memory_u32(s->scan->in->memory, place->addr + off, &word))
			continue;
		if (fl_word_range_has(&s->range, word))
			try_word(s, word, place->addr + off, whole);
	}
}

/* What threads wait for and no symbol names. */
static bool want_objects(struct search *s, struct fl_kernel_scan *scan)
{
	const struct fl_threads *threads = scan->out;
	scan->handles = fl_arena_array(scan->arena, threads->count, sizeof(*scan->handles));
	if (!scan->handles)
		return false;
	for (size_t i = 0; i < threads->count; i++) {
		const struct fl_wait *wait = &threads->items[i].wait;
		struct fl_symbol_info object;
		if (!wait->has_object || wait->object % 4 ||
		    (fl_view_object_at(&scan->symbols, wait->object, &object) &&
		     object.addr == wait->object))
			continue;
		scan->handles[scan->handle_count++].object = wait->object;
		fl_word_range_add(&s->range, wait->object);
	}
	return true;
}

/* Several threads may wait for one. */
static void sort_handles(struct fl_kernel_scan *scan)
{
	struct fl_handle *handles = scan->handles;
	size_t count = 0;
	qsort(handles, scan->handle_count, sizeof(*handles), by_object);
	for (size_t i = 0; i < scan->handle_count; i++)
		if (!count || handles[count - 1].object != handles[i].object)
			handles[count++] = handles[i];
	scan->handle_count = count;
}

static void find_handles(struct fl_kernel_scan *scan)
{
	struct search s = { .scan = scan };
	struct fl_object_walk walk = { 0 };
	struct fl_captured_objects objects;
	scan->has_handles = true;
	if (!want_objects(&s, scan)) {
		scan->failed = true;
		return;
	}
	sort_handles(scan);
	while (s.range.any && fl_scan_next_objects(scan, &walk, &objects))
		for (uint32_t i = 0; i < objects.count; i++) {
			const struct fl_object_place *place = &objects.places[i];
			if (place->size <= STRUCT_MAX)
				try_object(&s, place, fl_captured_bytes(&objects, place));
		}
}

/* The word that names the object at [addr]. */
static bool find_handle(struct fl_kernel_scan *scan, uint32_t addr, uint32_t *ret)
{
	if (!scan->has_handles)
		find_handles(scan);
	const struct fl_handle *handle = handle_of(scan, addr);
	if (!handle || (handle->found != FL_HANDLE_INSIDE && handle->found != FL_HANDLE_WHOLE))
		return false;
	*ret = handle->addr;
	return true;
}

const char *fl_scan_handle_name(struct fl_kernel_scan *scan, uint32_t addr)
{
	struct fl_symbol_info object;
	uint32_t word;
	if (fl_view_object_at(&scan->symbols, addr, &object) && object.addr == addr)
		return fl_scan_copy(scan, object.name, plain_length(object.name));
	if (!find_handle(scan, addr, &word) || !fl_view_object_at(&scan->symbols, word, &object))
		return NULL;
	size_t length = plain_length(object.name);
	if (object.size == 4)
		return fl_scan_copy(scan, object.name, length);
	return fl_scan_text(scan, "%.*s+0x%" PRIx32, (int)length, object.name, word - object.addr);
}
