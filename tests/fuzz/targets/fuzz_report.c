/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form of a report, as a parent gets it from a child that hostile input may have taken
 * over. Refused with a reason, or: what is written back is stable, everything renders, and the
 * signature can be computed again.
 */
#include "report/report.h"
#include "signature/signature.h"

#include <faultline/faultline.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		__builtin_trap();
}

/* In a table and in paragraphs; one thread, by whatever name the first has. */
static void render_threads(const struct fl_report *report)
{
	const struct fl_trace *trace = &report->trace;
	for (unsigned width = 40; width <= 160; width += 60) {
		FL_AUTO_BUFFER text = { 0 };
		struct fl_text_options options = { .size = sizeof(options), .width = width };
		if (width == 100)
			options.thread = trace->thread_count ? trace->threads[0].name : "crashed";
		enum fl_code code = fl_report_text(report, &options, &text, NULL);
		require(!code || (options.thread && code == FL_ENOTFOUND));
	}
}

static void render(const struct fl_report *report)
{
	FL_AUTO_BUFFER json = { 0 };
	FL_AUTO_BUFFER text = { 0 };
	FL_AUTO_BUFFER explained = { 0 };
	struct fl_text_options options = { .size = sizeof(options), .width = 60, .color = true };
	require(!fl_report_json(report, &json, NULL));
	require(!fl_report_text(report, &options, &text, NULL));
	render_threads(report);
	require(!fl_report_explain(report, &explained, NULL));
	require(strlen((char *)json.data) == json.size);
	for (size_t i = 0; i < explained.size; i++)
		require(explained.data[i] >= 0x20 || explained.data[i] == '\n');
}

static void write_back(const struct fl_report *report)
{
	FL_AUTO_BUFFER once = { 0 };
	FL_AUTO_BUFFER twice = { 0 };
	FL_AUTO(fl_report) again = NULL;
	require(!fl_report_encode(report, &once, NULL));
	require(!fl_report_decode(once.data, once.size, &again, NULL));
	require(!fl_report_encode(again, &twice, NULL));
	require(once.size == twice.size && !memcmp(once.data, twice.data, once.size));
}

static int same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void same_facts(const struct fl_report_facts *a, const struct fl_report_facts *b)
{
	require(same_text(a->device_serial, b->device_serial));
	require(same_text(a->category, b->category) && same_text(a->cause, b->cause));
	require(same_text(a->title, b->title) && same_text(a->function, b->function));
	require(same_text(a->rules_hash, b->rules_hash));
	require(!memcmp(a->build_id, b->build_id, sizeof(a->build_id)));
	require(a->kind == b->kind && a->pc == b->pc && a->lr == b->lr);
	require(a->needs_symbols == b->needs_symbols && a->finding_count == b->finding_count);
	require(a->fingerprint_count == b->fingerprint_count);
	for (size_t i = 0; i < a->fingerprint_count; i++)
		require(!memcmp(a->fingerprints[i].hash, b->fingerprints[i].hash, 16));
}

/* What keeps a report without looking at its threads accepts what can be decoded later. */
static void decode_facts(const uint8_t *data, size_t size, enum fl_code code,
			 const struct fl_error *err, const struct fl_report *report)
{
	FL_AUTO(fl_report) brief = NULL;
	struct fl_error other = { 0 };
	require(fl_report_decode_facts(data, size, &brief, &other) == code);
	require(!strcmp(err->message, other.message) && err->at == other.at);
	if (code)
		return;
	struct fl_report_facts a = fl_report_facts(report);
	struct fl_report_facts b = fl_report_facts(brief);
	same_facts(&a, &b);
	render(brief);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fl_rules *rules; /* parsed once: this is not what is fuzzed */
	FL_AUTO(fl_report) report = NULL;
	struct fl_error err = { 0 };
	if (!rules)
		require(!fl_rules_open(NULL, 0, &rules, NULL));
	enum fl_code code = fl_report_decode(data, size, &report, &err);
	decode_facts(data, size, code, &err, report);
	if (code) {
		require(err.message[0] && err.at <= size);
		return 0;
	}
	write_back(report);
	render(report);
	struct fl_signature signature;
	require(!fl_signature_compute(&report->trace, rules, &report->arena, &signature));
	report->trace.signature = signature;
	write_back(report);
	return 0;
}
