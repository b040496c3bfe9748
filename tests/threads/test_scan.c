/* SPDX-License-Identifier: Apache-2.0 */
/* The list of threads, and how its makers read memory and symbols. */
#include "support/cmocka.h"
#include "support/elf_writer.h"
#include "support/target_memory.h"
#include "support/type_writer.h"
#include "threads/kernel.h"

#include <stdio.h>
#include <string.h>

enum {
	RAM = 0x20000000,
	QUEUE = RAM + 0x40,
	HANDLE = RAM + 0x80,
	HEAP = RAM + 0x100,
	DRIVER = RAM + 0x200,
	COPIES = RAM + 0xc00,
};

struct ground {
	struct fl_arena arena;
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct target_memory memory;
	struct fl_findings findings;
	struct fl_threads_input in;
	struct fl_threads out;
	struct fl_kernel_scan scan;
};

static void ground_free(struct ground *g)
{
	fl_symbols_close(g->symbols);
	target_memory_free(&g->memory);
	fl_arena_deinit(&g->arena);
}
#define GROUND __attribute__((__cleanup__(ground_free))) struct ground

static void write_image(struct elf_writer *w)
{
	struct type_writer t = { 0 };
	elf_section(w, ".bss", ELF_NOBITS, ELF_W | ELF_A, RAM, NULL, 0x1000);
	elf_code(w, ".text", 0x1000, 0x100);
	elf_symbol(w, "worker", 0x1041, 0x20, ELF_FUNC, 2);
	elf_symbol(w, "queue", QUEUE, 0x20, ELF_OBJECT, 1);
	elf_symbol(w, "buffer.12", RAM + 0xe00, 8, ELF_LOCAL_OBJECT, 1);
	elf_symbol(w, "buffer.v2", RAM + 0xe08, 8, ELF_LOCAL_OBJECT, 1);
	elf_symbol(w, "other_handle", HANDLE - 4, 4, ELF_OBJECT, 1);
	elf_symbol(w, "handle", HANDLE, 4, ELF_OBJECT, 1);
	elf_symbol(w, "handles", HANDLE + 8, 8, ELF_OBJECT, 1);
	elf_symbol(w, "driver", DRIVER, 16, ELF_OBJECT, 1);
	elf_symbol(w, "second", DRIVER + 0x10, 16, ELF_OBJECT, 1);
	elf_symbol(w, "alone", DRIVER + 0x28, 4, ELF_OBJECT, 1);
	elf_symbol(w, "stack", DRIVER + 0x30, 16, ELF_OBJECT, 1);
	elf_symbol(w, "block", DRIVER + 0x40, 16, ELF_OBJECT, 1);
	elf_symbol(w, "xQueueRegistry", DRIVER + 0x50, 16, ELF_OBJECT, 1);
	elf_symbol(w, "buffer", DRIVER + 0x60, 264, ELF_OBJECT, 1);
	elf_symbol(w, "copies", COPIES, 256, ELF_OBJECT, 1);
	elf_symbol(w, "odd", DRIVER + 0x173, 13, ELF_OBJECT, 1);
	elf_symbol(w, "not_captured", RAM + 0xf00, 4, ELF_OBJECT, 1);
	elf_symbol(w, "small", RAM, 1, ELF_OBJECT, 1);
	elf_symbol(w, "half", RAM + 2, 2, ELF_OBJECT, 1);
	elf_symbol(w, "huge", RAM + 8, 8, ELF_OBJECT, 1);
	types_begin(&t);
	types_structure(&t, "tskTaskControlBlock", 12);
	types_member(&t, "uxPriority", t.i32, 8);
	types_up(&t);
	types_end(&t, w);
	elf_end(w);
}

static void ground_begin(struct ground *g)
{
	static const uint32_t words[] = { 0x8001ff80, 0, 1, 2 };
	ELF_AUTO w = { 0 };
	struct fl_error err = { 0 };
	*g = (struct ground){ 0 };
	write_image(&w);
	if (fl_symbols_open(w.file.data, w.file.size, "fw.elf", &g->symbols, &err))
		fail_msg("%s", err.message);
	assert_true(fl_view_add(&g->view, g->symbols));
	target_words(&g->memory, RAM, words, 4);
	target_words(&g->memory, HANDLE - 4,
		     (const uint32_t[]){ QUEUE + 4, HEAP, 0, HEAP + 8, HEAP + 12 }, 5);
	g->findings.arena = &g->arena;
	g->in = (struct fl_threads_input){ .memory = &g->memory.view, .symbols = &g->view };
	g->scan = (struct fl_kernel_scan){ .in = &g->in,
					   .symbols = g->view,
					   .arena = &g->arena,
					   .findings = &g->findings,
					   .out = &g->out };
}

static void test_the_list(void **state)
{
	(void)state;
	GROUND g;
	ground_begin(&g);
	for (uint32_t i = 0; i < FL_LIMIT_THREADS; i++)
		assert_non_null(fl_scan_add(&g.scan, RAM + 4 * i));
	assert_null(fl_scan_add(&g.scan, RAM)); /* is there */
	assert_int_equal(g.findings.count, 0);
	assert_null(fl_scan_add(&g.scan, RAM + 0x1000));
	assert_null(fl_scan_add(&g.scan, RAM + 0x1004));
	assert_int_equal(g.out.count, FL_LIMIT_THREADS);
	assert_int_equal(g.findings.count, 1); /* said once */
	assert_ptr_equal(fl_scan_find(&g.scan, RAM + 8), &g.out.items[2]);
	assert_null(fl_scan_find(&g.scan, RAM + 0x1000));
	for (uint32_t i = 0; i < FL_LIMIT_THREADS; i++)
		assert_int_equal(g.out.items[i].block, RAM + 4 * i);
	struct fl_thread *last = fl_scan_append(&g.scan); /* that limit is not its own */
	assert_ptr_equal(last, &g.out.items[FL_LIMIT_THREADS]);
	assert_int_equal(g.out.items[1].block, RAM + 4);
}

static void test_numbers(void **state)
{
	static const struct {
		uint32_t addr, size;
		bool is_signed, captured;
		uint32_t value;
	} cases[] = {
		{ RAM, 4, false, true, 0x8001ff80 }, { RAM, 2, false, true, 0xff80 },
		{ RAM, 2, true, true, 0xffffff80 },  { RAM, 1, false, true, 0x80 },
		{ RAM, 1, true, true, 0xffffff80 },  { RAM + 2, 1, true, true, 0x01 },
		{ RAM, 3, false, false, 0 },         { RAM, 8, false, false, 0 },
		{ RAM, 0, false, false, 0 },         { RAM + 0xe, 4, false, false, 0 },
		{ 0xfffffffe, 4, false, false, 0 },
	};
	(void)state;
	GROUND g;
	ground_begin(&g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = 0;
		assert_int_equal(fl_scan_number(&g.scan, cases[i].addr, cases[i].size,
						cases[i].is_signed, &value),
				 cases[i].captured);
		assert_int_equal(value, cases[i].value);
	}
	uint32_t value;
	assert_true(fl_scan_variable(&g.scan, "small", &value) && value == 0x80);
	assert_true(fl_scan_variable(&g.scan, "half", &value) && value == 0x8001);
	assert_false(fl_scan_variable(&g.scan, "huge", &value));
	assert_false(fl_scan_variable(&g.scan, "not_captured", &value));
	assert_false(fl_scan_variable(&g.scan, "nowhere", &value));
}

static void test_strings(void **state)
{
	static const uint8_t bytes[] = { 'a', 'b', 0x1b, 'c', 0xff, 0, 'd', 'e' };
	static const struct {
		uint32_t off, room;
		const char *text;
	} cases[] = {
		{ 0, 16, "ab?c?" }, { 0, 2, "ab" }, { 5, 16, NULL },
		{ 6, 16, "de" },    { 0, 0, NULL }, { 8, 4, NULL },
	};
	(void)state;
	GROUND g;
	ground_begin(&g);
	target_bytes(&g.memory, RAM + 0x800, bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text =
			fl_scan_string(&g.scan, RAM + 0x800 + cases[i].off, cases[i].room);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
	}
}

/* What structures, stacks and control blocks hold. */
static void hold_handles(struct ground *g)
{
	static const uint32_t held[][2] = {
		{ 0x8, HEAP + 0x10 },   { 0xc, HEAP + 0x14 },  { 0x18, HEAP + 0x18 },
		{ 0x1c, HEAP + 0x14 },  { 0x28, HEAP + 0x18 }, { 0x3c, HEAP + 0x1c },
		{ 0x4c, HEAP + 0x20 },  { 0x5c, HEAP + 0x24 }, { 0x164, HEAP + 0x28 },
		{ 0x178, HEAP + 0x2c },
	};
	uint32_t words[0x180 / 4] = { 0 };
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++)
		words[held[i][0] / 4] = held[i][1];
	target_words(&g->memory, DRIVER, words, sizeof(words) / 4);
	struct fl_thread *t = fl_scan_add(&g->scan, DRIVER + 0x40);
	fl_thread_set_stack(t, DRIVER + 0x30, 0);
}

/* Handles are looked for when all waits are known: two threads wait for each object. */
static void wait_for(struct ground *g, uint32_t block, uint32_t object)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct fl_thread *t = fl_scan_add(&g->scan, block + 4 * i);
		t->wait = (struct fl_wait){ .kind = FL_WAIT_OBJECT,
					    .has_object = true,
					    .object = object };
	}
}

static void test_names_of_objects(void **state)
{
	static const struct {
		uint32_t addr;
		const char *object, *handle;
	} cases[] = {
		{ QUEUE, "queue", "queue" },
		{ QUEUE + 4, "queue+0x4", "other_handle" },
		{ QUEUE + 8, "queue+0x8", NULL },
		{ HEAP, NULL, "handle" },
		{ HEAP + 8, NULL, "handles+0x0" },
		{ HEAP + 12, NULL, "handles+0x4" },
		{ HEAP + 0x10, NULL, "driver+0x8" },
		{ HEAP + 0x14, NULL, NULL },    /* in two of them: which? */
		{ HEAP + 0x18, NULL, "alone" }, /* rather than in a structure */
		{ HEAP + 0x1c, NULL, NULL },    /* on a thread's stack */
		{ HEAP + 0x20, NULL, NULL },    /* in a thread's control block */
		{ HEAP + 0x24, NULL, NULL },    /* in a variable of the kernel */
		{ HEAP + 0x28, NULL, NULL },    /* in a buffer */
		{ HEAP + 0x2c, NULL, "odd+0x5" },
		{ HEAP + 4, NULL, NULL },
		/* The number is of this build. */
		{ RAM + 0xe00, "buffer", "buffer" },
		{ RAM + 0xe04, "buffer+0x4", NULL },
		{ RAM + 0xe08, "buffer.v2", "buffer.v2" },
	};
	(void)state;
	GROUND g;
	ground_begin(&g);
	hold_handles(&g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		wait_for(&g, 0x30000000 + 8 * (uint32_t)i, cases[i].addr);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *object = fl_scan_object_name(&g.scan, cases[i].addr);
		const char *handle = fl_scan_handle_name(&g.scan, cases[i].addr);
		assert_int_equal(object != NULL, cases[i].object != NULL);
		assert_int_equal(handle != NULL, cases[i].handle != NULL);
		if (object)
			assert_string_equal(object, cases[i].object);
		if (handle)
			assert_string_equal(handle, cases[i].handle);
	}
}

/* docs/threads.md: 64 words with one value are looked at. One more could be the second name. */
static void test_too_many_copies(void **state)
{
	enum { LOOKED_AT = 64 };
	(void)state;
	for (uint32_t copies = LOOKED_AT - 1; copies <= LOOKED_AT; copies++) {
		GROUND g;
		ground_begin(&g);
		uint32_t words[LOOKED_AT] = { 0 };
		for (uint32_t i = 0; i < copies; i++)
			words[i] = HEAP + 0x10;
		TARGET_WORDS(&g.memory, DRIVER, 0, HEAP + 0x10, 0, 0);
		target_words(&g.memory, COPIES, words, LOOKED_AT);
		struct fl_thread *t = fl_scan_add(&g.scan, 0x30001000);
		fl_thread_set_stack(t, COPIES, COPIES + 4 * LOOKED_AT);
		wait_for(&g, 0x30000000, HEAP + 0x10);
		const char *name = fl_scan_handle_name(&g.scan, HEAP + 0x10);
		if (copies < LOOKED_AT)
			assert_string_equal(name, "driver+0x4");
		else
			assert_null(name);
	}
}

/* Handles in a structure that two regions share. */
static void test_names_across_regions(void **state)
{
	(void)state;
	GROUND g;
	ground_begin(&g);
	TARGET_WORDS(&g.memory, DRIVER, 0, 0, 0x1);
	TARGET_WORDS(&g.memory, DRIVER + 0xc, HEAP + 0x10);
	wait_for(&g, 0x30000000, HEAP + 0x10);
	wait_for(&g, 0x30000008, HEAP + 0x14);
	assert_string_equal(fl_scan_handle_name(&g.scan, HEAP + 0x10), "driver+0xc");
	assert_null(fl_scan_handle_name(&g.scan, HEAP + 0x14));
}

/* --- which data symbols were captured --- */

enum { OBJECTS = 40, HOLES = RAM + 0x2000 };

/* Objects of many sizes, some of them inside others. */
static void write_objects(struct elf_writer *w, struct fl_object_place *objects)
{
	uint32_t addr = RAM;
	unsigned bss = elf_section(w, ".bss", ELF_NOBITS, ELF_W | ELF_A, RAM, NULL, 0x4000);
	elf_code(w, ".text", 0x1000, 0x100);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		char name[16];
		bool inside = i % 7 == 3;
		uint32_t size = inside ? 2 : 4 + i * 11 % 60;
		objects[i] = (struct fl_object_place){ inside ? addr - 3 : addr, size };
		snprintf(name, sizeof(name), "o%u", i);
		elf_symbol(w, name, objects[i].addr, size, ELF_OBJECT, bss);
		addr += inside ? 0 : size + i % 3;
	}
	elf_end(w);
}

static bool is_captured(const struct fl_memory *memory, const struct fl_object_place *object)
{
	for (uint32_t off = 0; off < object->size; off++)
		if (fl_memory_find(memory, object->addr + off))
			return true;
	return false;
}

static bool is_whole(const struct fl_memory *memory, const struct fl_object_place *object)
{
	const struct fl_span *span = fl_memory_find(memory, object->addr);
	return span && object->addr + object->size <= span->addr + span->size;
}

static void check_bytes(const struct fl_memory *memory, const struct fl_captured_objects *found,
			const struct fl_object_place *place)
{
	uint8_t copy[64];
	const uint8_t *bytes = fl_captured_bytes(found, place);
	if (!bytes)
		return;
	assert_true(is_whole(memory, place));
	assert_true(fl_memory_read(memory, place->addr, copy, place->size, NULL));
	assert_memory_equal(bytes, copy, place->size);
}

/* How often each was met; how often with its bytes. */
static void count_objects(const struct fl_kernel_scan *scan, const struct fl_object_place *objects,
			  unsigned met[OBJECTS], unsigned whole[OBJECTS])
{
	struct fl_object_walk walk = { 0 };
	struct fl_captured_objects found;
	while (fl_scan_next_objects(scan, &walk, &found))
		for (uint32_t i = 0; i < found.count; i++)
			for (uint32_t k = 0; k < OBJECTS; k++)
				if (found.places[i].addr == objects[k].addr &&
				    found.places[i].size == objects[k].size) {
					check_bytes(scan->in->memory, &found, &found.places[i]);
					met[k]++;
					whole[k] +=
						fl_captured_bytes(&found, &found.places[i]) != NULL;
				}
}

static void test_captured_objects(void **state)
{
	static uint8_t ram[0x800];
	(void)state;
	for (size_t i = 0; i < sizeof(ram); i++)
		ram[i] = (uint8_t)(i * 31);
	for (uint32_t cut = 1; cut < 0x200; cut += 5) {
		ELF_AUTO w = { 0 };
		struct fl_object_place objects[OBJECTS];
		unsigned met[OBJECTS] = { 0 }, whole[OBJECTS] = { 0 };
		GROUND g = { 0 };
		write_objects(&w, objects);
		assert_int_equal(
			fl_symbols_open(w.file.data, w.file.size, "fw.elf", &g.symbols, NULL),
			FL_OK);
		assert_true(fl_view_add(&g.view, g.symbols));
		/* Two regions that touch, a hole, another region, one without objects. */
		target_bytes(&g.memory, RAM, ram, cut);
		target_bytes(&g.memory, RAM + cut, ram + cut, 0x30);
		target_bytes(&g.memory, RAM + cut + 0x60, ram + cut + 0x60, 0x150);
		target_bytes(&g.memory, HOLES, ram, 0x20);
		g.in = (struct fl_threads_input){ .memory = &g.memory.view };
		g.scan = (struct fl_kernel_scan){ .in = &g.in, .symbols = g.view };
		count_objects(&g.scan, objects, met, whole);
		for (uint32_t k = 0; k < OBJECTS; k++) {
			/* One that another interrupts has two pieces. */
			bool cut_in_two = k + 1 < OBJECTS && (k + 1) % 7 == 3;
			assert_in_range(met[k], 0, cut_in_two ? 2 : 1);
			if (is_captured(&g.memory.view, &objects[k]))
				assert_true(met[k]);
			if (met[k] && is_whole(&g.memory.view, &objects[k]))
				assert_true(whole[k]);
		}
	}
}

static void test_layouts(void **state)
{
	(void)state;
	GROUND g;
	ground_begin(&g);
	struct fl_field field = { 0 };
	struct fl_layout layout = { "tskTaskControlBlock", "uxPriority", 44, 4, true };
	assert_true(fl_scan_layout(&g.scan, &layout, &field));
	assert_int_equal(field.off, 8);
	assert_true(field.is_signed);
	layout.path = "pcTaskName"; /* configured out: the default is none */
	assert_false(fl_scan_layout(&g.scan, &layout, &field));
	layout.structure = "QueueDefinition"; /* no word about it */
	assert_true(fl_scan_layout(&g.scan, &layout, &field));
	assert_int_equal(field.off, 44);
	assert_int_equal(field.size, 4);
	assert_int_equal(field.count, 1);
	layout.has_default = false;
	assert_false(fl_scan_layout(&g.scan, &layout, &field));
}

/* The frame lies in a copy, the stack pointer is the stack's own. */
static void test_resume_of_a_copy(void **state)
{
	(void)state;
	GROUND g;
	ground_begin(&g);
	target_words(&g.memory, RAM + 0x400,
		     (const uint32_t[]){ 0, 1, 2, 3, 12, 0x1051, 0x1044, 0x01000200 }, 8);
	struct fl_thread t = { 0 };
	assert_true(fl_scan_is_frame(&g.scan, RAM + 0x400));
	assert_false(fl_scan_is_frame(&g.scan, RAM + 0x402));
	assert_false(fl_scan_is_frame(&g.scan, RAM + 0x404));
	fl_thread_set_stack(&t, RAM + 0x800, RAM + 0xa00);
	assert_true(fl_thread_resume_copy(&g.scan, &t, RAM + 0x400, RAM + 0x900, true));
	assert_int_equal(t.regs.value[FL_SP], RAM + 0x900 + 0x68 + 4);
	assert_int_equal(t.regs.value[FL_PC], 0x1044);
	assert_int_equal(t.regs.value[FL_LR], 0x1051);
	assert_int_equal(t.stack.used, 0xa00 - 0x96c);
	assert_int_equal(t.context, FL_CONTEXT_SAVED);
	assert_false(fl_thread_resume_copy(&g.scan, &t, RAM + 0x400, RAM + 0x902, false));
	assert_int_equal(t.context, FL_CONTEXT_NONE);
	assert_int_equal(t.regs.known, 0);
	assert_non_null(strstr(t.stop_text, "not aligned"));
	assert_false(fl_thread_resume(&g.scan, &t, RAM + 0x410, false));
	assert_non_null(strstr(t.stop_text, "0x20000420 were not captured"));
	assert_false(fl_thread_resume(&g.scan, &t, HANDLE - 4, false));
}

static void test_entry(void **state)
{
	(void)state;
	GROUND g;
	ground_begin(&g);
	struct fl_thread t = { 0 };
	fl_thread_set_entry(&g.scan, &t, 0x1041);
	assert_true(t.has_entry);
	assert_int_equal(t.entry_addr, 0x1040);
	assert_string_equal(t.entry, "worker");
	t = (struct fl_thread){ 0 };
	fl_thread_set_entry(&g.scan, &t, 0x1045); /* the middle of one */
	assert_int_equal(t.entry_addr, 0x1044);
	assert_null(t.entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_list),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_names_of_objects),
		cmocka_unit_test(test_too_many_copies),
		cmocka_unit_test(test_names_across_regions),
		cmocka_unit_test(test_captured_objects),
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_resume_of_a_copy),
		cmocka_unit_test(test_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
