/* SPDX-License-Identifier: Apache-2.0 */
/** @file Compile an image into an index: what the steps share. */
#ifndef SYMBOLS_BUILD_H
#define SYMBOLS_BUILD_H

#include "image/image.h"
#include "symbols/claims.h"
#include "symbols/index_format.h"
#include "symbols/rows.h"

/** The name of a function that exists but has none. */
#define FL_UNNAMED "<unnamed>"

/** Where a function claim comes from: its id indexes fl_build.sources. */
struct fl_function_source {
	uint32_t function; /**< index into debug.functions, or FL_NO_INDEX */
	uint32_t symbol;   /**< index into image symbols that starts there, or FL_NO_INDEX */
	uint32_t addr;
	uint32_t size;
	bool sized;
	uint32_t name, linkage; /**< strings; linkage 0 = same as name */
	bool is_named;          /**< once it won something */
};

struct fl_build {
	struct fl_image *image;
	struct fl_vec tables[FL_INDEX_KINDS];
	struct fl_intern files; /**< u32: paths, as strings */
	struct fl_intern names; /**< struct fl_index_name */
	struct fl_intern opcodes;
	struct fl_intern expressions;
	struct fl_vec code;     /**< struct fl_code_range: executable, ascending, disjoint */
	struct fl_vec sources;  /**< struct fl_function_source */
	struct fl_vec segments; /**< struct fl_piece: id = index into sources */
	struct fl_vec by_addr;  /**< u32: function and label symbols in code, by address */
	const struct fl_section *log_formats; /**< NULL = none */
	uint32_t function_count;
	bool has_function_symbols;
	bool has_code_bytes;
	bool has_local_functions;
	bool has_lines;
	bool failed; /**< out of memory */
};

/** Element appended to a table; NULL (and failed set) when memory is out. */
void *fl_build_add(struct fl_build *b, enum fl_index_kind kind);

/** String offset; 0 and failed set when memory is out. */
uint32_t fl_build_text(struct fl_build *b, const char *text);

/** A path, by its string, as rows and calls have it: index into FILES + 1; 0 = none. */
uint32_t fl_build_file(struct fl_build *b, uint32_t path);

/** Room for FL_ROW_SIZE_MAX more bytes, behind the last; NULL (and failed set): out of memory. */
uint8_t *fl_build_room(struct fl_build *b, struct fl_vec *bytes);

/** Where the rows of one kind stand. Begin with the kind alone. */
struct fl_rows_out {
	enum fl_index_kind addrs;
	uint32_t count;
	struct fl_value_row value; /**< the last one of the block */
	struct fl_place_row place;
};

/** Append a row; addresses ascend. */
void fl_build_value(struct fl_build *b, struct fl_rows_out *rows, uint32_t addr, uint32_t value);
void fl_build_place(struct fl_build *b, struct fl_rows_out *rows, const struct fl_place_row *row);

/** No more rows of that kind. */
void fl_build_rows_end(struct fl_build *b, enum fl_index_kind addrs);

/** Whether [addr, end) is executable as a whole. */
bool fl_build_is_code(const struct fl_build *b, uint32_t addr, uint64_t end);

/** Index of the function segment that holds or precedes @p addr, or FL_NO_INDEX. */
uint32_t fl_build_segment(const struct fl_build *b, uint32_t addr);

void fl_build_memory(struct fl_build *b);    /**< code and read-only contents */
void fl_build_functions(struct fl_build *b); /**< claims -> segments and functions */
void fl_build_inlines(struct fl_build *b);
void fl_build_lines(struct fl_build *b);
void fl_build_unwind(struct fl_build *b);
void fl_build_exidx(struct fl_build *b);
void fl_build_symbols(struct fl_build *b);
void fl_build_structs(struct fl_build *b); /**< layouts and variables */
void fl_build_logs(struct fl_build *b);    /**< formats of compact logs */

/**
 * Compile one module. Of the image, the rows of line tables are gone afterwards.
 * @param ret malloc'ed index.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code
fl_index_build(struct fl_image *image, uint8_t **ret, size_t *size_ret, struct fl_error *err);

#endif
