/* SPDX-License-Identifier: Apache-2.0 */
/** @file A written device, read by the engine. */
#ifndef THREADS_FREERTOS_CASE_H
#define THREADS_FREERTOS_CASE_H

#include "support/cmocka.h"
#include "support/freertos_writer.h"
#include "threads/threads.h"

#include <stdlib.h>
#include <string.h>

enum { FREERTOS_CAPTURES = 6 };

struct freertos_case {
	struct fl_arena arena;
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct fl_memory memory;
	struct fl_findings findings;
	struct fl_threads threads;
	uint8_t *copies[FREERTOS_CAPTURES]; /* exact-size: ASan sees the byte behind */
};

/** What was captured of the RAM: [addr, addr + size), up to size 0. */
struct freertos_capture {
	uint32_t addr, size;
};

static inline void freertos_case_free(struct freertos_case *c)
{
	for (size_t i = 0; i < FREERTOS_CAPTURES; i++)
		free(c->copies[i]);
	fl_symbols_close(c->symbols);
	fl_arena_deinit(&c->arena);
}
#define FREERTOS_CASE __attribute__((__cleanup__(freertos_case_free))) struct freertos_case

static inline void freertos_capture(struct freertos_case *c, const struct freertos_writer *w,
				    const struct freertos_capture *captured)
{
	static const struct freertos_capture all[] = { { FREERTOS_RAM, FREERTOS_RAM_SIZE },
						       { 0, 0 } };
	struct fl_span spans[FREERTOS_CAPTURES];
	size_t count = 0;
	for (captured = captured ? captured : all; captured->size; captured++, count++) {
		c->copies[count] =
			exact_copy(w->ram + (captured->addr - FREERTOS_RAM), captured->size);
		spans[count] = (struct fl_span){ captured->addr, captured->size, c->copies[count],
						 FL_SPAN_DUMP };
	}
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, spans, count), FL_OK);
	const struct fl_span *flash = fl_module_spans(c->view.modules[0], &count);
	assert_int_equal(fl_memory_layer(&c->memory, &c->arena, flash, count), FL_OK);
}

/** freertos_end() is called here. @p regs may be NULL: no register block. */
static inline void freertos_find(struct freertos_case *c, struct freertos_writer *w,
				 const struct freertos_capture *captured,
				 const struct fl_registers *regs, enum fl_arch arch)
{
	struct fl_error err = { 0 };
	*c = (struct freertos_case){ 0 };
	freertos_end(w);
	if (fl_symbols_open(w->elf.file.data, w->elf.file.size, "fw.elf", &c->symbols, &err))
		fail_msg("%s", err.message);
	assert_true(fl_view_add(&c->view, c->symbols));
	c->findings.arena = &c->arena;
	freertos_capture(c, w, captured);
	struct fl_threads_input in = {
		.memory = &c->memory,
		.symbols = &c->view,
		.contexts = regs,
		.context_count = regs ? 1 : 0,
		.arch = arch,
	};
	assert_int_equal(fl_threads_find(&in, &c->findings, &c->arena, &c->threads), FL_OK);
}

static inline struct fl_thread *freertos_at(const struct freertos_case *c, uint32_t block)
{
	for (size_t i = 0; i < c->threads.count; i++)
		if (c->threads.items[i].has_block && c->threads.items[i].block == block)
			return &c->threads.items[i];
	fail_msg("no thread at 0x%08x", (unsigned)block);
	return NULL;
}

static inline size_t freertos_findings(const struct freertos_case *c, const char *part)
{
	size_t count = 0;
	for (size_t i = 0; i < c->findings.count; i++)
		count += strstr(c->findings.items[i].text, part) != NULL;
	return count;
}

#endif
