/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * One walk, two directions: each fl_x_* call writes its argument when encoding and replaces it when
 * decoding, so that the writer and the reader of the binary form cannot disagree.
 *
 * When encoding nothing is ever stored through the arguments, except that a flag or enum keeps its
 * own value: hand in copies, the report is immutable. Errors latch; look at them once per section.
 */
#ifndef REPORT_CODEC_IO_H
#define REPORT_CODEC_IO_H

#include "base/arena.h"
#include "base/reader.h"
#include "base/str.h"
#include "base/vec.h"
#include "report/put.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FL_CODEC_STRING = 1 << 16, /**< bytes of the longest string that is kept */
	FL_CODEC_TEXTS = 1 << 24,  /**< bytes of all strings, with a NUL each */
};

enum { FL_RECENT_STRINGS = 256 };

/** Every string is stored once; 0 stands for NULL, n for entry n - 1 in order of first use. */
struct fl_string_table {
	struct fl_str bytes; /**< the entries, each with its NUL */
	struct fl_vec spans; /**< struct fl_string_span, one per entry */
	uint32_t *slots;     /**< open addressing: entry + 1, or 0 */
	size_t slot_count;   /**< a power of two */
	/** Most strings come again from the same place: no second look at their bytes. */
	struct fl_recent_string {
		const char *text;
		uint32_t number;
	} recent[FL_RECENT_STRINGS];
	const char **entries; /**< when decoding */
	size_t count;
};

struct fl_codec {
	bool reading;
	uint8_t major;          /**< of the form; what is written is always the newest */
	bool facts_only;        /**< when decoding: what fl_x_bulk() stands for is not kept */
	struct fl_str out;      /**< the section being written */
	struct fl_reader in;    /**< the section being read */
	struct fl_arena *arena; /**< owns what is decoded */
	struct fl_string_table *strings;
	struct fl_error error; /**< when encoding: FL_ELIMIT or FL_ENOMEM */
};

/** False once anything went wrong; loops ask it. */
static inline bool fl_x_ok(const struct fl_codec *c)
{
	return !(c->reading ? c->in.error.code : c->error.code);
}

/** Latch an error: "<section>: <what> <value> is out of range". */
void fl_x_refuse(struct fl_codec *c, const char *what, uint64_t value);

/** Latch FL_ENOMEM. */
void fl_x_no_memory(struct fl_codec *c);

void fl_x_u8(struct fl_codec *c, uint8_t *v);
void fl_x_u32(struct fl_codec *c, uint32_t *v);
void fl_x_uleb(struct fl_codec *c, uint64_t *v);
/** A uleb that must fit 32 (or 16) bits. */
void fl_x_read_uleb32(struct fl_codec *c, uint32_t *v);
static inline void fl_x_uleb32(struct fl_codec *c, uint32_t *v)
{
	if (c->reading)
		fl_x_read_uleb32(c, v);
	else
		fl_put_uleb(&c->out, *v);
}

void fl_x_uleb16(struct fl_codec *c, uint16_t *v);
void fl_x_bytes(struct fl_codec *c, void *bytes, size_t size);

/** Up to eight booleans in one byte; the unused bits must be zero. */
static inline void fl_x_flags(struct fl_codec *c, bool *const flags[], size_t count)
{
	uint8_t bits = 0;
	for (size_t i = 0; i < count && !c->reading; i++)
		bits |= (uint8_t)(*flags[i] << i);
	fl_x_u8(c, &bits);
	if (bits >> count)
		fl_x_refuse(c, "flags", bits);
	for (size_t i = 0; i < count && c->reading; i++)
		*flags[i] = bits >> i & 1;
}

#define FL_X_FLAGS(c, ...) \
	fl_x_flags(c, (bool *[]){ __VA_ARGS__ }, sizeof((bool *[]){ __VA_ARGS__ }) / sizeof(bool *))

/** Four bytes where it is known; nothing, and zero, where not. */
void fl_x_optional_u32(struct fl_codec *c, bool known, uint32_t *v);

/** The same for what is small: a uleb, which was four bytes in major version 1. */
void fl_x_optional_number(struct fl_codec *c, bool known, uint32_t *v);

/** A size or count that fl_x_array() does not cover. */
void fl_x_size(struct fl_codec *c, size_t *v);

/** A mask of the words that are known, of @p count < 32, then those. */
void fl_x_words(struct fl_codec *c, uint32_t *known, uint32_t value[], unsigned count);

/** An enumerator below @p count, in one byte. */
unsigned fl_x_enum(struct fl_codec *c, unsigned v, unsigned count);

/** A string of the table, or NULL. */
void fl_x_str(struct fl_codec *c, const char **v);

/** An array of strings. */
void fl_x_strings(struct fl_codec *c, const char ***texts, size_t *count, size_t limit);

/**
 * The count of an array, and when decoding the (zeroed) array itself.
 * @param min_size smallest encoding of one element.
 * @return @p items when encoding, else new memory; NULL when the count is 0 or an error latched
 *         (then @p count is 0 too).
 */
void *fl_x_array(struct fl_codec *c, void *items, size_t *count, size_t element_size, size_t limit,
		 size_t min_size);

/**
 * The same for most of what a report is made of. When decoding facts only there is no array but a
 * count: read as many elements, and keep none.
 */
void *fl_x_bulk(struct fl_codec *c, void *items, size_t *count, size_t element_size, size_t limit,
		size_t min_size);

void fl_string_table_deinit(struct fl_string_table *table);

/** The entries as they lie in the file: their number, the size of all, texts.h. */
void fl_string_table_write(const struct fl_string_table *table, struct fl_str *out);

/** When decoding: read all entries from @p c->in. */
void fl_string_table_read(struct fl_codec *c);

#endif
