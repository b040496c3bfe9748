/* SPDX-License-Identifier: Apache-2.0 */
/* Code with known addresses: every at_... is the instruction that an event tells of. */
#include "reasons.h"

#define NEVER_INLINE __attribute__((noinline, noclone))
#define AT(label)    ".global " label "\n" label ":\n\t"
#define READ(label, pc, lr) \
	__asm__ volatile(AT(label) "mov %0, pc\n\tmov %1, lr" : "=r"(pc), "=r"(lr))

volatile unsigned sink;
volatile enum MfltResetReason reason;
volatile enum MfltTraceReasonUser trace_reason;
volatile enum Other other;

/* The trap that ends an assert, some calls away from who asked for it. */
NEVER_INLINE void memfault_fault_handling_assert(void *pc, void *lr)
{
	sink = (unsigned)pc ^ (unsigned)lr;
	reason = kMfltRebootReason_Assert;
	__asm__ volatile(AT("at_trap") "udf #77");
}

NEVER_INLINE void trace_event_capture(unsigned number, void *pc, void *lr, int status)
{
	trace_reason = (enum MfltTraceReasonUser)number;
	sink = (unsigned)pc ^ (unsigned)lr ^ (unsigned)status;
}

NEVER_INLINE void leaf(unsigned *to)
{
	__asm__ volatile(AT("at_leaf") "str %0, [%0]" : : "r"(to) : "memory");
}

NEVER_INLINE void calls_leaf(unsigned *to)
{
	leaf(to);
	__asm__ volatile(AT("after_leaf") "nop");
	sink++;
}

NEVER_INLINE void inner(void)
{
	sink = 1;
}

NEVER_INLINE void outer(void)
{
	inner();
	__asm__ volatile(AT("after_inner") "nop");
	sink++;
}

/* lr is left over from the call of inner(), which returned long ago. */
NEVER_INLINE void stale(unsigned *to)
{
	outer();
	__asm__ volatile(AT("at_stale") "str %0, [%0]" : : "r"(to) : "memory");
	sink++;
}

NEVER_INLINE void calls_stale(unsigned *to)
{
	stale(to);
	__asm__ volatile(AT("after_stale") "nop");
	sink++;
}

NEVER_INLINE void check(unsigned length)
{
	void *pc, *lr;
	if (length < 10)
		return;
	READ("at_check", pc, lr);
	memfault_fault_handling_assert(pc, lr);
	sink++;
}

NEVER_INLINE void check_after_call(unsigned length)
{
	void *pc, *lr;
	inner();
	if (length < 10)
		return;
	READ("at_check_after_call", pc, lr);
	memfault_fault_handling_assert(pc, lr);
	sink++;
}

NEVER_INLINE void report(int status)
{
	void *pc, *lr;
	READ("at_report", pc, lr);
	trace_event_capture(kMfltTraceReasonUser_SensorTimeout, pc, lr, status);
	sink++;
}

void start(void)
{
	calls_leaf(0);
	calls_stale(0);
	check(sink);
	__asm__ volatile(AT("after_check") "nop");
	check_after_call(sink);
	__asm__ volatile(AT("after_check_after_call") "nop");
	report((int)sink);
	__asm__ volatile(AT("after_report") "nop");
}
