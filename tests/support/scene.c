/* SPDX-License-Identifier: Apache-2.0 */
#include "support/scene.h"

#include "base/limits.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "symbols/symbolize.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fl_symbols *symbols;
static struct fl_symbol_view view;

int scene_load(const char *path)
{
	size_t size;
	struct fl_error err = { 0 };
	uint8_t *elf = corpus_read(path, &size);
	assert_non_null(elf);
	if (fl_symbols_open(elf, size, "odd.elf", &symbols, &err))
		fail_msg("%s", err.message);
	free(elf);
	return fl_view_add(&view, symbols) ? 0 : 1;
}

int scene_unload(void **state)
{
	(void)state;
	fl_symbols_close(symbols);
	return 0;
}

void scene_free(struct scene *s)
{
	target_memory_free(&s->stack);
	fl_arena_deinit(&s->arena);
}

void set_context(struct scene *s, uint32_t pc, uint32_t lr)
{
	*s = (struct scene){ .in = { .arch = FL_ARCH_V7EM } };
	for (int reg = 0; reg <= FL_R12; reg++)
		fl_reg_set(&s->regs, (enum fl_register)reg, 0x100 + (uint32_t)reg);
	fl_reg_set(&s->regs, FL_PC, pc);
	fl_reg_set(&s->regs, FL_LR, lr);
	fl_reg_set(&s->regs, FL_SP, SP);
	fl_reg_set(&s->regs, FL_MSP, SP);
	fl_reg_set(&s->regs, FL_PSP, PSP);
	fl_reg_set(&s->regs, FL_XPSR, THUMB);
}

void set_handler(struct scene *s, uint32_t pc, uint32_t lr, uint32_t number)
{
	set_context(s, pc, lr);
	fl_reg_set(&s->regs, FL_XPSR, THUMB | number);
}

void set_thread(struct scene *s, uint32_t pc, uint32_t lr, bool saved)
{
	set_context(s, pc, lr);
	fl_reg_set(&s->regs, FL_SP, PSP);
	s->in.saved = saved;
	if (saved)
		fl_reg_forget(&s->regs, FL_MSP);
}

void set_bounds(struct scene *s, uint32_t start, uint64_t end)
{
	s->in.has_process_stack = true;
	s->in.process_stack_start = start;
	s->in.process_stack_end = end;
}

static void append(struct scene *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(struct scene *s, const char *format, ...)
{
	size_t length = strlen(s->text);
	va_list ap;
	va_start(ap, format);
	vsnprintf(s->text + length, sizeof(s->text) - length, format, ap);
	va_end(ap);
}

static void describe(struct scene *s)
{
	struct fl_frame *frames;
	size_t count;
	assert_int_equal(
		fl_symbolize(&view, s->result.frames, s->result.count, &s->arena, &frames, &count),
		FL_OK);
	for (size_t i = 0; i < count; i++) {
		if (frames[i].kind == FL_FRAME_EXCEPTION)
			append(s, "--%u~", frames[i].exception);
		else if (frames[i].function)
			append(s, "%s~", frames[i].function);
		else
			append(s, "0x%" PRIx32 "~", frames[i].pc);
		append(s, "%s ", fl_trust_name(frames[i].trust));
	}
	append(s, "| %s", fl_stop_name(s->result.stop));
}

void scene_unwind(struct scene *s)
{
	size_t count;
	const struct fl_span *spans = fl_module_spans(view.modules[0], &count);
	struct fl_memory *m = &s->memory;
	assert_int_equal(fl_memory_layer(m, &s->arena, s->stack.spans, s->stack.view.count), FL_OK);
	assert_int_equal(fl_memory_layer(m, &s->arena, spans, count), FL_OK);
	s->findings.arena = &s->arena;
	s->result.frames =
		fl_arena_array(&s->arena, FL_LIMIT_FRAMES, sizeof(struct fl_unwound_frame));
	s->in.regs = &s->regs;
	s->in.memory = m;
	s->in.symbols = &view;
	fl_unwind(&s->in, &s->findings, &s->result);
	describe(s);
}

void expect(struct scene *s, const char *chain)
{
	scene_unwind(s);
	assert_string_equal(s->text, chain);
}

void expect_finding(const struct scene *s, const char *words)
{
	for (size_t i = 0; i < s->findings.count; i++)
		if (strstr(s->findings.items[i].text, words))
			return;
	fail_msg("no finding says: %s", words);
}
