/* SPDX-License-Identifier: Apache-2.0 */
/* Reboot reasons (docs/formats.md): what the software, or the chip, said before the dump. */
#include "fault/rules.h"
#include "target/exc_return.h"

#include <inttypes.h>

enum {
	EXPECTED_FIRST = 0x0001,
	EXPECTED_LAST = 0x7fff,
	CUSTOM_EXPECTED = 0x1000,
	CUSTOM_UNEXPECTED = 0xa000,
	CUSTOM_COUNT = 0x100,
	REASON_OLD_WATCHDOG = 0x8002,
	REASON_NMI = 0x8004,
	REASON_HARDWARE_WATCHDOG = 0x8005,
	REASON_SOFTWARE_WATCHDOG = 0x8006,
	REASON_STACK_OVERFLOW = 0x800b,
	REASON_TASK_WATCHDOG = 0x800c,
	FAULT_FIRST = 0x9100,
	FAULT_LAST = 0x9403,
};

struct reason {
	uint16_t code;
	const char *name;
	const char *category; /* NULL: the fault registers decide */
	const char *title;    /* NULL: the name */
};

#define WATCHDOG   "Watchdog", "watchdog expired"
#define NO_VERDICT NULL, NULL
#define RESET      "Reset", NULL

static const struct reason reasons[] = {
	{ 0x0000, "Unknown", NO_VERDICT },
	{ 0x0001, "UserShutdown", RESET },
	{ 0x0002, "UserReset", RESET },
	{ 0x0003, "FirmwareUpdate", RESET },
	{ 0x0004, "LowPower", RESET },
	{ 0x0005, "DebuggerHalted", "Debugger Halted", "halted by a debugger" },
	{ 0x0006, "ButtonReset", RESET },
	{ 0x0007, "PowerOnReset", RESET },
	{ 0x0008, "SoftwareReset", RESET },
	{ 0x0009, "DeepSleep", RESET },
	{ 0x000a, "PinReset", RESET },
	{ 0x000b, "SelfTest", RESET },
	{ 0x8000, "UnknownError", NO_VERDICT },
	{ 0x8001, "Assert", "Assert", "an assertion failed" },
	{ 0x8002, "Watchdog", WATCHDOG },
	{ 0x8003, "BrownOutReset", RESET },
	{ 0x8004, "Nmi", "NMI", "non-maskable interrupt" },
	{ 0x8005, "HardwareWatchdog", WATCHDOG },
	{ 0x8006, "SoftwareWatchdog", WATCHDOG },
	{ 0x8007, "ClockFailure", RESET },
	{ 0x8008, "KernelPanic", "Kernel Panic", "the kernel gave up" },
	{ 0x8009, "FirmwareUpdateError", RESET },
	{ 0x800a, "OutOfMemory", "Out of Memory", "out of memory" },
	{ 0x800b, "StackOverflow", "Stack Overflow", "the kernel found a stack overflow" },
	{ 0x800c, "TaskWatchdog", WATCHDOG },
	{ 0x9100, "BusFault", NO_VERDICT },
	{ 0x9200, "MemFault", NO_VERDICT },
	{ 0x9300, "UsageFault", NO_VERDICT },
	{ 0x9400, "HardFault", NO_VERDICT },
	{ 0x9401, "Lockup", "Lockup", "the core locked up" },
	{ 0x9402, "SecurityViolation", "Security Violation", "security violation" },
	{ 0x9403, "ParityError", RESET },
	{ 0x9404, "Temperature", RESET },
	{ 0x9405, "Hardware", RESET },
};

static const struct reason *find_reason(uint32_t code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return &reasons[i];
	return NULL;
}

static bool is_custom(uint32_t code)
{
	return code - CUSTOM_EXPECTED < CUSTOM_COUNT || code - CUSTOM_UNEXPECTED < CUSTOM_COUNT;
}

static const char *enumerator(const struct fl_symbol_view *symbols, const char *prefix,
			      uint32_t code, struct fl_arena *arena)
{
	const char *name = symbols ? fl_view_enumerator(symbols, prefix, code) : NULL;
	return name ? fl_arena_strdup(arena, name) : NULL;
}

struct fl_reason fl_reason_decode(bool known, uint32_t code, const struct fl_symbol_view *symbols,
				  struct fl_arena *arena)
{
	const struct reason *reason = find_reason(known ? code : 0);
	struct fl_reason ret = { .known = known, .code = known ? code : 0 };
	ret.expected = ret.code >= EXPECTED_FIRST && ret.code <= EXPECTED_LAST;
	ret.name = reason ? reason->name : enumerator(symbols, "kMfltRebootReason_", code, arena);
	if (!ret.name)
		ret.name = fl_arena_printf(arena, "0x%04" PRIx32, code);
	if (!ret.name)
		ret.name = "unassigned"; /* memory is out: the analysis will fail on it elsewhere */
	return ret;
}

const char *
fl_trace_reason_name(uint32_t code, const struct fl_symbol_view *symbols, struct fl_arena *arena)
{
	return enumerator(symbols, "kMfltTraceReasonUser_", code, arena);
}

/* A watchdog of the SDK's macros reads pc as an assert does; its interrupt, which is more common,
 * finds it on the stack. */
bool fl_reason_is_told_by_software(uint32_t code)
{
	switch (code) {
	case REASON_NMI:
	case REASON_OLD_WATCHDOG:
	case REASON_HARDWARE_WATCHDOG:
	case REASON_SOFTWARE_WATCHDOG:
	case REASON_TASK_WATCHDOG:
		return false;
	default:
		return code < FAULT_FIRST || code > FAULT_LAST;
	}
}

static bool is(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Whoever ran when the watchdog, NMI or debugger came: behind the handler, if one is shown. */
static const char *interrupted_function(const struct fl_inquiry *q)
{
	const struct fl_thread *thread = q->in->thread;
	const char *function = fl_inquiry_function(q, 0);
	if (!fl_inquiry_exception(q))
		return function;
	for (size_t i = 0; thread && i + 1 < thread->frame_count; i++)
		if (thread->frames[i].kind == FL_FRAME_EXCEPTION && thread->frames[i + 1].function)
			return thread->frames[i + 1].function;
	return function;
}

static void state_exception(struct fl_inquiry *q)
{
	char buf[16];
	unsigned number = fl_inquiry_exception(q);
	if (number)
		fl_evidence(q, "the registers are those of a handler: %s",
			    fl_exception_name((uint16_t)number, buf));
}

void fl_evidence_reason(struct fl_inquiry *q)
{
	const struct fl_trace *event = q->in->event;
	if (!q->in->reason || !q->in->reason->known)
		return;
	fl_evidence(q, "the device gave the reason 0x%04" PRIx32 ", %s", q->in->reason->code,
		    q->in->reason->name);
	if (event && event->event.has_reset_register)
		fl_evidence(q, "its reset cause register read 0x%08" PRIx32,
			    event->event.reset_register);
}

/* What CFSR holds beside a reason of software need not have to do with it. */
static void state_registers(struct fl_inquiry *q, uint32_t expected)
{
	if (!(q->cfsr & ~expected) && !(q->hfsr & ~FL_HFSR_FORCED))
		return;
	fl_evidence_bits(q, FL_CFSR);
	fl_evidence_bits(q, FL_HFSR);
	fl_evidence(
		q, "the reason was given by software and comes first; the fault bits may be older");
}

static void decide_assert(struct fl_inquiry *q, const struct reason *reason)
{
	if (q->has_insn && q->insn.kind == FL_THUMB_UDF)
		fl_evidence(q,
			    "the udf #%" PRIu32 " at 0x%08" PRIx32
			    " is the trap that ends an assert",
			    q->insn.imm, q->pc);
	state_registers(q, FL_CFSR_UNDEFINSTR);
	fl_verdict(q, reason->category, FL_CERTAIN, "%s", reason->title);
}

bool fl_reason_is_overflow(const struct fl_reason *reason)
{
	return reason && reason->known && reason->code == REASON_STACK_OVERFLOW;
}

static void decide_interrupted(struct fl_inquiry *q, const struct reason *reason)
{
	const char *function = interrupted_function(q);
	/* Builds with Arm Compiler 5 of SDK 0.0.14 to 0.2.2 said Watchdog for UsageFault. */
	bool doubtful = reason->code == REASON_OLD_WATCHDOG && q->cfsr & FL_UFSR_MASK;
	enum fl_confidence confidence = doubtful ? FL_UNCERTAIN : FL_CERTAIN;
	enum fl_hang hang = is(reason->category, "Watchdog") ? FL_HANG_EXPIRED : FL_HANG_HALTED;
	bool decided = fl_cause_hang(q, hang, function, confidence);
	state_exception(q);
	state_registers(q, 0);
	if (doubtful)
		fl_evidence(q, "old SDKs gave this reason for a UsageFault as well");
	if (decided)
		return;
	if (function)
		fl_verdict(q, reason->category, confidence, "%s in %s", reason->title, function);
	else
		fl_verdict(q, reason->category, confidence, "%s", reason->title);
}

static void decide_other(struct fl_inquiry *q, const struct reason *reason)
{
	state_registers(q, FL_CFSR_UNDEFINSTR);
	q->cause->random_frame = is(reason->category, "Stack Overflow");
	fl_verdict(q, reason->category, FL_CERTAIN, "%s",
		   reason->title ? reason->title : reason->name);
}

bool fl_cause_reason(struct fl_inquiry *q)
{
	const struct fl_reason *given = q->in->reason;
	if (!given || !given->known)
		return false;
	const struct reason *reason = find_reason(given->code);
	if (reason && !reason->category)
		return false;
	if (reason && is(reason->category, "Security Violation") && fl_cause_security(q))
		return true;
	fl_evidence_reason(q);
	if (is_custom(given->code))
		fl_verdict(q, "Custom Reason", FL_CERTAIN, "custom reason %s", given->name);
	else if (!reason)
		fl_verdict(q, "Reset", FL_LIKELY, "unassigned reason %s", given->name);
	else if (is(reason->category, "Assert"))
		decide_assert(q, reason);
	else if (is(reason->category, "Watchdog") || is(reason->category, "NMI") ||
		 is(reason->category, "Debugger Halted"))
		decide_interrupted(q, reason);
	else
		decide_other(q, reason);
	return true;
}

void fl_cause_reason_only(struct fl_inquiry *q)
{
	static const struct {
		uint16_t code;
		const char *category;
	} faults[] = {
		{ 0x9100, "Bus Fault" },
		{ 0x9200, "Memory Fault" },
		{ 0x9300, "Usage Fault" },
		{ 0x9400, "Hard Fault" },
	};
	const struct fl_reason *given = q->in->reason;
	fl_evidence_reason(q);
	fl_evidence_bits(q, FL_HFSR);
	for (size_t i = 0; given && given->known && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (given->code != faults[i].code)
			continue;
		if (q->has_pc)
			fl_verdict(q, faults[i].category, FL_UNCERTAIN,
				   "%s at 0x%08" PRIx32 ", no register says why", given->name,
				   q->pc);
		else
			fl_verdict(q, faults[i].category, FL_UNCERTAIN, "%s, no register says why",
				   given->name);
		return;
	}
	fl_verdict(q, "Unknown", FL_UNCERTAIN, "nothing in the %s says what happened",
		   q->in->event ? "event" : "dump");
}

bool fl_cause_event_nowhere(struct fl_inquiry *q)
{
	uint32_t lr;
	bool has_lr = fl_inquiry_register(q, FL_LR, &lr);
	if (!q->in->event || q->pc_where != FL_WHERE_NOT_CODE ||
	    (has_lr && (fl_inquiry_where(q, lr & ~UINT32_C(1)) == FL_WHERE_CODE ||
			fl_is_exc_return(lr, q->in->arch))))
		return false;
	fl_evidence(q, "neither pc nor lr is in code: the exception frame may never have been "
		       "written, as when a stack overflows");
	fl_cause_reason_only(q);
	return true;
}

bool fl_cause_trace_event(struct fl_inquiry *q)
{
	const struct fl_trace *trace = q->in->event;
	if (!trace || trace->kind != FL_REPORT_TRACE)
		return false;
	const struct fl_event_report *event = &trace->event;
	char reason[FL_LIMIT_ENUMERATOR];
	fl_event_reason_text(event, reason, sizeof(reason));
	if (event->has_status)
		fl_verdict(q, "Trace Event", FL_CERTAIN,
			   "the software reported %s with status %" PRId64 " and went on", reason,
			   event->status);
	else
		fl_verdict(q, "Trace Event", FL_CERTAIN, "the software reported %s and went on",
			   reason);
	if (event->log)
		fl_evidence(q, "it said: %s", event->log);
	return true;
}
