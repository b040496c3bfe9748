/* SPDX-License-Identifier: Apache-2.0 */
/** @file A thread with its backtrace. */
#ifndef MODEL_THREAD_H
#define MODEL_THREAD_H

#include "model/frame.h"

/** Each field of a thread may be unknown. Strings live in the trace's arena. */
struct fl_thread {
	const char *name;  /**< NULL = unknown */
	const char *state; /**< "running", "ready", ...; NULL = unknown */
	bool has_priority;
	int32_t priority;
	bool current; /**< was running */
	bool crashed; /**< the fault happened in it */
	struct {
		bool known; /**< start and end are known */
		uint32_t start;
		uint64_t end; /**< half-open */
		bool used_known;
		uint32_t used; /**< bytes */
		bool high_water_known;
		uint32_t high_water; /**< bytes ever used */
	} stack;
	struct fl_registers regs;
	struct fl_frame *frames; /**< innermost first, inlined frames expanded */
	size_t frame_count;
	enum fl_stop stop;
	const char *stop_text; /**< a sentence for a person; never NULL */
};

#endif
