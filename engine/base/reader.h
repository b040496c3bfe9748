/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Cursor over untrusted little-endian bytes.
 *
 * The first out-of-range read latches: it records where, and from then on every
 * read yields zero and moves nothing. Parse a whole record, then ask once with
 * fl_reader_status(). A zero is therefore not a value until that call says so, and
 * nothing may be allocated, indexed or looped on before it.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <faultline/error.h>

#include <stddef.h>
#include <stdint.h>

struct fl_reader {
	const uint8_t *data; /**< borrowed; must outlive the reader */
	size_t size;         /**< bytes in the window */
	size_t pos;          /**< next byte; always <= size */
	uint64_t origin;     /**< file offset of data[0], for messages only */
	const char *name;    /**< static string: "PT_NOTE", ".debug_frame" */
	struct fl_error error;
};

struct fl_reader fl_reader(const char *name, const void *data, size_t size, uint64_t origin);

/** fl_read_u8() where there is none, and fl_read_uleb() of more than a byte: use those. */
uint8_t fl_read_no_u8(struct fl_reader *r);
uint64_t fl_read_long_uleb(struct fl_reader *r);

static inline uint8_t fl_read_u8(struct fl_reader *r)
{
	return r->error.code || r->pos == r->size ? fl_read_no_u8(r) : r->data[r->pos++];
}

uint16_t fl_read_u16(struct fl_reader *r);
uint32_t fl_read_u32(struct fl_reader *r);
uint64_t fl_read_u64(struct fl_reader *r);

/** LEB128; more than 64 bits of value latch FL_EFORMAT. */
static inline uint64_t fl_read_uleb(struct fl_reader *r)
{
	/* Nearly all that there are. */
	if (!r->error.code && r->pos < r->size && r->data[r->pos] < 0x80)
		return r->data[r->pos++];
	return fl_read_long_uleb(r);
}

int64_t fl_read_sleb(struct fl_reader *r);

/** Borrow @p size bytes, or NULL (latched). */
const uint8_t *fl_read_bytes(struct fl_reader *r, uint64_t size);

/** NUL-terminated string inside the window, or NULL (latched) when no NUL follows. */
const char *fl_read_cstr(struct fl_reader *r);

void fl_read_skip(struct fl_reader *r, uint64_t size);

/** Move to absolute position @p pos of the window; latches when it lies outside. */
void fl_read_seek(struct fl_reader *r, uint64_t pos);

/**
 * Child window over the next @p size bytes; advances the parent past them.
 * The child latches its own errors: check both.
 */
struct fl_reader fl_read_window(struct fl_reader *r, const char *name, uint64_t size);

/**
 * Read a u32 element count and refuse one the remaining bytes cannot hold.
 *
 * The only sanctioned way to obtain a number that sizes an allocation.
 * @param min_size smallest possible encoding of one element, in bytes; > 0.
 */
uint32_t fl_read_count(struct fl_reader *r, size_t min_size);

static inline size_t fl_reader_left(const struct fl_reader *r)
{
	return r->size - r->pos;
}

/** FL_OK if every read so far was in range; otherwise the first error. */
FL_MUST_CHECK enum fl_code fl_reader_status(const struct fl_reader *r, struct fl_error *err);

#endif
