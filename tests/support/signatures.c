/* SPDX-License-Identifier: Apache-2.0 */
#include "support/signatures.h"

#include "signature/signature.h"
#include "support/cmocka.h"
#include "support/traces.h"

#include <stdio.h>
#include <string.h>

void signature_compute(struct fl_report *report)
{
	struct fl_trace *t = &report->trace;
	assert_int_equal(fl_signature_compute(t, NULL, &report->arena, &t->signature), FL_OK);
}

struct fl_report *signature_trace(const char *category, const char *frames)
{
	struct fl_report *report = trace_make(category, frames);
	signature_compute(report);
	return report;
}

const struct fl_fingerprint *signature_find(const struct fl_report *report, const char *kind)
{
	const struct fl_signature *s = &report->trace.signature;
	for (size_t i = 0; i < s->fingerprint_count; i++)
		if (!strcmp(s->fingerprints[i].kind, kind))
			return &s->fingerprints[i];
	return NULL;
}

const char *signature_decisive(const struct fl_report *report, char *buf, size_t size)
{
	const struct fl_signature *s = &report->trace.signature;
	size_t joins = 0;
	for (size_t i = 0; i < s->fingerprint_count; i++) {
		if (!s->fingerprints[i].joins)
			continue;
		joins++;
		snprintf(buf, size, "%s: %s", s->fingerprints[i].kind, s->fingerprints[i].preimage);
	}
	assert_int_equal(joins, 1);
	return buf;
}

void signature_check(const struct signature_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char buf[1024];
		FL_AUTO(fl_report) report = signature_trace(cases[i].category, cases[i].frames);
		print_message("%s: %s\n", cases[i].category,
			      cases[i].frames ? cases[i].frames : "no thread");
		assert_string_equal(report->trace.signature.title, cases[i].title);
		assert_string_equal(signature_decisive(report, buf, sizeof(buf)), cases[i].decides);
	}
}
