/* SPDX-License-Identifier: Apache-2.0 */
/* The list of threads, and how its makers read memory. */
#include "threads/kernel.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct fl_thread *fl_scan_find(const struct fl_kernel_scan *scan, uint32_t block)
{
	for (size_t i = 0; i < scan->out->count; i++)
		if (scan->out->items[i].block == block)
			return &scan->out->items[i];
	return NULL;
}

struct fl_thread *fl_scan_append(struct fl_kernel_scan *scan)
{
	enum { FIRST_ROOM = 16 };
	struct fl_threads *out = scan->out;
	if (out->count == scan->room) {
		size_t room = scan->room ? 2 * scan->room : FIRST_ROOM;
		struct fl_thread *items = fl_arena_room(scan->arena, room * sizeof(*items));
		if (!items) {
			scan->failed = true;
			return NULL;
		}
		if (out->count)
			memcpy(items, out->items, out->count * sizeof(*items));
		out->items = items;
		scan->room = room;
	}
	return &out->items[out->count++];
}

struct fl_thread *fl_scan_add(struct fl_kernel_scan *scan, uint32_t block)
{
	struct fl_threads *out = scan->out;
	if (fl_scan_find(scan, block))
		return NULL;
	if (out->count == FL_LIMIT_THREADS) {
		if (!scan->full)
			fl_scan_note(scan, FL_WARNING, FL_ELIMIT, block,
				     "more than %d threads, the rest is not shown",
				     FL_LIMIT_THREADS);
		scan->full = true;
		return NULL;
	}
	struct fl_thread *thread = fl_scan_append(scan);
	if (thread)
		*thread = (struct fl_thread){ .has_block = true, .block = block, .stop_text = "" };
	return thread;
}

void fl_scan_note(struct fl_kernel_scan *scan, enum fl_severity severity, enum fl_code code,
		  uint32_t addr, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fl_finding_add(scan->findings, FL_STAGE_THREADS, severity, code, FL_AT_TARGET_ADDRESS, addr,
		       "%s", text);
}

void fl_scan_note_state(struct fl_kernel_scan *scan, const struct fl_thread *thread,
			uint32_t number)
{
	if (scan->odd_state)
		return;
	scan->odd_state = true;
	fl_scan_note(scan, FL_WARNING, FL_EFORMAT, thread->block,
		     "thread %s has the state 0x%" PRIx32
		     ", which does not exist: its control block is damaged, and others may be",
		     thread->name ? thread->name : "of no name", number);
}

const char *fl_scan_copy(struct fl_kernel_scan *scan, const char *text, size_t size)
{
	const char *copy = fl_arena_strndup(scan->arena, text, size);
	if (!copy)
		scan->failed = true;
	return copy;
}

const char *fl_scan_text(struct fl_kernel_scan *scan, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fl_scan_copy(scan, text, strlen(text));
}

bool fl_scan_number(const struct fl_kernel_scan *scan, uint32_t addr, uint32_t size, bool is_signed,
		    uint32_t *ret)
{
	uint8_t byte;
	uint16_t half;
	switch (size) {
	case 1:
		if (!fl_memory_u8(scan->in->memory, addr, &byte))
			return false;
		*ret = is_signed ? (uint32_t)(int32_t)(int8_t)byte : byte;
		return true;
	case 2:
		if (!fl_memory_u16(scan->in->memory, addr, &half))
			return false;
		*ret = is_signed ? (uint32_t)(int32_t)(int16_t)half : half;
		return true;
	case 4:
		return fl_memory_u32(scan->in->memory, addr, ret);
	default:
		return false;
	}
}

bool fl_scan_variable(const struct fl_kernel_scan *scan, const char *name, uint32_t *ret)
{
	struct fl_variable_info variable;
	if (!fl_view_variable(&scan->symbols, name, &variable))
		return false;
	return fl_scan_number(scan, variable.addr, variable.size ? variable.size : 4, false, ret);
}

/* How much there is before the NUL, before [room] is full, or before what was not captured. */
static size_t read_text(const struct fl_memory *memory, uint32_t addr, char *text, size_t room)
{
	const struct fl_span *span;
	size_t size = 0;
	while (size < room && (span = fl_memory_find(memory, addr + (uint32_t)size))) {
		uint32_t off = addr + (uint32_t)size - span->addr;
		for (; off < span->size && size < room; off++) {
			uint8_t byte = span->bytes[off];
			if (!byte)
				return size;
			text[size++] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
		}
	}
	return size;
}

const char *fl_scan_string(struct fl_kernel_scan *scan, uint32_t addr, uint32_t room)
{
	enum { TEXT_MAX = 255 };
	char text[TEXT_MAX];
	size_t size = read_text(scan->in->memory, addr, text, room < TEXT_MAX ? room : TEXT_MAX);
	return size ? fl_scan_copy(scan, text, size) : NULL;
}

bool fl_scan_layout(const struct fl_kernel_scan *scan, const struct fl_layout *layout,
		    struct fl_field *ret)
{
	uint32_t size;
	if (fl_view_field(&scan->symbols, layout->structure, layout->path, ret))
		return true;
	/* A structure that DWARF knows has no member of that name: it is configured out. */
	if (!layout->has_default || fl_view_struct_size(&scan->symbols, layout->structure, &size))
		return false;
	*ret = (struct fl_field){ .off = layout->default_off,
				  .size = layout->default_size,
				  .count = 1 };
	return true;
}

void fl_scan_know(struct fl_kernel_scan *scan, const struct fl_layout *layouts, unsigned count)
{
	scan->known = 0;
	scan->members = fl_arena_array(scan->arena, count, sizeof(*scan->members));
	scan->failed = scan->failed || !scan->members;
	for (unsigned i = 0; i < count && i < FL_SCAN_MEMBERS && scan->members; i++)
		if (fl_scan_layout(scan, &layouts[i], &scan->members[i]))
			scan->known |= UINT64_C(1) << i;
}

bool fl_scan_member(const struct fl_kernel_scan *scan, uint32_t base, unsigned member,
		    uint32_t *ret)
{
	if (!(scan->known >> member & 1))
		return false;
	const struct fl_field *field = &scan->members[member];
	return fl_scan_number(scan, base + field->off, field->size, field->is_signed, ret);
}
