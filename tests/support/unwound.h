/* SPDX-License-Identifier: Apache-2.0 */
/** @file A recorded crash, unwound and symbolised, by the stages themselves and in their order. */
#ifndef SUPPORT_UNWOUND_H
#define SUPPORT_UNWOUND_H

#include "support/corpus.h"
#include "symbols/symbolize.h"
#include "unwind/unwind.h"

#include <faultline/dump.h>

/** Zero-initialise; release with unwound_free(), before the case and the image it was made from. */
struct unwound {
	struct fl_arena arena;
	struct fl_dump *dump;
	struct fl_symbols *symbols;
	struct fl_symbol_view view;
	struct fl_memory memory;
	struct fl_fault fault;
	struct fl_findings findings;
	struct fl_unwind_result result;
	struct fl_frame *frames; /**< inlined ones expanded */
	size_t frame_count;
};

/** Unwind @p c with the bytes of its image. Fails the test where a stage does. */
void unwound_open(struct unwound *u, const struct corpus_case *c, const uint8_t *elf, size_t size);
void unwound_free(struct unwound *u);

/** One line per frame, with how it was found, and why the stack ends. */
void unwound_print(const struct unwound *u);

#endif
