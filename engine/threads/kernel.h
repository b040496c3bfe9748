/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What a kernel has to tell, and the common ground its file stands on.
 *
 * Adding one: threads/<name>.c (or a directory), its row in threads/kernels.c, the names of its
 * data in model/kernel_types.c, its page in docs/threads.md.
 */
#ifndef THREADS_KERNEL_H
#define THREADS_KERNEL_H

#include "base/arena.h"
#include "base/limits.h"
#include "threads/threads.h"

/** The word that names an object, by holding its address. */
struct fl_handle {
	uint32_t object;
	uint32_t addr; /**< of the word, once it was found */
	enum {
		FL_HANDLE_NONE,
		FL_HANDLE_INSIDE,    /**< it is one of several words of a variable */
		FL_HANDLE_AMBIGUOUS, /**< there are several such */
		FL_HANDLE_WHOLE      /**< a variable of its own: nothing better will come */
	} found;
	uint32_t seen; /**< words that hold it */
};

/** One look for threads. */
struct fl_kernel_scan {
	const struct fl_threads_input *in;
	struct fl_symbol_view symbols; /**< the module with the kernel's data first */
	struct fl_arena *arena;
	struct fl_findings *findings;
	struct fl_threads *out;    /**< items move when one is added */
	size_t room;               /**< items that out has room for */
	bool failed;               /**< memory ran out: rules need not look */
	bool full;                 /**< FL_LIMIT_THREADS was reached, and said */
	bool idle;                 /**< the kernel says that no thread runs */
	bool odd_state;            /**< fl_scan_note_state() was called */
	struct fl_field *members;  /**< see fl_scan_know() */
	uint64_t known;            /**< bit i: members[i] is meaningful */
	bool has_handles;          /**< the following are there */
	struct fl_handle *handles; /**< by object */
	size_t handle_count;
};

struct fl_kernel {
	const char *name;
	const char *const
		*decisive; /**< variables, any of which says it is there; ends with NULL */
	/**
	 * Fill scan->out: threads by fl_scan_add(), kernel facts (the name is set already). The
	 * running threads are marked `current` with their `core`; nobody is marked `crashed`. What
	 * was saved of a running thread is read like that of any other: whether it is out of date
	 * is decided later (running.h).
	 */
	void (*find)(struct fl_kernel_scan *scan);
};

extern const struct fl_kernel fl_kernel_freertos, fl_kernel_zephyr, fl_kernel_threadx,
	fl_kernel_rtx5;

/* --- the list of threads --- */

/**
 * A new thread with that control block, everything else unknown.
 * @return NULL when it is there already, memory ran out, or the limit is reached (a finding says
 * so). Until the next one is added it stays where it is.
 */
struct fl_thread *fl_scan_add(struct fl_kernel_scan *scan, uint32_t block);

/** Room for one more at the end of the list, without regard to the limit; NULL latches
 * scan->failed. */
struct fl_thread *fl_scan_append(struct fl_kernel_scan *scan);

/** The thread with that control block, or NULL. */
struct fl_thread *fl_scan_find(const struct fl_kernel_scan *scan, uint32_t block);

/** A finding of this stage at a target address; see fl_finding_add(). */
void fl_scan_note(struct fl_kernel_scan *scan, enum fl_severity severity, enum fl_code code,
		  uint32_t addr, const char *format, ...) FL_PRINTF(5, 6);

/** That a thread is in a state which does not exist; once for all of them. */
void fl_scan_note_state(struct fl_kernel_scan *scan, const struct fl_thread *thread,
			uint32_t number);

/** Text in the arena; NULL latches scan->failed. */
const char *fl_scan_copy(struct fl_kernel_scan *scan, const char *text, size_t size);

/** The same, of at most 255 bytes. */
const char *fl_scan_text(struct fl_kernel_scan *scan, const char *format, ...) FL_PRINTF(2, 3);

/* --- reading --- */

/**
 * A number of @p size bytes (1, 2, 4) at @p addr; signed ones are extended.
 * @return false when it was not captured, or is of another size.
 */
bool fl_scan_number(const struct fl_kernel_scan *scan, uint32_t addr, uint32_t size, bool is_signed,
		    uint32_t *ret);

/** The variable @p name, a number of at most 4 bytes. */
bool fl_scan_variable(const struct fl_kernel_scan *scan, const char *name, uint32_t *ret);

/**
 * NUL-terminated text of at most @p room bytes at @p addr, in the arena; what is no printable ASCII
 * becomes '?'. Text that is cut off by the end of the captured memory is given as far as it goes.
 * @return NULL when nothing of it was captured or it is empty.
 */
const char *fl_scan_string(struct fl_kernel_scan *scan, uint32_t addr, uint32_t room);

/** Name of the data symbol that contains @p addr ("queue", "queues+0x50"), in the arena; or NULL.
 */
const char *fl_scan_object_name(struct fl_kernel_scan *scan, uint32_t addr);

/**
 * What the firmware calls the object at @p addr: the data symbol that begins there, else the first
 * pointer variable that was captured and holds @p addr (a handle of an object on the heap), else
 * the one word of all structures and arrays that does ("driver+0x8"), which stacks, control
 * blocks and the kernel's own variables are not; in the arena; or NULL.
 *
 * Handles are looked for once, for all objects that threads wait for: these are known by now, and
 * so are the stacks.
 */
const char *fl_scan_handle_name(struct fl_kernel_scan *scan, uint32_t addr);

/** Data symbols that a span of captured memory holds, wholly or in part. */
struct fl_captured_objects {
	const struct fl_object_place *places;
	uint32_t count;
	const struct fl_span *span;
};

/** Where a walk through all of them stands. Zero-initialised is before the first. */
struct fl_object_walk {
	size_t module, span;
	uint32_t next;
};

/** The next ones: module by module, by address, no place twice. */
bool fl_scan_next_objects(const struct fl_kernel_scan *scan, struct fl_object_walk *walk,
			  struct fl_captured_objects *ret);

/** Its bytes where the span has all of them, else NULL. */
static inline const uint8_t *
fl_captured_bytes(const struct fl_captured_objects *objects, const struct fl_object_place *place)
{
	uint32_t off = place->addr - objects->span->addr;
	return off < objects->span->size && place->size <= objects->span->size - off
		       ? objects->span->bytes + off
		       : NULL;
}

/** Which words are worth a closer look: those between the lowest and the highest of some. */
struct fl_word_range {
	uint32_t low, high;
	bool any;
};

static inline void fl_word_range_add(struct fl_word_range *range, uint32_t word)
{
	range->low = range->any && range->low < word ? range->low : word;
	range->high = range->any && range->high > word ? range->high : word;
	range->any = true;
}

static inline bool fl_word_range_has(const struct fl_word_range *range, uint32_t word)
{
	return word - range->low <= range->high - range->low;
}

/** The little-endian word at @p bytes. */
static inline uint32_t fl_word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/** A layout: DWARF's word for it, else what the tables of docs/formats.md say. */
struct fl_layout {
	const char *structure; /**< tag or typedef */
	const char *path;
	uint32_t default_off, default_size;
	bool has_default;
};

/** Where @p layout lies in its structure; false when neither knows. */
bool fl_scan_layout(const struct fl_kernel_scan *scan, const struct fl_layout *layout,
		    struct fl_field *ret);

/** At most so many members. */
#define FL_SCAN_MEMBERS 64

/**
 * From here on fl_scan_member() knows where these members lie: @p layouts [i] is member i. They are
 * looked up once, for all threads and objects.
 */
void fl_scan_know(struct fl_kernel_scan *scan, const struct fl_layout *layouts, unsigned count);

/** The number that is member @p member of the structure at @p base; false when it does not exist or
 * was not captured. */
bool fl_scan_member(const struct fl_kernel_scan *scan, uint32_t base, unsigned member,
		    uint32_t *ret);

/* --- what a switched-out thread left on its stack --- */

/**
 * Registers of a thread whose hardware frame lies at @p addr: r4..r11 are in thread->regs already
 * where they are known. Fills r0..r3, r12, lr, pc, xPSR and SP (above the frame), the context, and
 * the bytes used when the end of the stack is known. A frame that was not captured, or cannot be
 * one, leaves no context, and a stop_text that says so.
 *
 * @param extended the frame has FP space.
 */
bool fl_thread_resume(struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t addr,
		      bool extended);

/** The same of a frame that was copied to @p copy while the thread's stack has it at @p addr. */
bool fl_thread_resume_copy(struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t copy,
			   uint32_t addr, bool extended);

/** Whether the words at @p addr can be the hardware frame of a switched-out thread. */
bool fl_scan_is_frame(const struct fl_kernel_scan *scan, uint32_t addr);

/** No registers, and why; stop is FL_STOP_NO_REGISTERS until the caller knows a better one. */
void fl_thread_without_context(struct fl_kernel_scan *scan, struct fl_thread *thread,
			       const char *format, ...) FL_PRINTF(3, 4);

/** Consecutive words into consecutive registers, from @p first on; unknown where not captured. */
void fl_thread_load(const struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t addr,
		    enum fl_register first, uint32_t count);

/** Entry function: address, and its name where there is one. */
void fl_thread_set_entry(struct fl_kernel_scan *scan, struct fl_thread *thread, uint32_t addr);

/* --- stacks --- */

/** [start, end); nothing when it cannot be one (empty, upside down, larger than RAM ever is). */
void fl_thread_set_stack(struct fl_thread *thread, uint32_t start, uint64_t end);

/**
 * Where the kernel says that it left the stack pointer: the lowest such address counts. An address
 * on another stack is for fl_thread_forget_saved().
 */
void fl_thread_set_saved(struct fl_thread *thread, uint32_t sp);
void fl_thread_forget_saved(struct fl_thread *thread);

/** Bytes between @p sp and the end of the stack, when that is known: at least so much was used. */
void fl_thread_set_used(struct fl_thread *thread, uint32_t sp);

/** That stack pointer was another stack's. */
void fl_thread_forget_used(struct fl_thread *thread);

/**
 * How much was never used, by the fill pattern: bytes equal to @p fill from the lowest address
 * up, as far as they were captured; nothing when the lowest word was not captured, or the pattern
 * is not there although the stack below the stack pointer was captured (the kernel does not fill).
 * @param skip  bytes at the low end that are no part of the pattern (a guard, a sentinel).
 */
void fl_thread_measure(const struct fl_kernel_scan *scan, struct fl_thread *thread, uint8_t fill,
		       uint32_t skip);

/**
 * The same for all threads whose stack is known to begin somewhere. One thread's pattern shows that
 * the kernel fills: then one without it has used its stack up.
 */
void fl_threads_measure(const struct fl_kernel_scan *scan, uint8_t fill, uint32_t skip);

/** The same from a number that the device kept. */
void fl_thread_set_unused(struct fl_thread *thread, uint32_t unused);

/** The context of no thread: main stack by linker symbols (bare metal, before the scheduler). */
void fl_thread_bare(const struct fl_symbol_view *symbols, const struct fl_registers *regs,
		    struct fl_thread *ret);

#endif
