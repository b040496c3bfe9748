// SPDX-License-Identifier: Apache-2.0
/*
 * Second opinion on a Cortex-M call stack: libunwind's ARM target, fed with a
 * device coredump and the firmware's ELF files.
 *
 *	libunwind_witness [--verbose] --elf FW.elf [--elf PART.elf ...] DUMP
 *
 * Prints a JSON array, innermost frame first: {"pc": "0x..."} or
 * {"kind": "exception", "pc": "0x..."} with the EXC_RETURN value. Shares no code with the engine:
 * its only purpose is to be wrong independently.
 *
 * Exit codes: 0 frames were printed, 1 the input cannot be used, 2 usage.
 */
#define UNW_REMOTE_ONLY
#include "libunwind_target.h"

#include <inttypes.h>
#include <libelf.h>
#include <libunwind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FRAMES 256

/* Exported by the library, declared in none of its public headers. */
int _Uarm_search_unwind_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di,
			      unw_proc_info_t *pi, int need_unwind_info, void *arg);

/* --- libunwind's view of the target --------------------------------------- */

static bool fde_covers(const struct module *m, uint32_t ip)
{
	for (size_t i = 0; i < m->fde_count; i++)
		if (ip >= m->fdes[i].start && ip - m->fdes[i].start < m->fdes[i].size)
			return true;
	return false;
}

static int
find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi, int need, void *arg)
{
	const struct module *m = module_at(arg, ip);
	unw_dyn_info_t di = { .start_ip = 0, .end_ip = 0x7FFFFFFF };

	if (!m || ip >= di.end_ip)
		return -UNW_ENOINFO;
	if (fde_covers(m, ip)) {
		di.format = UNW_INFO_FORMAT_REMOTE_TABLE;
		di.u.rti.table_data = m->table_addr;
		di.u.rti.table_len = (unw_word_t)(m->fde_count * 8 / sizeof(unw_word_t));
	} else if (m->exidx.size) {
		di.format = UNW_INFO_FORMAT_ARM_EXIDX;
		di.u.rti.table_data = m->exidx.addr;
		di.u.rti.table_len = m->exidx.size;
	} else {
		return -UNW_ENOINFO;
	}
	return _Uarm_search_unwind_table(as, ip, &di, pi, need, arg);
}

static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
	(void)as;
	(void)pi;
	(void)arg;
}

static int get_dyn_info_list_addr(unw_addr_space_t as, unw_word_t *addr, void *arg)
{
	(void)as;
	(void)addr;
	(void)arg;
	return -UNW_ENOINFO;
}

/*
 * Writes are accepted and dropped: the one that occurs is our own clearing of
 * the Thumb bit, which the library also keeps in its cursor.
 */
static int access_mem(unw_addr_space_t as, unw_word_t addr, unw_word_t *value, int write, void *arg)
{
	(void)as;
	if (write)
		return 0;
	return read_u32(arg, addr, value) ? 0 : -UNW_EINVAL;
}

static int
access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value, int write, void *arg)
{
	const struct target *t = arg;

	(void)as;
	if (reg < 0 || reg > REG_PC)
		return -UNW_EBADREG;
	if (!write)
		*value = t->regs[reg];
	return 0;
}

static int
access_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value, int write, void *arg)
{
	(void)as;
	(void)reg;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t as, unw_word_t ip, char *name, size_t size,
			 unw_word_t *off, void *arg)
{
	(void)as;
	(void)ip;
	(void)name;
	(void)size;
	(void)off;
	(void)arg;
	return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
	.find_proc_info = find_proc_info,
	.put_unwind_info = put_unwind_info,
	.get_dyn_info_list_addr = get_dyn_info_list_addr,
	.access_mem = access_mem,
	.access_reg = access_reg,
	.access_fpreg = access_fpreg,
	.resume = resume,
	.get_proc_name = get_proc_name,
};

/* --- the walk -------------------------------------------------------------- */

/* 0xFF in the top byte and bit 1 clear: rejects reset's and lockup's all-ones. */
static bool is_exc_return(uint32_t v)
{
	return (v & 0xFFFFFF80u) == 0xFFFFFF80u && !(v & 2);
}

static void print_frame(size_t index, const char *kind, uint32_t pc)
{
	printf("%s\n  {", index ? "," : "");
	if (kind)
		printf("\"kind\": \"%s\", ", kind);
	printf("\"pc\": \"0x%08" PRIx32 "\"}", pc);
}

/* r4-r11 keep what the tables recovered; an unrecoverable one keeps its value. */
static void keep_callee_saved(struct target *t, unw_cursor_t *cursor)
{
	for (int r = 4; r <= 11; r++) {
		unw_word_t v;

		if (!unw_get_reg(cursor, r, &v))
			t->regs[r] = v;
	}
}

/* Pop the hardware frame that EXC_RETURN describes into t->regs. */
static bool pop_exception_frame(struct target *t, uint32_t exc_return, uint32_t sp)
{
	static const uint8_t order[8] = { 0, 1, 2, 3, 12, REG_LR, REG_PC, REG_XPSR };
	bool process = exc_return & 4;

	if (process && t->reg_count <= REG_PSP)
		return false;
	uint32_t frame = process ? t->regs[REG_PSP] : sp;
	if ((exc_return & 0x60) == 0x40) /* v8-M: callee registers stacked too */
		frame += 0x28;
	for (uint32_t i = 0; i < 8; i++)
		if (!read_u32(t, frame + 4 * i, &t->regs[order[i]]))
			return false;
	frame += exc_return & 0x10 ? 0x20 : 0x68;
	if (t->regs[REG_XPSR] & 1u << 9)
		frame += 4;
	t->regs[REG_SP] = frame;
	return true;
}

/*
 * A jump to an address that holds no code left its caller in lr; libunwind has
 * nothing to say about such a pc, so the step is taken here.
 */
static bool leave_bad_target(struct target *t)
{
	uint32_t lr = t->regs[REG_LR];

	if (module_at(t, t->regs[REG_PC] & ~1u) || is_exc_return(lr))
		return false;
	return module_at(t, (lr & ~1u) - 1) != NULL;
}

struct walk {
	struct target *target;
	unw_addr_space_t as;
	unw_cursor_t cursor;
	size_t frame_count;
	const char *stop;
};

/* False when the walk is over; w->stop then says why. */
static bool start_context(struct walk *w)
{
	struct target *t = w->target;

	t->regs[REG_PC] &= ~1u;
	print_frame(w->frame_count++, NULL, t->regs[REG_PC]);
	if (unw_init_remote(&w->cursor, w->as, t)) {
		w->stop = "libunwind refused the context";
		return false;
	}
	return true;
}

static bool cross_exception(struct walk *w, uint32_t exc_return)
{
	unw_word_t sp = 0;

	print_frame(w->frame_count++, "exception", exc_return);
	keep_callee_saved(w->target, &w->cursor);
	if (unw_get_reg(&w->cursor, UNW_REG_SP, &sp) ||
	    !pop_exception_frame(w->target, exc_return, sp)) {
		w->stop = "the exception frame was not captured";
		return false;
	}
	return start_context(w);
}

static bool accept_caller(struct walk *w, uint32_t ip)
{
	if (is_exc_return(ip))
		return cross_exception(w, ip);
	if (!module_at(w->target, (ip & ~1u) - 1)) {
		w->stop = "the return address is not code";
		return false;
	}
	unw_set_reg(&w->cursor, UNW_REG_IP, ip & ~1u);
	print_frame(w->frame_count++, NULL, ip & ~1u);
	return true;
}

/* The caller of a bad target is a normal caller: its pc is a return address. */
static bool step_from_bad_target(struct walk *w)
{
	struct target *t = w->target;
	uint32_t ra = t->regs[REG_LR] & ~1u;

	print_frame(w->frame_count++, NULL, ra);
	t->regs[REG_PC] = ra - 2; /* inside the call: the same CFI row */
	if (!unw_init_remote(&w->cursor, w->as, t))
		return true;
	w->stop = "libunwind refused the context";
	return false;
}

static bool step(struct walk *w)
{
	unw_word_t old_sp = 0, sp = 0, ip = 0;

	unw_get_reg(&w->cursor, UNW_REG_SP, &old_sp);
	int ret = unw_step(&w->cursor);
	if (ret <= 0) {
		w->stop =
			ret ? unw_strerror(ret) : "no unwind information, or the end of the stack";
		return false;
	}
	unw_get_reg(&w->cursor, UNW_REG_SP, &sp);
	unw_get_reg(&w->cursor, UNW_REG_IP, &ip);
	note(w->target, "step: sp 0x%08" PRIx32 " -> 0x%08" PRIx32 ", ip 0x%08" PRIx32, old_sp, sp,
	     ip);
	if (sp < old_sp) {
		w->stop = "the stack pointer moved backwards";
		return false;
	}
	return accept_caller(w, ip);
}

static void walk(struct target *t)
{
	struct walk w = { .target = t, .as = unw_create_addr_space(&accessors, 0) };

	if (!w.as)
		die("libunwind cannot create an address space");
	unw_set_caching_policy(w.as, UNW_CACHE_NONE);
	printf("[");
	bool go = start_context(&w);
	if (go && leave_bad_target(t))
		go = step_from_bad_target(&w);
	while (go && w.frame_count < MAX_FRAMES)
		go = step(&w);
	printf("\n]\n");
	note(t, "stopped: %s", w.stop ? w.stop : "frame limit");
	unw_destroy_addr_space(w.as);
}

static __attribute__((noreturn)) void usage(void)
{
	fputs("usage: libunwind_witness [--verbose] --elf FW.elf [--elf PART.elf ...] DUMP\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static struct target target;
	const char *dump = NULL;

	/* Tables only: the library's fallback takes r11 for a frame pointer. */
	setenv("UNW_ARM_UNWIND_METHOD", "5", 1);
	elf_version(EV_CURRENT);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--verbose"))
			target.verbose = true;
		else if (!strcmp(argv[i], "--elf") && i + 1 < argc)
			i++;
		else if (argv[i][0] != '-' && !dump)
			dump = argv[i];
		else
			usage();
	}
	if (!dump)
		usage();
	load_dump(&target, dump);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--elf"))
			load_elf(&target, argv[++i]);
	}
	if (!target.module_count)
		usage();
	walk(&target);
	return 0;
}
