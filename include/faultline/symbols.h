/* SPDX-License-Identifier: Apache-2.0 */
/** @file Firmware symbols: an ELF file, and the ELFs embedded in it, compiled for look-up. */
#ifndef FAULTLINE_SYMBOLS_H
#define FAULTLINE_SYMBOLS_H

#include "auto.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The compiled symbols of one firmware ELF and of every ELF embedded in its
 * `.mflt_aux_symbols.*` sections. Once opened its answers never change; may be used from
 * several threads at a time, without a lock, and for any number of dumps.
 */
struct fl_symbols;

/**
 * Compile an ELF file held in memory. Runs libdwarf over the bytes: hostile input can
 * crash or stall it, so run this in a process that may die (the programs do).
 *
 * @param bytes borrowed for the duration of the call only.
 * @param name  what to call the module in reports, e.g. the file's base name; copied.
 * @param ret   set only on success; release with fl_symbols_close().
 *
 * @retval FL_EFORMAT      not an ELF file, or contradicts itself; `at` is the file offset.
 * @retval FL_EUNSUPPORTED an ELF, but not 32-bit little-endian Arm.
 * @retval FL_ENOMEM
 *
 * Missing or damaged debug information is not a failure: see fl_module_info.
 */
FL_API FL_MUST_CHECK enum fl_code fl_symbols_open(const void *bytes, size_t size, const char *name,
						  struct fl_symbols **ret, struct fl_error *err);

/**
 * The same for a mapped file, with little of it in memory at a time.
 *
 * @param release is called now and then with @p bytes and @p size: none of it is being read, all
 *                of it may be read again. With a private, read-only mapping,
 *                madvise(MADV_DONTNEED) gives its pages back. NULL: as fl_symbols_open().
 */
FL_API FL_MUST_CHECK enum fl_code
fl_symbols_open_mapped(const void *bytes, size_t size, const char *name,
		       void (*release)(const void *bytes, size_t size), struct fl_symbols **ret,
		       struct fl_error *err);

/** Release the symbols. NULL is allowed. */
FL_API void fl_symbols_close(struct fl_symbols *symbols);
FL_OWNED(fl_symbols, fl_symbols_close)

/** Facts about one module (the outer ELF is module 0). Strings live as long as the symbols. */
struct fl_module_info {
	const char *name;
	uint8_t build_id[20];
	uint8_t build_id_size; /**< 0 where the ELF has none */
	bool has_debug_info;   /**< functions or lines came from DWARF */
	bool has_unwind_info;  /**< .debug_frame, .eh_frame or .ARM.exidx */
	bool has_symbol_table; /**< a .symtab with at least one function */
	bool has_code_bytes;   /**< instructions; a separate debug file has none */
	uint32_t function_count;
	uint32_t code_addr; /**< lowest executable address */
	uint64_t code_end;  /**< end of the highest executable section */
	/** What is damaged or had to be left out, an embedded ELF for example: how many, the first.
	 */
	uint32_t warning_count;
	const char *warning; /**< NULL for none; lives as long as the name */
};

FL_API size_t fl_symbols_module_count(const struct fl_symbols *symbols);

/** @param index below fl_symbols_module_count(). */
FL_API struct fl_module_info fl_symbols_module(const struct fl_symbols *symbols, size_t index);

/** Which file an ELF is, without reading it: stat(). All 0 where something else names it. */
struct fl_symbols_origin {
	uint64_t device;
	uint64_t inode;
	int64_t mtime_ns; /**< nanoseconds since 1970 */
};

/**
 * The symbols as a file that fl_symbols_decode() uses as it lies.
 * @param origin is written into it; NULL: all 0.
 * @retval FL_ENOMEM
 */
FL_API FL_MUST_CHECK enum fl_code fl_symbols_encode(const struct fl_symbols *symbols,
						    const struct fl_symbols_origin *origin,
						    struct fl_buffer *ret, struct fl_error *err);

/**
 * The opposite. The bytes are checked (hash, bounds) and never trusted further: a crafted index
 * answers wrong, it does not crash.
 *
 * @param bytes 8-byte aligned, borrowed: unchanged until fl_symbols_close(). A mapping is fine.
 * @retval FL_EFORMAT      not an index, truncated, damaged; `at` is the offset.
 * @retval FL_EUNSUPPORTED of another version.
 * @retval FL_EINVALID     not aligned.
 * @retval FL_ENOMEM
 */
FL_API FL_MUST_CHECK enum fl_code
fl_symbols_decode(const void *bytes, size_t size, struct fl_symbols **ret, struct fl_error *err);

/** Whether these are the bytes of the ELF (the outer one) that they were compiled from, by hash. */
FL_API bool fl_symbols_are_of(const struct fl_symbols *symbols, const void *elf, size_t size);

/** What the head of an index says of its ELF, unchecked. */
struct fl_symbols_index_info {
	uint64_t size;    /**< bytes of the whole index */
	bool same_engine; /**< an engine wrote it that compiles as this one does */
	struct fl_symbols_origin origin;
	uint64_t elf_size;
	uint8_t elf_hash[16];  /**< XXH3-128, canonical */
	uint64_t build_id_off; /**< where in the ELF it lies; 0 = nowhere as such */
	uint8_t build_id[20];
	uint8_t build_id_size; /**< 0 = none */
	bool has_debug_info;   /**< as struct fl_module_info has it */
	bool has_symbol_table;
};

/** Bytes of an index that fl_symbols_index_peek() needs. */
#define FL_SYMBOLS_INDEX_HEAD 144

/**
 * Read the head only.
 * @param size at least FL_SYMBOLS_INDEX_HEAD, else it is truncated.
 * @retval FL_EFORMAT      not an index, or truncated.
 * @retval FL_EUNSUPPORTED of another version.
 */
FL_API FL_MUST_CHECK enum fl_code fl_symbols_index_peek(const void *bytes, size_t size,
							struct fl_symbols_index_info *ret,
							struct fl_error *err);

/** One level of the inline chain at an address. Texts live as long as the symbols. */
struct fl_scope {
	const char *function;     /**< qualified, without parameters; NULL = unknown */
	const char *linkage_name; /**< as the linker has it; NULL when equal to function */
	const char *file;         /**< NULL = unknown */
	uint32_t line;            /**< where execution stands in this scope: 0 = unknown */
	uint32_t column;
};

/** The longest inline chain. */
enum { FL_SCOPES_MAX = 65 };

/**
 * The scopes at a code address, innermost (most inlined) first, the physical function last.
 * Allocates nothing.
 *
 * @param symbols    the main ELF first: it wins where several claim the address.
 * @param addr       without the Thumb bit; for a return address the one before it, so that the
 *                   call is found and not what follows it.
 * @param module_ret name of the module that has code there, NULL when none has. May be NULL.
 * @return how many were written, at most @p max; 0 when neither function nor line is known. A line
 *         without a function (assembly code without symbols) is one scope.
 */
FL_API size_t fl_symbols_lookup(const struct fl_symbols *const *symbols, size_t count,
				uint32_t addr, struct fl_scope *ret, size_t max,
				const char **module_ret);

/**
 * A linkage name of C++ or Rust as its source has it, with parameters: what `addr2line -C` prints,
 * cut at 4096 bytes.
 * @param ret text, set only on success; release with fl_buffer_deinit().
 * @retval FL_ENOTFOUND not a mangled name.
 * @retval FL_ENOMEM
 */
FL_API FL_MUST_CHECK enum fl_code
fl_symbols_demangle(const char *linkage_name, struct fl_buffer *ret, struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
