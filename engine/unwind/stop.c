/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/unwind.h"

#include <stdio.h>

void fl_unwind_stop_text(const struct fl_unwind_result *result, char *buf, size_t size)
{
	/* Each takes the address or ignores it. */
	static const char *const formats[FL_STOP_COUNT] = {
		[FL_STOP_NONE] = "not unwound",
		[FL_STOP_ENTRY] = "the outermost function was reached",
		[FL_STOP_NOT_CAPTURED] = "stack memory at 0x%08x was not captured",
		[FL_STOP_NO_METHOD] = "neither unwind information nor the stack led to a caller",
		[FL_STOP_NOT_CODE] = "0x%08x is not in code: no caller follows from it",
		[FL_STOP_NOT_A_CALL] = "the return address 0x%08x does not follow a call",
		[FL_STOP_NO_PROGRESS] = "the stack pointer did not advance",
		[FL_STOP_UNDEFINED] = "the unwind information marks the outermost frame",
		[FL_STOP_BAD_EXCEPTION_FRAME] = "the words at 0x%08x are no exception frame",
		[FL_STOP_SECURE] = "the caller is on the other side of the security boundary",
		[FL_STOP_STACKING_FAILED] =
			"the exception frame was never written: the rest is a guess",
		[FL_STOP_LOCKUP] = "the core was in lockup: no caller follows from 0x%08x",
		[FL_STOP_LIMIT] = "the limit on frames was reached",
		[FL_STOP_NO_REGISTERS] = "the dump holds no program counter",
		[FL_STOP_STACK_END] =
			"a caller's frame would end at 0x%08x, above the end of the thread's stack",
	};
	const char *format = result->stop < FL_STOP_COUNT ? formats[result->stop] : "unknown";
	snprintf(buf, size, format, result->stop_addr);
}
