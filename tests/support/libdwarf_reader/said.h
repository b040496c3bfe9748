/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What the DWARF of an ELF says, as plain lists in order of appearance. Two readers that know
 * nothing of each other are compared in this form.
 *
 * Offsets are those of entries in .debug_info; 0 = none. Texts that nobody gives are NULL.
 */
#ifndef SUPPORT_SAID_H
#define SUPPORT_SAID_H

#include "base/arena.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define SAID_NONE SIZE_MAX

struct said_range {
	uint64_t low, high; /**< [low, high) */
};

struct said_ranges {
	struct said_range *items;
	size_t count;
};

/** A namespace, class, structure, union or enumeration, or a function. */
struct said_scope {
	const char *path; /**< from the outermost inwards: "namespace app / type Queue" */
	bool is_type;
	bool in_c; /**< the unit is in C or assembly */
};

/** Every entry of a function: declarations, abstract and concrete ones. */
struct said_function {
	unsigned unit; /**< counted from 0 */
	uint64_t off, origin;
	const char *scope; /**< path of what it stands in, or "" */
	const char *own_name, *own_linkage;
	const char *name;    /**< qualified, also what its origins say */
	const char *linkage; /**< also what its origins say */
	bool is_external, in_c;
	struct said_ranges code;
};

struct said_call {
	uint64_t function; /**< whose code it was inlined into */
	size_t parent;     /**< number of the inlined call it stands in, or SAID_NONE */
	uint64_t origin;
	const char *name; /**< of what is called, qualified */
	const char *file;
	uint64_t line, column;
	struct said_ranges code;
};

struct said_row {
	unsigned unit;
	uint64_t addr;
	const char *file;
	uint64_t line, column;
	bool is_end; /**< of a sequence; the rest but for addr means nothing */
};

struct said_enumerator {
	const char *name;
	int64_t value;
};

struct said_type {
	uint64_t size;      /**< bytes of one element; 0 = unknown */
	uint64_t count;     /**< elements, of all dimensions; 0 = unknown */
	uint64_t structure; /**< key of what an element is or points at, or 0 */
	bool is_signed, is_pointer, is_float;
};

struct said_member {
	const char *name; /**< NULL: a base class, or a member without a name */
	bool is_static;
	bool has_place;   /**< the place is a constant */
	int64_t off;      /**< bytes from the beginning of the structure */
	int64_t bit_off;  /**< bit-field: from the lowest bit of the byte at off */
	int64_t bit_size; /**< 0 = no bit-field */
	struct said_type type;
};

struct said_structure {
	uint64_t key; /**< what types call it */
	const char *name;
	int64_t size; /**< -1: only declared, or not a constant */
	bool in_function;
	struct said_member *members;
	size_t member_count;
	bool has_wanted_name, is_wanted; /**< for who chooses among them */
};

struct said_alias {
	const char *name;
	uint64_t structure;
	bool in_function;
};

struct said_variable {
	const char *name;
	uint64_t addr;
	bool in_function;
	struct said_type type;
};

struct said_frame {
	const char *section;
	uint64_t off; /**< of its instructions in the section */
	struct said_range code;
	const uint8_t *common, *own; /**< instructions of its CIE and FDE */
	size_t common_size, own_size;
	uint64_t code_align, return_column;
	int64_t data_align;
	bool is_signal;
};

struct said {
	struct fl_arena arena; /**< texts and arrays */
	unsigned unit_count;
	struct fl_vec scopes, functions, calls, rows, enumerators;
	struct fl_vec structures, aliases, variables, frames;
};

struct said said_init(void);
void said_deinit(struct said *said);

/** Append a copy; the program ends when memory is out. @return its number. */
size_t said_add(struct fl_vec *list, const void *element);

/** Take out the elements for which @p is_wanted does not hold. */
void said_keep(struct fl_vec *list, bool (*is_wanted)(const void *element, const void *context),
	       const void *context);

/** Formatted text in the arena; the program ends when memory is out. */
const char *said_text(struct said *said, const char *format, ...) FL_PRINTF(2, 3);

/** The structure with that key; NULL: there is none. Their keys ascend. */
struct said_structure *said_structure_of(const struct said *said, uint64_t key);

#endif
