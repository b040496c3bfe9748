/* SPDX-License-Identifier: Apache-2.0 */
/* The "CORE" container, versions 1 and 2 (docs/formats.md). */
#include "dump/memfault_walk.h"

#include <inttypes.h>
#include <string.h>

#define CORE_MAGIC       UINT32_C(0x45524f43)
#define FOOTER_MAGIC     UINT32_C(0x504d5544)
#define FOOTER_TRUNCATED UINT32_C(1)

enum {
	HEADER_SIZE = 12,
	BLOCK_HEADER_SIZE = 12,
	FOOTER_SIZE = 16,
	UNREADABLE = 0xef, /* in a row: the device could not read its own storage */
	UNREADABLE_RUN = 16,
};

static bool matches(const uint8_t *bytes, size_t size)
{
	struct fl_reader r = fl_reader("magic", bytes, size, 0);
	return fl_read_u32(&r) == CORE_MAGIC;
}

static void mark_truncated(struct fl_core_walk *w)
{
	w->dump->facts.truncated = true;
}

/* How much of the file the header claims. */
static void limit_to_total_size(struct fl_core_walk *w, uint32_t total)
{
	size_t size = w->dump->size;
	w->size_trusted = total >= HEADER_SIZE && total != UINT32_MAX;
	if (!w->size_trusted) {
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, 8,
			     "the header says %" PRIu32 " bytes, the file has %zu: all were read",
			     total, size);
	} else if (total > size) {
		mark_truncated(w);
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, size,
			     "the dump should have %" PRIu32 " bytes, only %zu arrived", total,
			     size);
	} else if (total < size) {
		w->r.size = total;
		FL_CORE_NOTE(w, FL_NOTE, FL_OK, total, "%zu bytes follow the dump and were ignored",
			     size - total);
	}
}

static enum fl_code read_header(struct fl_core_walk *w, struct fl_error *err)
{
	fl_read_skip(&w->r, 4);
	uint32_t version = fl_read_u32(&w->r);
	uint32_t total = fl_read_u32(&w->r);
	if (fl_reader_status(&w->r, NULL))
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, w->dump->size,
			       "a coredump that ends inside its header, after %zu bytes",
			       w->dump->size);
	if (version != 1 && version != 2)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, 4,
			       "a coredump of version %" PRIu32 "; versions 1 and 2 are known",
			       version);
	w->dump->facts.version = version;
	limit_to_total_size(w, total);
	return FL_OK;
}

/*
 * The footer has no block header. Its first byte, read as a type, is unassigned, so
 * it can be told at any block boundary, last or not.
 */
static bool read_footer(struct fl_core_walk *w)
{
	struct fl_reader at = w->r;
	if (fl_reader_left(&at) < FOOTER_SIZE || fl_read_u32(&at) != FOOTER_MAGIC)
		return false;
	uint32_t flags = fl_read_u32(&at);
	if (flags & FOOTER_TRUNCATED)
		mark_truncated(w);
	if (w->footer)
		FL_CORE_NOTE(w, FL_NOTE, FL_EFORMAT, w->r.pos, "the footer is there twice");
	w->footer = true;
	fl_read_skip(&w->r, FOOTER_SIZE);
	size_t left = fl_reader_left(&w->r);
	if (!left)
		return true;
	FL_CORE_NOTE(w, FL_NOTE, FL_EFORMAT, w->r.pos,
		     "the footer is not the last thing in the dump, %zu bytes follow", left);
	if (!w->size_trusted)
		fl_read_skip(&w->r, left); /* no more than what a flash partition holds behind it */
	return true;
}

/* Looks ahead: the walk does not move. */
static bool at_unreadable_run(struct fl_reader at)
{
	static const char run[UNREADABLE_RUN + 1] =
		"\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef\xef";
	const uint8_t *bytes = fl_read_bytes(&at, UNREADABLE_RUN);
	return bytes && !memcmp(bytes, run, UNREADABLE_RUN);
}

static void read_block(struct fl_core_walk *w)
{
	struct fl_core_block block = { .off = w->r.pos };
	block.type = fl_read_u8(&w->r);
	fl_read_skip(&w->r, 3);
	block.addr = fl_read_u32(&w->r);
	uint32_t length = fl_read_u32(&w->r);
	size_t left = fl_reader_left(&w->r);
	block.cut = length > left;
	block.size = block.cut ? left : length;
	block.payload = fl_read_bytes(&w->r, block.size);
	if (block.cut) {
		mark_truncated(w);
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, block.off,
			     "the last block, of type %u, has %zu of its %" PRIu32 " bytes",
			     block.type, block.size, length);
	}
	w->last_off = block.off;
	fl_core_block_keep(w, &block);
}

static void stop(struct fl_core_walk *w)
{
	fl_read_skip(&w->r, fl_reader_left(&w->r));
}

static void read_blocks(struct fl_core_walk *w)
{
	size_t left;
	while ((left = fl_reader_left(&w->r)) && !w->out_of_memory) {
		if (read_footer(w))
			continue;
		if (left < BLOCK_HEADER_SIZE) {
			mark_truncated(w);
			FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, w->r.pos,
				     "the dump ends inside a block header, with %zu bytes", left);
			stop(w);
		} else if (at_unreadable_run(w->r)) {
			mark_truncated(w);
			FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, w->r.pos,
				     "0xef instead of a block: the device could not read its own "
				     "storage, the rest is lost");
			stop(w);
		} else {
			read_block(w);
		}
	}
	if (w->dump->facts.version >= 2 && !w->footer)
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, w->r.size,
			     "the footer is missing: the dump is incomplete");
}

static size_t run_end(const uint8_t *bytes, size_t size, size_t at)
{
	while (at < size && bytes[at] == UNREADABLE)
		at++;
	return at;
}

/*
 * Sixteen bytes and no more: memory filled with 0xef by a kernel gives longer runs. A run of that
 * length covers one of the places that are so far apart.
 */
static void find_unreadable_runs(struct fl_core_walk *w)
{
	size_t size = w->r.size;
	struct fl_reader r = fl_reader("coredump", w->dump->bytes, size, 0);
	const uint8_t *bytes = fl_read_bytes(&r, size);
	size_t last_end = 0;
	for (size_t i = UNREADABLE_RUN - 1; i < size; i += UNREADABLE_RUN) {
		if (bytes[i] != UNREADABLE || i < last_end)
			continue;
		size_t start = i;
		while (start > last_end && bytes[start - 1] == UNREADABLE)
			start--;
		last_end = run_end(bytes, size, i);
		if (last_end - start != UNREADABLE_RUN)
			continue;
		FL_CORE_NOTE(w, FL_NOTE, FL_EFORMAT, start,
			     "16 bytes of 0xef: what a device sends where it could not "
			     "read its own storage");
		return;
	}
}

static enum fl_code keep_spans(struct fl_core_walk *w)
{
	struct fl_dump *dump = w->dump;
	dump->span_count = w->spans.count;
	dump->spans = fl_arena_array(&dump->arena, w->spans.count, sizeof(struct fl_span));
	if (!dump->spans)
		return FL_ENOMEM;
	if (w->spans.count)
		memcpy(dump->spans, w->spans.data, w->spans.count * sizeof(struct fl_span));
	return FL_OK;
}

static enum fl_code parse_walk(struct fl_core_walk *w, struct fl_error *err)
{
	enum fl_code code = read_header(w, err);
	if (code)
		return code;
	read_blocks(w);
	find_unreadable_runs(w);
	code = fl_core_registers(w, err);
	if (code && code != FL_ENOMEM)
		return code;
	if (code || w->out_of_memory || keep_spans(w))
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory reading the dump");
	if (!w->dump->identity.software_version)
		w->dump->identity.software_version = w->old_version;
	return FL_OK;
}

static enum fl_code parse(struct fl_dump *dump, struct fl_error *err)
{
	struct fl_core_walk w = {
		.dump = dump,
		.r = fl_reader("coredump", dump->bytes, dump->size, 0),
		.spans = FL_VEC(struct fl_span),
	};
	enum fl_code code = parse_walk(&w, err);
	fl_vec_deinit(&w.spans);
	return code;
}

const struct fl_dump_format fl_dump_format_memfault = {
	.name = "memfault",
	.matches = matches,
	.parse = parse,
};
