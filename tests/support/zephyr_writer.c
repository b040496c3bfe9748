/* SPDX-License-Identifier: Apache-2.0 */
#include "support/zephyr_writer.h"

#include <string.h>

/* Without CONFIG_TIMEOUT_64BIT; with CONFIG_FPU_SHARING, where bit 2 of mode is FPCA. */
const struct zephyr_shape zephyr_2_5 = {
	.version = "2.5",
	.current = 8,
	.idle_thread = 12,
	.cpu_size = 28,
	.threads = 52,
	.ready_cache = 36,
	.kernel_size = 56,
	.pended_on = 8,
	.user_options = 12,
	.state = 13,
	.prio = 14,
	.timeout = 24,
	.join_queue = 40,
	.base_size = 48,
	.callee_saved = 48,
	.psp = 80,
	.entry = 92,
	.next = 108,
	.name = 112,
	.stack_info = 144,
	.switch_handle = ZEPHYR_ABSENT,
	.arch = 160,
	.preempt_float = 168,
	.mode = 232,
	.exc_return = ZEPHYR_ABSENT,
	.iciit_pc = ZEPHYR_ABSENT,
	.size = 236,
};

const struct zephyr_shape zephyr_3_7 = {
	.version = "3.7",
	.current = 8,
	.idle_thread = 12,
	.cpu_size = 24,
	.threads = 36,
	.ready_cache = 24,
	.kernel_size = 40,
	.pended_on = 8,
	.user_options = 12,
	.state = 13,
	.prio = 14,
	.timeout = 24,
	.join_queue = 88,
	.base_size = 48,
	.callee_saved = 48,
	.psp = 80,
	.entry = 100,
	.next = 116,
	.name = 120,
	.stack_info = 152,
	.switch_handle = ZEPHYR_ABSENT,
	.arch = 164,
	.preempt_float = 172,
	.mode = 236,
	.exc_return = 237,
	.iciit_pc = ZEPHYR_ABSENT,
	.size = 240,
};

/* CONFIG_USE_SWITCH, no floating point. */
const struct zephyr_shape zephyr_4_4 = {
	.version = "4.4",
	.current = 8,
	.idle_thread = 12,
	.cpu_size = 20,
	.threads = 32,
	.ready_cache = 20,
	.kernel_size = 36,
	.pended_on = 8,
	.user_options = 12,
	.state = 16,
	.prio = 14,
	.timeout = 24,
	.join_queue = 92,
	.base_size = 48,
	.callee_saved = 48,
	.psp = 80,
	.entry = 100,
	.next = 116,
	.name = 120,
	.stack_info = 152,
	.switch_handle = 168,
	.arch = 180,
	.preempt_float = ZEPHYR_ABSENT,
	.mode = ZEPHYR_ABSENT,
	.exc_return = ZEPHYR_ABSENT,
	.iciit_pc = 188,
	.size = 200,
};

enum { TEXT = 0x1000, TABLE = 0x2000, NAME_SIZE = 32 };

/* --- memory --- */

void zephyr_byte(struct zephyr_writer *w, uint32_t addr, unsigned value)
{
	w->ram[addr - ZEPHYR_RAM] = (uint8_t)value;
}

void zephyr_word(struct zephyr_writer *w, uint32_t addr, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		zephyr_byte(w, addr + i, value >> 8 * i & 0xff);
}

void zephyr_fill(struct zephyr_writer *w, uint32_t addr, unsigned value, uint32_t size)
{
	memset(w->ram + (addr - ZEPHYR_RAM), (int)value, size);
}

static void member(struct zephyr_writer *w, uint32_t base, uint32_t off, uint32_t value)
{
	if (off != ZEPHYR_ABSENT)
		zephyr_word(w, base + off, value);
}

void zephyr_thread(struct zephyr_writer *w, const struct zephyr_thread *t)
{
	const struct zephyr_shape *s = w->shape;
	zephyr_byte(w, t->at + s->state, t->state);
	zephyr_byte(w, t->at + s->prio, (unsigned)t->prio & 0xff);
	member(w, t->at, s->pended_on, t->pended_on);
	member(w, t->at, s->timeout, t->timeout ? ZEPHYR_RAM + 0x40 : 0);
	member(w, t->at, s->entry, t->entry);
	member(w, t->at, s->stack_info, t->stack);
	member(w, t->at, s->stack_info + 4, t->stack_size);
	member(w, t->at, s->stack_info + 8, t->stack_delta);
	for (uint32_t i = 0; i < 8; i++)
		member(w, t->at, s->callee_saved + 4 * i, t->callee[i]);
	member(w, t->at, s->switch_handle != ZEPHYR_ABSENT ? s->switch_handle : s->psp, t->sp);
	if (s->exc_return != ZEPHYR_ABSENT)
		zephyr_byte(w, t->at + s->exc_return, t->exc_return ? t->exc_return : 0xfd);
	if (t->name)
		memcpy(w->ram + (t->at + s->name - ZEPHYR_RAM), t->name, strlen(t->name) + 1);
	zephyr_word(w, w->last ? w->last + s->next : ZEPHYR_KERNEL + s->threads, t->at);
	w->last = t->at;
}

void zephyr_current(struct zephyr_writer *w, uint32_t thread)
{
	zephyr_word(w, ZEPHYR_KERNEL + w->shape->current, thread);
}

void zephyr_frame(struct zephyr_writer *w, uint32_t at, uint32_t r0, uint32_t lr, uint32_t pc,
		  uint32_t xpsr)
{
	const uint32_t words[] = { r0, 0xa1, 0xa2, 0xa3, 0xac, lr, pc, xpsr };
	for (uint32_t i = 0; i < 8; i++)
		zephyr_word(w, at + 4 * i, words[i]);
}

/* --- image --- */

/* .dbg_thread_info: offsets[], their number, and the size of one. */
static void write_table(struct zephyr_writer *w, unsigned about)
{
	const struct zephyr_shape *s = w->shape;
	bool old = about & ZEPHYR_OLD_TABLE;
	uint32_t fp = s->preempt_float == ZEPHYR_ABSENT ? UINT32_MAX : s->preempt_float - s->arch;
	uint32_t ret = s->exc_return == ZEPHYR_ABSENT ? UINT32_MAX : s->exc_return - s->arch;
	const uint32_t entries[] = { 1,          s->current, s->threads,      s->entry,
				     s->next,    s->state,   s->user_options, s->prio,
				     s->psp,     s->name,    s->arch,         fp,
				     UINT32_MAX, ret };
	uint32_t count = old ? 13 : 14;
	BYTES_AUTO table = { 0 };
	for (uint32_t i = 0; i < count; i++)
		put_u32(&table, entries[i] == ZEPHYR_ABSENT ? UINT32_MAX : entries[i]);
	put_u32(&table, count);
	put_u8(&table, 4);
	unsigned section = elf_section(&w->elf, ".dbg_thread_info", ELF_PROGBITS, ELF_A, TABLE,
				       table.data, table.size);
	elf_symbol(&w->elf, old ? "_kernel_openocd_offsets" : "_kernel_thread_info_offsets", TABLE,
		   4 * count, ELF_OBJECT, section);
	elf_symbol(&w->elf, old ? "_kernel_openocd_num_offsets" : "_kernel_thread_info_num_offsets",
		   TABLE + 4 * count, 4, ELF_OBJECT, section);
	elf_symbol(&w->elf, old ? "_kernel_openocd_size_t_size" : "_kernel_thread_info_size_t_size",
		   TABLE + 4 * count + 4, 1, ELF_OBJECT, section);
}

static void write_code(struct zephyr_writer *w)
{
	static const struct {
		const char *name;
		uint32_t addr;
	} functions[] = {
		{ "worker_main", ZEPHYR_WORKER },
		{ "z_thread_entry", ZEPHYR_THREAD_ENTRY },
		{ "arch_swap", ZEPHYR_SWAP },
		{ "arm_m_iciit_stub", ZEPHYR_STUB },
	};
	elf_code(&w->elf, ".vectors", 0, 0x400); /* what a NULL pointer points at */
	unsigned text = elf_code(&w->elf, ".text", TEXT, 0x800);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		elf_symbol(&w->elf, functions[i].name, functions[i].addr | 1, 0x40, ELF_FUNC, text);
}

/* --- its types, DWARF 4 --- */

enum { CU = 1, BASE, POINTER, STRUCTURE, MEMBER, ARRAY, RANGE, ANONYMOUS, UNION, VARIABLE };

static void put_abbrevs(struct bytes *b)
{
	static const struct {
		uint8_t code, tag, children, specs[8]; /* attribute, form, ... */
	} rows[] = {
		{ CU, 0x11, 1, { 0x03, 0x08, 0x13, 0x0b } },
		{ BASE, 0x24, 0, { 0x03, 0x08, 0x0b, 0x0b, 0x3e, 0x0b } },
		{ POINTER, 0x0f, 0, { 0x0b, 0x0b } },
		{ STRUCTURE, 0x13, 1, { 0x03, 0x08, 0x0b, 0x05 } },
		{ MEMBER, 0x0d, 0, { 0x03, 0x08, 0x49, 0x13, 0x38, 0x05 } },
		{ ARRAY, 0x01, 1, { 0x49, 0x13 } },
		{ RANGE, 0x21, 0, { 0x37, 0x05 } },
		{ ANONYMOUS, 0x0d, 0, { 0x49, 0x13, 0x38, 0x05 } },
		{ UNION, 0x17, 1, { 0x0b, 0x0b } },
		{ VARIABLE, 0x34, 0, { 0x03, 0x08, 0x49, 0x13, 0x02, 0x18 } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_u8(b, rows[i].code);
		put_u8(b, rows[i].tag);
		put_u8(b, rows[i].children);
		for (size_t k = 0; k < 8 && rows[i].specs[k]; k++)
			put_u8(b, rows[i].specs[k]);
		put_u16(b, 0);
	}
	put_u8(b, 0);
}

struct types {
	struct bytes info;
	uint32_t u8, i8, u16, u32, pointer;
};

static uint32_t base_type(struct types *t, const char *name, unsigned size, unsigned encoding)
{
	uint32_t at = (uint32_t)t->info.size;
	put_u8(&t->info, BASE);
	put_text(&t->info, name);
	put_u8(&t->info, size);
	put_u8(&t->info, encoding);
	return at;
}

static uint32_t array(struct types *t, uint32_t type, uint32_t count)
{
	uint32_t at = (uint32_t)t->info.size;
	put_u8(&t->info, ARRAY);
	put_u32(&t->info, type);
	put_u8(&t->info, RANGE);
	put_u16(&t->info, count);
	put_u8(&t->info, 0);
	return at;
}

static uint32_t structure(struct types *t, const char *name, uint32_t size)
{
	uint32_t at = (uint32_t)t->info.size;
	put_u8(&t->info, STRUCTURE);
	put_text(&t->info, name);
	put_u16(&t->info, size);
	return at;
}

/* Of a structure that does not have it: nothing. */
static void field(struct types *t, const char *name, uint32_t type, uint32_t off)
{
	if (off >= ZEPHYR_ABSENT - 0x400)
		return;
	put_u8(&t->info, MEMBER);
	put_text(&t->info, name);
	put_u32(&t->info, type);
	put_u16(&t->info, off);
}

static void anonymous(struct types *t, uint32_t type, uint32_t off)
{
	put_u8(&t->info, ANONYMOUS);
	put_u32(&t->info, type);
	put_u16(&t->info, off);
}

static void end(struct types *t)
{
	put_u8(&t->info, 0);
}

static uint32_t put_node(struct types *t)
{
	uint32_t next = (uint32_t)t->info.size;
	put_u8(&t->info, UNION);
	put_u8(&t->info, 4);
	field(t, "head", t->pointer, 0);
	field(t, "next", t->pointer, 0);
	end(t);
	uint32_t at = structure(t, "_dnode", 8);
	anonymous(t, next, 0);
	field(t, "prev", t->pointer, 4);
	end(t);
	return at;
}

static uint32_t put_base(struct types *t, const struct zephyr_shape *s, uint32_t node)
{
	uint32_t timeout = structure(t, "_timeout", 16);
	field(t, "node", node, 0);
	field(t, "fn", t->pointer, 8);
	end(t);
	uint32_t preempt = (uint32_t)t->info.size;
	put_u8(&t->info, UNION);
	put_u8(&t->info, 2);
	uint32_t pair = structure(t, "", 2);
	field(t, "prio", t->i8, 0);
	field(t, "sched_locked", t->u8, 1);
	end(t);
	anonymous(t, pair, 0);
	field(t, "preempt", t->u16, 0);
	end(t);
	uint32_t at = structure(t, "_thread_base", s->base_size);
	field(t, "qnode_dlist", node, 0);
	field(t, "pended_on", t->pointer, s->pended_on);
	field(t, "user_options", t->u8, s->user_options);
	field(t, "thread_state", t->u8, s->state);
	anonymous(t, preempt, s->prio);
	field(t, "timeout", timeout, s->timeout);
	if (s->join_queue < s->base_size)
		field(t, "join_waiters", node, s->join_queue);
	end(t);
	return at;
}

static uint32_t put_arch(struct types *t, const struct zephyr_shape *s)
{
	uint32_t bytes = structure(t, "", 4);
	field(t, "mode_bits", t->u8, 0);
	if (s->exc_return != ZEPHYR_ABSENT)
		field(t, "mode_exc_return", t->u8, s->exc_return - s->mode);
	end(t);
	uint32_t mode = (uint32_t)t->info.size;
	put_u8(&t->info, UNION);
	put_u8(&t->info, 4);
	field(t, "mode", t->u32, 0);
	anonymous(t, bytes, 0);
	end(t);
	uint32_t floats = array(t, t->u32, 16);
	uint32_t at = structure(t, "_thread_arch", s->size - s->arch);
	field(t, "basepri", t->u32, 0);
	field(t, "swap_return_value", t->u32, 4);
	if (s->preempt_float != ZEPHYR_ABSENT)
		field(t, "preempt_float", floats, s->preempt_float - s->arch);
	if (s->mode != ZEPHYR_ABSENT)
		anonymous(t, mode, s->mode - s->arch);
	if (s->iciit_pc != ZEPHYR_ABSENT) {
		field(t, "iciit_pc", t->u32, s->iciit_pc - s->arch);
		field(t, "iciit_apsr", t->u32, s->iciit_pc - s->arch + 4);
	}
	end(t);
	return at;
}

static uint32_t put_callee_saved(struct types *t, const struct zephyr_shape *s)
{
	char name[] = "v1";
	uint32_t at = structure(t, "_callee_saved", 36);
	for (uint32_t i = 0; i < 8; i++, name[1]++)
		field(t, name, t->u32, 4 * i);
	field(t, "psp", t->u32, s->psp - s->callee_saved);
	end(t);
	return at;
}

static void put_thread(struct types *t, const struct zephyr_shape *s, uint32_t node)
{
	uint32_t base = put_base(t, s, node), arch = put_arch(t, s);
	uint32_t callee = put_callee_saved(t, s), name = array(t, t->i8, NAME_SIZE);
	uint32_t entry = structure(t, "__thread_entry", 16);
	field(t, "pEntry", t->pointer, 0);
	end(t);
	uint32_t stack = structure(t, "_thread_stack_info", 12);
	field(t, "start", t->u32, 0);
	field(t, "size", t->u32, 4);
	field(t, "delta", t->u32, 8);
	end(t);
	structure(t, "k_thread", s->size);
	field(t, "base", base, 0);
	field(t, "callee_saved", callee, s->callee_saved);
	if (s->join_queue >= s->base_size)
		field(t, "join_queue", node, s->join_queue);
	field(t, "entry", entry, s->entry);
	field(t, "next_thread", t->pointer, s->next);
	field(t, "name", name, s->name);
	field(t, "stack_info", stack, s->stack_info);
	field(t, "switch_handle", t->pointer, s->switch_handle);
	field(t, "arch", arch, s->arch);
	end(t);
}

static void put_kernel(struct types *t, const struct zephyr_shape *s)
{
	uint32_t cpu = structure(t, "_cpu", s->cpu_size);
	field(t, "nested", t->u32, 0);
	field(t, "irq_stack", t->pointer, 4);
	field(t, "current", t->pointer, s->current);
	field(t, "idle_thread", t->pointer, s->idle_thread);
	end(t);
	uint32_t cpus = array(t, cpu, 1);
	uint32_t ready = structure(t, "_ready_q", 12);
	field(t, "cache", t->pointer, 0);
	end(t);
	structure(t, "z_kernel", s->kernel_size);
	field(t, "cpus", cpus, 0);
	field(t, "ready_q", ready, s->ready_cache);
	field(t, "threads", t->pointer, s->threads);
	end(t);
}

/* Kernel objects in the default configuration, one core (include/kernel.h). */
static uint32_t put_object(struct types *t, const char *name, uint32_t node)
{
	static const struct {
		const char *structure;
		uint32_t size;
		struct {
			const char *name;
			uint32_t off;
			bool is_queue;
		} members[9];
	} objects[] = {
		{ "k_sem",
		  16,
		  { { "wait_q", 0, true }, { "count", 8, false }, { "limit", 12, false } } },
		{ "k_mutex",
		  20,
		  { { "wait_q", 0, true },
		    { "owner", 8, false },
		    { "lock_count", 12, false },
		    { "owner_orig_prio", 16, false } } },
		{ "k_queue", 16, { { "data_q", 0, true }, { "wait_q", 8, true } } },
		{ "k_msgq",
		  40,
		  { { "wait_q", 0, true },
		    { "msg_size", 8, false },
		    { "max_msgs", 12, false },
		    { "buffer_start", 16, false },
		    { "buffer_end", 20, false },
		    { "used_msgs", 32, false } } },
		{ "k_event", 12, { { "wait_q", 0, true }, { "events", 8, false } } },
		{ "k_condvar", 8, { { "wait_q", 0, true } } },
		{ "k_stack", 24, { { "wait_q", 0, true }, { "base", 8, false } } },
		{ "k_mem_slab", 28, { { "wait_q", 0, true }, { "buffer", 8, false } } },
		{ "k_heap", 20, { { "heap", 0, false }, { "wait_q", 12, true } } },
		{ "k_pipe",
		  40,
		  { { "buffer", 0, false }, { "data", 20, true }, { "space", 28, true } } },
		{ "k_mbox", 16, { { "tx_msg_queue", 0, true }, { "rx_msg_queue", 8, true } } },
	};
	size_t i = 0;
	while (strcmp(objects[i].structure, name) != 0)
		i++;
	uint32_t at = structure(t, name, objects[i].size);
	for (size_t m = 0; objects[i].members[m].name; m++)
		field(t, objects[i].members[m].name, objects[i].members[m].is_queue ? node : t->u32,
		      objects[i].members[m].off);
	end(t);
	return at;
}

static void put_variables(struct types *t, const struct zephyr_writer *w, uint32_t node)
{
	for (size_t i = 0; i < w->variable_count; i++) {
		uint32_t type = put_object(t, w->variables[i].structure, node);
		if (w->variables[i].count > 1)
			type = array(t, type, w->variables[i].count);
		put_u8(&t->info, VARIABLE);
		put_text(&t->info, w->variables[i].name);
		put_u32(&t->info, type);
		put_u8(&t->info, 5);
		put_u8(&t->info, 0x03); /* DW_OP_addr */
		put_u32(&t->info, w->variables[i].addr);
	}
}

static void write_dwarf(struct zephyr_writer *w)
{
	struct types t = { 0 };
	BYTES_AUTO abbrev = { 0 };
	put_abbrevs(&abbrev);
	put_u32(&t.info, 0); /* length, see below */
	put_u16(&t.info, 4);
	put_u32(&t.info, 0);
	put_u8(&t.info, 4);
	put_u8(&t.info, CU);
	put_text(&t.info, "kernel.c");
	put_u8(&t.info, 0x0c);
	t.u8 = base_type(&t, "unsigned char", 1, 8);
	t.i8 = base_type(&t, "signed char", 1, 6);
	t.u16 = base_type(&t, "short unsigned int", 2, 7);
	t.u32 = base_type(&t, "unsigned int", 4, 7);
	t.pointer = (uint32_t)t.info.size;
	put_u8(&t.info, POINTER);
	put_u8(&t.info, 4);
	uint32_t node = put_node(&t);
	put_thread(&t, w->shape, node);
	put_kernel(&t, w->shape);
	put_variables(&t, w, node);
	end(&t);
	patch_u32(&t.info, 0, (uint32_t)t.info.size - 4);
	elf_section(&w->elf, ".debug_info", ELF_PROGBITS, 0, 0, t.info.data, t.info.size);
	elf_section(&w->elf, ".debug_abbrev", ELF_PROGBITS, 0, 0, abbrev.data, abbrev.size);
	bytes_free(&t.info);
}

void zephyr_object(struct zephyr_writer *w, const char *name, uint32_t addr, uint32_t size)
{
	elf_symbol(&w->elf, name, addr, size, ELF_OBJECT, 1);
}

void zephyr_variable(struct zephyr_writer *w, const char *name, const char *structure_name,
		     uint32_t addr, uint32_t count)
{
	size_t i = w->variable_count++;
	w->variables[i].name = name;
	w->variables[i].structure = structure_name;
	w->variables[i].addr = addr;
	w->variables[i].count = count;
}

void zephyr_begin(struct zephyr_writer *w, const struct zephyr_shape *shape, unsigned about)
{
	*w = (struct zephyr_writer){ .shape = shape, .about = about };
	elf_section(&w->elf, ".bss", ELF_NOBITS, ELF_W | ELF_A, ZEPHYR_RAM, NULL, ZEPHYR_RAM_SIZE);
	write_code(w);
	if (about & (ZEPHYR_TABLE | ZEPHYR_OLD_TABLE))
		write_table(w, about);
	zephyr_object(w, "_kernel", ZEPHYR_KERNEL, shape->kernel_size);
}

void zephyr_end(struct zephyr_writer *w)
{
	if (w->about & ZEPHYR_DWARF)
		write_dwarf(w);
	elf_end(&w->elf);
}

void zephyr_free(struct zephyr_writer *w)
{
	elf_free(&w->elf);
}
