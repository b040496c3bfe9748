/* SPDX-License-Identifier: Apache-2.0 */
/* The words for the model's enums; the JSON keys of docs/report-schema.md use them. */
#include "model/fault.h"
#include "model/frame.h"
#include "model/thread.h"
#include "model/trace.h"

#include <inttypes.h>
#include <stdio.h>

const char *fl_trust_name(enum fl_trust trust)
{
	static const char *const names[FL_TRUST_COUNT] = {
		"scan", "prologue", "lr", "exidx", "cfi", "exception-frame", "context",
	};
	return trust < FL_TRUST_COUNT ? names[trust] : "unknown";
}

const char *fl_stop_name(enum fl_stop stop)
{
	static const char *const names[FL_STOP_COUNT] = {
		[FL_STOP_NONE] = "none",
		[FL_STOP_ENTRY] = "entry",
		[FL_STOP_NOT_CAPTURED] = "not-captured",
		[FL_STOP_NO_METHOD] = "no-method",
		[FL_STOP_NOT_CODE] = "not-code",
		[FL_STOP_NOT_A_CALL] = "not-a-call",
		[FL_STOP_NO_PROGRESS] = "no-progress",
		[FL_STOP_UNDEFINED] = "undefined",
		[FL_STOP_BAD_EXCEPTION_FRAME] = "bad-exception-frame",
		[FL_STOP_SECURE] = "secure",
		[FL_STOP_STACKING_FAILED] = "stacking-failed",
		[FL_STOP_LOCKUP] = "lockup",
		[FL_STOP_LIMIT] = "limit",
		[FL_STOP_NO_REGISTERS] = "no-registers",
		[FL_STOP_STACK_END] = "stack-end",
	};
	return stop < FL_STOP_COUNT ? names[stop] : "unknown";
}

const char *fl_scs_name(enum fl_scs_register reg)
{
	static const char *const names[FL_SCS_COUNT] = {
		"SHCSR", "CFSR",  "HFSR", "DFSR", "MMFAR", "BFAR",  "AFSR",  "SFSR",
		"SFAR",  "ABFSR", "ICSR", "VTOR", "CCR",   "CPUID", "ACTLR",
	};
	return reg < FL_SCS_COUNT ? names[reg] : "unknown";
}

const char *fl_confidence_name(enum fl_confidence confidence)
{
	static const char *const names[FL_CONFIDENCE_COUNT] = { "uncertain", "likely", "certain" };
	return confidence < FL_CONFIDENCE_COUNT ? names[confidence] : "unknown";
}

const char *fl_thread_state_name(enum fl_thread_state state)
{
	static const char *const names[FL_THREAD_STATE_COUNT] = {
		[FL_THREAD_RUNNING] = "running",       [FL_THREAD_READY] = "ready",
		[FL_THREAD_BLOCKED] = "blocked",       [FL_THREAD_SUSPENDED] = "suspended",
		[FL_THREAD_TERMINATED] = "terminated", [FL_THREAD_INACTIVE] = "inactive",
	};
	return state < FL_THREAD_STATE_COUNT ? names[state] : NULL;
}

const char *fl_wait_kind_name(enum fl_wait_kind kind)
{
	static const char *const names[FL_WAIT_KIND_COUNT] = {
		[FL_WAIT_OBJECT] = "object",
		[FL_WAIT_DELAY] = "delay",
		[FL_WAIT_QUEUE_RECEIVE] = "queue-receive",
		[FL_WAIT_QUEUE_SEND] = "queue-send",
		[FL_WAIT_SEMAPHORE] = "semaphore",
		[FL_WAIT_MUTEX] = "mutex",
		[FL_WAIT_EVENT] = "event",
		[FL_WAIT_NOTIFICATION] = "notification",
		[FL_WAIT_STREAM] = "stream",
		[FL_WAIT_CONDITION] = "condition",
		[FL_WAIT_MEMORY] = "memory",
		[FL_WAIT_JOIN] = "join",
		[FL_WAIT_IO] = "io",
		[FL_WAIT_WORK] = "work",
	};
	return kind < FL_WAIT_KIND_COUNT ? names[kind] : NULL;
}

const char *fl_overflow_name(enum fl_overflow overflow)
{
	static const char *const names[FL_OVERFLOW_COUNT] = { "unknown", "excluded", "likely",
							      "proven" };
	return overflow < FL_OVERFLOW_COUNT ? names[overflow] : "unknown";
}

const char *fl_report_kind_name(enum fl_report_kind kind)
{
	static const char *const names[FL_REPORT_KIND_COUNT] = { "dump", "reboot", "trace" };
	return kind < FL_REPORT_KIND_COUNT ? names[kind] : "unknown";
}

void fl_event_reason_text(const struct fl_event_report *event, char *buf, size_t size)
{
	if (event->trace_reason_name)
		snprintf(buf, size, "%s", event->trace_reason_name);
	else if (event->has_trace_reason)
		snprintf(buf, size, "trace reason %" PRIu32, event->trace_reason);
	else
		snprintf(buf, size, "an unknown trace reason");
}

const struct fl_thread *fl_trace_crashed(const struct fl_trace *trace)
{
	for (size_t i = 0; i < trace->thread_count; i++)
		if (trace->threads[i].crashed)
			return &trace->threads[i];
	return NULL;
}
