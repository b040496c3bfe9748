// SPDX-License-Identifier: Apache-2.0
/* What the libunwind witness knows of a target: memory, registers, and its modules' tables. */
#ifndef WITNESS_TARGET_H
#define WITNESS_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_MODULES 16

struct span {
	uint32_t addr;
	uint32_t size;
	const uint8_t *bytes;
};

struct spans {
	struct span *items;
	size_t count;
};

/* One FDE: the row of the sorted table, and what it covers. */
struct fde {
	uint32_t start;
	uint32_t size;
	uint32_t addr; /* where its .eh_frame form lies in target space */
};

struct module {
	struct spans code;      /* executable sections */
	struct spans functions; /* STT_FUNC symbols; bytes unused */
	struct span exidx;
	struct fde *fdes;
	size_t fde_count;
	uint32_t table_addr;
};

enum { REG_SP = 13, REG_LR = 14, REG_PC = 15, REG_XPSR = 16, REG_MSP, REG_PSP, REG_COUNT };

struct target {
	struct spans memory; /* in order of preference */
	struct module modules[MAX_MODULES];
	size_t module_count;
	uint32_t regs[REG_COUNT];
	size_t reg_count;
	bool verbose;
};

/* Print what is wrong and exit 1. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
/* A line on stderr with --verbose. */
__attribute__((format(printf, 2, 3))) void note(const struct target *t, const char *format, ...);

/* Registers and memory of a coredump. */
void load_dump(struct target *t, const char *path);
/* An ELF file and the ones embedded in it, as modules. */
void load_elf(struct target *t, const char *path);

bool read_u32(const struct target *t, uint32_t addr, uint32_t *ret);
const struct span *spans_find(const struct spans *s, uint32_t addr);
/* The module whose code holds pc, or NULL. */
const struct module *module_at(const struct target *t, uint32_t pc);

#endif
