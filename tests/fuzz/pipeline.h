/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the targets of the whole pipeline share. */
#ifndef FUZZ_PIPELINE_H
#define FUZZ_PIPELINE_H

#include "fuzz/target.h"

#include <faultline/faultline.h>

#include <stdio.h>
#include <string.h>

/** The symbols of one image, which is read once and kept for the life of the process. */
static inline const struct fl_symbols *pipeline_symbols(const char *path)
{
	static struct fl_symbols *symbols;
	static uint8_t bytes[1 << 20];
	if (symbols)
		return symbols;
	FILE *file = fopen(path, "rb");
	CHECK(file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CHECK(fl_symbols_open(bytes, size, "fw.elf", &symbols, NULL) == FL_OK);
	return symbols;
}

/** The report survives its binary form unchanged, and renders. */
static inline void pipeline_check_report(const struct fl_report *report)
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
	CHECK(fl_report_facts(again).category && fl_report_facts(again).title);
}

#endif
