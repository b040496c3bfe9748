/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The symbol index of one module: flat tables, the same in memory and in a file.
 *
 * A header, a directory of tables, the tables. All offsets count from the first byte of the header,
 * all integers are little-endian, every table begins at a multiple of 8. A reader skips kinds it
 * does not know; within a version a kind never changes its meaning or element: what changes gets a
 * new kind, what cannot be read without it a new version. Keys that are searched stand apart from
 * their payloads: table X_ADDRS holds ascending u32 target addresses, element i of table X belongs
 * to key i; what X_OFFS and X_BYTES belong to is in symbols/rows.h.
 */
#ifndef SYMBOLS_INDEX_FORMAT_H
#define SYMBOLS_INDEX_FORMAT_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the index is used as it lies in memory");

#define FL_INDEX_MAGIC   "FLSYMIDX"
#define FL_INDEX_VERSION 2
#define FL_INDEX_NONE    UINT32_MAX /**< "no element" wherever a table index may be missing */

enum fl_index_flag {
	FL_INDEX_DEBUG_INFO = 1 << 0,   /**< functions or lines came from DWARF */
	FL_INDEX_UNWIND_INFO = 1 << 1,  /**< .debug_frame, .eh_frame or .ARM.exidx */
	FL_INDEX_SYMBOL_TABLE = 1 << 2, /**< .symtab names functions */
	FL_INDEX_CODE_BYTES = 1 << 3,   /**< instructions, and not only where they would be */
};

struct fl_index_header {
	char magic[8];
	uint32_t version;
	uint32_t table_count;
	uint64_t size;        /**< of everything */
	uint8_t elf_hash[16]; /**< XXH3-128 of the ELF it was compiled from */
	uint8_t build_id[20];
	uint8_t build_id_size;
	uint8_t arch;       /**< enum fl_arch */
	uint16_t flags;     /**< enum fl_index_flag */
	uint32_t name;      /**< string: of the module */
	uint32_t code_addr; /**< lowest executable address */
	uint64_t code_end;
	uint32_t function_count; /**< one in several parts counts once */
	uint32_t reserved;
};

/** The directory follows the header. */
struct fl_index_table {
	uint32_t kind; /**< enum fl_index_kind */
	uint32_t element_size;
	uint64_t off;
	uint64_t count;
};

/** Tables in a file are numbered by these; within a version append only. */
enum fl_index_kind {
	FL_INDEX_STRINGS =
		1, /**< NUL-terminated; a "string" is an offset into it; 0 is "" and means none */
	FL_INDEX_FILES, /**< u32: string, the path of a source file */
	FL_INDEX_NAMES, /**< struct fl_index_name */
	FL_INDEX_CODE,  /**< struct fl_index_range: executable addresses, ascending, disjoint */
	FL_INDEX_SPANS, /**< struct fl_index_span: read-only contents */
	FL_INDEX_SPAN_BYTES,     /**< what they hold */
	FL_INDEX_FUNCTION_ADDRS, /**< code that belongs to a known function */
	FL_INDEX_FUNCTIONS,      /**< struct fl_index_function */
	FL_INDEX_FUNCTION_FLAGS, /**< u8 of each: enum fl_index_function_flag */
	FL_INDEX_LINKAGES,       /**< struct fl_index_linkage, ascending */
	FL_INDEX_PARTS,          /**< struct fl_index_part, ascending */
	FL_INDEX_INLINE_ADDRS,   /**< rows: where the innermost inlined call changes */
	FL_INDEX_INLINE_OFFS,
	FL_INDEX_INLINE_BYTES, /**< value: offset into CALLS */
	FL_INDEX_CALLS,        /**< inlined calls, callers before callees; symbols/calls.h */
	FL_INDEX_LINE_ADDRS,   /**< rows */
	FL_INDEX_LINE_OFFS,
	FL_INDEX_LINE_BYTES,   /**< place; one without file and line ends known code */
	FL_INDEX_UNWIND_ADDRS, /**< rows */
	FL_INDEX_UNWIND_OFFS,
	FL_INDEX_UNWIND_BYTES,   /**< value: index into RULES */
	FL_INDEX_RULES,          /**< struct fl_index_rule */
	FL_INDEX_RULE_REGISTERS, /**< struct fl_index_register */
	FL_INDEX_EXPRESSIONS,    /**< struct fl_index_bytes into EXPRESSION_BYTES */
	FL_INDEX_EXPRESSION_BYTES,
	FL_INDEX_EXIDX_ADDRS,
	FL_INDEX_EXIDX, /**< struct fl_index_exidx */
	FL_INDEX_OPCODE_BYTES,
	FL_INDEX_SYMBOLS,      /**< struct fl_index_symbol, ascending address; not all: see there */
	FL_INDEX_SYMBOL_NAMES, /**< u32: index into SYMBOLS, or into FUNCTIONS with
				  FL_INDEX_OF_FUNCTION; by name, the best of a name first */
	FL_INDEX_OBJECT_ADDRS, /**< memory that belongs to a known object */
	FL_INDEX_OBJECTS,      /**< struct fl_index_segment: id = index into SYMBOLS */
	FL_INDEX_FINDINGS,     /**< struct fl_index_finding */
	FL_INDEX_ENUMERATORS,  /**< struct fl_index_enumerator, in order of appearance */
	FL_INDEX_LOG_FORMATS,  /**< section log_fmt as it is, header included */
	FL_INDEX_STRUCTS,      /**< struct fl_index_struct, in order of appearance */
	FL_INDEX_FIELDS,       /**< struct fl_index_field, those of one struct together */
	FL_INDEX_VARIABLES,    /**< struct fl_index_variable, in order of appearance */
	FL_INDEX_KINDS
};

/** Bytes of one element of a table of that kind; 0 for an unknown kind. */
uint32_t fl_index_element_size(uint32_t kind);

struct fl_index_range {
	uint32_t addr;
	uint32_t size;
};

struct fl_index_span {
	uint32_t addr;
	uint32_t size;
	uint32_t off; /**< into SPAN_BYTES */
};

struct fl_index_segment {
	uint32_t size; /**< from its key on */
	uint32_t id;   /**< index into SYMBOLS */
};

enum fl_index_function_flag {
	FL_INDEX_SIZED = 1,  /**< the size comes from DWARF or the symbol, not from its neighbour */
	FL_INDEX_LINKED = 2, /**< its linkage name is another: in LINKAGES */
	FL_INDEX_PART = 4,   /**< not the whole function, which is in PARTS */
};

/** One contiguous part of a function, from its key on; nearly all have only one. */
struct fl_index_function {
	uint32_t name; /**< string */
	uint32_t size;
};

struct fl_index_linkage {
	uint32_t function; /**< index into FUNCTIONS */
	uint32_t linkage;  /**< string */
};

struct fl_index_part {
	uint32_t function; /**< index into FUNCTIONS */
	uint32_t addr;     /**< where the function, or this section of it, claims to lie */
	uint32_t size;
};

/** Of an inlined function. */
struct fl_index_name {
	uint32_t name, linkage; /**< strings; linkage 0 = same as name */
};

/** symbols/unwind_rule.h says what the values mean. */
struct fl_index_rule {
	uint8_t cfa_kind;
	uint8_t cfa_register;
	uint8_t return_column;
	uint8_t signal_frame;
	int32_t cfa_value; /**< offset, or index into EXPRESSIONS */
	uint32_t first_register;
	uint32_t register_count; /**< registers not listed are unspecified */
};

struct fl_index_register {
	uint8_t number;
	uint8_t kind;
	uint8_t other;
	uint8_t reserved;
	int32_t value; /**< offset, or index into EXPRESSIONS */
};

struct fl_index_bytes {
	uint32_t off;
	uint32_t size;
};

enum { FL_INDEX_CANTUNWIND = 1, FL_INDEX_DAMAGED = 2 };

struct fl_index_exidx {
	uint32_t off; /**< into OPCODE_BYTES */
	uint16_t count;
	uint16_t flags;
};

enum { FL_INDEX_IS_FUNCTION = 1, FL_INDEX_IS_ABSOLUTE = 2 };

#define FL_INDEX_OF_FUNCTION (UINT32_C(1) << 31)

/** What an element of FUNCTIONS that is not a part does not say already by name and place. */
struct fl_index_symbol {
	uint32_t name;
	uint32_t addr;
	uint32_t size;
	uint32_t flags;
};

struct fl_index_finding {
	uint64_t at;
	uint32_t text; /**< string */
	uint8_t stage, severity, code, at_kind;
};

/** A name for a number that devices send without it, e.g. "kMfltRebootReason_RadioStuck". */
struct fl_index_enumerator {
	uint32_t name; /**< string */
	uint32_t value;
};

/** A structure or union; members of anonymous ones inside it count as its own, as in C. */
struct fl_index_struct {
	uint32_t name;  /**< string: its tag, else the typedef that names it; 0 = none */
	uint32_t alias; /**< string: a typedef of it; 0 = none */
	uint32_t size;  /**< bytes */
	uint32_t first_field, field_count; /**< in FIELDS */
};

enum { FL_INDEX_SIGNED = 1, FL_INDEX_POINTER = 2, FL_INDEX_FLOAT = 4 };

/** What a member or variable is. */
struct fl_index_type {
	uint32_t size;      /**< bytes of one element; 0 = unknown */
	uint32_t count;     /**< elements; 1 for what is no array; 0 = of unknown length */
	uint32_t structure; /**< of one element, index into STRUCTS, or FL_INDEX_NONE */
	uint32_t flags;     /**< of one element */
};

struct fl_index_field {
	uint32_t name; /**< string */
	uint32_t off;  /**< bytes from the beginning of its struct */
	uint16_t bit_off,
		bit_size; /**< a bit-field: from the lowest bit of the bytes at off; else 0 */
	struct fl_index_type type;
};

/** A variable at a fixed address. */
struct fl_index_variable {
	uint32_t name; /**< string */
	uint32_t addr;
	struct fl_index_type type;
};

#endif
