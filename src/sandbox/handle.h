/* SPDX-License-Identifier: Apache-2.0 */
/** @file What a struct fl_sandbox is, for those who make its requests. */
#ifndef SANDBOX_HANDLE_H
#define SANDBOX_HANDLE_H

#include "sandbox/apart.h"
#include "sandbox/engine.h"
#include "sandbox/process.h"
#include "sandbox/sandbox.h"

struct fl_sandbox {
	struct fl_rules *rules;
	enum fl_isolation isolation; /**< FL_ISOLATION_NONE: requests are run here, by the engine */
	unsigned deadline_ms;
	unsigned requests; /**< that a child answers before it is recycled */
	struct fl_process_options options;
	struct fl_process process; /**< with a child */
	struct fl_engine engine;   /**< without */
	bool compile_apart;
	bool facts_only;
	struct fl_apart apart;
	struct fl_sandbox_elf elfs[FL_WIRE_ELFS]; /**< of a request, with indexes made apart */
	struct fl_buffer encoded;                 /**< of the last report */
	uint32_t refused;                         /**< indexes of the last request */
	char refusal[200];
};

/** A child that reads requests: this one, unless it is used up. */
FL_MUST_CHECK enum fl_code fl_sandbox_ready(struct fl_sandbox *sandbox, struct fl_error *err);

/** For fl_sandbox_refused(). @p why is that of the first of @p refused; nothing if that is 0. */
void fl_sandbox_note_refusals(struct fl_sandbox *sandbox, uint32_t refused, const char *why);
void fl_sandbox_forget_refusals(struct fl_sandbox *sandbox);

#endif
