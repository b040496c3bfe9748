/* SPDX-License-Identifier: Apache-2.0 */
#include "rendered.h"

#include "support/cmocka.h"
#include "support/traces.h"

#include "report/clean.h"

#include <string.h>

char *render(const struct fl_report *report, const struct fl_text_options *options)
{
	struct fl_buffer text = { 0 };
	struct fl_error err = { 0 };
	if (fl_report_text(report, options, &text, &err))
		fail_msg("%s", err.message);
	assert_int_equal(strlen((char *)text.data), text.size);
	return (char *)text.data;
}

char *render_width(const struct fl_report *report, unsigned width)
{
	struct fl_text_options options = { .size = sizeof(options), .width = width };
	return render(report, &options);
}

size_t count_of(const char *text, const char *word)
{
	size_t count = 0;
	for (; (text = strstr(text, word)); text += strlen(word))
		count++;
	return count;
}

void check_widths(const char *text, size_t width)
{
	while (*text) {
		size_t size = strcspn(text, "\n");
		if (fl_columns(text, size) > width) {
			size_t indent = strspn(text, " ");
			if (memchr(text + indent, ' ', size - indent))
				fail_msg("wider than %zu: %.*s", width, (int)size, text);
		}
		text += size + 1;
	}
}

struct fl_report *usual_trace(void)
{
	struct fl_report *report = trace_make_full();
	struct fl_trace *t = &report->trace;
	t->fault.absent = false;
	t->fault.known = 1u << FL_SHCSR | 1u << FL_CFSR | 1u << FL_HFSR | 1u << FL_MMFAR |
			 1u << FL_BFAR | 1u << FL_CPUID;
	t->fault.value[FL_SHCSR] = 0x00070001;
	t->fault.value[FL_HFSR] = 0;
	t->cause.imprecise = false;
	t->cause.random_frame = false;
	t->dump.truncated = false;
	t->dump.has_capture_time = false;
	t->match = FL_MATCH_SAME;
	t->build_id_conflict = false;
	t->module_count = 1;
	t->modules[0].match = FL_MATCH_SAME;
	t->modules[0].bytes_equal = 4096;
	t->modules[0].calls_equal = 5;
	t->modules[0].has_mismatch = false;
	t->finding_count = 0;
	t->kernel = (struct fl_kernel_facts){ 0 };
	t->thread_count = 1;
	t->threads[0].has_block = t->threads[0].has_core = t->threads[0].has_entry = false;
	t->threads[0].has_base_priority = false;
	t->threads[0].entry = NULL;
	t->threads[0].overflow = (struct fl_overflow_verdict){ 0 };
	t->threads[0].frame_count = 2;
	t->threads[0].stop = FL_STOP_ENTRY;
	t->threads[0].stop_text = "reached the entry function main";
	return report;
}

const char *source_of_all(void *context, const char *file, uint32_t line)
{
	static const struct {
		uint32_t line;
		const char *text;
	} lines[] = {
		{ 17, "\t*where = value;" },
		{ 41, "\tif (a)\tstore(a, \033[1m); /* a comment that is longer than the "
		      "line can take, so that it is cut */" },
	};
	++*(unsigned *)context;
	assert_string_equal(file, "src/sensor.cpp");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (lines[i].line == line)
			return lines[i].text;
	return NULL;
}
