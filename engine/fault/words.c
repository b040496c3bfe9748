/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/words.h"

#include <inttypes.h>
#include <stdio.h>

enum { NAME_SHOWN = 64 };

const char *fl_thread_words(const struct fl_thread *thread, char buf[FL_THREAD_WORDS])
{
	if (thread->name)
		snprintf(buf, FL_THREAD_WORDS, "thread '%.*s'", NAME_SHOWN, thread->name);
	else if (thread->has_block)
		snprintf(buf, FL_THREAD_WORDS, "the thread at 0x%08" PRIx32, thread->block);
	else
		snprintf(buf, FL_THREAD_WORDS, "a thread without a name");
	return buf;
}

const char *fl_thread_short(const struct fl_thread *thread, char buf[FL_THREAD_WORDS])
{
	if (thread->name)
		snprintf(buf, FL_THREAD_WORDS, "%.*s", NAME_SHOWN, thread->name);
	else
		snprintf(buf, FL_THREAD_WORDS, "thread 0x%08" PRIx32, thread->block);
	return buf;
}

static const char *kind_words(enum fl_wait_kind kind)
{
	static const char *const words[FL_WAIT_KIND_COUNT] = {
		[FL_WAIT_OBJECT] = "the object",
		[FL_WAIT_DELAY] = "time to pass",
		[FL_WAIT_QUEUE_RECEIVE] = "something in the queue",
		[FL_WAIT_QUEUE_SEND] = "room in the queue",
		[FL_WAIT_SEMAPHORE] = "the semaphore",
		[FL_WAIT_MUTEX] = "the mutex",
		[FL_WAIT_EVENT] = "the event flags",
		[FL_WAIT_NOTIFICATION] = "a notification",
		[FL_WAIT_STREAM] = "the stream",
		[FL_WAIT_CONDITION] = "the condition",
		[FL_WAIT_MEMORY] = "memory of the pool",
		[FL_WAIT_JOIN] = "the end of the thread",
		[FL_WAIT_IO] = "input or output",
		[FL_WAIT_WORK] = "work",
	};
	return kind < FL_WAIT_KIND_COUNT && words[kind] ? words[kind] : "something";
}

const char *fl_wait_words(const struct fl_wait *wait, char buf[FL_THREAD_WORDS])
{
	const char *kind = kind_words(wait->kind);
	if (wait->object_name && wait->kind == FL_WAIT_MUTEX)
		snprintf(buf, FL_THREAD_WORDS, "%.*s", NAME_SHOWN, wait->object_name);
	else if (wait->object_name)
		snprintf(buf, FL_THREAD_WORDS, "%s %.*s", kind, NAME_SHOWN, wait->object_name);
	else if (wait->has_object)
		snprintf(buf, FL_THREAD_WORDS, "%s at 0x%08" PRIx32, kind, wait->object);
	else
		snprintf(buf, FL_THREAD_WORDS, "%s", kind);
	return buf;
}
