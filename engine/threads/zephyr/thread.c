/* SPDX-License-Identifier: Apache-2.0 */
/* What a k_thread says about its thread. */
#include "threads/zephyr/zephyr.h"

#include <string.h>

/* K_THREAD_DEFINE(name, ...) */
static const char thread_object[] = "_k_thread_obj_";

static const char *name_by_symbol(struct fl_zephyr *z, uint32_t block)
{
	const char *name = fl_scan_object_name(z->scan, block);
	size_t prefix = sizeof(thread_object) - 1;
	return name && strncmp(name, thread_object, prefix) == 0 && name[prefix] ? name + prefix
										 : name;
}

static void describe_name(struct fl_zephyr *z, struct fl_thread *thread)
{
	const struct fl_field *name = &z->members[FL_ZEPHYR_NAME];
	if (fl_zephyr_knows(z, FL_ZEPHYR_NAME))
		thread->name = fl_scan_string(z->scan, thread->block + name->off, name->count);
	if (!thread->name)
		thread->name = name_by_symbol(z, thread->block);
}

/* Of the stack at its upper end thread-local data takes `delta`. */
static void describe_stack(struct fl_zephyr *z, struct fl_thread *thread)
{
	uint32_t start, size, delta = 0;
	if (!fl_zephyr_read(z, thread->block, FL_ZEPHYR_STACK_START, &start) ||
	    !fl_zephyr_read(z, thread->block, FL_ZEPHYR_STACK_SIZE, &size))
		return;
	if (fl_zephyr_knows(z, FL_ZEPHYR_STACK_DELTA) &&
	    !fl_zephyr_read(z, thread->block, FL_ZEPHYR_STACK_DELTA, &delta))
		return;
	fl_thread_set_stack(thread, start, start + (uint64_t)size - (delta < size ? delta : size));
}

enum timeout { TIMEOUT_UNKNOWN, TIMEOUT_NONE, TIMEOUT_RUNS };

/* A node that is in no list has no neighbours. */
static enum timeout timeout_of(const struct fl_zephyr *z, uint32_t block)
{
	uint32_t next;
	if (!fl_zephyr_read(z, block, FL_ZEPHYR_TIMEOUT, &next))
		return TIMEOUT_UNKNOWN;
	return next ? TIMEOUT_RUNS : TIMEOUT_NONE;
}

/*
 * k_sleep() marked a thread as suspended before 4.1, and as sleeping since; the bit for that had
 * meant that a thread had not been started, which now sleeps.
 */
static void
describe_sleeper(const struct fl_zephyr *z, struct fl_thread *thread, enum timeout timeout)
{
	if (fl_zephyr_never_ran(z, thread))
		thread->state = FL_THREAD_INACTIVE;
	else if (thread->context == FL_CONTEXT_SAVED || timeout == TIMEOUT_RUNS)
		thread->state = FL_THREAD_BLOCKED;
	else if (timeout == TIMEOUT_NONE)
		thread->state = FL_THREAD_INACTIVE;
	if (timeout == TIMEOUT_RUNS || thread->state == FL_THREAD_BLOCKED)
		thread->wait.kind = FL_WAIT_DELAY;
}

static void describe_pending(struct fl_thread *thread, uint32_t state, enum timeout timeout)
{
	thread->state = state & FL_ZEPHYR_SUSPENDED ? FL_THREAD_SUSPENDED : FL_THREAD_BLOCKED;
	thread->wait.kind = FL_WAIT_OBJECT;
	thread->wait.forever = timeout == TIMEOUT_NONE;
}

static void describe_state(const struct fl_zephyr *z, struct fl_thread *thread, uint32_t state)
{
	enum timeout timeout = timeout_of(z, thread->block);
	/* Suspending is for threads that run on another core. */
	uint32_t suspended = FL_ZEPHYR_SUSPENDED | (z->cpu_count > 1 ? FL_ZEPHYR_SUSPENDING : 0);
	if (thread->current) {
		thread->state = FL_THREAD_RUNNING;
	} else if (state & (FL_ZEPHYR_DEAD | FL_ZEPHYR_ABORTING)) {
		thread->state = FL_THREAD_TERMINATED;
	} else if (state & FL_ZEPHYR_PENDING) {
		describe_pending(thread, state, timeout);
	} else if (state & FL_ZEPHYR_SLEEPING) {
		describe_sleeper(z, thread, timeout);
	} else if (state & suspended) {
		thread->state = FL_THREAD_SUSPENDED;
		if (timeout == TIMEOUT_RUNS) {
			thread->state = FL_THREAD_BLOCKED;
			thread->wait.kind = FL_WAIT_DELAY;
		}
	} else {
		thread->state = FL_THREAD_READY;
	}
}

void fl_zephyr_describe(struct fl_zephyr *z, struct fl_thread *thread)
{
	uint32_t prio, state, entry;
	describe_name(z, thread);
	describe_stack(z, thread);
	if (fl_zephyr_read(z, thread->block, FL_ZEPHYR_PRIO, &prio)) {
		thread->has_priority = true;
		thread->priority = (int32_t)prio;
	}
	if (fl_zephyr_read(z, thread->block, FL_ZEPHYR_ENTRY, &entry) && entry)
		fl_thread_set_entry(z->scan, thread, entry);
	if (!fl_zephyr_read(z, thread->block, FL_ZEPHYR_STATE, &state)) {
		fl_thread_without_context(z->scan, thread, "its k_thread was not captured");
		return;
	}
	if (state & FL_ZEPHYR_DEAD && !thread->current)
		fl_thread_without_context(z->scan, thread, "it has ended");
	else
		fl_zephyr_context(z, thread);
	describe_state(z, thread, state);
}
