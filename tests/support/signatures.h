/* SPDX-License-Identifier: Apache-2.0 */
/** @file What tests ask of a signature. */
#ifndef SUPPORT_SIGNATURES_H
#define SUPPORT_SIGNATURES_H

#include "report/report.h"

/** With the lists of the library; a failure fails the test. */
void signature_compute(struct fl_report *report);

/** trace_make() with its signature. */
struct fl_report *signature_trace(const char *category, const char *frames);

/** NULL: there is none of that kind. */
const struct fl_fingerprint *signature_find(const struct fl_report *report, const char *kind);

/** The kind and pre-image of the one fingerprint that decides: "top: Assert at f". */
const char *signature_decisive(const struct fl_report *report, char *buf, size_t size);

/** What signature_trace() gives: its title, and what decides. */
struct signature_case {
	const char *category, *frames, *title, *decides;
};
void signature_check(const struct signature_case *cases, size_t count);
#define SIGNATURE_CHECK(cases) signature_check(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
