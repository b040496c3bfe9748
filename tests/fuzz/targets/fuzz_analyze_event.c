/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any event through the whole pipeline: it gives a report or says what is wrong and where; the
 * report survives its binary form unchanged and renders; it joins by something, holds no more than
 * two physical frames, and an ELF changes nothing that was sent.
 */
#include <faultline/faultline.h>

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			__builtin_trap(); \
	} while (0)

static const struct fl_symbols *image(void)
{
	static struct fl_symbols *symbols; /* kept for the life of the process */
	static uint8_t bytes[1 << 20];
	if (symbols)
		return symbols;
	FILE *file = fopen(FL_TESTS "/analyze/data/events.elf", "rb");
	CHECK(file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CHECK(fl_symbols_open(bytes, size, "events.elf", &symbols, NULL) == FL_OK);
	return symbols;
}

static void check_report(const struct fl_report *report)
{
	FL_AUTO(fl_report) again = NULL;
	FL_AUTO_BUFFER bytes = { 0 };
	FL_AUTO_BUFFER same = { 0 };
	FL_AUTO_BUFFER text = { 0 };
	FL_AUTO_BUFFER json = { 0 };
	CHECK(fl_report_encode(report, &bytes, NULL) == FL_OK);
	CHECK(fl_report_decode(bytes.data, bytes.size, &again, NULL) == FL_OK);
	CHECK(fl_report_encode(again, &same, NULL) == FL_OK);
	CHECK(bytes.size == same.size && memcmp(bytes.data, same.data, same.size) == 0);
	CHECK(fl_report_text(again, NULL, &text, NULL) == FL_OK && text.size);
	CHECK(fl_report_json(again, &json, NULL) == FL_OK && json.size);
}

static void check_facts(const struct fl_report_facts *facts)
{
	bool joins = false;
	CHECK(facts->category && facts->title && facts->kind != FL_REPORT_DUMP);
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
	const struct fl_symbols *symbols[] = { image() };
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
	check_report(named);
	check_report(bare);
	check_facts(&a);
	check_facts(&b);
	CHECK(a.kind == b.kind && a.has_pc == b.has_pc && a.has_lr == b.has_lr && a.pc == b.pc &&
	      a.lr == b.lr && a.reason == b.reason && a.expected == b.expected);
	return 0;
}
