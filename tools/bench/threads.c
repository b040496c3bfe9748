/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of the generated firmware: each goes down one of its paths and waits at the end of it
 * in another way, on the kernel of fixtures/firmware/freertos; the first one crashes there.
 */
#include "frame.h"
#include "freertos/kernel.h"
#include "fw_paths.h"
#include "scenarios.h"

#define STACK_WORDS (BENCH_THREADS > 16 ? 256 : 512)

enum { TASKS = BENCH_THREADS - 1 }; /* and the kernel's idle one */
enum crash { NULL_WRITE, DIVIDE_BY_ZERO, UNDEFINED_INSTRUCTION, UNALIGNED_ACCESS };

struct fw_system fw_system;

static StackType_t stacks[TASKS][STACK_WORDS]
	__attribute__((section(".task_stacks.bench"), aligned(8)));
static StaticTask_t blocks[TASKS];
static StaticQueue_t queue_room, full_room, ready_room, lock_room;
static QueueHandle_t commands, full, ready, lock;
static uint8_t command_storage[16], full_storage[4];
static enum crash volatile wanted;
static uint32_t *volatile somewhere;
static volatile uint32_t idle_rounds;

void vApplicationIdleHook(void)
{
	idle_rounds++;
}

void vApplicationTickHook(void) {}

void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
	g_sink = (uint32_t)task + (uint32_t)name;
}

FRAME static void crash(uint32_t zero)
{
	switch (wanted) {
	case NULL_WRITE:
		*somewhere = 42;
		break;
	case DIVIDE_BY_ZERO:
		g_sink = 42 / zero;
		break;
	case UNDEFINED_INSTRUCTION:
		__asm__ volatile("udf #0");
		break;
	case UNALIGNED_ACCESS:
		g_sink = *(volatile uint32_t *)(stacks[0][0] | 1);
		break;
	}
	KEEP();
}

FRAME void fw_wait_0(struct fw_system *system, uint32_t index)
{
	vTaskDelay(3);
	if (!index)
		crash(system->state);
	KEEP();
	vTaskSuspend(0);
	KEEP();
}

FRAME void fw_wait_1(struct fw_system *system, uint32_t index)
{
	uint32_t command[2] = { system->state, index };

	xQueueReceive(commands, command, portMAX_DELAY);
	KEEP();
	g_sink = command[0];
}

FRAME void fw_wait_2(struct fw_system *system, uint32_t index)
{
	g_sink = system->state + index;
	vTaskDelay(1000 + index);
	KEEP();
}

FRAME void fw_wait_3(struct fw_system *system, uint32_t index)
{
	g_sink = system->state + index;
	xQueueSemaphoreTake(ready, portMAX_DELAY);
	KEEP();
}

FRAME void fw_wait_4(struct fw_system *system, uint32_t index)
{
	g_sink = system->state + index;
	g_sink = ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
	KEEP();
}

FRAME void fw_wait_5(struct fw_system *system, uint32_t index)
{
	uint32_t line = system->state;

	for (;; line += index) {
		xQueueSend(full, &line, portMAX_DELAY);
		KEEP();
	}
}

FRAME void fw_wait_6(struct fw_system *system, uint32_t index)
{
	g_sink = system->state + index;
	xQueueSemaphoreTake(lock, portMAX_DELAY);
	KEEP();
	vTaskSuspend(0);
	KEEP();
}

/* The beginning of each path is a callback. */
static void (*const paths[])(struct fw_system *, uint32_t) = { BENCH_PATHS };
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

FRAME static void bench_main(void *parameter)
{
	uint32_t index = (uint32_t)parameter;

	for (;;) {
		paths[index % PATHS](&fw_system, index);
		KEEP();
	}
}

/* The kernel copies at most 15 characters; "worker-07". */
static void start(uint32_t index)
{
	char name[] = "worker-00";

	name[7] += (char)(index / 10);
	name[8] += (char)(index % 10);
	xTaskCreateStatic(bench_main, name, STACK_WORDS, (void *)index, index ? 2 + index % 5 : 1,
			  stacks[index], &blocks[index]);
}

FRAME static void run(enum crash how)
{
	wanted = how;
	commands = xQueueCreateStatic(2, 8, command_storage, &queue_room);
	full = xQueueCreateStatic(1, 4, full_storage, &full_room);
	ready = xQueueCreateCountingSemaphoreStatic(5, 0, &ready_room);
	lock = xQueueCreateMutexStatic(&lock_room);
	for (uint32_t index = 0; index < TASKS; index++)
		start(index);
	vTaskStartScheduler();
	KEEP();
}

FRAME static void null_write(void)
{
	run(NULL_WRITE);
	KEEP();
}

FRAME static void divide_by_zero(void)
{
	run(DIVIDE_BY_ZERO);
	KEEP();
}

FRAME static void undefined_instruction(void)
{
	run(UNDEFINED_INSTRUCTION);
	KEEP();
}

FRAME static void unaligned_access(void)
{
	run(UNALIGNED_ACCESS);
	KEEP();
}

const struct scenario scenarios[] = {
	{ "null-write", null_write },
	{ "divide-by-zero", divide_by_zero },
	{ "undefined-instruction", undefined_instruction },
	{ "unaligned-access", unaligned_access },
	{ 0, 0 },
};
