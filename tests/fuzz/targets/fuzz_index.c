/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Index files that somebody crafted: every look-up, and a whole analysis, stays inside them and
 * ends. The hash is always made right, so that what is behind it is reached.
 *
 * Input: which index; then either patches of it, or ("raw") a whole file.
 */
#include "fuzz/target.h"

#include "base/hash.h"
#include "symbols/index_file.h"
#include "symbols/module.h"

#include <faultline/faultline.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW = 0xff, PATCH_SIZE = 8, PATCHES = 64, FILE_MAX = 1 << 20 };

struct base {
	const char *elf, *dump;
	struct fl_buffer index;
	uint8_t *bytes;
	size_t dump_size;
};

static struct base bases[] = {
	{ "m0-os/fw.elf", "m0-os/assert/dump.core", { 0 }, NULL, 0 },
	{ "m3-exidx/fw.elf", "m3-exidx/null-write/dump.core", { 0 }, NULL, 0 },
	{ "m4f-aux/fw.elf", "m4f-aux/aux-callback/dump.core", { 0 }, NULL, 0 },
	{ "m4f-cpp/fw.elf", "m4f-cpp/cpp-anonymous/dump.core", { 0 }, NULL, 0 },
	{ "m4f-rtos/fw.elf", "m4f-rtos/deadlock/dump.core", { 0 }, NULL, 0 },
	{ "m4f-zephyr/fw.elf", "m4f-zephyr/deadlock/dump.core", { 0 }, NULL, 0 },
};
enum { BASES = sizeof(bases) / sizeof(bases[0]) };

static uint8_t *read_corpus(const char *name, size_t *size_ret)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", FL_CORPUS, name);
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(FILE_MAX);
	if (!file || !bytes) {
		fprintf(stderr, "%s is missing\n", path);
		abort();
	}
	*size_ret = fread(bytes, 1, FILE_MAX, file);
	fclose(file);
	return bytes;
}

static void prepare(struct base *base)
{
	size_t size;
	FL_AUTO(fl_symbols) symbols = NULL;
	uint8_t *elf = read_corpus(base->elf, &size);
	CHECK(!fl_symbols_open(elf, size, "fw.elf", &symbols, NULL));
	CHECK(!fl_symbols_encode(symbols, NULL, &base->index, NULL));
	free(elf);
	base->bytes = read_corpus(base->dump, &base->dump_size);
}

/* --- patches --- */

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return value;
}

static void put(uint8_t *file, size_t size, uint64_t off, uint32_t value, unsigned width)
{
	if (off <= size && width <= size - off)
		memcpy(file + off, &value, width);
}

/* In a module: its header, its directory, an element of one of its tables. */
static void patch_module(uint8_t *file, size_t size, uint64_t off, const uint8_t *patch)
{
	struct fl_index_table table;
	uint16_t which = (uint16_t)(patch[2] | patch[3] << 8);
	uint32_t value = u32_at(patch + 4);
	uint32_t kind = patch[1] % FL_INDEX_KINDS;
	uint64_t entry =
		off + sizeof(struct fl_index_header) + (kind ? kind - 1 : 0) * sizeof(table);
	if (off > size || size - off < 4096)
		return;
	memcpy(&table, file + entry, sizeof(table));
	switch (patch[0] >> 4 & 3) {
	case 0:
		put(file, size, off + which % sizeof(struct fl_index_header), value,
		    1 + (patch[0] & 3));
		break;
	case 1:
		put(file, size, entry + which % sizeof(table), value, 1 + (patch[0] & 3));
		break;
	default:
		if (!kind || !table.element_size || !table.count || table.count > size ||
		    table.off > size)
			return;
		uint64_t at = (uint64_t)which * table.element_size + (patch[0] >> 6) * 4u;
		put(file, size, off + table.off + at % (table.count * table.element_size), value,
		    4);
	}
}

static void patch_file(uint8_t *file, size_t size, const uint8_t *patch)
{
	struct fl_index_place place;
	if ((patch[0] & 12) == 4) { /* the head and the places */
		put(file, size, (uint16_t)(patch[1] | patch[2] << 8) % 256u, u32_at(patch + 4),
		    1 + (patch[0] & 3));
		return;
	}
	memcpy(&place,
	       file + sizeof(struct fl_index_file) + ((patch[0] & 12) == 8 ? sizeof(place) : 0),
	       sizeof(place));
	patch_module(file, size, place.off % 8 ? 0 : place.off, patch);
}

static void make_right(uint8_t *file, size_t size)
{
	struct fl_index_file head;
	if (size < sizeof(head))
		return;
	memcpy(&head, file, sizeof(head));
	fl_hash128(file + offsetof(struct fl_index_file, size),
		   size - offsetof(struct fl_index_file, size), head.hash);
	memcpy(file, &head, sizeof(head));
}

/* --- look-ups --- */

static volatile size_t seen; /* so that everything is read */

static void ask_at(const struct fl_symbol_view *view, const struct fl_module *m, uint32_t addr)
{
	struct fl_scope scopes[FL_LIMIT_INLINE_DEPTH + 1];
	struct fl_unwind_rule rule;
	struct fl_exidx_entry exidx;
	struct fl_function_info function;
	struct fl_symbol_info symbol;
	struct fl_object_info object;
	bool has;
	size_t count = fl_module_scopes(m, addr, scopes, FL_LIMIT_INLINE_DEPTH + 1);
	for (size_t i = 0; i < count; i++)
		seen = strlen(scopes[i].function) + (scopes[i].file ? strlen(scopes[i].file) : 0);
	if (fl_module_unwind_rule(m, addr, &rule)) {
		for (size_t i = 0; i < FL_CORE_REGISTERS; i++)
			for (size_t k = 0; k < rule.regs[i].expression.size; k++)
				seen = rule.regs[i].expression.bytes[k];
		for (size_t k = 0; k < rule.cfa_expression.size; k++)
			seen = rule.cfa_expression.bytes[k];
	}
	if (fl_module_exidx(m, addr, &exidx))
		for (size_t k = 0; k < exidx.opcode_count; k++)
			seen = exidx.opcodes[k];
	if (fl_module_function(m, addr, &function))
		seen = strlen(function.name);
	if (fl_view_object_at(view, addr, &symbol))
		seen = strlen(symbol.name);
	if (fl_view_kernel_object_at(view, addr, &object))
		seen = strlen(object.name) + strlen(object.structure);
	(void)fl_view_module_at(view, addr);
	const char *format = fl_view_log_format(view, addr & 0xfff, &has);
	seen = format ? strlen(format) : 0;
}

static void ask_keys(const struct fl_symbol_view *view, const struct fl_module *m)
{
	static const enum fl_index_kind kinds[] = {
		FL_INDEX_FUNCTION_ADDRS, FL_INDEX_INLINE_ADDRS, FL_INDEX_LINE_ADDRS,
		FL_INDEX_UNWIND_ADDRS,   FL_INDEX_EXIDX_ADDRS,  FL_INDEX_OBJECT_ADDRS,
	};
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct fl_table *t = &m->tables[kinds[k]];
		for (uint32_t i = 0; i < t->count; i += 1 + t->count / 8) {
			uint32_t key = ((const uint32_t *)t->data)[i];
			ask_at(view, m, key);
			ask_at(view, m, key + 16); /* in the middle of a block of rows */
		}
	}
	ask_at(view, m, 0);
	ask_at(view, m, UINT32_MAX);
}

static void ask_names(const struct fl_symbol_view *view)
{
	static const char *const names[] = { "main", "pxCurrentTCB", "_kernel", "", "~" };
	struct fl_symbol_info symbol;
	struct fl_variable_info variable;
	struct fl_field field;
	uint32_t size;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)fl_view_symbol(view, names[i], &symbol);
		(void)fl_view_variable(view, names[i], &variable);
		(void)fl_view_from(view, names[i]);
	}
	(void)fl_view_field(view, "TCB_t", "xStateListItem.pvOwner", &field);
	(void)fl_view_field(view, "k_thread", "base.thread_state", &field);
	(void)fl_view_struct_size(view, "tskTaskControlBlock", &size);
	(void)fl_view_enumerator(view, "kMfltRebootReason_", 0x8000);
	for (size_t m = 0; m < view->count; m++)
		for (uint32_t i = 0; i < 64; i++) {
			bool absolute;
			if (fl_module_nth_symbol(view->modules[m], i * 7, &symbol, &absolute))
				seen = strlen(symbol.name);
		}
}

/* No symbol twice, none but the module's. */
static void ask_objects(const struct fl_module *m)
{
	uint32_t count = m->tables[FL_INDEX_OBJECTS].count;
	uint32_t total = 0;
	uint32_t from = 0;
	for (uint32_t i = 0; i < 64; i++) {
		uint32_t addr = 0x1fffff00 + i * 0x40;
		struct fl_object_run run = fl_module_objects(m, from, addr, 0x38);
		CHECK(run.end >= from && run.end <= count && run.count <= run.end - from);
		for (uint32_t k = 0; k < run.count; k++)
			seen = run.places[k].addr;
		total += run.count;
		from = run.end;
	}
	CHECK(total <= count);
	CHECK(fl_module_objects(m, 0, 0, UINT32_MAX).count <= count);
	CHECK(!fl_module_objects(m, 0, 0x20000000, 0).count);
}

static void ask_module(const struct fl_symbol_view *view, const struct fl_module *m)
{
	size_t count;
	struct fl_module_info info = fl_module_info(m);
	CHECK(info.name && info.build_id_size <= sizeof(info.build_id));
	CHECK(fl_module_arch(m) <= FL_ARCH_V8M_MAIN);
	const struct fl_span *spans = fl_module_spans(m, &count);
	for (size_t i = 0; i < count; i++)
		if (spans[i].size)
			seen = spans[i].bytes[0] + spans[i].bytes[spans[i].size - 1];
	const struct fl_finding *findings = fl_module_findings(m, &count);
	for (size_t i = 0; i < count; i++)
		seen = (uint32_t)strlen(findings[i].text);
	ask_keys(view, m);
	ask_objects(m);
}

static void analyze(const struct base *base, const struct fl_symbols *symbols)
{
	FL_AUTO(fl_report) report = NULL;
	FL_AUTO(fl_report) again = NULL;
	FL_AUTO_BUFFER bytes = { 0 };
	const struct fl_symbols *list[] = { symbols };
	CHECK(!fl_analyze(base->bytes, base->dump_size, list, 1, NULL, &report, NULL));
	CHECK(!fl_report_encode(report, &bytes, NULL));
	CHECK(!fl_report_decode(bytes.data, bytes.size, &again, NULL));
}

static void use(const struct base *base, const uint8_t *file, size_t size, bool whole)
{
	FL_AUTO(fl_symbols) symbols = NULL;
	struct fl_symbols_index_info info;
	struct fl_symbol_view view = { 0 };
	struct fl_error err = { 0 };
	if (fl_symbols_decode(file, size, &symbols, &err)) {
		CHECK(err.message[0]);
		return;
	}
	CHECK(!fl_symbols_index_peek(file, size, &info, NULL) && info.size == size);
	CHECK(fl_view_add(&view, symbols));
	for (size_t i = 0; i < symbols->count; i++)
		ask_module(&view, symbols->modules[i]);
	ask_names(&view);
	if (whole)
		analyze(base, symbols);
}

/* An analysis takes a hundred times as long as the look-ups. */
static bool is_chosen(const uint8_t *data, size_t size)
{
	return data[0] % 16 == 1 && (size < 16 || fl_hash64(data, size) % 64 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct base *base = &bases[data[0] / 16 % BASES];
	if (!base->bytes)
		prepare(base);
	bool raw = data[0] == RAW;
	size_t file_size = raw ? size - 1 : base->index.size;
	uint8_t *file = malloc(file_size ? file_size : 1);
	CHECK(file);
	memcpy(file, raw ? data + 1 : base->index.data, file_size);
	for (size_t i = 0; !raw && i < PATCHES && (i + 1) * PATCH_SIZE < size; i++)
		patch_file(file, file_size, data + 1 + i * PATCH_SIZE);
	make_right(file, file_size);
	use(base, file, file_size, !raw && is_chosen(data, size));
	free(file);
	return 0;
}
