/* SPDX-License-Identifier: Apache-2.0 */
/* Widths, colours and control characters of a report as text. */
#include "rendered.h"
#include "support/cmocka.h"
#include "support/traces.h"

#include "report/clean.h"
#include "report/text_parts.h"

#include <stdlib.h>
#include <string.h>

static void set_names(struct fl_report *report, const char *function, const char *file)
{
	struct fl_thread *thread = &report->trace.threads[0];
	for (size_t i = 0; i < thread->frame_count; i++) {
		if (thread->frames[i].kind == FL_FRAME_EXCEPTION)
			continue;
		thread->frames[i].function = function;
		thread->frames[i].file = file;
		thread->frames[i].line = 12345;
	}
}

static void test_no_line_is_too_wide(void **state)
{
	(void)state;
	static const char *const functions[] = {
		"f",
		"a_function_name_that_is_exactly_as_long_as_it_needs_to_be_here",
		"std::map<std::basic_string<char>, std::vector<std::pair<int, unsigned long> > >"
		"::emplace_hint<std::pair<std::basic_string<char>, int> >",
		"app::drivers::very_long_namespace_name::another_long_namespace_name"
		"::yet_another_one::Class::method_with_a_long_name",
		"caf\xc3\xa9::stra\xc3\x9f"
		"e_the_name_goes_on_and_on_and_on_until_it_does_not_fit",
	};
	static const char *const files[] = {
		"a.c",
		"/builder/workspace/product/third_party/vendor/drivers/sensors/source/transport.c",
		"no_directory_but_a_very_long_name_of_a_file_that_goes_on_and_on_and_on_and_on.cpp",
	};
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		for (size_t k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
			FL_AUTO(fl_report) report = trace_make_full();
			set_names(report, functions[i], files[k]);
			for (unsigned width = 40; width <= 130; width += 7) {
				char *text = render_width(report, width);
				check_widths(text, width);
				free(text);
			}
		}
	}
}

/* The same of the table: in every column something that is too long for it. */
static void test_no_row_is_too_wide(void **state)
{
	(void)state;
	static const char *const names[] = { "t", "a_thread_of_a_name_that_is_longer_than_any",
					     "caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FL_AUTO(fl_report) report = trace_make_threads();
		struct fl_thread *threads = report->trace.threads;
		for (size_t k = 0; k < report->trace.thread_count; k += 2)
			threads[k].name = names[i];
		threads[0].frames[0].function = threads[2].frames[2].function =
			"app::drivers::very_long_namespace_name::Class<int>::method_of_long_name";
		threads[1].wait.object_name = "locks";
		threads[1].stack.end = UINT32_MAX;
		threads[1].stack.used = threads[1].stack.high_water = UINT32_MAX;
		threads[1].priority = INT32_MIN;
		threads[1].base_priority = INT32_MAX;
		for (unsigned width = 40; width <= 200; width += 3) {
			char *text = render_width(report, width);
			char *end = strstr(text, "\nBacktrace");
			*end = '\0';
			check_widths(strstr(text, "\nThreads") + 1, width);
			free(text);
		}
	}
}

static void test_long_names_are_elided_sensibly(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t columns;
		const char *expected;
	} cases[] = {
		{ "short", 10, "short" },
		{ "vector<int>::at", 15, "vector<int>::at" },
		{ "vector<int, allocator<int> >::at", 20, "vector<...>::at" },
		{ "vector<int, allocator<int> >::at", 14, "vector::at" },
		{ "vector<int>::at<char, char>", 24, "vector<int>::at<...>" },
		{ "very_long_function_name_without_arguments", 20, "very_...ut_arguments" },
		{ "<app::Ring<u8> as Drop>::drop", 28, "<app::Ring<...> as Drop>::drop" },
		{ "Foo::operator<(Foo const&)", 12, "Foo...const&)" },
		{ "caf\xc3\xa9_caf\xc3\xa9_caf\xc3\xa9", 10, "ca..._caf\xc3\xa9" },
	};
	FL_AUTO_STR out = { 0 };
	struct fl_text t = { .out = &out, .width = 80 };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *got = fl_text_fit_name(&t, cases[i].name, cases[i].columns);
		if (fl_columns(got, strlen(got)) > cases[i].columns)
			fail_msg("%s is wider than %zu", got, cases[i].columns);
	}
	assert_string_equal(fl_text_fit_name(&t, cases[2].name, 20), cases[2].expected);
	assert_string_equal(fl_text_fit_name(&t, cases[3].name, 14), cases[3].expected);
	assert_string_equal(fl_text_fit_name(&t, cases[5].name, 20), cases[5].expected);
	assert_string_equal(fl_text_fit_name(&t, cases[8].name, 10), cases[8].expected);
	assert_string_equal(fl_text_fit_path(&t, "/a/long/way/to/file.c", 15), ".../to/file.c");
	assert_string_equal(fl_text_fit_path(&t, "/a/file.c", 15), "/a/file.c");
	assert_string_equal(fl_text_fit_path(&t, "one_long_name.c", 10), "..._name.c");
	fl_text_deinit(&t);
}

/* Without its SGR sequences a coloured report is the plain one. */
static void colour_is_only_paint(const struct fl_report *report)
{
	struct fl_text_options options = { .size = sizeof(options), .color = true };
	char *painted = render(report, &options);
	char *plain = render(report, NULL);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strchr(painted, '\033'));
	char *to = painted;
	for (const char *from = painted; *from;) {
		if (*from == '\033') {
			assert_int_equal(from[1], '[');
			size_t size = 2 + strspn(from + 2, "0123456789;");
			assert_int_equal(from[size], 'm');
			from += size + 1;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	assert_string_equal(painted, plain);
	free(painted);
	free(plain);
}

static void test_colour_is_only_paint(void **state)
{
	(void)state;
	FL_AUTO(fl_report) full = trace_make_full();
	colour_is_only_paint(full);
	FL_AUTO(fl_report) threads = trace_make_threads();
	colour_is_only_paint(threads);
	struct fl_text_options options = { .size = sizeof(options), .color = true };
	char *painted = render(threads, &options);
	assert_non_null(strstr(painted, "\033[1;31muart_rx\033[0m "));
	assert_non_null(strstr(painted, "\033[1;31m560/512 !\033[0m "));
	assert_non_null(strstr(painted, "\033[33m1900/2048 ?\033[0m "));
	free(painted);
}

/* Every string of the model, hostile: nothing but text and line ends may reach the terminal. */
static void test_no_control_characters(void **state)
{
	(void)state;
	static const char evil[] = "a\033[2J\rb\nc\x7f\xc2\x9b"
				   "d\xff";
	FL_AUTO(fl_report) report = trace_make_full();
	struct fl_trace *t = &report->trace;
	set_names(report, evil, evil);
	t->cause.title = t->cause.category = t->signature.title = evil;
	t->cause.evidence[0] = t->findings[0].text = t->findings[1].text = evil;
	t->identity.device_serial = t->identity.software_type = t->identity.hardware_version = evil;
	t->identity.software_version = t->dump.format = t->reason.name = evil;
	t->modules[0].name = t->modules[1].name = evil;
	t->threads[0].name = t->threads[0].stop_text = t->threads[0].entry = evil;
	t->threads[0].overflow.evidence[0] = t->threads[1].wait.object_name = evil;
	t->kernel.name = evil;
	t->threads[0].frames[2].function = t->threads[0].frames[3].module = evil;
	t->fault.absent = false;
	t->fault.facts[0].name = t->fault.facts[0].meaning = evil;
	t->engine_version = t->sandbox = evil;
	t->signature.steps[0].because = t->signature.steps[0].action = evil;
	t->signature.fingerprints[0].kind = t->signature.fingerprints[0].preimage = evil;
	FL_AUTO_BUFFER explained = { 0 };
	assert_int_equal(fl_report_explain(report, &explained, NULL), FL_OK);
	char *texts[] = { render(report, NULL), (char *)explained.data };
	for (size_t i = 0; i < 2; i++) {
		for (const unsigned char *c = (unsigned char *)texts[i]; *c; c++)
			assert_true(*c == '\n' || (*c >= 0x20 && *c != 0x7f));
		assert_null(strstr(texts[i], "\xc2\x9b"));
		assert_null(strchr(texts[i], '\xff'));
	}
	free(texts[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_line_is_too_wide),
		cmocka_unit_test(test_no_row_is_too_wide),
		cmocka_unit_test(test_long_names_are_elided_sensibly),
		cmocka_unit_test(test_colour_is_only_paint),
		cmocka_unit_test(test_no_control_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
