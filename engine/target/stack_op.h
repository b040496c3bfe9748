/* SPDX-License-Identifier: Apache-2.0 */
/** @file What an instruction does to the stack pointer, and with it. */
#ifndef TARGET_STACK_OP_H
#define TARGET_STACK_OP_H

#include "target/thumb.h"

enum fl_stack_op_kind {
	FL_OP_NONE,
	FL_OP_STORE,        /**< registers at sp + offset; then sp += adjust */
	FL_OP_LOAD,         /**< registers from sp + offset; then sp += adjust */
	FL_OP_ADD,          /**< rd = rn + offset; at least one of them is SP or a frame pointer */
	FL_OP_ADD_REGISTER, /**< sp = sp + rm, or sp - rm when subtract */
	FL_OP_IF_THEN,      /**< the next `count` instructions are conditional */
	FL_OP_OTHER,        /**< SP changes in a way not understood */
};

struct fl_stack_op {
	enum fl_stack_op_kind kind;
	uint16_t registers; /**< core registers transferred, lowest number at the lowest address */
	int32_t offset;
	int32_t adjust;
	uint8_t rd, rn, rm;
	bool subtract;
	uint8_t count;
};

/** @p insn is what fl_thumb_decode() made of @p hw; hw[1] is 0 where there is none. */
void fl_stack_op_decode(const uint16_t hw[2], const struct fl_thumb *insn, struct fl_stack_op *ret);

#endif
