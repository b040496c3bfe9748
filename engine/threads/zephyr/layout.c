/* SPDX-License-Identifier: Apache-2.0 */
/* Where Zephyr keeps what. */
#include "threads/zephyr/zephyr.h"

enum { TABLE_MAX = 64, CPUS_MAX = 16 };

/* The first of a member's rows that DWARF knows counts. */
static const struct {
	enum fl_zephyr_member member;
	const char *structure, *path;
} paths[] = {
	{ FL_ZEPHYR_CPUS, "z_kernel", "cpus" },
	{ FL_ZEPHYR_THREADS, "z_kernel", "threads" },
	{ FL_ZEPHYR_READY_CACHE, "z_kernel", "ready_q.cache" },
	{ FL_ZEPHYR_CURRENT, "_cpu", "current" },
	{ FL_ZEPHYR_IDLE_THREAD, "_cpu", "idle_thread" },
	{ FL_ZEPHYR_STATE, "k_thread", "base.thread_state" },
	{ FL_ZEPHYR_PRIO, "k_thread", "base.prio" },
	{ FL_ZEPHYR_PENDED_ON, "k_thread", "base.pended_on" },
	{ FL_ZEPHYR_TIMEOUT, "k_thread", "base.timeout.node" },
	{ FL_ZEPHYR_ENTRY, "k_thread", "entry.pEntry" },
	{ FL_ZEPHYR_NEXT_THREAD, "k_thread", "next_thread" },
	{ FL_ZEPHYR_NAME, "k_thread", "name" },
	{ FL_ZEPHYR_STACK_START, "k_thread", "stack_info.start" },
	{ FL_ZEPHYR_STACK_SIZE, "k_thread", "stack_info.size" },
	{ FL_ZEPHYR_STACK_DELTA, "k_thread", "stack_info.delta" },
	{ FL_ZEPHYR_CALLEE_SAVED, "k_thread", "callee_saved.v1" },
	{ FL_ZEPHYR_PSP, "k_thread", "callee_saved.psp" },
	{ FL_ZEPHYR_SWITCH_HANDLE, "k_thread", "switch_handle" },
	{ FL_ZEPHYR_MODE, "k_thread", "arch.mode" },
	{ FL_ZEPHYR_EXC_RETURN, "k_thread", "arch.mode_exc_return" },
	{ FL_ZEPHYR_PREEMPT_FLOAT, "k_thread", "arch.preempt_float" },
	{ FL_ZEPHYR_ICIIT_PC, "k_thread", "arch.iciit_pc" },
	{ FL_ZEPHYR_ICIIT_APSR, "k_thread", "arch.iciit_apsr" },
	{ FL_ZEPHYR_JOIN_QUEUE, "k_thread", "join_queue" },
	{ FL_ZEPHYR_JOIN_QUEUE, "k_thread", "base.join_waiters" },
};

/* subsys/debug/thread_info.c; the order is part of its interface. */
enum {
	T_VERSION,
	T_CURRENT,
	T_THREADS,
	T_ENTRY,
	T_NEXT_THREAD,
	T_STATE,
	T_USER_OPTIONS,
	T_PRIO,
	T_STACK_POINTER,
	T_NAME,
	T_ARCH,
	T_PREEMPT_FLOAT,
	T_COOP_FLOAT,
	T_EXC_RETURN,
};

struct table {
	uint32_t entries[TABLE_MAX];
	uint32_t count;
};

static void
set(struct fl_zephyr *z, enum fl_zephyr_member member, uint32_t off, uint32_t size, bool is_signed)
{
	z->members[member] =
		(struct fl_field){ .off = off, .size = size, .count = 1, .is_signed = is_signed };
	z->known |= UINT32_C(1) << member;
}

bool fl_zephyr_knows(const struct fl_zephyr *z, enum fl_zephyr_member member)
{
	return z->known >> member & 1;
}

bool fl_zephyr_read(const struct fl_zephyr *z, uint32_t base, enum fl_zephyr_member member,
		    uint32_t *ret)
{
	const struct fl_field *field = &z->members[member];
	return fl_zephyr_knows(z, member) &&
	       fl_scan_number(z->scan, base + field->off, field->size, field->is_signed, ret);
}

/* Pointers and the heads of structures are read as one word. */
static uint32_t readable_size(const struct fl_field *field)
{
	return field->size == 1 || field->size == 2 ? field->size : 4;
}

static void from_dwarf(struct fl_zephyr *z)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct fl_field field;
		if (fl_zephyr_knows(z, paths[i].member) ||
		    !fl_view_field(&z->scan->symbols, paths[i].structure, paths[i].path, &field))
			continue;
		z->members[paths[i].member] = field;
		z->members[paths[i].member].size = readable_size(&field);
		z->known |= UINT32_C(1) << paths[i].member;
	}
}

static bool read_table(const struct fl_zephyr *z, const char *offsets, const char *count,
		       const char *element, struct table *ret)
{
	struct fl_variable_info at;
	uint32_t size;
	if (!fl_view_variable(&z->scan->symbols, offsets, &at) ||
	    !fl_scan_variable(z->scan, count, &ret->count) ||
	    !fl_scan_variable(z->scan, element, &size) || (size & 0xff) != 4)
		return false;
	if (ret->count > TABLE_MAX)
		ret->count = TABLE_MAX;
	for (uint32_t i = 0; i < ret->count; i++)
		if (!fl_scan_number(z->scan, at.addr + 4 * i, 4, false, &ret->entries[i]))
			return false;
	return ret->count > T_STACK_POINTER && ret->entries[T_VERSION] <= 1;
}

/* What this configuration does not have is 0xffffffff. */
static bool table_entry(const struct table *table, uint32_t index, uint32_t *ret)
{
	enum { OFFSET_MAX = 0x10000 /* no structure of the kernel is as large */ };
	if (index >= table->count || table->entries[index] >= OFFSET_MAX)
		return false;
	*ret = table->entries[index];
	return true;
}

static void take(struct fl_zephyr *z, const struct table *table, uint32_t index,
		 enum fl_zephyr_member member, uint32_t size, bool is_signed)
{
	uint32_t off;
	if (table_entry(table, index, &off))
		set(z, member, off, size, is_signed);
}

/* struct _thread_arch; mode follows preempt_float wherever there is one. */
static void take_arch(struct fl_zephyr *z, const struct table *table)
{
	enum { PREEMPT_FLOAT_SIZE = 16 * 4 };
	uint32_t arch, off;
	if (!table_entry(table, T_ARCH, &arch))
		return;
	if (table_entry(table, T_PREEMPT_FLOAT, &off)) {
		set(z, FL_ZEPHYR_PREEMPT_FLOAT, arch + off, 4, false);
		set(z, FL_ZEPHYR_MODE, arch + off + PREEMPT_FLOAT_SIZE, 4, false);
	}
	if (table_entry(table, T_EXC_RETURN, &off))
		set(z, FL_ZEPHYR_EXC_RETURN, arch + off, 1, false);
}

/*
 * struct _thread_base begins with a list or tree node of two words; pended_on, where it exists,
 * lies between that and user_options. struct _callee_saved is v1..v8, psp.
 */
static void take_implied(struct fl_zephyr *z, const struct table *table)
{
	enum { NODE_SIZE = 8, V1_TO_V8_SIZE = 8 * 4, NAME_MAX = 32 };
	uint32_t off, arch;
	if (table_entry(table, T_USER_OPTIONS, &off) && off == NODE_SIZE + 4)
		set(z, FL_ZEPHYR_PENDED_ON, NODE_SIZE, 4, false);
	if (table_entry(table, T_STACK_POINTER, &off) && off >= V1_TO_V8_SIZE)
		set(z, FL_ZEPHYR_CALLEE_SAVED, off - V1_TO_V8_SIZE, 4, false);
	if (!fl_zephyr_knows(z, FL_ZEPHYR_NAME))
		return;
	struct fl_field *name = &z->members[FL_ZEPHYR_NAME];
	name->count = NAME_MAX;
	if (table_entry(table, T_ARCH, &arch) && arch > name->off && arch - name->off < NAME_MAX)
		name->count = arch - name->off;
}

static void from_table(struct fl_zephyr *z, const struct table *table)
{
	set(z, FL_ZEPHYR_CPUS, 0, 4, false);
	take(z, table, T_CURRENT, FL_ZEPHYR_CURRENT, 4, false);
	take(z, table, T_THREADS, FL_ZEPHYR_THREADS, 4, false);
	take(z, table, T_ENTRY, FL_ZEPHYR_ENTRY, 4, false);
	take(z, table, T_NEXT_THREAD, FL_ZEPHYR_NEXT_THREAD, 4, false);
	take(z, table, T_STATE, FL_ZEPHYR_STATE, 1, false);
	take(z, table, T_PRIO, FL_ZEPHYR_PRIO, 1, true);
	take(z, table, T_STACK_POINTER, FL_ZEPHYR_PSP, 4, false);
	take(z, table, T_NAME, FL_ZEPHYR_NAME, 1, false);
	take_arch(z, table);
	take_implied(z, table);
}

static bool find_table(const struct fl_zephyr *z, struct table *ret)
{
	return read_table(z, "_kernel_thread_info_offsets", "_kernel_thread_info_num_offsets",
			  "_kernel_thread_info_size_t_size", ret) ||
	       read_table(z, "_kernel_openocd_offsets", "_kernel_openocd_num_offsets",
			  "_kernel_openocd_size_t_size", ret);
}

static void find_cpus(struct fl_zephyr *z)
{
	z->cpu_count = 1;
	uint32_t size;
	if (!fl_view_struct_size(&z->scan->symbols, "_cpu", &size))
		return;
	uint32_t count = z->members[FL_ZEPHYR_CPUS].count;
	z->cpu_size = size;
	if (fl_zephyr_knows(z, FL_ZEPHYR_CPUS) && count > 1)
		z->cpu_count = count < CPUS_MAX ? count : CPUS_MAX;
}

bool fl_zephyr_layout(struct fl_zephyr *z)
{
	struct fl_variable_info kernel;
	struct table table;
	if (!fl_view_variable(&z->scan->symbols, "_kernel", &kernel))
		return false;
	z->kernel = kernel.addr;
	from_dwarf(z);
	if (!fl_zephyr_knows(z, FL_ZEPHYR_STATE) && find_table(z, &table))
		from_table(z, &table);
	if (!fl_zephyr_knows(z, FL_ZEPHYR_STATE))
		fl_scan_note(z->scan, FL_WARNING, FL_ENOTFOUND, kernel.addr,
			     "neither debug information nor _kernel_thread_info_offsets says what "
			     "a thread of this kernel looks like");
	find_cpus(z);
	return true;
}
