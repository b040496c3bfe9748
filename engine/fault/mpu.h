/* SPDX-License-Identifier: Apache-2.0 */
/** @file The captured MPU state: which region an address belongs to, and what it forbids. */
#ifndef FAULT_MPU_H
#define FAULT_MPU_H

#include "target/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Words of the dump's MPU block: TYPE, CTRL, then RBAR/RASR or (v8-M) RBAR/RLAR pairs. */
struct fl_mpu {
	const uint32_t *words; /**< NULL: none captured */
	size_t count;
	enum fl_arch arch; /**< decides what the pairs mean; FL_ARCH_UNKNOWN: nothing is decoded */
};

struct fl_mpu_region {
	unsigned number;
	uint32_t start;
	uint64_t end;               /**< half-open */
	bool read, write;           /**< privileged access */
	bool user_read, user_write; /**< unprivileged access */
	bool execute;
};

/** Whether it was captured, can be decoded, and was on. */
bool fl_mpu_enabled(const struct fl_mpu *mpu);

/** CTRL.PRIVDEFENA: privileged code may go where no region is. */
bool fl_mpu_has_default_map(const struct fl_mpu *mpu);

/**
 * The region that decides about @p addr: on v6-M and v7-M the highest-numbered enabled one that
 * covers it, subregions counted; on v8-M the first (overlaps fault there, see @p overlap_ret).
 */
bool fl_mpu_find(const struct fl_mpu *mpu, uint32_t addr, struct fl_mpu_region *ret,
		 bool *overlap_ret);

/** "no access", "read-only", "read-only for unprivileged code", ... of a region. */
const char *fl_mpu_words(const struct fl_mpu_region *region);

/** A small region without any access: what kernels put below a stack. */
bool fl_mpu_is_guard(const struct fl_mpu_region *region);

#endif
