/* SPDX-License-Identifier: Apache-2.0 */
#include "report/codec_1.h"
#include "report/codec_frames.h"
#include "report/codec_trace.h"

/* Smallest encodings of one element: what fl_read_count may assume. */
enum { MIN_THREAD = 11, MIN_PARTY = 2 };

static void stack(struct fl_codec *c, struct fl_thread *t)
{
	FL_X_FLAGS(c, &t->stack.known, &t->stack.used_known, &t->stack.high_water_known);
	if (t->stack.known) /* else it is told with the details, or unknown */
		fl_x_u32(c, &t->stack.start);
	uint64_t from = c->major == 1 ? 0 : t->stack.start;
	uint64_t size = t->stack.end - from;
	if (t->stack.known)
		fl_x_uleb(c, &size);
	t->stack.end = t->stack.known ? from + size : 0;
	fl_x_optional_number(c, t->stack.used_known, &t->stack.used);
	fl_x_optional_number(c, t->stack.high_water_known, &t->stack.high_water);
	if (c->reading)
		t->stack.start_known = t->stack.known;
}

static enum fl_thread_state state_of(const char *name)
{
	for (int i = 0; name && i < FL_THREAD_STATE_COUNT; i++)
		if (fl_strcmp(fl_thread_state_name((enum fl_thread_state)i), name) == 0)
			return (enum fl_thread_state)i;
	return FL_THREAD_UNKNOWN;
}

/* By name: a later program may know others. */
static void state(struct fl_codec *c, struct fl_thread *t)
{
	const char *name = fl_thread_state_name(t->state);
	fl_x_str(c, &name);
	t->state = state_of(name);
}

static void optional_i32(struct fl_codec *c, bool known, int32_t *v)
{
	uint32_t word = (uint32_t)*v;
	fl_x_optional_number(c, known, &word);
	*v = (int32_t)word;
}

/* What a later program calls otherwise is an object, too. */
static enum fl_wait_kind wait_kind_of(const char *name)
{
	for (int i = 0; name && i < FL_WAIT_KIND_COUNT; i++)
		if (fl_strcmp(fl_wait_kind_name((enum fl_wait_kind)i), name) == 0)
			return (enum fl_wait_kind)i;
	return name ? FL_WAIT_OBJECT : FL_WAIT_NONE;
}

static void wait(struct fl_codec *c, struct fl_wait *w)
{
	const char *kind = fl_wait_kind_name(w->kind);
	fl_x_str(c, &kind);
	w->kind = wait_kind_of(kind);
	FL_X_FLAGS(c, &w->has_object, &w->has_holder, &w->forever, &w->has_wake_tick);
	fl_x_optional_u32(c, w->has_object, &w->object);
	fl_x_str(c, &w->object_name);
	fl_x_optional_u32(c, w->has_holder, &w->holder);
	fl_x_optional_number(c, w->has_wake_tick, &w->wake_tick);
}

static void overflow(struct fl_codec *c, struct fl_overflow_verdict *o)
{
	o->verdict = (enum fl_overflow)fl_x_enum(c, o->verdict, FL_OVERFLOW_COUNT);
	fl_x_strings(c, &o->evidence, &o->evidence_count, FL_LIMIT_EVIDENCE);
}

static void details(struct fl_codec *c, struct fl_thread *t)
{
	FL_X_FLAGS(c, &t->has_block, &t->has_base_priority, &t->idle, &t->has_core, &t->has_entry,
		   &t->stack.start_known, &t->stack.unused_known);
	fl_x_optional_u32(c, t->has_block, &t->block);
	optional_i32(c, t->has_base_priority, &t->base_priority);
	if (t->has_core)
		fl_x_u8(c, &t->core);
	else
		t->core = 0;
	fl_x_optional_u32(c, t->has_entry, &t->entry_addr);
	fl_x_str(c, &t->entry);
	if (!t->stack.known)
		fl_x_optional_u32(c, t->stack.start_known, &t->stack.start);
	fl_x_optional_number(c, t->stack.unused_known, &t->stack.unused);
	t->context = (enum fl_thread_context)fl_x_enum(c, t->context, FL_CONTEXT_SAVED + 1);
	wait(c, &t->wait);
	overflow(c, &t->overflow);
}

/* In major version 1 the rest of it lies in sections of its own. */
static void thread(struct fl_codec *c, struct fl_trail *trail, struct fl_thread *t)
{
	fl_x_str(c, &t->name);
	state(c, t);
	FL_X_FLAGS(c, &t->has_priority, &t->current, &t->crashed);
	optional_i32(c, t->has_priority, &t->priority);
	stack(c, t);
	if (c->major == 1)
		fl_x_words(c, &t->regs.known, t->regs.value, FL_REGISTER_COUNT);
	else
		fl_codec_context(c, trail, &t->regs);
	t->stop = (enum fl_stop)fl_x_enum(c, t->stop, FL_STOP_COUNT);
	fl_x_str(c, &t->stop_text);
	if (c->reading && !t->stop_text)
		t->stop_text = "";
	if (c->major == 1) {
		fl_codec_frames_1(c, t);
	} else {
		details(c, t);
		fl_codec_frames(c, trail, t);
	}
}

void fl_codec_threads(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_trail trail = { .last = &trail.frames[0] };
	t->threads = fl_x_bulk(c, t->threads, &t->thread_count, sizeof(*t->threads),
			       FL_LIMIT_THREADS, MIN_THREAD);
	for (size_t i = 0; i < t->thread_count && fl_x_ok(c); i++) {
		struct fl_thread one = c->reading ? (struct fl_thread){ 0 } : t->threads[i];
		thread(c, &trail, &one);
		if (c->reading && t->threads)
			t->threads[i] = one;
	}
}

static void kernel(struct fl_codec *c, struct fl_kernel_facts *k)
{
	fl_x_str(c, &k->name);
	k->running &= k->has_running;
	FL_X_FLAGS(c, &k->has_running, &k->running, &k->has_tick, &k->has_thread_count);
	fl_x_optional_number(c, k->has_tick, &k->tick);
	fl_x_optional_number(c, k->has_thread_count, &k->thread_count);
}

static void parties(struct fl_codec *c, struct fl_cause *cause)
{
	cause->parties = fl_x_array(c, cause->parties, &cause->party_count, sizeof(*cause->parties),
				    FL_LIMIT_THREADS + 1, MIN_PARTY);
	for (size_t i = 0; i < cause->party_count && fl_x_ok(c); i++) {
		struct fl_cause_party one = cause->parties[i];
		fl_x_str(c, &one.thread);
		fl_x_str(c, &one.lock);
		if (c->reading)
			cause->parties[i] = one;
	}
}

void fl_codec_kernel(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_kernel_facts facts = t->kernel;
	kernel(c, &facts);
	t->kernel = facts;
	for (size_t i = 0; c->major == 1 && i < t->thread_count && fl_x_ok(c); i++)
		details(c, &t->threads[i]);
	parties(c, &t->cause);
}
