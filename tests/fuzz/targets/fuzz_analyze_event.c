/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any event through the whole pipeline: it gives a report or says what is wrong and where; the
 * report survives its binary form unchanged and renders; it joins by something, holds no more than
 * two physical frames, and an ELF changes nothing that was sent.
 */
#include "fuzz/pipeline.h"

static void check_facts(const struct fl_report_facts *facts)
{
	bool joins = false;
	CHECK(facts->kind != FL_REPORT_DUMP);
	for (size_t i = 0; i < facts->fingerprint_count; i++) {
		joins |= facts->fingerprints[i].joins;
		CHECK(!facts->fingerprints[i].leads);
	}
	CHECK(joins);
	CHECK(facts->build_id_size == 0 ||
	      (facts->build_id_size >= 5 && facts->build_id_size <= 20));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = FL_TESTS "/analyze/data/events.elf";
	const struct fl_symbols *symbols[] = { pipeline_symbols(path) };
	struct fl_error err = { 0 };
	FL_AUTO(fl_report) named = NULL;
	FL_AUTO(fl_report) bare = NULL;
	enum fl_code code = fl_analyze_event(data, size, symbols, 1, NULL, &named, &err);
	CHECK(fl_analyze_event(data, size, NULL, 0, NULL, &bare, NULL) == code);
	if (code) {
		CHECK(err.message[0] && err.at <= size);
		return 0;
	}
	struct fl_report_facts a = fl_report_facts(named);
	struct fl_report_facts b = fl_report_facts(bare);
	pipeline_check_report(named);
	pipeline_check_report(bare);
	check_facts(&a);
	check_facts(&b);
	CHECK(a.kind == b.kind && a.has_pc == b.has_pc && a.has_lr == b.has_lr && a.pc == b.pc &&
	      a.lr == b.lr && a.reason == b.reason && a.expected == b.expected);
	return 0;
}
