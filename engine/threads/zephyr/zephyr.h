/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the parts of Zephyr's thread discovery share (docs/threads.md). */
#ifndef THREADS_ZEPHYR_ZEPHYR_H
#define THREADS_ZEPHYR_ZEPHYR_H

#include "threads/kernel.h"

/** What is read of the kernel's structures. */
enum fl_zephyr_member {
	/* of z_kernel */
	FL_ZEPHYR_CPUS,
	FL_ZEPHYR_THREADS,
	FL_ZEPHYR_READY_CACHE,
	/* of _cpu */
	FL_ZEPHYR_CURRENT,
	FL_ZEPHYR_IDLE_THREAD,
	/* of k_thread */
	FL_ZEPHYR_STATE,
	FL_ZEPHYR_PRIO,
	FL_ZEPHYR_PENDED_ON,
	FL_ZEPHYR_TIMEOUT, /**< its list node */
	FL_ZEPHYR_ENTRY,
	FL_ZEPHYR_NEXT_THREAD,
	FL_ZEPHYR_NAME,
	FL_ZEPHYR_STACK_START,
	FL_ZEPHYR_STACK_SIZE,
	FL_ZEPHYR_STACK_DELTA,
	FL_ZEPHYR_CALLEE_SAVED, /**< r4..r11 */
	FL_ZEPHYR_PSP,
	FL_ZEPHYR_SWITCH_HANDLE,
	FL_ZEPHYR_MODE,
	FL_ZEPHYR_EXC_RETURN,
	FL_ZEPHYR_PREEMPT_FLOAT,
	FL_ZEPHYR_ICIIT_PC,
	FL_ZEPHYR_ICIIT_APSR,
	FL_ZEPHYR_JOIN_QUEUE,
	FL_ZEPHYR_MEMBER_COUNT
};

enum { FL_ZEPHYR_ENTRIES = 3 };

struct fl_zephyr {
	struct fl_kernel_scan *scan;
	uint32_t kernel; /**< address of _kernel */
	struct fl_field members[FL_ZEPHYR_MEMBER_COUNT];
	uint32_t known; /**< bit i: members[i] is meaningful */
	uint32_t cpu_count, cpu_size;
	struct fl_variable_info registry;    /**< the SDK's own list of threads */
	uint32_t registry_count;             /**< its places; 0: there is none */
	uint32_t entries[FL_ZEPHYR_ENTRIES]; /**< functions that a new thread begins in */
	uint32_t entry_count;
	bool has_switch, has_stub; /**< it switches by arch_switch(); which has one: */
	uint32_t stub;             /**< where an interrupted instruction is parked */
};

/** thread_state */
enum {
	FL_ZEPHYR_DUMMY = 0x01,
	FL_ZEPHYR_PENDING = 0x02,
	FL_ZEPHYR_SLEEPING = 0x04, /**< before 4.1: not yet started */
	FL_ZEPHYR_DEAD = 0x08,
	FL_ZEPHYR_SUSPENDED = 0x10,
	FL_ZEPHYR_ABORTING = 0x20,
	FL_ZEPHYR_SUSPENDING = 0x40, /**< before 2.0: queued */
	FL_ZEPHYR_QUEUED = 0x80,
};

/**
 * Find out where everything lies: DWARF first, else the table that the kernel carries for
 * debuggers. A finding says when neither tells what a thread looks like.
 * @return false when there is no _kernel.
 */
bool fl_zephyr_layout(struct fl_zephyr *z);

bool fl_zephyr_knows(const struct fl_zephyr *z, enum fl_zephyr_member member);

/** A member of the structure at @p base; false when it was not captured or does not exist. */
bool fl_zephyr_read(const struct fl_zephyr *z, uint32_t base, enum fl_zephyr_member member,
		    uint32_t *ret);

/** The kernel's functions that saved registers are compared with. */
void fl_zephyr_find_functions(struct fl_zephyr *z);

/** All that its k_thread says about a thread; `current` is set already. */
void fl_zephyr_describe(struct fl_zephyr *z, struct fl_thread *thread);

/** Registers of a thread that does not run. */
void fl_zephyr_context(struct fl_zephyr *z, struct fl_thread *thread);

/** Whether the saved registers are those that a new thread begins with. */
bool fl_zephyr_never_ran(const struct fl_zephyr *z, const struct fl_thread *thread);

/** What the pending threads wait for; all threads are described by now. */
void fl_zephyr_waits(struct fl_zephyr *z);

#endif
