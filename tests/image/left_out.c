/* SPDX-License-Identifier: Apache-2.0 */
#include "left_out.h"

#include <stdlib.h>
#include <string.h>

/* The assembler takes addresses in its own units from symbols of Thumb functions, whose bit 0 is
 * the instruction set and not a part of the address (ABI for the Arm architecture, AAELF32 5.5.3).
 */
static void clear_thumb_bit(struct said_range *range)
{
	uint64_t bit = range->low & 1;
	range->low -= bit;
	range->high -= bit;
}

/* A range without bytes holds no code (DWARF 5, 2.17.3); linkers make such of what they drop. */
static void drop_empty_ranges(struct said_ranges *code)
{
	size_t kept = 0;
	for (size_t i = 0; i < code->count; i++) {
		clear_thumb_bit(&code->items[i]);
		if (code->items[i].low < code->items[i].high)
			code->items[kept++] = code->items[i];
	}
	code->count = kept;
}

static void leave_out_ranges(struct said *said)
{
	for (size_t i = 0; i < said->functions.count; i++)
		drop_empty_ranges(&fl_vec_at(&said->functions, struct said_function, i)->code);
	for (size_t i = 0; i < said->calls.count; i++)
		drop_empty_ranges(&fl_vec_at(&said->calls, struct said_call, i)->code);
}

/* C knows no names inside a type. */
static bool is_scope(const void *element, const void *nothing)
{
	const struct said_scope *scope = element;
	(void)nothing;
	return !scope->is_type || !scope->in_c;
}

/* A call without code is never met: it belongs to a function that is a template for its instances,
 * or was optimised away. What was inlined into it stands where it stood. */
static void leave_out_calls(struct said *said)
{
	size_t kept = 0;
	struct said_call *calls = said->calls.data;
	size_t *numbers = calloc(said->calls.count + 1, sizeof(*numbers));
	if (!numbers)
		abort();
	for (size_t i = 0; i < said->calls.count; i++) {
		struct said_call call = calls[i];
		if (call.parent != SAID_NONE)
			call.parent = numbers[call.parent];
		numbers[i] = call.parent;
		if (!call.code.count)
			continue;
		numbers[i] = kept;
		calls[kept++] = call;
	}
	said->calls.count = kept;
	free(numbers);
}

/* A sequence that ends where it begins is of no code. */
static void leave_out_rows(struct said *said)
{
	size_t kept = 0;
	size_t first = 0;
	struct said_row *rows = said->rows.data;
	for (size_t i = 0; i < said->rows.count; i++) {
		rows[kept++] = rows[i];
		if (!rows[i].is_end)
			continue;
		if (rows[i].addr == rows[first].addr)
			kept = first;
		first = kept;
	}
	said->rows.count = kept;
}

/* Of all enumerations only the reasons that devices send as numbers (docs/formats.md). */
static bool is_reason(const void *element, const void *nothing)
{
	const struct said_enumerator *e = element;
	(void)nothing;
	return e->name &&
	       (!strncmp(e->name, "kMfltRebootReason_", strlen("kMfltRebootReason_")) ||
		!strncmp(e->name, "kMfltTraceReasonUser_", strlen("kMfltTraceReasonUser_"))) &&
	       e->value >= 0 && e->value <= UINT32_MAX;
}

/* Rules for no code are never looked up. */
static bool has_range(const void *element, const void *nothing)
{
	const struct said_frame *f = element;
	(void)nothing;
	return f->code.low < f->code.high;
}

/* Where there are no instructions, there is no place where they are. */
static void leave_out_frames(struct said *said)
{
	said_keep(&said->frames, has_range, NULL);
	for (size_t i = 0; i < said->frames.count; i++) {
		struct said_frame *f = fl_vec_at(&said->frames, struct said_frame, i);
		if (!f->own_size)
			f->off = 0;
	}
}

void leave_out(struct said *said)
{
	leave_out_ranges(said);
	said_keep(&said->scopes, is_scope, NULL);
	leave_out_calls(said);
	leave_out_rows(said);
	said_keep(&said->enumerators, is_reason, NULL);
	leave_out_types(said);
	leave_out_frames(said);
}
