/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread discovery over recorded devices whose memory was changed word by word and cut, with debug
 * information and without: it ends, within its bounds, and says nothing of a thread that has no
 * registers but that.
 */
#include "fuzz/target.h"

#include "base/limits.h"
#include "base/reader.h"
#include "dump/dump.h"
#include "threads/threads.h"

#include <faultline/dump.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, RAM_MAX = 1 << 18, SPANS = 64, CUTS = 4 };

/* A build and one of its dumps. */
static const char *const builds[][2] = {
	{ FL_CORPUS "/m3-rtos/fw.elf", FL_CORPUS "/m3-rtos/task-fault/dump.core" },
	{ FL_CORPUS "/m4f-rtos/fw.elf", FL_CORPUS "/m4f-rtos/task-fault/dump.core" },
	{ FL_CORPUS "/m33-rtos/fw.elf", FL_CORPUS "/m33-rtos/task-fault/dump.core" },
	{ FL_CORPUS "/m3-zephyr/fw.elf", FL_CORPUS "/m3-zephyr/thread-crash/dump.core" },
	{ FL_CORPUS "/m4f-zephyr-table/fw.elf",
	  FL_CORPUS "/m4f-zephyr-table/thread-crash/dump.core" },
	{ FL_CORPUS "/m33-zephyr-switch/fw.elf",
	  FL_CORPUS "/m33-zephyr-switch/thread-crash/dump.core" },
	{ FL_CORPUS "/m3-zephyr-registry/fw.elf",
	  FL_CORPUS "/m3-zephyr-registry/thread-crash-windows/dump.core" },
	{ FL_CORPUS "/m4f-zephyr-switch/fw.elf",
	  FL_CORPUS "/m4f-zephyr-switch/thread-crash/dump.core" },
};
enum { BUILDS = sizeof(builds) / sizeof(builds[0]), DEVICES = 2 * BUILDS };

/* Kept for the life of the process. */
static struct device {
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	enum fl_arch arch;
	struct fl_dump *dump;
	const struct fl_span *spans;
	size_t span_count;
	uint32_t word_count; /* in all spans */
} devices[DEVICES];

static size_t load_file(const char *path, uint8_t *bytes)
{
	FILE *file = fopen(path, "rb");
	CHECK(file);
	size_t size = fread(bytes, 1, FILE_MAX, file);
	fclose(file);
	return size;
}

/* Its sections get names that nobody looks for. */
static void hide_debug_information(uint8_t *bytes, size_t size)
{
	static const char name[] = ".debug_info";
	for (size_t i = 0; i + sizeof(name) <= size; i++)
		if (memcmp(bytes + i, name, sizeof(name)) == 0)
			bytes[i + 1] = 'x';
}

static void load_device(struct device *d, const char *const build[2], bool plain)
{
	static uint8_t elf[FILE_MAX];
	uint8_t *core = malloc(FILE_MAX);
	size_t size = load_file(build[0], elf);
	if (plain)
		hide_debug_information(elf, size);
	CHECK(fl_symbols_open(elf, size, "fuzz", &d->symbols, NULL) == FL_OK);
	CHECK(fl_view_add(&d->view, d->symbols));
	d->arch = fl_module_arch(d->view.modules[0]);
	CHECK(core && fl_dump_open(core, load_file(build[1], core), &d->dump, NULL) == FL_OK);
	d->spans = fl_dump_spans(d->dump, &d->span_count);
	CHECK(d->span_count <= SPANS);
	for (size_t i = 0; i < d->span_count; i++)
		d->word_count += d->spans[i].size / 4;
	CHECK(d->word_count && 4 * d->word_count <= RAM_MAX);
}

static void load_devices(void)
{
	for (size_t i = 0; i < DEVICES && !devices[i].symbols; i++)
		load_device(&devices[i], builds[i / 2], i % 2);
}

/* The device's memory, as this input changes it. */
struct memory {
	const struct device *device;
	uint8_t ram[RAM_MAX];
	struct fl_span spans[SPANS + CUTS];
	size_t count;
};

static void copy_memory(struct memory *m, const struct device *d)
{
	uint32_t used = 0;
	m->device = d;
	m->count = d->span_count;
	for (size_t i = 0; i < d->span_count; i++) {
		uint32_t size = d->spans[i].size & ~UINT32_C(3);
		memcpy(m->ram + used, d->spans[i].bytes, size);
		m->spans[i] =
			(struct fl_span){ d->spans[i].addr, size, m->ram + used, FL_SPAN_DUMP };
		used += size;
	}
}

/* Where the word is, and where it lies on the device. */
static uint8_t *word_at(struct memory *m, uint32_t word, uint32_t *addr_ret)
{
	const struct fl_span *spans = m->device->spans;
	uint32_t used = word % m->device->word_count * 4;
	uint32_t off = used;
	size_t i = 0;
	for (; off >= (spans[i].size & ~UINT32_C(3)); i++)
		off -= spans[i].size & ~UINT32_C(3);
	*addr_ret = spans[i].addr + off;
	return m->ram + used;
}

/* Numbers of the kind that kernels keep. */
static uint32_t read_value(struct fl_reader *r, struct memory *m)
{
	uint32_t addr;
	const uint8_t *other;
	switch (fl_read_u8(r) & 7) {
	case 0:
		return fl_read_u32(r);
	case 1:
		return fl_read_u8(r);
	case 2:
		return 0xffffff00 | fl_read_u8(r);
	case 3:
		return 0;
	case 4:
		other = word_at(m, fl_read_u16(r), &addr);
		return (uint32_t)other[0] | (uint32_t)other[1] << 8 | (uint32_t)other[2] << 16 |
		       (uint32_t)other[3] << 24;
	default:
		word_at(m, fl_read_u16(r), &addr);
		return addr + (fl_read_u8(r) & 3) * 4;
	}
}

static void change_words(struct fl_reader *r, struct memory *m)
{
	while (!fl_reader_status(r, NULL) && fl_reader_left(r)) {
		uint32_t addr;
		uint8_t *word = word_at(m, fl_read_u16(r), &addr);
		uint32_t value = read_value(r, m);
		for (int i = 0; i < 4; i++)
			word[i] = (uint8_t)(value >> 8 * i);
	}
}

/* The span that holds the word loses what follows it, up to [size] bytes. */
static void cut(struct memory *m, uint32_t word, uint32_t size)
{
	uint32_t addr;
	const uint8_t *at = word_at(m, word, &addr);
	for (size_t i = 0; i < m->count; i++) {
		struct fl_span *span = &m->spans[i];
		uint32_t off = addr - span->addr;
		if (off >= span->size)
			continue;
		if (span->size - off > size)
			m->spans[m->count++] =
				(struct fl_span){ addr + size, span->size - off - size, at + size,
						  FL_SPAN_DUMP };
		span->size = off;
		return;
	}
}

static void check_thread(const struct fl_threads *threads, size_t i)
{
	const struct fl_thread *t = &threads->items[i];
	CHECK(t->state < FL_THREAD_STATE_COUNT && t->wait.kind < FL_WAIT_KIND_COUNT);
	CHECK(t->stop_text);
	CHECK(t->context != FL_CONTEXT_NONE || (!t->regs.known && t->stop_text[0]));
	CHECK(!t->crashed || t->context == FL_CONTEXT_BLOCK);
	CHECK(!t->stack.known || t->stack.end > t->stack.start);
	/* More than there is, only if the stack pointer itself lies below: an overflow. */
	CHECK(!t->stack.high_water_known || t->stack.high_water <= t->stack.end - t->stack.start ||
	      (t->stack.used_known && t->stack.high_water == t->stack.used));
	for (size_t j = 0; j < i && t->has_block; j++)
		CHECK(!threads->items[j].has_block || threads->items[j].block != t->block);
}

/* Device, whether it has registers and a known architecture, cuts, changed words. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory memory;
	load_devices();
	struct fl_reader r = fl_reader("input", data, size, 0);
	const struct device *d = &devices[fl_read_u8(&r) % DEVICES];
	uint8_t flags = fl_read_u8(&r);
	uint16_t cuts[CUTS][2];
	for (int i = 0; i < CUTS; i++) {
		cuts[i][0] = fl_read_u16(&r);
		cuts[i][1] = fl_read_u16(&r);
	}
	if (fl_reader_status(&r, NULL))
		return 0;
	copy_memory(&memory, d);
	change_words(&r, &memory);
	for (int i = 0; i < (flags >> 2) % (CUTS + 1); i++)
		cut(&memory, cuts[i][0], 4U * cuts[i][1]);

	struct fl_arena arena = { 0 };
	struct fl_findings findings = { .arena = &arena };
	struct fl_memory view = { 0 };
	size_t count;
	const struct fl_span *flash = fl_module_spans(d->view.modules[0], &count);
	if (fl_memory_layer(&view, &arena, memory.spans, memory.count) ||
	    fl_memory_layer(&view, &arena, flash, count))
		abort();
	struct fl_threads threads;
	struct fl_threads_input in = { .memory = &view,
				       .symbols = &d->view,
				       .arch = flags & 2 ? FL_ARCH_UNKNOWN : d->arch };
	in.contexts = fl_dump_contexts(d->dump, &in.context_count);
	if (flags & 1)
		in.context_count = 0;
	CHECK(fl_threads_find(&in, &findings, &arena, &threads) == FL_OK);
	CHECK(threads.kernel.name && threads.count <= FL_LIMIT_THREADS);
	CHECK(findings.count <= 24); /* few: not one per thread and field */
	for (size_t i = 0; i < threads.count; i++)
		check_thread(&threads, i);
	fl_arena_deinit(&arena);
	return 0;
}
