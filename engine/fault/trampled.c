/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/trampled.h"

#include "fault/words.h"

#include <inttypes.h>

enum {
	WORD = 4,
	REACH_MAX = 0x1000,  /* how far below, and how far above, is looked at */
	GAP_MAX = 0x100,     /* no frame is larger, as a rule */
	BLOCK_REACH = 0x200, /* no control block is larger */
	SAMPLES_MAX = 32,
};

/* Return addresses of a thread's own stack. */
struct samples {
	uint32_t words[SAMPLES_MAX];
	size_t count;
};

static const struct fl_thread *stack_at(const struct fl_cause_input *in, uint32_t addr)
{
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *thread = &in->threads[i];
		if (thread->stack.known && addr >= thread->stack.start && addr < thread->stack.end)
			return thread;
	}
	return NULL;
}

static bool
object_below(const struct fl_cause_input *in, uint32_t start, struct fl_symbol_info *ret)
{
	enum { GAP = 32, STEP = 4 }; /* stacks are aligned: something may be left between */
	if (!in->symbols || !in->symbols->count)
		return false;
	for (uint32_t gap = 1; gap <= GAP && gap <= start; gap += STEP)
		if (fl_view_object_at(in->symbols, start - gap, ret))
			return (uint64_t)ret->addr + ret->size <= start;
	return false;
}

static bool is_return_address(const struct fl_inquiry *q, uint32_t at, uint32_t *ret)
{
	const struct fl_memory *memory = q->in->memory;
	uint16_t hw[2];
	return fl_memory_u32(memory, at, ret) && *ret & 1 && *ret >= 5 &&
	       fl_inquiry_where(q, *ret - 1) == FL_WHERE_CODE &&
	       fl_memory_u16(memory, *ret - 5, &hw[0]) && fl_memory_u16(memory, *ret - 3, &hw[1]) &&
	       fl_thumb_call_size(hw[0], hw[1]);
}

/* A return address in data that holds none is what a stack leaves behind. */
static bool find_return_address(const struct fl_inquiry *q, uint32_t low, uint32_t high,
				uint32_t *at_ret, uint32_t *ret)
{
	enum { WORDS = 16 };
	uint32_t at = high & ~UINT32_C(3);
	for (unsigned i = 0; i < WORDS && at >= WORD && at - WORD >= low; i++) {
		at -= WORD;
		*at_ret = at;
		if (is_return_address(q, at, ret))
			return true;
	}
	return false;
}

static void state_object(struct fl_inquiry *q, const struct fl_symbol_info *info, uint32_t start)
{
	uint32_t at, word;
	if (find_return_address(q, info->addr, start, &at, &word))
		fl_evidence(q,
			    "below it lies %s, 0x%08" PRIx32 " to 0x%08" PRIx32
			    ", which looks overwritten: 0x%08" PRIx32
			    " holds the return address 0x%08" PRIx32,
			    info->name, info->addr, info->addr + info->size - 1, at, word);
	else
		fl_evidence(q, "below it lies %s, 0x%08" PRIx32 " to 0x%08" PRIx32, info->name,
			    info->addr, info->addr + info->size - 1);
}

static void state_stack(struct fl_inquiry *q, const struct fl_thread *other)
{
	char words[FL_THREAD_WORDS];
	bool whole = other->frame_count &&
		     (other->stop == FL_STOP_ENTRY || other->stop == FL_STOP_UNDEFINED);
	fl_evidence(q, "below it lies the stack of %s, 0x%08" PRIx32 " to 0x%08" PRIx64 "%s",
		    fl_thread_words(other, words), other->stack.start, other->stack.end - 1,
		    whole ? ", whose frames still lead to its entry" : "");
}

static bool has_sample(const struct samples *s, uint32_t word)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->words[i] == word)
			return true;
	return false;
}

/* The control block lies above the stack where both were allocated together. */
static uint64_t own_end(const struct fl_thread *thread)
{
	uint64_t end = (uint64_t)thread->stack.start + REACH_MAX;
	if (thread->stack.known && thread->stack.end < end)
		end = thread->stack.end;
	if (thread->has_block && thread->block > thread->stack.start && thread->block < end)
		end = thread->block;
	return end;
}

static void collect(const struct fl_inquiry *q, struct samples *s)
{
	const struct fl_thread *thread = q->in->thread;
	uint64_t end = own_end(thread);
	uint64_t at = ((uint64_t)thread->stack.start + WORD - 1) & ~UINT64_C(3);
	uint32_t word;
	for (; at + WORD <= end && at <= UINT32_MAX && s->count < SAMPLES_MAX; at += WORD)
		if (is_return_address(q, (uint32_t)at, &word) && !has_sample(s, word))
			s->words[s->count++] = word;
}

/* What lies in another thread's stack may be its own. */
static uint32_t floor_below(const struct fl_cause_input *in, uint32_t start)
{
	uint32_t floor = start > REACH_MAX ? start - REACH_MAX : 0;
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *thread = &in->threads[i];
		if (thread->stack.known && thread->stack.end <= start && thread->stack.end > floor)
			floor = (uint32_t)thread->stack.end;
	}
	return floor;
}

/* The lowest word below that holds one of the stack's own return addresses, no two of which are
 * further apart than a frame is large; @p start when there is none. */
static uint32_t find_lowest(const struct fl_inquiry *q, uint32_t start, uint32_t *word_ret)
{
	struct samples samples = { .count = 0 };
	uint32_t word, floor = floor_below(q->in, start);
	uint32_t lowest = start, at = start & ~UINT32_C(3);
	collect(q, &samples);
	while (samples.count && at >= WORD && at - WORD >= floor &&
	       lowest - (at - WORD) <= GAP_MAX) {
		at -= WORD;
		if (!fl_memory_u32(q->in->memory, at, &word) || !has_sample(&samples, word))
			continue;
		lowest = at;
		*word_ret = word;
	}
	return lowest;
}

static void state_reach(struct fl_inquiry *q, uint32_t start, uint32_t lowest, uint32_t word)
{
	char words[FL_THREAD_WORDS];
	const struct fl_cause_input *in = q->in;
	fl_evidence(q,
		    "0x%08" PRIx32 ", %" PRIu32 " bytes below its end, holds the return address "
		    "0x%08" PRIx32 ", as its own stack does: it was written down to there at least",
		    lowest, start - lowest, word);
	for (size_t i = 0; i < in->thread_count; i++)
		if (in->threads[i].has_block && in->threads[i].block >= lowest &&
		    in->threads[i].block < start)
			fl_evidence(q, "the control block of %s, 0x%08" PRIx32 ", lies in there",
				    fl_thread_words(&in->threads[i], words), in->threads[i].block);
}

static const struct fl_thread *nearest_block(const struct fl_cause_input *in, uint32_t start)
{
	const struct fl_thread *found = NULL;
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *thread = &in->threads[i];
		if (thread->has_block && thread->block < start &&
		    start - thread->block <= BLOCK_REACH &&
		    (!found || thread->block > found->block))
			found = thread;
	}
	return found;
}

static void state_block(struct fl_inquiry *q, const struct fl_thread *other, uint32_t start)
{
	char words[FL_THREAD_WORDS];
	fl_evidence(q,
		    "the control block of %s, 0x%08" PRIx32 ", begins %" PRIu32
		    " bytes below its end, and still reads as one",
		    fl_thread_words(other, words), other->block, start - other->block);
}

void fl_evidence_trampled(struct fl_inquiry *q)
{
	const struct fl_cause_input *in = q->in;
	struct fl_symbol_info info;
	uint32_t word = 0, start = in->thread->stack.start;
	if (!start)
		return;
	const struct fl_thread *stack = stack_at(in, start - 1);
	bool other_stack = stack && stack != in->thread;
	if (other_stack)
		state_stack(q, stack);
	else if (object_below(in, start, &info))
		state_object(q, &info, start);
	const struct fl_thread *block = nearest_block(in, start);
	uint32_t lowest = find_lowest(q, start, &word);
	if (lowest < start)
		state_reach(q, start, lowest, word);
	else if (block && !other_stack)
		state_block(q, block, start);
}
