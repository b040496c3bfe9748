/* SPDX-License-Identifier: Apache-2.0 */
/** @file A written device, read by the engine. */
#ifndef THREADS_DEVICE_CASE_H
#define THREADS_DEVICE_CASE_H

#include "support/cmocka.h"
#include "support/elf_writer.h"
#include "threads/threads.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICE_CAPTURES = 6 };

struct device_case {
	struct fl_arena arena;
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct fl_memory memory;
	struct fl_findings findings;
	struct fl_threads threads;
	uint8_t *copies[DEVICE_CAPTURES]; /* exact-size: ASan sees the byte behind */
};

/** What was captured of the RAM: [addr, addr + size), up to size 0. */
struct device_capture {
	uint32_t addr, size;
};

/** The RAM of a device as it was written. */
struct device_ram {
	uint32_t addr, size;
	const uint8_t *bytes;
};

static inline void device_case_free(struct device_case *c)
{
	for (size_t i = 0; i < DEVICE_CAPTURES; i++)
		free(c->copies[i]);
	fl_symbols_close(c->symbols);
	fl_arena_deinit(&c->arena);
}
#define DEVICE_CASE __attribute__((__cleanup__(device_case_free))) struct device_case

/** @p captured may be NULL: all of the RAM. */
static inline void device_capture(struct device_case *c, const struct device_ram *ram,
				  const struct device_capture *captured)
{
	const struct device_capture all[] = { { ram->addr, ram->size }, { 0, 0 } };
	struct fl_span spans[DEVICE_CAPTURES];
	size_t count = 0;
	for (captured = captured ? captured : all; captured->size; captured++, count++) {
		c->copies[count] =
			exact_copy(ram->bytes + (captured->addr - ram->addr), captured->size);
		spans[count] = (struct fl_span){ captured->addr, captured->size, c->copies[count],
						 FL_SPAN_DUMP };
	}
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, spans, count), FL_OK);
	const struct fl_span *flash = fl_module_spans(c->view.modules[0], &count);
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, flash, count), FL_OK);
}

/** @p elf is complete. @p regs may be NULL: no register block. */
static inline void device_find(struct device_case *c, const struct elf_writer *elf,
			       const struct device_ram *ram, const struct device_capture *captured,
			       const struct fl_registers *regs, enum fl_arch arch)
{
	struct fl_error err = { 0 };
	*c = (struct device_case){ 0 };
	if (fl_symbols_open(elf->file.data, elf->file.size, "fw.elf", &c->symbols, &err))
		fail_msg("%s", err.message);
	assert_true(fl_view_add(&c->view, c->symbols));
	c->findings.arena = &c->arena;
	device_capture(c, ram, captured);
	struct fl_threads_input in = {
		.memory = &c->memory,
		.symbols = &c->view,
		.contexts = regs,
		.context_count = regs ? 1 : 0,
		.arch = arch,
	};
	assert_int_equal(fl_threads_find(&in, &c->findings, &c->arena, &c->threads), FL_OK);
}

/** How many findings have @p part in their text. */
static inline size_t device_findings(const struct device_case *c, const char *part)
{
	size_t count = 0;
	for (size_t i = 0; i < c->findings.count; i++)
		count += strstr(c->findings.items[i].text, part) != NULL;
	return count;
}

#endif
