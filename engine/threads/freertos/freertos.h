/* SPDX-License-Identifier: Apache-2.0 */
/** @file FreeRTOS 8.x to 11.x: what the parts of its thread discovery share (docs/threads.md). */
#ifndef THREADS_FREERTOS_FREERTOS_H
#define THREADS_FREERTOS_FREERTOS_H

#include "threads/kernel.h"

/** What is read of the kernel's structures. */
enum fl_freertos_member {
	/* of ListItem_t */
	FL_FREERTOS_ITEM_VALUE,
	FL_FREERTOS_ITEM_NEXT,
	FL_FREERTOS_ITEM_PREVIOUS,
	FL_FREERTOS_ITEM_OWNER,
	FL_FREERTOS_ITEM_CONTAINER,
	/* of List_t */
	FL_FREERTOS_LIST_COUNT,
	FL_FREERTOS_LIST_END,
	FL_FREERTOS_LIST_FIRST, /**< what its end item has as the next one */
	FL_FREERTOS_LIST_LAST,  /**< ... and as the one before */
	/* of TCB_t */
	FL_FREERTOS_TOP, /**< where the registers were saved */
	FL_FREERTOS_STATE_ITEM,
	FL_FREERTOS_EVENT_ITEM,
	FL_FREERTOS_PRIORITY,
	FL_FREERTOS_STACK,
	FL_FREERTOS_NAME,
	FL_FREERTOS_STACK_END, /**< about the highest word of the stack */
	FL_FREERTOS_BASE_PRIORITY,
	FL_FREERTOS_RUN_STATE, /**< the core it runs on, or negative */
	FL_FREERTOS_NOTIFY_STATE,
	/* of Queue_t */
	FL_FREERTOS_QUEUE_HEAD,
	FL_FREERTOS_QUEUE_HOLDER,
	FL_FREERTOS_QUEUE_SEND,
	FL_FREERTOS_QUEUE_RECEIVE,
	FL_FREERTOS_QUEUE_MESSAGES,
	FL_FREERTOS_QUEUE_LENGTH,
	FL_FREERTOS_QUEUE_ITEM_SIZE,
	FL_FREERTOS_QUEUE_TYPE,
	/* of EventGroup_t */
	FL_FREERTOS_EVENT_WAITERS,
	/* of StreamBuffer_t */
	FL_FREERTOS_STREAM_TAIL,
	FL_FREERTOS_STREAM_HEAD,
	FL_FREERTOS_STREAM_LENGTH,
	FL_FREERTOS_STREAM_RECEIVER,
	FL_FREERTOS_STREAM_SENDER,
	/* of QueueRegistryItem_t */
	FL_FREERTOS_REGISTRY_NAME,
	FL_FREERTOS_REGISTRY_HANDLE,
	FL_FREERTOS_MEMBER_COUNT
};

/** The kernel's lists of tasks, by what being on one means. */
enum fl_freertos_list_kind {
	FL_FREERTOS_NO_LIST,
	FL_FREERTOS_READY,
	FL_FREERTOS_PENDING, /**< about to be ready, by the event item */
	FL_FREERTOS_DELAYED,
	FL_FREERTOS_SUSPENDED,
	FL_FREERTOS_TERMINATED,
};

/** How a walk along a list ended. */
enum fl_freertos_outcome {
	FL_FREERTOS_WALK_FINE,
	FL_FREERTOS_WALK_HEAD_CUT, /**< the list itself was not captured */
	FL_FREERTOS_WALK_CUT,      /**< an item was not */
	FL_FREERTOS_WALK_WILD,     /**< a pointer leads to what is no item of a task */
	FL_FREERTOS_WALK_CIRCLE,
	FL_FREERTOS_WALK_MISCOUNT, /**< complete, but of another length than it says */
	FL_FREERTOS_WALK_FULL,     /**< FL_LIMIT_THREADS */
};

/** One walk along one list. */
struct fl_freertos_walk {
	enum fl_freertos_outcome outcome;
	uint32_t list;    /**< its address */
	uint32_t counted; /**< as it says */
	uint32_t pointer; /**< where the pointer lies that was followed last */
	uint32_t at;      /**< where it leads */
};

struct fl_freertos_list {
	const char *name;
	enum fl_freertos_list_kind kind;
	uint32_t addr;
	uint32_t count;                 /**< lists in a row; 0: there is no such variable */
	bool complete;                  /**< all of it was seen */
	struct fl_freertos_walk broken; /**< the first walk that did not end as it should */
};

enum { FL_FREERTOS_LISTS = 6 };

struct fl_freertos {
	struct fl_kernel_scan *scan;
	struct fl_field members[FL_FREERTOS_MEMBER_COUNT];
	uint64_t known; /**< bit i: members[i] is meaningful */
	uint32_t list_size;
	bool guessed; /**< no debug information about TCB_t: offsets of the default build */
	struct fl_freertos_list lists[FL_FREERTOS_LISTS];
	bool lists_captured; /**< at least one of them */
	bool has_lists;      /**< most of them are lists, as far as they were captured */
	struct fl_freertos_place {
		uint16_t walk; /**< the last walk that met it; 0 = none */
		enum fl_freertos_list_kind list;
		uint32_t list_addr;
		bool pending;
		bool contradicts;   /**< it says that it is on another list */
	} places[FL_LIMIT_THREADS]; /**< of the thread with the same index */
};

/* --- layout.c --- */

/** Find out where everything lies: DWARF first, else the offsets of a default build. */
void fl_freertos_layout(struct fl_freertos *k);

bool fl_freertos_knows(const struct fl_freertos *k, enum fl_freertos_member member);

/** Address of a member of the structure at @p base, known or not. */
uint32_t fl_freertos_at(const struct fl_freertos *k, uint32_t base, enum fl_freertos_member member);

/** A number in the structure at @p base; false when it was not captured or does not exist. */
bool fl_freertos_read(const struct fl_freertos *k, uint32_t base, enum fl_freertos_member member,
		      uint32_t *ret);

/** Without debug information, the lists tell how much stands before a TCB's list items (MPU
 * settings, affinity). Needs k->lists. */
void fl_freertos_probe(struct fl_freertos *k);

/* --- lists.c --- */

/** Where the lists are. */
void fl_freertos_find_lists(struct fl_freertos *k);

/** Add the tasks on them, with their places: forwards, and where that breaks off backwards. */
void fl_freertos_walk(struct fl_freertos *k);

/**
 * What is damaged or missing: one finding per list, or one for all of them when most are none
 * (k->has_lists).
 */
void fl_freertos_note_lists(struct fl_freertos *k);

/** The list at @p addr, or NULL. */
const struct fl_freertos_list *fl_freertos_list_at(const struct fl_freertos *k, uint32_t addr);

/** Whether there is a consistent list at @p addr. */
bool fl_freertos_is_list(const struct fl_freertos *k, uint32_t addr);

/* --- recover.c --- */

/**
 * Add the tasks that are on a list which could not be followed to its end: those that variables of
 * the kernel name, and those whose control block was captured. Their places are what they say
 * themselves.
 */
void fl_freertos_recover(struct fl_freertos *k);

/* --- state.c --- */

/** State of every thread, and what the blocked ones wait for. Those that run are `current`. */
void fl_freertos_states(struct fl_freertos *k);

/* --- waits.c --- */

/** What a blocked thread waits for. @p forever: it is on no delayed list. */
void fl_freertos_wait(struct fl_freertos *k, struct fl_thread *thread, bool forever);

/** Whether the task waits for a notification. */
bool fl_freertos_awaits_notification(const struct fl_freertos *k, uint32_t block);

/** Which of those that wait for a notification do so on behalf of a stream buffer. */
void fl_freertos_streams(struct fl_freertos *k);

/** What the firmware calls the objects that threads wait for; all of them are known. */
void fl_freertos_name_objects(struct fl_freertos *k);

/* --- stacks.c --- */

/** Where all threads' stacks begin and end. */
void fl_freertos_bounds(struct fl_freertos *k);

/** How much of them was never used. Needs the states. */
void fl_freertos_measure(struct fl_freertos *k);

/* --- ports.c --- */

/** Registers of all threads, as they were saved. Needs the stacks. */
void fl_freertos_contexts(struct fl_freertos *k);

#endif
