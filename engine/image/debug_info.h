/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What DWARF says about code: functions, inlined calls, lines, call frame programs; and about the
 * kernels' data (model/kernel_types.h).
 *
 * Raw claims: functions that the linker discarded are still in here (symbols/ decides which claims
 * stand). Names and byte pointers are borrowed from the image; paths are in its string table.
 */
#ifndef IMAGE_DEBUG_INFO_H
#define IMAGE_DEBUG_INFO_H

#include "base/str.h"
#include "base/vec.h"
#include "image/intern.h"

#define FL_NO_INDEX UINT32_MAX

/** A namespace, class, or function that encloses declarations. */
struct fl_name_scope {
	uint64_t die_off;
	uint64_t origin_off; /**< of what says its name and parent; 0 = itself */
	uint32_t parent;     /**< FL_NO_INDEX at the top */
	uint32_t decl;       /**< the function, or FL_NO_INDEX */
	const char *name;    /**< NULL: has none */
	bool is_namespace;
};

/** A DW_TAG_subprogram; concrete ones point at what they are an instance of. */
struct fl_decl {
	uint64_t die_off;
	uint64_t origin_off; /**< abstract origin or specification; valid when has_origin */
	bool has_origin;
	bool external;
	bool plain; /**< C or assembly: the name stands alone */
	uint32_t scope;
	const char *name;    /**< DW_AT_name or NULL */
	const char *linkage; /**< DW_AT_linkage_name or NULL */
};

struct fl_code_range {
	uint32_t addr;
	uint32_t size; /**< never 0; addr + size never passes 2^32 */
};

struct fl_debug_function {
	uint32_t decl;
	uint32_t unit;
	uint32_t first_range, range_count;
	uint32_t first_inline, inline_count; /**< in preorder: parents before children */
};

struct fl_debug_inline {
	uint32_t decl; /**< FL_NO_INDEX where the origin was not found */
	uint64_t origin_off;
	uint32_t parent; /**< index of the enclosing inline, or FL_NO_INDEX */
	uint32_t depth;  /**< 1 directly inside the function */
	uint32_t first_range, range_count;
	uint32_t call_file; /**< string offset, 0 = unknown */
	uint32_t call_line, call_column;
};

struct fl_line_row {
	uint32_t addr;
	uint32_t file; /**< string offset, 0 = unknown */
	uint32_t line, column;
};

/** Rows of one sequence, ascending; code is covered up to @ref end. */
struct fl_line_sequence {
	uint32_t addr;
	uint32_t unit;
	uint64_t end;
	uint32_t first_row, row_count;
};

struct fl_unit {
	uint32_t first_function, function_count;
};

/** A CIE and FDE, as symbols/cfi_compile.h takes them. */
struct fl_frame_program {
	const uint8_t *cie_instructions;
	size_t cie_size;
	const uint8_t *fde_instructions;
	size_t fde_size;
	uint64_t fde_off; /**< file offset of the instructions; section offset when it was
			     compressed */
	uint32_t code_align;
	int32_t data_align;
	uint32_t return_column;
	bool signal_frame;
	struct fl_code_range range;
};

/** A name for a number that devices send. */
struct fl_enumerator {
	const char *name; /**< whole: "kMfltRebootReason_RadioStuck" */
	uint32_t value;
};

/** What a member or variable is. */
struct fl_debug_type {
	uint32_t size;      /**< bytes of one element; 0 = unknown */
	uint32_t count;     /**< elements; 1 for what is no array; 0 = of unknown length */
	uint32_t structure; /**< what one element is or points at, in structs; or FL_NO_INDEX */
	bool is_signed, is_pointer, is_float;
};

/** A structure or union; members of what it holds without a name are its own. */
struct fl_debug_struct {
	const char *name; /**< its tag, or NULL */
	uint32_t size;
	uint32_t first_field, field_count;
};

struct fl_debug_field {
	const char *name;
	uint32_t off;               /**< bytes from the beginning of its structure */
	uint16_t bit_off, bit_size; /**< a bit-field: from the lowest bit of the bytes at off */
	struct fl_debug_type type;
};

/** A typedef of a structure. */
struct fl_debug_alias {
	const char *name;
	uint32_t structure;
};

struct fl_debug_variable {
	const char *name;
	uint32_t addr; /**< 0 and wild ones where the linker discarded it */
	struct fl_debug_type type;
};

struct fl_debug_info {
	struct fl_vec scopes;    /**< struct fl_name_scope, ascending die_off */
	struct fl_vec decls;     /**< struct fl_decl, ascending die_off */
	struct fl_vec ranges;    /**< struct fl_code_range */
	struct fl_vec functions; /**< struct fl_debug_function, with at least one range */
	struct fl_vec inlines;   /**< struct fl_debug_inline */
	struct fl_vec rows;      /**< struct fl_line_row */
	struct fl_vec sequences; /**< struct fl_line_sequence */
	struct fl_vec units;     /**< struct fl_unit */
	struct fl_vec frames;    /**< struct fl_frame_program */
	struct fl_vec
		enumerators; /**< struct fl_enumerator, no two alike, in order of appearance */
	struct fl_intern enumerator_keys; /**< what makes them alike */
	struct fl_vec structs;            /**< struct fl_debug_struct, no two alike */
	struct fl_vec fields;             /**< struct fl_debug_field, of one struct together */
	struct fl_vec aliases;            /**< struct fl_debug_alias, no two alike */
	struct fl_vec variables;          /**< struct fl_debug_variable */
};

struct fl_debug_info fl_debug_info_init(void);
void fl_debug_info_deinit(struct fl_debug_info *info);

/** The name of a function as DWARF has it, origins followed. */
struct fl_decl_name {
	const char *linkage; /**< or NULL */
	bool has_name;
	bool unnamed_scope; /**< lies in a class without a name (a closure): a demangled name says
			       more */
};

/**
 * Append the qualified name of @p decl, without parameters, to @p out. Nothing is appended
 * where there is no name; at most FL_LIMIT_NAME bytes are.
 */
struct fl_decl_name
fl_decl_qualified(const struct fl_debug_info *info, uint32_t decl, struct fl_str *out);

/** Whether the linker-visible name of @p decl could be @p symbol, clone suffixes aside. */
bool fl_decl_matches(const struct fl_debug_info *info, uint32_t decl, const char *symbol);

/** Index of the declaration at that offset of .debug_info, or FL_NO_INDEX. */
uint32_t fl_decl_at(const struct fl_debug_info *info, uint64_t die_off);

#endif
