/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/fill.h"

#include "model/kernel_types.h"

enum { FILL_MAX = 16, WORD = 4 };

/* What the low end of one stack holds, without regard to the others. */
struct marks {
	bool sentinel_read, sentinel_good;
	uint32_t word;
	bool fill_read, fill_good;
	uint32_t bad_addr;
	uint8_t bad;
};

static void look_at_fill(const struct fl_memory *memory, const struct fl_kernel_habits *habits,
			 uint32_t addr, struct marks *m)
{
	uint8_t bytes[FILL_MAX];
	size_t size = habits->fill_size;
	m->fill_read = fl_memory_read(memory, addr, bytes, size, NULL);
	size_t good = 0;
	while (m->fill_read && good < size && bytes[good] == habits->fill)
		good++;
	m->fill_good = m->fill_read && good == size;
	if (!m->fill_read || m->fill_good)
		return;
	m->bad_addr = addr + (uint32_t)good;
	m->bad = bytes[good];
}

static struct marks look(const struct fl_cause_input *in, const struct fl_kernel_habits *habits,
			 const struct fl_thread *thread, bool above_sentinel)
{
	struct marks m = { 0 };
	uint32_t start = thread->stack.start;
	if (!thread->stack.known && !thread->stack.start_known)
		return m;
	m.sentinel_read = fl_memory_u32(in->memory, start, &m.word);
	m.sentinel_good = m.sentinel_read && m.word == habits->sentinel;
	look_at_fill(in->memory, habits, start + (above_sentinel ? WORD : 0), &m);
	return m;
}

static size_t count_witnesses(const struct fl_cause_input *in,
			      const struct fl_kernel_habits *habits, const struct fl_thread *thread,
			      bool sentinel, bool above_sentinel)
{
	size_t count = 0;
	for (size_t i = 0; i < in->thread_count; i++) {
		const struct fl_thread *other = &in->threads[i];
		if (other->has_block && thread->has_block && other->block == thread->block)
			continue;
		struct marks m = look(in, habits, other, above_sentinel);
		count += sentinel ? m.sentinel_good : m.fill_good;
	}
	return count;
}

static bool judge_sentinel(const struct fl_cause_input *in, const struct fl_kernel_habits *habits,
			   const struct fl_thread *thread, const struct marks *m,
			   struct fl_low *ret)
{
	if (!habits->has_sentinel || !m->sentinel_read || m->sentinel_good)
		return false;
	size_t witnesses = count_witnesses(in, habits, thread, true, false);
	if (!witnesses)
		return false;
	*ret = (struct fl_low){
		.state = FL_LOW_OVERWRITTEN,
		.sentinel = true,
		.addr = thread->stack.start,
		.value = m->word,
		.expected = habits->sentinel,
		.size = WORD,
		.witnesses = witnesses,
	};
	return true;
}

static bool judge_fill(const struct fl_cause_input *in, const struct fl_kernel_habits *habits,
		       const struct fl_thread *thread, bool above_sentinel, const struct marks *m,
		       struct fl_low *ret)
{
	if (!m->fill_read || m->fill_good)
		return false;
	size_t witnesses = count_witnesses(in, habits, thread, false, above_sentinel);
	if (!witnesses)
		return false;
	*ret = (struct fl_low){
		.state = FL_LOW_OVERWRITTEN,
		.addr = m->bad_addr,
		.value = m->bad,
		.expected = habits->fill,
		.size = habits->fill_size,
		.witnesses = witnesses,
	};
	return true;
}

struct fl_low fl_low_end(const struct fl_cause_input *in, const struct fl_thread *thread)
{
	const struct fl_kernel_habits *habits =
		fl_kernel_habits(in->kernel ? in->kernel->name : NULL);
	struct fl_low low = { .state = FL_LOW_NO_PATTERN };
	uint32_t word;
	if (!in->memory || !fl_memory_u32(in->memory, thread->stack.start, &word))
		return (struct fl_low){ .state = FL_LOW_NOT_CAPTURED };
	if (!habits)
		return low;
	bool above_sentinel = habits->has_sentinel && word == habits->sentinel;
	struct marks m = look(in, habits, thread, above_sentinel);
	if (judge_sentinel(in, habits, thread, &m, &low) ||
	    judge_fill(in, habits, thread, above_sentinel, &m, &low))
		return low;
	if (m.fill_good || (habits->has_sentinel && m.sentinel_good)) {
		low.state = FL_LOW_INTACT;
		low.addr = thread->stack.start;
		low.size = m.fill_good ? habits->fill_size : WORD;
	}
	return low;
}
