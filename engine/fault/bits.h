/* SPDX-License-Identifier: Apache-2.0 */
/** @file The architected bits of the fault registers, one table each. */
#ifndef FAULT_BITS_H
#define FAULT_BITS_H

#include "model/fault.h"

struct fl_fault_bit {
	uint8_t bit;         /**< position in the register */
	uint8_t effects;     /**< FL_EFFECT_* */
	const char *name;    /**< as spelled in the Architecture Reference Manual */
	const char *meaning; /**< a clause, lower case, no full stop */
};

struct fl_fault_bits {
	enum fl_scs_register reg;
	const struct fl_fault_bit *bits; /**< ascending */
	size_t count;
};

/** The registers with a table, the one that says most first. */
extern const struct fl_fault_bits fl_fault_tables[];
extern const size_t fl_fault_table_count;

#endif
