/* SPDX-License-Identifier: Apache-2.0 */
/** @file One walk over a "CORE" file: memfault.c takes it apart, memfault_blocks.c keeps the
 * blocks. */
#ifndef DUMP_MEMFAULT_WALK_H
#define DUMP_MEMFAULT_WALK_H

#include "base/limits.h"
#include "base/reader.h"
#include "base/vec.h"
#include "dump/format.h"

struct fl_core_block {
	uint8_t type;
	uint32_t addr;
	uint64_t off; /**< of its header in the file */
	const uint8_t *payload;
	size_t size; /**< bytes that are there */
	bool cut;    /**< fewer than its header says */
};

struct fl_core_walk {
	struct fl_dump *dump;
	struct fl_reader r; /**< the bytes that belong to the dump */
	bool size_trusted;  /**< the header's total_size was usable */
	bool footer;
	uint64_t last_off; /**< of the last block */
	bool out_of_memory;
	bool has_machine;
	uint64_t machine_off;
	bool unknown_seen;
	bool regions_full;
	const char *old_version; /**< block 3, used where block 10 is missing */
	struct fl_core_block registers[FL_LIMIT_CONTEXTS];
	size_t register_count;
	struct fl_vec spans; /**< struct fl_span */
};

/** Append a finding at a file offset. */
#define FL_CORE_NOTE(w, severity, code, off, ...) \
	fl_finding_add(&(w)->dump->findings, FL_STAGE_DUMP, severity, code, FL_AT_FILE_OFFSET, \
		       off, __VA_ARGS__)

/** Keep one block; memory that runs out latches in the walk. */
void fl_core_block_keep(struct fl_core_walk *w, const struct fl_core_block *block);

/**
 * Once the machine is known: turn the register blocks into contexts.
 * @retval FL_EUNSUPPORTED another machine's dump.
 */
FL_MUST_CHECK enum fl_code fl_core_registers(struct fl_core_walk *w, struct fl_error *err);

#endif
