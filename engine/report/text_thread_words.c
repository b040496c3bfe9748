/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread is called and what it does, in the words of table and heading. */
#include "report/text_parts.h"
#include "report/threads.h"

#include <inttypes.h>

const char *fl_text_thread_name(struct fl_text *t, const struct fl_thread *thread)
{
	if (thread->name && *thread->name)
		return fl_text_scratch(t, "%s", thread->name);
	if (thread->has_block)
		return fl_text_scratch(t, "0x%08" PRIx32, thread->block);
	return "(no thread)"; /* before the scheduler, or no kernel at all */
}

/* NULL: the kind says all there is to say. */
static const char *
object_name(struct fl_text *t, const struct fl_trace *trace, const struct fl_wait *w)
{
	const struct fl_thread *joined = w->kind == FL_WAIT_JOIN && w->has_object
						 ? fl_report_thread_at(trace, w->object)
						 : NULL;
	if (joined)
		return fl_text_thread_name(t, joined);
	if (w->object_name && *w->object_name)
		return w->object_name;
	return w->has_object ? fl_text_scratch(t, "0x%08" PRIx32, w->object) : NULL;
}

/* With the object's name behind it, or a noun of no name. */
static const char *
object_words(struct fl_text *t, const struct fl_trace *trace, const struct fl_wait *w)
{
	static const struct {
		const char *named, *unnamed;
	} words[FL_WAIT_KIND_COUNT] = {
		[FL_WAIT_OBJECT] = { "on", "on some object" },
		[FL_WAIT_DELAY] = { "in a delay", "in a delay" },
		[FL_WAIT_QUEUE_RECEIVE] = { "receiving from queue", "receiving from a queue" },
		[FL_WAIT_QUEUE_SEND] = { "sending to queue", "sending to a queue" },
		[FL_WAIT_SEMAPHORE] = { "on semaphore", "on a semaphore" },
		[FL_WAIT_MUTEX] = { "on mutex", "on a mutex" },
		[FL_WAIT_EVENT] = { "on event", "on an event" },
		[FL_WAIT_NOTIFICATION] = { "on a notification", "on a notification" },
		[FL_WAIT_STREAM] = { "on stream", "on a stream" },
		[FL_WAIT_CONDITION] = { "on condition", "on a condition" },
		[FL_WAIT_MEMORY] = { "on memory pool", "on a memory pool" },
		[FL_WAIT_JOIN] = { "on the end of", "on the end of a thread" },
		[FL_WAIT_IO] = { "on I/O of", "on I/O" },
		[FL_WAIT_WORK] = { "on work in", "on work" },
	};
	const char *name = object_name(t, trace, w);
	if (w->kind == FL_WAIT_NOTIFICATION && !fl_strcmp(trace->kernel.name, "RTX5"))
		return "on its thread flags";
	if (w->kind == FL_WAIT_DELAY || w->kind == FL_WAIT_NOTIFICATION || !name)
		return words[w->kind].unnamed;
	return fl_text_scratch(t, "%s %s", words[w->kind].named, name);
}

static const char *
holder_words(struct fl_text *t, const struct fl_trace *trace, const struct fl_wait *w)
{
	const struct fl_thread *holder = fl_report_holder(trace, w);
	if (holder)
		return fl_text_scratch(t, " held by %s", fl_text_thread_name(t, holder));
	return w->has_holder ? fl_text_scratch(t, " held by 0x%08" PRIx32, w->holder) : "";
}

const char *
fl_text_thread_wait(struct fl_text *t, const struct fl_trace *trace, const struct fl_thread *thread)
{
	const struct fl_wait *w = &thread->wait;
	if (w->kind == FL_WAIT_NONE || w->kind >= FL_WAIT_KIND_COUNT)
		return NULL;
	const char *until =
		w->has_wake_tick ? fl_text_scratch(t, " until tick %" PRIu32, w->wake_tick) : "";
	return fl_text_scratch(t, "%s%s%s", object_words(t, trace, w), holder_words(t, trace, w),
			       until);
}

const char *fl_text_thread_state(struct fl_text *t, const struct fl_thread *thread)
{
	const char *state = fl_thread_state_name(thread->state);
	if (!state)
		state = thread->wait.kind != FL_WAIT_NONE ? "waiting" : "unknown";
	if (thread->has_core && thread->current)
		return fl_text_scratch(t, "%s on core %u", state, thread->core);
	if (thread->current && thread->state != FL_THREAD_RUNNING)
		return fl_text_scratch(t, "%s, current", state);
	return state;
}
