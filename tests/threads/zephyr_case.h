/* SPDX-License-Identifier: Apache-2.0 */
/** @file A written device, read by the engine. */
#ifndef THREADS_ZEPHYR_CASE_H
#define THREADS_ZEPHYR_CASE_H

#include "support/cmocka.h"
#include "support/zephyr_writer.h"
#include "threads/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zephyr_case {
	struct fl_arena arena;
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct fl_memory memory;
	struct fl_findings findings;
	struct fl_threads threads;
	uint8_t *copies[4]; /* exact-size: ASan sees the byte behind */
};

/** What was captured of the RAM: [addr, addr + size), up to size 0. */
struct zephyr_capture {
	uint32_t addr, size;
};

static inline void zephyr_case_free(struct zephyr_case *c)
{
	for (size_t i = 0; i < sizeof(c->copies) / sizeof(c->copies[0]); i++)
		free(c->copies[i]);
	fl_symbols_close(c->symbols);
	fl_arena_deinit(&c->arena);
}
#define ZEPHYR_CASE __attribute__((__cleanup__(zephyr_case_free))) struct zephyr_case

static inline void zephyr_capture(struct zephyr_case *c, const struct zephyr_writer *w,
				  const struct zephyr_capture *captured)
{
	static const struct zephyr_capture all[] = { { ZEPHYR_RAM, ZEPHYR_RAM_SIZE }, { 0, 0 } };
	struct fl_span spans[4];
	size_t count = 0;
	for (captured = captured ? captured : all; captured->size; captured++, count++) {
		c->copies[count] =
			exact_copy(w->ram + (captured->addr - ZEPHYR_RAM), captured->size);
		spans[count] = (struct fl_span){ captured->addr, captured->size, c->copies[count],
						 FL_SPAN_DUMP };
	}
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, spans, count), FL_OK);
	const struct fl_span *flash = fl_module_spans(c->view.modules[0], &count);
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, flash, count), FL_OK);
}

/** zephyr_end() is called here. @p regs may be NULL: no register block. */
static inline void zephyr_find(struct zephyr_case *c, struct zephyr_writer *w,
			       const struct zephyr_capture *captured,
			       const struct fl_registers *regs, enum fl_arch arch)
{
	struct fl_error err = { 0 };
	*c = (struct zephyr_case){ 0 };
	zephyr_end(w);
	if (fl_symbols_open(w->elf.file.data, w->elf.file.size, "fw.elf", &c->symbols, &err))
		fail_msg("%s", err.message);
	assert_true(fl_view_add(&c->view, c->symbols));
	c->findings.arena = &c->arena;
	zephyr_capture(c, w, captured);
	struct fl_threads_input in = {
		.memory = &c->memory,
		.symbols = &c->view,
		.contexts = regs,
		.context_count = regs ? 1 : 0,
		.arch = arch,
	};
	assert_int_equal(fl_threads_find(&in, &c->findings, &c->arena, &c->threads), FL_OK);
}

static inline struct fl_thread *zephyr_named(const struct zephyr_case *c, const char *name)
{
	for (size_t i = 0; i < c->threads.count; i++)
		if (c->threads.items[i].name && strcmp(c->threads.items[i].name, name) == 0)
			return &c->threads.items[i];
	fail_msg("no thread %s", name);
	return NULL;
}

static inline size_t zephyr_findings(const struct zephyr_case *c, const char *part)
{
	size_t count = 0;
	for (size_t i = 0; i < c->findings.count; i++)
		count += strstr(c->findings.items[i].text, part) != NULL;
	return count;
}

#endif
