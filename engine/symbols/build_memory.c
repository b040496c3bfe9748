/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/build.h"

#include "base/reader.h"

#include <stdlib.h>
#include <string.h>

/* A loadable part of the image, from sections, or from segments where sections were stripped. */
struct load {
	uint64_t end;
	uint32_t addr;
	const uint8_t *bytes;
	bool code;
	bool constant;
};

static int by_addr(const void *a, const void *b)
{
	const struct load *x = a;
	const struct load *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static void add_load(struct fl_build *b, struct fl_vec *loads, struct load load, uint32_t size)
{
	uint64_t end = (uint64_t)load.addr + size;
	load.end = end > UINT64_C(1) << 32 ? UINT64_C(1) << 32 : end;
	if (size && (load.code || load.constant) && !fl_vec_push(loads, &load))
		b->failed = true;
}

static void from_sections(struct fl_build *b, struct fl_vec *loads)
{
	const struct fl_elf *elf = &b->image->elf;
	for (size_t i = 0; i < elf->section_count; i++) {
		const struct fl_section *s = &elf->sections[i];
		if (!(s->flags & FL_SHF_ALLOC) || !s->bytes || s->flags & FL_SHF_COMPRESSED)
			continue;
		struct load load = { .addr = s->addr,
				     .bytes = s->bytes,
				     .code = fl_section_is_code(s),
				     .constant = !(s->flags & FL_SHF_WRITE) };
		add_load(b, loads, load, s->size);
	}
}

/*
 * A separate debug file ("objcopy --only-keep-debug") says where the code is, but has turned those
 * sections into NOBITS ones (https://sourceware.org/gdb/current/onlinedocs/gdb.html/
 * Separate-Debug-Files.html): its functions and rows belong there all the same.
 */
static void from_emptied_sections(struct fl_build *b, struct fl_vec *loads)
{
	const uint32_t both = FL_SHF_ALLOC | FL_SHF_EXECINSTR;
	const struct fl_elf *elf = &b->image->elf;
	for (size_t i = 0; i < elf->section_count; i++) {
		const struct fl_section *s = &elf->sections[i];
		if (s->type == FL_SHT_NOBITS && (s->flags & both) == both)
			add_load(b, loads, (struct load){ .addr = s->addr, .code = true }, s->size);
	}
}

static bool any_code(const struct fl_vec *loads)
{
	for (size_t i = 0; i < loads->count; i++)
		if (fl_vec_at(loads, const struct load, i)->code)
			return true;
	return false;
}

static void from_segments(struct fl_build *b, struct fl_vec *loads)
{
	const struct fl_elf *elf = &b->image->elf;
	for (size_t i = 0; i < elf->segment_count; i++) {
		const struct fl_segment *s = &elf->segments[i];
		if (s->type != FL_PT_LOAD || !s->bytes)
			continue;
		struct load load = { .addr = s->addr,
				     .bytes = s->bytes,
				     .code = s->flags & FL_PF_X,
				     .constant = !(s->flags & FL_PF_W) };
		add_load(b, loads, load, s->file_size);
	}
}

static void build_code(struct fl_build *b, const struct fl_vec *loads)
{
	for (size_t i = 0; i < loads->count && !b->failed; i++) {
		const struct load *load = fl_vec_at(loads, const struct load, i);
		if (!load->code)
			continue;
		struct fl_code_range *last =
			b->code.count ? fl_vec_at(&b->code, struct fl_code_range, b->code.count - 1)
				      : NULL;
		uint64_t last_end = last ? (uint64_t)last->addr + last->size : 0;
		if (last && load->addr <= last_end) {
			if (load->end > last_end)
				last->size = (uint32_t)(load->end - last->addr);
			continue;
		}
		struct fl_code_range range = { load->addr, (uint32_t)(load->end - load->addr) };
		if (!fl_vec_push(&b->code, &range))
			b->failed = true;
	}
	for (size_t i = 0; i < b->code.count && !b->failed; i++) {
		const struct fl_code_range *range = fl_vec_at(&b->code, struct fl_code_range, i);
		struct fl_index_range *out = fl_build_add(b, FL_INDEX_CODE);
		if (out)
			*out = (struct fl_index_range){ range->addr, range->size };
	}
}

static bool add_bytes(struct fl_vec *pool, const uint8_t *bytes, size_t size)
{
	if (size > UINT32_MAX - pool->count)
		return false;
	if (pool->room - pool->count < size) {
		size_t room = pool->count + size;
		void *data = realloc(pool->data, room + room / 2);
		if (!data)
			return false;
		pool->data = data;
		pool->room = room + room / 2;
	}
	memcpy((uint8_t *)pool->data + pool->count, bytes, size);
	pool->count += size;
	return true;
}

/* Where sections overlap (crafted, or overlays) the first one stays. */
static void build_spans(struct fl_build *b, const struct fl_vec *loads)
{
	uint64_t covered = 0;
	struct fl_vec *pool = &b->tables[FL_INDEX_SPAN_BYTES];
	for (size_t i = 0; i < loads->count && !b->failed; i++) {
		const struct load *load = fl_vec_at(loads, const struct load, i);
		if (!load->constant || load->end <= covered)
			continue;
		uint64_t addr = load->addr > covered ? load->addr : covered;
		uint32_t size = (uint32_t)(load->end - addr);
		struct fl_reader r =
			fl_reader("contents", load->bytes, (size_t)(load->end - load->addr), 0);
		fl_read_skip(&r, addr - load->addr);
		const uint8_t *bytes = fl_read_bytes(&r, size);
		struct fl_index_span *span = bytes ? fl_build_add(b, FL_INDEX_SPANS) : NULL;
		if (!span)
			continue;
		*span = (struct fl_index_span){ (uint32_t)addr, size, (uint32_t)pool->count };
		if (!add_bytes(pool, bytes, size))
			b->failed = true;
		covered = load->end;
	}
}

void fl_build_memory(struct fl_build *b)
{
	struct fl_vec loads = FL_VEC(struct load);
	from_sections(b, &loads);
	if (!loads.count)
		from_segments(b, &loads);
	b->has_code_bytes = any_code(&loads);
	if (!b->has_code_bytes)
		from_emptied_sections(b, &loads);
	if (loads.count)
		qsort(loads.data, loads.count, sizeof(struct load), by_addr);
	build_code(b, &loads);
	build_spans(b, &loads);
	fl_vec_deinit(&loads);
}
