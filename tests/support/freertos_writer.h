/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Writes the memory and the image of a device that ran FreeRTOS, independently of the reader:
 * nothing here includes engine/threads. Structures are laid out member by member in the order of
 * the kernel's sources, contexts are pushed in the order of the ports' PendSV handlers.
 */
#ifndef SUPPORT_FREERTOS_WRITER_H
#define SUPPORT_FREERTOS_WRITER_H

#include "support/elf_writer.h"

enum {
	FREERTOS_RAM = 0x20000000,
	FREERTOS_RAM_SIZE = 0x8000,
	FREERTOS_PRIORITIES = 8,
	FREERTOS_TASKS = 12,         /**< that there is room for */
	FREERTOS_STACK_SIZE = 0x400, /**< of each task */
	/* Functions, 0x40 bytes each. */
	FREERTOS_WORKER = 0x1100, /**< worker_main */
	FREERTOS_YIELD = 0x1200,  /**< vTaskDelay */
	FREERTOS_EXIT = 0x1300,   /**< prvTaskExitError */
	/* Where tests put what they make. */
	FREERTOS_OBJECTS = 0x20000800,
	FREERTOS_OBJECTS_END = 0x20001000,
	FREERTOS_BLOCKS = 0x20001000,
	FREERTOS_STACKS = 0x20004000,
};

/** How the kernel was configured, and what the image says of it. */
enum freertos_config {
	FREERTOS_V8 = 1 << 0, /**< names and queues of 8.x */
	FREERTOS_INTEGRITY = 1 << 1,
	FREERTOS_MPU = 1 << 2, /**< settings of 80 words in front of the list items */
	FREERTOS_SMP = 1 << 3, /**< two cores, with affinity */
	FREERTOS_STACK_END = 1 << 4,
	FREERTOS_TRACE = 1 << 5,
	FREERTOS_NO_MUTEXES = 1 << 6,
	FREERTOS_PX_CONTAINER = 1 << 7, /**< configENABLE_BACKWARD_COMPATIBILITY 0 */
	FREERTOS_DWARF = 1 << 8,
	FREERTOS_REGISTRY = 1 << 9, /**< the vendor port's, with watermarks */
	FREERTOS_SHORT_NAMES = 1 << 10,
};

/** Bytes from the beginning of each structure. */
struct freertos_shape {
	uint32_t value, next, previous, owner, container, item_size;
	uint32_t count, index, end, end_next, list_size;
	uint32_t settings, state, event, priority, stack, run_state, name, name_size, stack_end,
		base_priority, notify, block_size;
	uint32_t holder, send, receive, messages, length, element_size, type, queue_size;
};

struct freertos_writer {
	unsigned config;
	struct freertos_shape s;
	uint8_t ram[FREERTOS_RAM_SIZE];
	struct elf_writer elf; /**< complete after freertos_end() */
	/* Addresses of the kernel's variables. */
	uint32_t current, ready, delayed1, delayed2, pending, suspended, termination;
	uint32_t running, tick, task_count, idle, registry, watermarks, queues;
	uint32_t tasks; /**< made so far */
};

void freertos_begin(struct freertos_writer *w, unsigned config);
void freertos_end(struct freertos_writer *w);
void freertos_free(struct freertos_writer *w);
#define FREERTOS_AUTO __attribute__((__cleanup__(freertos_free))) struct freertos_writer

/** A data symbol. */
void freertos_object(struct freertos_writer *w, const char *name, uint32_t addr, uint32_t size);

uint32_t freertos_get(const struct freertos_writer *w, uint32_t addr);
void freertos_word(struct freertos_writer *w, uint32_t addr, uint32_t value);
void freertos_byte(struct freertos_writer *w, uint32_t addr, unsigned value);
void freertos_fill(struct freertos_writer *w, uint32_t addr, unsigned value, uint32_t size);

/** A new task on no list, with a filled stack. @return its TCB. */
uint32_t freertos_task(struct freertos_writer *w, const char *name, uint32_t priority);
uint32_t freertos_stack_of(const struct freertos_writer *w, uint32_t block);

/** Put the state item, or the event item, at the end of a list. */
void freertos_put(struct freertos_writer *w, uint32_t list, uint32_t block, uint32_t value);
void freertos_put_event(struct freertos_writer *w, uint32_t list, uint32_t block, uint32_t value);
/** The same for the ready list of its priority. */
void freertos_make_ready(struct freertos_writer *w, uint32_t block);

enum freertos_object_kind {
	FREERTOS_QUEUE,
	FREERTOS_SEMAPHORE,
	FREERTOS_MUTEX,
	FREERTOS_RECURSIVE_MUTEX,
};
/** @param holder of a mutex; 0 otherwise. */
void freertos_queue(struct freertos_writer *w, uint32_t at, enum freertos_object_kind kind,
		    uint32_t holder);
void freertos_event_group(struct freertos_writer *w, uint32_t at);
void freertos_stream(struct freertos_writer *w, uint32_t at, uint32_t receiver, uint32_t sender);
void freertos_list(struct freertos_writer *w, uint32_t at);

enum freertos_port {
	FREERTOS_CM0,
	FREERTOS_CM0_11_1,
	FREERTOS_CM3,
	FREERTOS_CM4F,
	FREERTOS_NTZ,
	FREERTOS_TZ,
	FREERTOS_NTZ_PAC,
	FREERTOS_TZ_PAC,
	FREERTOS_CM3_MPU_10_4,
	FREERTOS_CM4_MPU_10_4,
	FREERTOS_NTZ_MPU_10_4,
	FREERTOS_TZ_MPU_10_4,
	FREERTOS_CM4_MPU,
	FREERTOS_NTZ_MPU,
	FREERTOS_TZ_MPU,
	FREERTOS_NTZ_MPU_PAC,
	FREERTOS_TZ_MPU_PAC,
	FREERTOS_CM0_MPU,
	FREERTOS_PORTS
};

struct freertos_context {
	uint32_t sp; /**< before the exception */
	uint32_t r4; /**< r5 = r4 + 1, ... r11 = r4 + 7 */
	uint32_t pc, lr;
	bool fp;        /**< it had used the FPU */
	bool in_secure; /**< it was inside secure code */
	bool fresh;     /**< it never ran: as pxPortInitialiseStack() leaves it */
};

/** Switch a task out. r0..r3 = 0xa0..0xa3, r12 = 0xac. */
void freertos_save(struct freertos_writer *w, enum freertos_port port, uint32_t block,
		   const struct freertos_context *c);

#endif
