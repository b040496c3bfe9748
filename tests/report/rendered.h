/* SPDX-License-Identifier: Apache-2.0 */
/** @file Reports as text, and what can be said of any. What fails, fails the test. */
#ifndef TESTS_REPORT_RENDERED_H
#define TESTS_REPORT_RENDERED_H

#include <faultline/report.h>

#include <stddef.h>
#include <stdint.h>

/** free() it. */
char *render(const struct fl_report *report, const struct fl_text_options *options);
char *render_width(const struct fl_report *report, unsigned width);

size_t count_of(const char *text, const char *word);

/** Wider than the width may only be what cannot be broken: a line of one word, indented. */
void check_widths(const char *text, size_t width);

/** A hard fault as a user meets it: everything captured, the right ELF, one inlined call. */
struct fl_report *usual_trace(void);

/** Of fl_text_options: some lines of source. */
const char *source_of_all(void *context, const char *file, uint32_t line);

#endif
