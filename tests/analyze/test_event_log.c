/* SPDX-License-Identifier: Apache-2.0 */
/* A trace event whose log has its format in the ELF (docs/formats.md, "Compact logs"). */
#include "support/cbor_writer.h"
#include "support/cmocka.h"

#include "report/report.h"

#include <faultline/analyze.h>

#include <stdio.h>
#include <string.h>

static const char formats[] = "LOGf\1\0\0\0"
			      "1;cl.c;3;hello %d";

static struct fl_symbols *open_elf(bool has_formats)
{
	struct fl_symbols *symbols = NULL;
	struct fl_error err = { 0 };
	ELF_AUTO w = { 0 };
	elf_code(&w, ".text", 0x1000, 64);
	if (has_formats)
		elf_section(&w, "log_fmt", ELF_PROGBITS, 0, 0xf0000000, formats, sizeof(formats));
	elf_end(&w);
	if (fl_symbols_open(w.file.data, w.file.size, "fw.elf", &symbols, &err))
		fail_msg("%s", err.message);
	return symbols;
}

/* Trace reason 1, lr, and what @p rest says. */
static struct fl_report *analyze(const struct fl_symbols *symbols, const char *rest)
{
	BYTES_AUTO b = { 0 };
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	put_hex(&b, "a2 0202 04 bf 0601 031a00001011");
	put_hex(&b, rest);
	put_hex(&b, "ff");
	if (fl_analyze_event(b.data, b.size, &symbols, symbols ? 1 : 0, NULL, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

static bool has_finding(const struct fl_report *report, const char *text)
{
	for (size_t i = 0; i < report->trace.finding_count; i++)
		if (!strcmp(report->trace.findings[i].text, text))
			return true;
	return false;
}

static void test_text_of_the_log(void **state)
{
	(void)state;
	FL_AUTO(fl_symbols) symbols = open_elf(true);
	FL_AUTO(fl_report) report = analyze(symbols, "09 82 08 24");
	assert_string_equal(report->trace.event.log, "cl.c:3: hello -5");
	FL_AUTO(fl_report) both = analyze(symbols, "08 42 6869 09 82 08 24");
	assert_string_equal(both->trace.event.log, "hi");
}

static void test_what_stays_unread(void **state)
{
	(void)state;
	FL_AUTO(fl_symbols) with = open_elf(true);
	FL_AUTO(fl_symbols) without = open_elf(false);
	const struct {
		const struct fl_symbols *symbols;
		const char *rest, *why;
	} cases[] = {
		{ without, "09 82 08 24", "no ELF with log formats (section log_fmt)" },
		{ NULL, "09 82 08 24", "no ELF with log formats (section log_fmt)" },
		{ with, "09 82 09 24", "no log format at offset 0x9 of section log_fmt" },
		{ with, "09 80", "its arguments are damaged" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[160];
		FL_AUTO(fl_report) report = analyze(cases[i].symbols, cases[i].rest);
		snprintf(text, sizeof(text), "the compact log of the event stays unread: %s",
			 cases[i].why);
		assert_null(report->trace.event.log);
		assert_true(has_finding(report, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_of_the_log),
		cmocka_unit_test(test_what_stays_unread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
