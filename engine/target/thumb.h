/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Thumb instructions, as far as a crash wants to know them: length, calls, the address a load or
 * store asks for, what a trap says (Arm DDI 0403E A5-A7, Arm DDI 0419 A5, Arm DDI 0553 C2).
 *
 * Everything works on half-words in memory order; fetching them is the caller's business.
 */
#ifndef TARGET_THUMB_H
#define TARGET_THUMB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of the instruction that begins with this half-word: 2 or 4. */
unsigned fl_thumb_length(uint16_t first);

/** Whether the instruction at @p hw is BL, BLX (register) or BLXNS; @p count half-words are
 * readable. */
bool fl_thumb_is_call(const uint16_t *hw, size_t count);

/**
 * Whether the half-words at (return address - 4) and (return address - 2) end in a call, that
 * is, whether the return address can be one. @p minus4 may be 0 when it is not known.
 */
bool fl_thumb_call_before(uint16_t minus4, uint16_t minus2);

/** Bytes of the call that ends at a return address: 4 (BL), 2 (BLX), 0 (no call there). */
unsigned fl_thumb_call_size(uint16_t minus4, uint16_t minus2);

/** Where the BL @p h1, @p h2 goes, from its own address + 4: fl_thumb_decode()'s `target`. */
int32_t fl_thumb_bl_target(uint16_t h1, uint16_t h2);

enum fl_thumb_kind {
	FL_THUMB_OTHER, /**< nothing below; `writes` holds */
	FL_THUMB_LOAD,  /**< one or more registers from memory, not into pc */
	FL_THUMB_STORE,
	FL_THUMB_LOAD_PC,    /**< POP {..,pc}, LDM with pc, LDR pc: a load that is also a branch */
	FL_THUMB_CALL,       /**< BL: `target` is relative to the instruction's own address + 4 */
	FL_THUMB_CALL_REG,   /**< BLX, BLXNS `rm` */
	FL_THUMB_BRANCH,     /**< B, B<c>, CBZ, CBNZ: `target`, and `conditional` */
	FL_THUMB_BRANCH_REG, /**< BX, BXNS, MOV pc, ADD pc: through `rm` */
	FL_THUMB_TABLE_BRANCH, /**< TBB, TBH: an access, and a branch */
	FL_THUMB_MOVE_IMM,     /**< MOV, MOVW: `rd` = `imm` */
	FL_THUMB_MOVE_TOP,     /**< MOVT: upper half of `rd` = `imm` */
	FL_THUMB_MOVE_REG,     /**< MOV `rd`, `rm` */
	FL_THUMB_DIVIDE,       /**< SDIV, UDIV: `rd` = `rn` / `rm` */
	FL_THUMB_UDF,          /**< permanently undefined, `imm` */
	FL_THUMB_BKPT,         /**< `imm` */
	FL_THUMB_SVC,          /**< `imm` */
	FL_THUMB_FP, /**< floating point or other coprocessor instruction without memory access */
	FL_THUMB_IT, /**< the next `imm` instructions are conditional */
};

enum { FL_THUMB_NO_REGISTER = 0xff };

/** The memory access of a load, store or table branch. */
struct fl_thumb_access {
	uint8_t base;  /**< core register number; 15: the instruction's address + 4, word-aligned */
	uint8_t index; /**< register added to the base, or FL_THUMB_NO_REGISTER */
	uint8_t shift; /**< index << shift */
	bool writeback; /**< the base changes; a faulting access leaves it as it was */
	bool aligned;   /**< always faults on a misaligned address, whatever CCR.UNALIGN_TRP says */
	bool floating;  /**< VLDR, VSTR, VLDM, VSTM, VPUSH, VPOP */
	uint8_t element; /**< bytes of one element: 1, 2, 4 */
	uint16_t size;   /**< bytes in all; ascending from the address */
	int32_t offset;  /**< added to the base (0 for post-indexed forms): lowest address accessed
			  */
	uint16_t registers; /**< core registers transferred, bit per number */
};

struct fl_thumb {
	enum fl_thumb_kind kind;
	uint8_t length; /**< bytes: 2 or 4 */
	uint8_t rd;     /**< FL_THUMB_NO_REGISTER where not used; the same for rn and rm */
	uint8_t rn;
	uint8_t rm;
	bool conditional; /**< FL_THUMB_BRANCH: may fall through */
	bool is_signed;   /**< FL_THUMB_DIVIDE: SDIV */
	uint32_t imm;
	int32_t target;  /**< FL_THUMB_BRANCH, FL_THUMB_CALL: bytes from the instruction's address +
			    4 */
	uint16_t writes; /**< core registers it may change, bit per number; calls: what AAPCS lets
			    them change */
	struct fl_thumb_access access; /**< FL_THUMB_LOAD, _STORE, _LOAD_PC, _TABLE_BRANCH */
};

/**
 * Decode the instruction at @p hw, of which @p count half-words are readable.
 * @return false when they do not hold a whole instruction.
 */
bool fl_thumb_decode(const uint16_t *hw, size_t count, struct fl_thumb *ret);

/** Whether @p insn accesses memory through `access`. */
bool fl_thumb_accesses(const struct fl_thumb *insn);

#endif
