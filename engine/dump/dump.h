/* SPDX-License-Identifier: Apache-2.0 */
/** @file What a parsed dump gives to the later stages. The public part is <faultline/dump.h>. */
#ifndef DUMP_DUMP_H
#define DUMP_DUMP_H

#include "base/arena.h"
#include "model/finding.h"
#include "model/memory.h"
#include "model/registers.h"
#include "model/trace.h"

#include <faultline/dump.h>

/** Memory blocks in file order: the earlier one wins where two overlap. The fake clock is not among
 * them. */
const struct fl_span *fl_dump_spans(const struct fl_dump *dump, size_t *count_ret);

/** Register blocks in file order; the first is the one to start from. */
const struct fl_registers *fl_dump_contexts(const struct fl_dump *dump, size_t *count_ret);

/** Format, version, size, hash, truncation, machine type, capture time. */
const struct fl_dump_facts *fl_dump_facts(const struct fl_dump *dump);

/** What the reader had to tolerate (docs/formats.md). */
const struct fl_findings *fl_dump_findings(const struct fl_dump *dump);

/** MPU block: TYPE, CTRL, then RBAR/RASR (v8-M: RBAR/RLAR) pairs. NULL when there is none. */
const uint32_t *fl_dump_mpu(const struct fl_dump *dump, size_t *word_count_ret);

#endif
