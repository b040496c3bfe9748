/* SPDX-License-Identifier: Apache-2.0 */
/** @file .symtab as far as a debugger of firmware needs it. */
#ifndef IMAGE_SYMTAB_H
#define IMAGE_SYMTAB_H

#include "base/vec.h"
#include "image/elf.h"

enum fl_symbol_kind {
	FL_SYMBOL_FUNCTION, /**< STT_FUNC */
	FL_SYMBOL_LABEL,    /**< untyped global in an executable section: assembly */
	FL_SYMBOL_OBJECT,   /**< STT_OBJECT, and other untyped globals */
};

struct fl_symbol {
	const char *name; /**< borrowed from .strtab; never empty */
	uint32_t addr;    /**< Thumb bit clear for functions */
	uint32_t size;    /**< bytes; 0 = unknown */
	uint32_t section; /**< FL_SHN_ABS for absolute ones */
	enum fl_symbol_kind kind;
	bool global; /**< global or weak */
	bool weak;
};

/**
 * Append every named, defined symbol (struct fl_symbol) that is one of the above. Mapping symbols
 * ($t, $d, $a; AAELF32 5.5.5), section and file symbols are left out.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_symtab_read(const struct fl_elf *elf, struct fl_findings *findings,
					  struct fl_vec *ret, struct fl_error *err);

#endif
