/* SPDX-License-Identifier: Apache-2.0 */
/** @file A device with Zephyr, read by the engine. */
#ifndef THREADS_ZEPHYR_CASE_H
#define THREADS_ZEPHYR_CASE_H

#include "support/zephyr_writer.h"
#include "threads/device_case.h"

/** zephyr_end() is called here; the rest as device_find(). */
static inline void zephyr_find(struct device_case *c, struct zephyr_writer *w,
			       const struct device_capture *captured,
			       const struct fl_registers *regs, enum fl_arch arch)
{
	const struct device_ram ram = { ZEPHYR_RAM, ZEPHYR_RAM_SIZE, w->ram };
	zephyr_end(w);
	device_find(c, &w->elf, &ram, captured, regs, arch);
}

static inline struct fl_thread *zephyr_named(const struct device_case *c, const char *name)
{
	for (size_t i = 0; i < c->threads.count; i++)
		if (c->threads.items[i].name && strcmp(c->threads.items[i].name, name) == 0)
			return &c->threads.items[i];
	fail_msg("no thread %s", name);
	return NULL;
}

#endif
