/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t element_sizes[FL_INDEX_KINDS] = {
	[FL_INDEX_STRINGS] = 1,
	[FL_INDEX_FILES] = 4,
	[FL_INDEX_NAMES] = sizeof(struct fl_index_name),
	[FL_INDEX_CODE] = sizeof(struct fl_index_range),
	[FL_INDEX_SPANS] = sizeof(struct fl_index_span),
	[FL_INDEX_SPAN_BYTES] = 1,
	[FL_INDEX_FUNCTION_ADDRS] = 4,
	[FL_INDEX_FUNCTIONS] = sizeof(struct fl_index_function),
	[FL_INDEX_FUNCTION_FLAGS] = 1,
	[FL_INDEX_LINKAGES] = sizeof(struct fl_index_linkage),
	[FL_INDEX_PARTS] = sizeof(struct fl_index_part),
	[FL_INDEX_INLINE_ADDRS] = 4,
	[FL_INDEX_INLINE_OFFS] = 4,
	[FL_INDEX_INLINE_BYTES] = 1,
	[FL_INDEX_CALLS] = 1,
	[FL_INDEX_LINE_ADDRS] = 4,
	[FL_INDEX_LINE_OFFS] = 4,
	[FL_INDEX_LINE_BYTES] = 1,
	[FL_INDEX_UNWIND_ADDRS] = 4,
	[FL_INDEX_UNWIND_OFFS] = 4,
	[FL_INDEX_UNWIND_BYTES] = 1,
	[FL_INDEX_RULES] = sizeof(struct fl_index_rule),
	[FL_INDEX_RULE_REGISTERS] = sizeof(struct fl_index_register),
	[FL_INDEX_EXPRESSIONS] = sizeof(struct fl_index_bytes),
	[FL_INDEX_EXPRESSION_BYTES] = 1,
	[FL_INDEX_EXIDX_ADDRS] = 4,
	[FL_INDEX_EXIDX] = sizeof(struct fl_index_exidx),
	[FL_INDEX_OPCODE_BYTES] = 1,
	[FL_INDEX_SYMBOLS] = sizeof(struct fl_index_symbol),
	[FL_INDEX_SYMBOL_NAMES] = 4,
	[FL_INDEX_OBJECT_ADDRS] = 4,
	[FL_INDEX_OBJECTS] = sizeof(struct fl_index_segment),
	[FL_INDEX_FINDINGS] = sizeof(struct fl_index_finding),
	[FL_INDEX_ENUMERATORS] = sizeof(struct fl_index_enumerator),
	[FL_INDEX_LOG_FORMATS] = 1,
	[FL_INDEX_STRUCTS] = sizeof(struct fl_index_struct),
	[FL_INDEX_FIELDS] = sizeof(struct fl_index_field),
	[FL_INDEX_VARIABLES] = sizeof(struct fl_index_variable),
};

uint32_t fl_index_element_size(uint32_t kind)
{
	return kind < FL_INDEX_KINDS ? element_sizes[kind] : 0;
}

void *fl_build_add(struct fl_build *b, enum fl_index_kind kind)
{
	struct fl_vec *table = &b->tables[kind];
	void *element = table->count < FL_INDEX_NONE ? fl_vec_add(table) : NULL;
	if (!element)
		b->failed = true;
	return element;
}

uint32_t fl_build_text(struct fl_build *b, const char *text)
{
	uint32_t off = fl_intern_text(&b->image->strings, text);
	if (off != UINT32_MAX)
		return off;
	b->failed = true;
	return 0;
}

uint32_t fl_build_file(struct fl_build *b, uint32_t path)
{
	uint32_t i = path ? fl_intern_add(&b->files, &path, sizeof(path)) : FL_INDEX_NONE;
	b->failed |= b->files.failed;
	return i + 1;
}

bool fl_build_is_code(const struct fl_build *b, uint32_t addr, uint64_t end)
{
	size_t low = 0;
	size_t high = b->code.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (fl_vec_at(&b->code, struct fl_code_range, mid)->addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	const struct fl_code_range *range = fl_vec_at(&b->code, struct fl_code_range, low - 1);
	return end > addr && end <= (uint64_t)range->addr + range->size;
}

uint32_t fl_build_segment(const struct fl_build *b, uint32_t addr)
{
	size_t low = 0;
	size_t high = b->segments.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (fl_vec_at(&b->segments, struct fl_piece, mid)->addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? (uint32_t)low - 1 : FL_NO_INDEX;
}

static void build_findings(struct fl_build *b)
{
	for (size_t i = 0; i < b->image->findings.count; i++) {
		const struct fl_finding *f = &b->image->findings.items[i];
		uint32_t text = fl_build_text(b, f->text);
		struct fl_index_finding *out = fl_build_add(b, FL_INDEX_FINDINGS);
		if (!out)
			return;
		*out = (struct fl_index_finding){
			.at = f->at,
			.text = text,
			.stage = (uint8_t)f->stage,
			.severity = (uint8_t)f->severity,
			.code = (uint8_t)f->code,
			.at_kind = (uint8_t)f->at_kind,
		};
	}
}

static void build_enumerators(struct fl_build *b)
{
	const struct fl_vec *list = &b->image->debug.enumerators;
	for (size_t i = 0; i < list->count; i++) {
		const struct fl_enumerator *e = fl_vec_at(list, const struct fl_enumerator, i);
		uint32_t name = fl_build_text(b, e->name);
		struct fl_index_enumerator *out = fl_build_add(b, FL_INDEX_ENUMERATORS);
		if (!out)
			return;
		*out = (struct fl_index_enumerator){ .name = name, .value = e->value };
	}
}

static uint16_t flags_of(const struct fl_build *b)
{
	unsigned flags = 0;
	const struct fl_debug_info *debug = &b->image->debug;
	if (debug->functions.count || b->has_lines)
		flags |= FL_INDEX_DEBUG_INFO;
	if (b->tables[FL_INDEX_UNWIND_ADDRS].count || b->tables[FL_INDEX_EXIDX].count)
		flags |= FL_INDEX_UNWIND_INFO;
	if (b->has_function_symbols)
		flags |= FL_INDEX_SYMBOL_TABLE;
	if (b->has_code_bytes)
		flags |= FL_INDEX_CODE_BYTES;
	return (uint16_t)flags;
}

static struct fl_index_header header_of(struct fl_build *b)
{
	const struct fl_image *image = b->image;
	struct fl_index_header h = {
		.version = FL_INDEX_VERSION,
		.build_id_size = image->build_id_size,
		.arch = (uint8_t)image->arch,
		.flags = flags_of(b),
		.name = fl_build_text(b, image->elf.name),
		.function_count = b->function_count,
	};
	memcpy(h.magic, FL_INDEX_MAGIC, sizeof(h.magic));
	memcpy(h.build_id, image->build_id, sizeof(h.build_id));
	memcpy(h.elf_hash, image->hash, sizeof(h.elf_hash));
	if (b->code.count) {
		const struct fl_code_range *first = fl_vec_at(&b->code, struct fl_code_range, 0);
		const struct fl_code_range *last = first + (b->code.count - 1);
		h.code_addr = first->addr;
		h.code_end = (uint64_t)last->addr + last->size;
	}
	return h;
}

struct part {
	const void *data;
	uint64_t count;
};

static struct part interned(const struct fl_intern *table)
{
	return (struct part){ table->bytes.data, table->bytes.size };
}

/* Most tables are vectors; the byte pools grew elsewhere. */
static struct part part_of(const struct fl_build *b, uint32_t kind)
{
	switch (kind) {
	case FL_INDEX_FILES:
		return (struct part){ b->files.bytes.data, b->files.entries.count };
	case FL_INDEX_NAMES:
		return (struct part){ b->names.bytes.data, b->names.entries.count };
	case FL_INDEX_STRINGS:
		return interned(&b->image->strings);
	case FL_INDEX_OPCODE_BYTES:
		return interned(&b->opcodes);
	case FL_INDEX_EXPRESSION_BYTES:
		return interned(&b->expressions);
	case FL_INDEX_LOG_FORMATS:
		if (!b->log_formats)
			return (struct part){ NULL, 0 };
		return (struct part){ b->log_formats->bytes, b->log_formats->size };
	default:
		return (struct part){ b->tables[kind].data, b->tables[kind].count };
	}
}

static uint64_t align8(uint64_t off)
{
	return (off + 7) & ~UINT64_C(7);
}

static enum fl_code
assemble(struct fl_build *b, uint8_t **ret, size_t *size_ret, struct fl_error *err)
{
	struct fl_index_header header = header_of(b);
	struct fl_index_table directory[FL_INDEX_KINDS - 1];
	header.table_count = FL_INDEX_KINDS - 1;
	uint64_t off = align8(sizeof(header) + sizeof(directory));
	for (uint32_t kind = 1; kind < FL_INDEX_KINDS; kind++) {
		struct part part = part_of(b, kind);
		directory[kind - 1] = (struct fl_index_table){ .kind = kind,
							       .element_size = element_sizes[kind],
							       .off = off,
							       .count = part.count };
		off = align8(off + part.count * element_sizes[kind]);
	}
	header.size = off;
	uint8_t *index = b->failed || b->image->strings.failed ? NULL : calloc(1, (size_t)off);
	if (!index)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for symbol tables");
	memcpy(index, &header, sizeof(header));
	memcpy(index + sizeof(header), directory, sizeof(directory));
	for (uint32_t kind = 1; kind < FL_INDEX_KINDS; kind++) {
		struct part part = part_of(b, kind);
		if (part.count)
			memcpy(index + directory[kind - 1].off, part.data,
			       (size_t)part.count * element_sizes[kind]);
		fl_vec_deinit(&b->tables[kind]); /* so that there are not two of everything */
	}
	*ret = index;
	*size_ret = (size_t)off;
	return FL_OK;
}

enum fl_code
fl_index_build(struct fl_image *image, uint8_t **ret, size_t *size_ret, struct fl_error *err)
{
	struct fl_build b = {
		.image = image,
		.files = FL_INTERN,
		.names = FL_INTERN,
		.opcodes = FL_INTERN,
		.expressions = FL_INTERN,
		.code = FL_VEC(struct fl_code_range),
		.sources = FL_VEC(struct fl_function_source),
		.segments = FL_VEC(struct fl_piece),
		.by_addr = FL_VEC(uint32_t),
	};
	for (uint32_t kind = 0; kind < FL_INDEX_KINDS; kind++)
		b.tables[kind].element_size = element_sizes[kind];
	if (image->is_linked) {
		fl_build_memory(&b);
		fl_build_functions(&b);
		fl_build_inlines(&b);
		fl_build_lines(&b);
		fl_build_unwind(&b);
		fl_build_exidx(&b);
		fl_build_symbols(&b);
		build_enumerators(&b);
		fl_build_structs(&b);
		fl_build_logs(&b);
	}
	build_findings(&b);
	enum fl_code code = assemble(&b, ret, size_ret, err);
	for (uint32_t kind = 0; kind < FL_INDEX_KINDS; kind++)
		fl_vec_deinit(&b.tables[kind]);
	fl_intern_deinit(&b.files);
	fl_intern_deinit(&b.names);
	fl_intern_deinit(&b.opcodes);
	fl_intern_deinit(&b.expressions);
	fl_vec_deinit(&b.code);
	fl_vec_deinit(&b.sources);
	fl_vec_deinit(&b.segments);
	fl_vec_deinit(&b.by_addr);
	return code;
}
