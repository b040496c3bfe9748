/* SPDX-License-Identifier: Apache-2.0 */
#include "model/memory.h"

#include <string.h>

static uint64_t span_end(const struct fl_span *span)
{
	return (uint64_t)span->addr + span->size;
}

/* Index of the first span that ends above addr. */
static size_t lower_bound(const struct fl_memory *memory, uint64_t addr)
{
	size_t low = 0;
	size_t high = memory->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (span_end(&memory->spans[mid]) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
insert(struct fl_memory *memory, struct fl_arena *arena, size_t at, const struct fl_span *span)
{
	if (memory->count == memory->room) {
		size_t room = memory->room ? memory->room * 2 : 32;
		struct fl_span *spans = fl_arena_array(arena, room, sizeof(*spans));
		if (!spans)
			return false;
		if (memory->count)
			memcpy(spans, memory->spans, memory->count * sizeof(*spans));
		memory->spans = spans;
		memory->room = room;
	}
	memmove(&memory->spans[at + 1], &memory->spans[at],
		(memory->count - at) * sizeof(*memory->spans));
	memory->spans[at] = *span;
	memory->count++;
	return true;
}

/* Insert the parts of [span] that no present span covers. */
static bool
add_uncovered(struct fl_memory *memory, struct fl_arena *arena, const struct fl_span *span)
{
	uint64_t addr = span->addr;
	uint64_t end = span_end(span);
	if (end > UINT64_C(1) << 32)
		end = UINT64_C(1) << 32;
	size_t i = lower_bound(memory, addr);
	while (addr < end) {
		uint64_t gap_end = i < memory->count ? memory->spans[i].addr : end;
		if (gap_end > end)
			gap_end = end;
		if (gap_end > addr) {
			struct fl_span part = {
				.addr = (uint32_t)addr,
				.size = (uint32_t)(gap_end - addr),
				.bytes = span->bytes + (addr - span->addr),
				.source = span->source,
			};
			if (!insert(memory, arena, i, &part))
				return false;
			i++;
		}
		if (i >= memory->count)
			break;
		addr = span_end(&memory->spans[i]);
		i++;
	}
	return true;
}

enum fl_code fl_memory_layer(struct fl_memory *memory, struct fl_arena *arena,
			     const struct fl_span *spans, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!add_uncovered(memory, arena, &spans[i]))
			return FL_ENOMEM;
	return FL_OK;
}

static const struct fl_span *search(const struct fl_memory *memory, uint32_t addr)
{
	size_t i = lower_bound(memory, addr);
	if (i < memory->count && memory->spans[i].addr <= addr)
		return &memory->spans[i];
	return NULL;
}

const struct fl_span *fl_memory_find(const struct fl_memory *memory, uint32_t addr)
{
	if (!memory->recent)
		return search(memory, addr);
	const struct fl_span **last = &memory->recent->last[addr >> 29];
	if (*last && addr - (*last)->addr < (*last)->size)
		return *last;
	const struct fl_span *span = search(memory, addr);
	if (span)
		*last = span;
	return span;
}

/* The bytes where they lie, when one span has them all. */
static inline const uint8_t *whole(const struct fl_memory *memory, uint32_t addr, uint32_t size)
{
	const struct fl_span *span = fl_memory_find(memory, addr);
	if (!span || span->size - (addr - span->addr) < size)
		return NULL;
	return span->bytes + (addr - span->addr);
}

bool fl_memory_read(const struct fl_memory *memory, uint32_t addr, void *buf, size_t size,
		    uint32_t *missing_ret)
{
	uint8_t *out = buf;
	uint64_t at = addr;
	while (size) {
		const struct fl_span *span = at >> 32 ? NULL : fl_memory_find(memory, (uint32_t)at);
		if (!span) {
			if (missing_ret)
				*missing_ret = (uint32_t)at;
			return false;
		}
		size_t offset = (size_t)(at - span->addr);
		size_t n = span->size - offset < size ? span->size - offset : size;
		memcpy(out, span->bytes + offset, n);
		out += n;
		at += n;
		size -= n;
	}
	return true;
}

bool fl_memory_u32_elsewhere(const struct fl_memory *memory, uint32_t addr, uint32_t *ret)
{
	uint8_t pieces[4];
	const uint8_t *b = whole(memory, addr, sizeof(pieces));
	if (!b && !fl_memory_read(memory, addr, pieces, sizeof(pieces), NULL))
		return false;
	b = b ? b : pieces;
	*ret = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return true;
}

bool fl_memory_u16(const struct fl_memory *memory, uint32_t addr, uint16_t *ret)
{
	uint8_t pieces[2];
	const uint8_t *b = whole(memory, addr, sizeof(pieces));
	if (!b && !fl_memory_read(memory, addr, pieces, sizeof(pieces), NULL))
		return false;
	b = b ? b : pieces;
	*ret = (uint16_t)(b[0] | (unsigned)b[1] << 8);
	return true;
}

bool fl_memory_u8(const struct fl_memory *memory, uint32_t addr, uint8_t *ret)
{
	const uint8_t *b = whole(memory, addr, 1);
	if (b)
		*ret = *b;
	return b != NULL;
}
