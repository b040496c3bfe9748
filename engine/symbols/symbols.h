/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Look-up in compiled symbols.
 *
 * An ELF becomes one *module* (its embedded ELFs become further ones). A module is a block of flat,
 * offset-based tables: position-independent, so that it can be written to a file and mapped back.
 * Several modules together, primary first, form a *view*; docs/formats.md says which one answers.
 * No function here allocates.
 */
#ifndef SYMBOLS_SYMBOLS_H
#define SYMBOLS_SYMBOLS_H

#include "base/limits.h"
#include "model/finding.h"
#include "model/memory.h"
#include "symbols/unwind_rule.h"

#include <faultline/symbols.h>

struct fl_module;

/** What the tables say of one code address, to be found once and asked often. */
struct fl_pc_facts {
	const struct fl_module *module; /**< NULL: nothing is known of it */
	uint32_t pc;
	/** Into the module's tables, or FL_INDEX_NONE: the function, the innermost inlined call,
	 * the unwind rule. */
	uint32_t function, call, rule;
	uint32_t file, line, column;
};

enum { FL_RECENT_PCS = 128 };

/** Threads of one kernel wait in the same functions. Zero-initialised is empty. */
struct fl_recent_pcs {
	struct fl_recent_pc {
		bool known;
		struct fl_pc_facts facts;
	} last[FL_RECENT_PCS];
};

struct fl_symbol_view {
	const struct fl_module *modules[FL_LIMIT_MODULES]; /**< primary first */
	size_t count;
	/** Makes look-ups faster and changes no answer, but belongs to one thread, and to a view
	 * that is complete. May be NULL. */
	struct fl_recent_pcs *recent;
};

/** Append all modules of @p symbols; what does not fit is left out and reported as false. */
bool fl_view_add(struct fl_symbol_view *view, const struct fl_symbols *symbols);

struct fl_module_info fl_module_info(const struct fl_module *module);

/** Profile from .ARM.attributes (Tag_CPU_arch), else FL_ARCH_UNKNOWN. */
enum fl_arch fl_module_arch(const struct fl_module *module);

/** Read-only bytes (PT_LOAD / SHF_ALLOC, not writable), ascending; never initial .data. */
const struct fl_span *fl_module_spans(const struct fl_module *module, size_t *count_ret);

/** What compiling it had to leave out; texts name the module. */
const struct fl_finding *fl_module_findings(const struct fl_module *module, size_t *count_ret);

/** Whether an executable section of the module covers @p addr. */
bool fl_module_is_code(const struct fl_module *module, uint32_t addr);

/** Whether any module has code at @p addr. */
bool fl_view_is_code(const struct fl_symbol_view *view, uint32_t addr);

/**
 * The module that owns code address @p addr, or NULL (docs/formats.md: sized function symbol in the
 * primary, then in others, then executable section).
 */
const struct fl_module *fl_view_module_at(const struct fl_symbol_view *view, uint32_t addr);

struct fl_function_info {
	const char *name; /**< qualified or demangled, without parameters */
	const char
		*linkage_name; /**< as in .symtab / DW_AT_linkage_name; NULL when equal to name */
	uint32_t addr;
	uint32_t end; /**< addr when the size is unknown and no next symbol bounds it */
};

/** The out-of-line function that contains @p addr. */
bool fl_module_function(const struct fl_module *module, uint32_t addr,
			struct fl_function_info *ret);

/**
 * The scopes at @p lookup_pc, innermost (most inlined) first, the physical function last.
 * @return how many were written, at most @p max; 0 when no function is known there.
 */
size_t fl_module_scopes(const struct fl_module *module, uint32_t lookup_pc, struct fl_scope *ret,
			size_t max);

/** The same; @p function_ret is that last function, where there is one. */
size_t fl_module_scopes_in(const struct fl_module *module, uint32_t lookup_pc, struct fl_scope *ret,
			   size_t max, struct fl_function_info *function_ret);

/** All about @p pc in the module that owns it: in @p room, or in what the view keeps until it is
 * asked for another one. */
const struct fl_pc_facts *
fl_view_pc(const struct fl_symbol_view *view, uint32_t pc, struct fl_pc_facts *room);

/** As fl_module_function(), fl_module_scopes_in() and fl_module_unwind_rule(). */
bool fl_pc_function(const struct fl_pc_facts *facts, struct fl_function_info *ret);
size_t fl_pc_scopes(const struct fl_pc_facts *facts, struct fl_scope *ret, size_t max,
		    struct fl_function_info *function_ret);
bool fl_pc_unwind_rule(const struct fl_pc_facts *facts, struct fl_unwind_rule *ret);

/** Whether a function begins at the address behind that of @p facts. */
bool fl_pc_ends_before_function(const struct fl_symbol_view *view, const struct fl_pc_facts *facts,
				struct fl_function_info *ret);

/** File, line and column of exactly this pc, whether or not its function is known. */
struct fl_scope fl_module_place(const struct fl_module *module, uint32_t pc);

/** The CFI row for exactly this pc; pointers inside live as long as the module. */
bool fl_module_unwind_rule(const struct fl_module *module, uint32_t pc, struct fl_unwind_rule *ret);

/** The EHABI entry that covers @p pc (docs/formats.md). */
struct fl_exidx_entry {
	uint32_t function_addr;
	bool cantunwind;
	const uint8_t
		*opcodes; /**< unwind opcodes in execution order, personality words stripped */
	size_t opcode_count;
};
bool fl_module_exidx(const struct fl_module *module, uint32_t pc, struct fl_exidx_entry *ret);

struct fl_symbol_info {
	const char *name;
	uint32_t addr; /**< Thumb bit clear for functions */
	uint32_t size; /**< bytes; 0 = unknown */
	bool is_function;
};

/** Symbol by exact name: all modules, primary first; a symbol with data wins over an absolute one.
 */
bool fl_view_symbol(const struct fl_symbol_view *view, const char *name,
		    struct fl_symbol_info *ret);

/**
 * What the firmware calls the value @p value of the enumeration whose enumerators begin with @p
 * prefix: the rest of the name, or NULL. All modules, primary first. Names of the vendor's X-macro
 * that stand for no value of their own ("ExpectedBase", "NumReasons") do not count.
 */
const char *
fl_view_enumerator(const struct fl_symbol_view *view, const char *prefix, uint32_t value);

/**
 * The format of a compact log: "<arguments>;<file>;<line>;<format>", not checked further. The
 * first module that has log formats decides.
 * @param offset  from the beginning of section log_fmt.
 * @param has_ret whether any module has log formats.
 * @return NULL when none begins there; otherwise it lives as long as the module.
 */
const char *fl_view_log_format(const struct fl_symbol_view *view, uint32_t offset, bool *has_ret);

/** What lies at a member or variable. */
struct fl_field {
	uint32_t off;   /**< of a member: bytes from the beginning of the structure asked for */
	uint32_t size;  /**< bytes of one element; 0 = unknown */
	uint32_t count; /**< elements; 1 for what is no array; 0 = of unknown length */
	bool is_signed;
	bool is_pointer;
	uint8_t bit_off, bit_size; /**< a bit-field has a bit_size */
};

/**
 * A member of a kernel's structure as DWARF lays it out.
 *
 * Only structures of model/kernel_types.h, and those inside them, are kept. All modules, primary
 * first; of several structures of one name the first that has the member.
 *
 * @param structure tag or typedef.
 * @param path      member names joined with '.': "xStateListItem.pvOwner". Arrays on the way count
 *                  as their first element.
 */
bool fl_view_field(const struct fl_symbol_view *view, const char *structure, const char *path,
		   struct fl_field *ret);

/** sizeof(@p structure); the first one of that name. */
bool fl_view_struct_size(const struct fl_symbol_view *view, const char *structure,
			 uint32_t *size_ret);

struct fl_variable_info {
	uint32_t addr;
	uint32_t size; /**< bytes of all of it; 0 = unknown */
};

/**
 * A variable at a fixed address: by its symbol, else by DWARF (link-time optimisation renames
 * static symbols; DWARF is asked for variables of model/kernel_types.h only).
 */
bool fl_view_variable(const struct fl_symbol_view *view, const char *name,
		      struct fl_variable_info *ret);

/** A variable that is a structure of model/kernel_types.h, or an array of them. */
struct fl_object_info {
	const char *name;
	const char *structure; /**< its tag, else the typedef that names it */
	uint32_t addr;         /**< of the element */
	uint32_t size;         /**< of one element */
};

/** The element of such a variable that covers @p addr, by DWARF. */
bool fl_view_kernel_object_at(const struct fl_symbol_view *view, uint32_t addr,
			      struct fl_object_info *ret);

/**
 * The same modules, the one that defines variable @p name first: its structures are the ones that
 * @p name is made of. @p view itself when none does.
 */
struct fl_symbol_view fl_view_from(const struct fl_symbol_view *view, const char *name);

/** The data symbol with a size that covers @p addr. */
bool fl_view_object_at(const struct fl_symbol_view *view, uint32_t addr,
		       struct fl_symbol_info *ret);

/** Where a data symbol lies, and nothing else of it: there may be very many. */
struct fl_object_place {
	uint32_t addr;
	uint32_t size;
};

/** Data symbols with a size, by address; one that another interrupts comes more than once. */
struct fl_object_run {
	const struct fl_object_place *places; /**< they live as long as the module */
	uint32_t count;
	uint32_t end; /**< index behind the last one of them among all of the module's */
};

/**
 * All that begin in [@p addr, @p addr + @p size), and the one before them, which may reach into it.
 * @param from  those of a lower index are left out. With the end of the run before, runs for
 *              ascending addresses have no symbol twice.
 */
struct fl_object_run
fl_module_objects(const struct fl_module *module, uint32_t from, uint32_t addr, uint32_t size);

#endif
