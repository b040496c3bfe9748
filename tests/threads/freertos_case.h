/* SPDX-License-Identifier: Apache-2.0 */
/** @file A device with FreeRTOS, read by the engine. */
#ifndef THREADS_FREERTOS_CASE_H
#define THREADS_FREERTOS_CASE_H

#include "support/freertos_writer.h"
#include "threads/device_case.h"

/** freertos_end() is called here; the rest as device_find(). */
static inline void freertos_find(struct device_case *c, struct freertos_writer *w,
				 const struct device_capture *captured,
				 const struct fl_registers *regs, enum fl_arch arch)
{
	const struct device_ram ram = { FREERTOS_RAM, FREERTOS_RAM_SIZE, w->ram };
	freertos_end(w);
	device_find(c, &w->elf, &ram, captured, regs, arch);
}

static inline struct fl_thread *freertos_at(const struct device_case *c, uint32_t block)
{
	for (size_t i = 0; i < c->threads.count; i++)
		if (c->threads.items[i].has_block && c->threads.items[i].block == block)
			return &c->threads.items[i];
	fail_msg("no thread at 0x%08x", (unsigned)block);
	return NULL;
}

#endif
