/* SPDX-License-Identifier: Apache-2.0 */
/** @file The instructions that lie before an address, which Thumb code does not tell backwards. */
#ifndef FAULT_CODE_WALK_H
#define FAULT_CODE_WALK_H

#include "fault/inquiry.h"

enum {
	FL_CODE_LINES = 32,       /**< instructions kept */
	FL_CODE_WALK_MAX = 16384, /**< bytes walked from the start of a function */
};

struct fl_code_line {
	uint32_t addr;
	struct fl_thumb insn;
};

/** Instructions of one function before an address, nearest first. */
struct fl_code_walk {
	struct fl_code_line lines[FL_CODE_LINES];
	size_t count;
	bool whole; /**< the last line is the function's first instruction */
};

/**
 * Decode from the start of the function up to, not including, @p end.
 * @return false when the function's start is unknown or too far, its bytes are not there, or the
 * instructions do not meet @p end (data in between).
 */
bool fl_code_walk(const struct fl_inquiry *q, uint32_t start, uint32_t end,
		  struct fl_code_walk *ret);

/** Start of the function that contains pc. */
bool fl_code_function_start(const struct fl_inquiry *q, uint32_t *ret);

/**
 * Whether some branch inside [@p start, @p end) goes to an address in (@p low, @p high]: what comes
 * before is then not the only way to get there.
 */
bool fl_code_is_joined(const struct fl_inquiry *q, uint32_t start, uint32_t end, uint32_t low,
		       uint32_t high);

/** Whether the straight line of instructions that leads to the next one ends at @p insn. */
bool fl_code_breaks_line(const struct fl_thumb *insn);

/** What the registers of a frame still say about the first argument of its function. */
bool fl_code_first_argument(const struct fl_inquiry *q, const struct fl_frame *frame,
			    uint32_t *ret);

#endif
