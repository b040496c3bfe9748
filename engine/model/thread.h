/* SPDX-License-Identifier: Apache-2.0 */
/** @file A thread with its backtrace. */
#ifndef MODEL_THREAD_H
#define MODEL_THREAD_H

#include "model/frame.h"

/** What a thread was doing. */
enum fl_thread_state {
	FL_THREAD_UNKNOWN,
	FL_THREAD_RUNNING,
	FL_THREAD_READY,
	FL_THREAD_BLOCKED,
	FL_THREAD_SUSPENDED,
	FL_THREAD_TERMINATED, /**< ended, its control block not yet freed */
	FL_THREAD_INACTIVE,   /**< created, not yet started */
	FL_THREAD_STATE_COUNT
};

/** "running", "ready", ...; NULL for unknown. */
const char *fl_thread_state_name(enum fl_thread_state state);

/** What a blocked thread waits for. */
enum fl_wait_kind {
	FL_WAIT_NONE,
	FL_WAIT_OBJECT, /**< an object whose kind is not known */
	FL_WAIT_DELAY,  /**< only for time to pass */
	FL_WAIT_QUEUE_RECEIVE,
	FL_WAIT_QUEUE_SEND,
	FL_WAIT_SEMAPHORE,
	FL_WAIT_MUTEX,
	FL_WAIT_EVENT,        /**< event flags, an event group */
	FL_WAIT_NOTIFICATION, /**< a flag or counter of its own control block */
	FL_WAIT_STREAM,       /**< stream or message buffer */
	FL_WAIT_CONDITION,
	FL_WAIT_MEMORY, /**< a memory pool */
	FL_WAIT_JOIN,   /**< the end of another thread */
	FL_WAIT_IO,
	FL_WAIT_WORK, /**< a work queue: nothing to do */
	FL_WAIT_KIND_COUNT
};

/** "object", "delay", "queue-receive", ...; NULL for none. */
const char *fl_wait_kind_name(enum fl_wait_kind kind);

struct fl_wait {
	enum fl_wait_kind kind;
	bool has_object;
	uint32_t object;         /**< its address */
	const char *object_name; /**< symbol or registered name; NULL = unknown */
	bool has_holder;         /**< a mutex that names who holds it */
	uint32_t holder;         /**< control block of that thread: compare with fl_thread::block */
	bool forever;            /**< without a timeout */
	bool has_wake_tick;
	uint32_t wake_tick; /**< when the timeout ends, in ticks of the kernel */
};

/** Whether a thread overflowed its stack, worst last. */
enum fl_overflow {
	FL_OVERFLOW_UNKNOWN, /**< nothing speaks for or against it: the evidence says what is
				missing */
	FL_OVERFLOW_EXCLUDED,
	FL_OVERFLOW_LIKELY,
	FL_OVERFLOW_PROVEN,
	FL_OVERFLOW_COUNT
};

/** "unknown", "excluded", "likely", "proven" */
const char *fl_overflow_name(enum fl_overflow overflow);

struct fl_overflow_verdict {
	enum fl_overflow verdict;
	const char **evidence; /**< sentences, strongest first */
	size_t evidence_count;
};

/** Where a thread's registers come from. */
enum fl_thread_context {
	FL_CONTEXT_NONE,  /**< nowhere: not captured, or nothing was saved */
	FL_CONTEXT_BLOCK, /**< it was running: a register block of the dump */
	FL_CONTEXT_SAVED, /**< its kernel saved them when it was switched out */
};

/** Each field of a thread may be unknown. Strings live in the trace's arena. */
struct fl_thread {
	const char *name; /**< NULL = unknown */
	bool has_block;
	uint32_t block; /**< address of its control block */
	enum fl_thread_state state;
	struct fl_wait wait;
	bool has_priority;
	int32_t priority; /**< effective, as the kernel counts */
	bool has_base_priority;
	int32_t base_priority; /**< without what it inherited */
	bool current;          /**< was running */
	bool crashed;          /**< the fault happened in it */
	bool idle;             /**< the kernel's idle thread */
	bool has_core;
	uint8_t core; /**< the one it ran on, where there are several */
	bool has_entry;
	uint32_t entry_addr; /**< its entry function, bit 0 clear */
	const char *entry;   /**< that function's name; NULL = unknown */
	struct {
		bool start_known;
		uint32_t start; /**< lowest address */
		bool known;     /**< start and end are known */
		uint64_t end;   /**< half-open */
		bool saved_known;
		uint32_t saved; /**< lowest stack pointer its kernel recorded for it: what was saved
				   when it was switched out begins there. Not kept in reports */
		bool used_known;
		uint32_t used; /**< bytes between the stack pointer and the end */
		bool unused_known;
		uint32_t unused; /**< bytes at the low end that were never written */
		bool high_water_known;
		uint32_t high_water; /**< bytes ever used */
	} stack;
	struct fl_overflow_verdict overflow;
	enum fl_thread_context context;
	struct fl_registers regs; /**< as it would go on; none known without a context */
	struct fl_frame *frames;  /**< innermost first, inlined frames expanded */
	size_t frame_count;
	enum fl_stop stop;
	const char *stop_text; /**< a sentence for a person; never NULL */
};

/** What the kernel says about itself. */
struct fl_kernel_facts {
	const char *name; /**< "FreeRTOS", "Zephyr", ...; NULL: bare metal */
	bool has_running;
	bool running; /**< its scheduler had been started */
	bool has_tick;
	uint32_t tick;
	bool has_thread_count;
	uint32_t thread_count; /**< as many as it counts itself */
};

#endif
