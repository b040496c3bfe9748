/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Writes the memory and the image of a device that ran Zephyr, independently of the reader: nothing
 * here includes engine/threads, and every offset was counted by hand from the kernel's headers of
 * that version (include/kernel_structs.h, kernel/thread.h, kernel.h, arch/arm/thread.h).
 */
#ifndef SUPPORT_ZEPHYR_WRITER_H
#define SUPPORT_ZEPHYR_WRITER_H

#include "support/elf_writer.h"

enum {
	ZEPHYR_ABSENT = 0xffff, /**< this version has no such member */
	ZEPHYR_RAM = 0x20000000,
	ZEPHYR_RAM_SIZE = 0x4000,
	ZEPHYR_KERNEL = 0x20000100, /**< _kernel */
	/* Functions, 0x40 bytes each. */
	ZEPHYR_WORKER = 0x1100,       /**< worker_main */
	ZEPHYR_THREAD_ENTRY = 0x1200, /**< z_thread_entry */
	ZEPHYR_SWAP = 0x1300,         /**< arch_swap */
	ZEPHYR_STUB = 0x1400,         /**< arm_m_iciit_stub */
};

/** Bytes from the beginning of the structure; those of k_thread count through what is nested. */
struct zephyr_shape {
	const char *version;
	uint32_t current, idle_thread, cpu_size;       /**< _cpu */
	uint32_t threads, ready_cache, kernel_size;    /**< z_kernel */
	uint32_t pended_on, user_options, state, prio; /**< _thread_base */
	uint32_t timeout, join_queue;
	uint32_t base_size;
	uint32_t callee_saved, psp, entry, next, name, stack_info, switch_handle;
	uint32_t arch, preempt_float, mode, exc_return, iciit_pc; /**< from k_thread on */
	uint32_t size;
};

extern const struct zephyr_shape zephyr_2_5, zephyr_3_7, zephyr_4_4;

enum zephyr_about {
	ZEPHYR_DWARF = 1,
	ZEPHYR_TABLE = 2,
	ZEPHYR_OLD_TABLE = 4, /**< under its former names, and without what came later */
};

struct zephyr_writer {
	const struct zephyr_shape *shape;
	uint8_t ram[ZEPHYR_RAM_SIZE];
	struct elf_writer elf; /**< complete after zephyr_end() */
	uint32_t last;         /**< of the list of threads */
	unsigned about;
	struct {
		const char *name, *structure;
		uint32_t addr, count;
	} variables[16]; /**< DWARF will tell of */
	size_t variable_count;
};

void zephyr_begin(struct zephyr_writer *w, const struct zephyr_shape *shape, unsigned about);
void zephyr_end(struct zephyr_writer *w);
void zephyr_free(struct zephyr_writer *w);
#define ZEPHYR_AUTO __attribute__((__cleanup__(zephyr_free))) struct zephyr_writer

/** A data symbol. */
void zephyr_object(struct zephyr_writer *w, const char *name, uint32_t addr, uint32_t size);

/** A variable for DWARF: @p count of the structure, 1 being none of an array. No symbol. */
void zephyr_variable(struct zephyr_writer *w, const char *name, const char *structure,
		     uint32_t addr, uint32_t count);

void zephyr_word(struct zephyr_writer *w, uint32_t addr, uint32_t value);
void zephyr_byte(struct zephyr_writer *w, uint32_t addr, unsigned value);
void zephyr_fill(struct zephyr_writer *w, uint32_t addr, unsigned value, uint32_t size);

struct zephyr_thread {
	uint32_t at;
	const char *name;
	int prio;
	unsigned state;
	uint32_t pended_on;
	bool timeout;
	uint32_t entry;
	uint32_t stack, stack_size, stack_delta; /**< stack_info */
	uint32_t sp;                             /**< psp, or the switch handle */
	uint32_t callee[8];                      /**< r4..r11 */
	unsigned exc_return;                     /**< low byte; 0: as of a thread without FP */
};

/** Write a k_thread and append it to the list of all threads. */
void zephyr_thread(struct zephyr_writer *w, const struct zephyr_thread *t);
void zephyr_current(struct zephyr_writer *w, uint32_t thread);

/** The core's frame: r0..r3, r12 = 0xa0.., lr, pc, xpsr. */
void zephyr_frame(struct zephyr_writer *w, uint32_t at, uint32_t r0, uint32_t lr, uint32_t pc,
		  uint32_t xpsr);

#endif
