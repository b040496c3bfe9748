/* SPDX-License-Identifier: Apache-2.0 */
/** @file A kernel's memory laid out word by word, without debug information. */
#ifndef THREADS_KERNEL_CASE_H
#define THREADS_KERNEL_CASE_H

#include "support/cmocka.h"
#include "support/elf_writer.h"
#include "support/target_memory.h"
#include "threads/threads.h"

#include <string.h>

enum { CASE_CODE = 0x1000, CASE_CODE_SIZE = 0x400, CASE_RAM = 0x20000000, CASE_RAM_WORDS = 0x800 };

struct kernel_case {
	struct elf_writer elf;
	struct elf_writer *host; /**< the ELF that `elf` is embedded in; NULL: none */
	unsigned bss;
	uint32_t ram[CASE_RAM_WORDS];
	uint32_t captured; /**< words; 0: all */
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct target_memory memory;
	struct fl_arena arena;
	struct fl_findings findings;
	struct fl_threads threads;
};

static inline void kernel_case_begin(struct kernel_case *c)
{
	*c = (struct kernel_case){ 0 };
	elf_code(&c->elf, ".text", CASE_CODE, CASE_CODE_SIZE);
	c->bss = elf_section(&c->elf, ".bss", ELF_NOBITS, ELF_A | ELF_W, CASE_RAM, NULL,
			     4 * CASE_RAM_WORDS);
}

static inline void kernel_case_free(struct kernel_case *c)
{
	elf_free(&c->elf);
	fl_symbols_close(c->symbols);
	target_memory_free(&c->memory);
	fl_arena_deinit(&c->arena);
}
#define KERNEL_CASE __attribute__((__cleanup__(kernel_case_free))) struct kernel_case

/** A data symbol of the kernel or the application. */
static inline void
kernel_case_object(struct kernel_case *c, const char *name, uint32_t addr, uint32_t size)
{
	elf_symbol(&c->elf, name, addr, size, ELF_OBJECT, c->bss);
}

static inline void kernel_case_put(struct kernel_case *c, uint32_t addr, uint32_t word)
{
	assert_in_range(addr, CASE_RAM, CASE_RAM + 4 * CASE_RAM_WORDS - 4);
	c->ram[(addr - CASE_RAM) / 4] = word;
}

static inline void kernel_case_text(struct kernel_case *c, uint32_t addr, const char *text)
{
	memcpy((char *)c->ram + (addr - CASE_RAM), text, strlen(text) + 1);
}

/** What the core stacks when it leaves the thread at @p pc. */
static inline void kernel_case_frame(struct kernel_case *c, uint32_t addr, uint32_t pc, uint32_t lr)
{
	const uint32_t words[] = { 100, 101, 102, 103, 112, lr, pc, 0x01000000 };
	for (uint32_t i = 0; i < 8; i++)
		kernel_case_put(c, addr + 4 * i, words[i]);
}

static inline void
kernel_case_fill(struct kernel_case *c, uint32_t start, uint32_t end, uint32_t word)
{
	for (uint32_t addr = start; addr < end; addr += 4)
		kernel_case_put(c, addr, word);
}

/** @p regs may be NULL: no register block. */
static inline void
kernel_case_find(struct kernel_case *c, const struct fl_registers *regs, enum fl_arch arch)
{
	struct fl_error err = { 0 };
	struct elf_writer *whole = c->host ? c->host : &c->elf;
	elf_end(&c->elf);
	if (c->host) {
		elf_section(c->host, ".mflt_aux_symbols.system", ELF_PROGBITS, 0, 0,
			    c->elf.file.data, c->elf.file.size);
		elf_end(c->host);
	}
	if (fl_symbols_open(whole->file.data, whole->file.size, "fw.elf", &c->symbols, &err))
		fail_msg("%s", err.message);
	assert_true(fl_view_add(&c->view, c->symbols));
	target_bytes(&c->memory, CASE_RAM, c->ram, c->captured ? 4 * c->captured : sizeof(c->ram));
	c->findings.arena = &c->arena;
	struct fl_threads_input in = {
		.memory = &c->memory.view,
		.symbols = &c->view,
		.contexts = regs,
		.context_count = regs ? 1 : 0,
		.arch = arch,
	};
	assert_int_equal(fl_threads_find(&in, &c->findings, &c->arena, &c->threads), FL_OK);
}

static inline const struct fl_thread *
kernel_case_thread(const struct kernel_case *c, const char *name)
{
	const struct fl_thread *found = NULL;
	for (size_t i = 0; i < c->threads.count; i++) {
		const struct fl_thread *t = &c->threads.items[i];
		if (!t->name || strcmp(t->name, name) != 0)
			continue;
		assert_null(found);
		found = t;
	}
	if (!found)
		fail_msg("no thread %s", name);
	return found;
}

/** @p words in the text of some finding. */
static inline bool kernel_case_found(const struct kernel_case *c, const char *words)
{
	for (size_t i = 0; i < c->findings.count; i++)
		if (strstr(c->findings.items[i].text, words))
			return true;
	return false;
}

static inline uint32_t saved(const struct fl_thread *t, enum fl_register reg)
{
	uint32_t value;
	assert_true(fl_reg_get(&t->regs, reg, &value));
	return value;
}

#endif
