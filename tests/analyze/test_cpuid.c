/* SPDX-License-Identifier: Apache-2.0 */
/* Which architecture a core is of, by its own word; values from Arm's reference manuals. */
#include "report/report.h"
#include "support/cmocka.h"
#include "support/dump_writer.h"

#include <faultline/analyze.h>

#define CPUID UINT32_C(0xe000ed00)

static enum fl_arch arch_of(uint32_t cpuid)
{
	DUMP_AUTO w = { 0 };
	FL_AUTO(fl_report) report = NULL;
	const struct dump_registers regs = { .pc = 0x1000, .psr = 0x01000000 };
	dump_begin(&w, 2);
	dump_add_registers(&w, &regs);
	dump_add_words(&w, CPUID, &cpuid, 1);
	dump_end(&w, false);
	assert_int_equal(fl_analyze(w.bytes, w.size, NULL, 0, NULL, &report, NULL), FL_OK);
	return report->trace.arch;
}

static void test_every_core(void **state)
{
	static const struct {
		const char *core;
		uint32_t cpuid;
		enum fl_arch arch;
	} cases[] = {
		{ "M0", 0x410cc200, FL_ARCH_V6M },
		{ "M1", 0x410cc210, FL_ARCH_V6M },
		{ "M0+", 0x410cc601, FL_ARCH_V6M },
		{ "M3", 0x412fc231, FL_ARCH_V7M },
		{ "M4", 0x410fc241, FL_ARCH_V7EM },
		{ "M7", 0x411fc272, FL_ARCH_V7EM },
		{ "M23", 0x411cd200, FL_ARCH_V8M_BASE },
		{ "M33", 0x410fd214, FL_ARCH_V8M_MAIN },
		{ "M35P", 0x410fd310, FL_ARCH_V8M_MAIN },
		{ "M52", 0x410fd240, FL_ARCH_V8M_MAIN },
		{ "M55", 0x411fd221, FL_ARCH_V8M_MAIN },
		{ "M85", 0x411fd230, FL_ARCH_V8M_MAIN },
		{ "A9, which runs no such firmware", 0x413fc090, FL_ARCH_UNKNOWN },
		{ "none", 0, FL_ARCH_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (arch_of(cases[i].cpuid) != cases[i].arch)
			fail_msg("%s", cases[i].core);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_core) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
