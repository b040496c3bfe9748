/* SPDX-License-Identifier: Apache-2.0 */
/** @file The memory access at pc: which address it asks for, and what that address looks like. */
#ifndef FAULT_ACCESS_H
#define FAULT_ACCESS_H

#include "fault/inquiry.h"

enum {
	FL_NULL_CERTAIN = 0x100, /**< below this nothing but a null pointer explains an address */
	FL_NULL_LIKELY = 0x1000,
};

struct fl_access {
	bool decoded; /**< the instruction at pc is a load or store */
	bool write;
	unsigned size; /**< bytes in all; 0 = unknown */
	bool base_known;
	uint32_t base;   /**< value of the base register */
	bool addr_known; /**< `addr` was computed from the registers */
	uint32_t addr;   /**< lowest address the instruction asks for */
};

/** What the instruction at pc accesses. */
struct fl_access fl_access_at_pc(const struct fl_inquiry *q);

/** Address of @p insn at @p pc, from the crashed context's registers. */
bool fl_access_address(const struct fl_inquiry *q, uint32_t pc, const struct fl_thumb *insn,
		       uint32_t *ret);

/** "write of 4 bytes to", "read of 2 bytes from", "access to". @p buf >= 40 bytes. */
const char *fl_access_words(const struct fl_access *access, char *buf, size_t room);

/** State how the address comes about: "the store at 0x... goes through r3 + 8, and r3 is 0x..." */
void fl_evidence_access(struct fl_inquiry *q, const struct fl_access *access);

/** State what else is known about @p addr: a fill pattern, the nearest data symbol. */
void fl_evidence_address(struct fl_inquiry *q, uint32_t addr);

/** Whether @p addr is explained by a null pointer, and how surely. */
bool fl_access_is_null(const struct fl_access *access, uint32_t addr,
		       enum fl_confidence *confidence_ret);

/** The verdict for it. */
void fl_verdict_null(struct fl_inquiry *q, const struct fl_access *access, uint32_t addr,
		     enum fl_confidence confidence);

/** Known fill or marker value near @p value, in words; NULL. */
const char *fl_pattern_words(uint32_t value);

#endif
