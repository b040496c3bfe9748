/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any dump through the whole pipeline, with the ELF it comes from: it gives a report or says what
 * is wrong and where; the report survives its binary form unchanged and renders.
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
	FILE *file = fopen(FL_CORPUS "/m4f-og/fw.elf", "rb");
	CHECK(file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CHECK(fl_symbols_open(bytes, size, "fw.elf", &symbols, NULL) == FL_OK);
	return symbols;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fl_symbols *symbols[] = { image() };
	struct fl_error err = { 0 };
	FL_AUTO(fl_report) report = NULL;
	/* The first byte says whether there is an ELF. */
	size_t count = size && data[0] & 1;
	enum fl_code code = fl_analyze(size ? data + 1 : data, size ? size - 1 : 0, symbols, count,
				       NULL, &report, &err);
	if (code) {
		CHECK(err.message[0] && err.at <= size);
		return 0;
	}
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
	CHECK(fl_report_facts(again).category && fl_report_facts(again).title);
	return 0;
}
