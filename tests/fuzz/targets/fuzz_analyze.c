/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any dump through the whole pipeline, with the ELF it comes from: it gives a report or says what
 * is wrong and where; the report survives its binary form unchanged and renders.
 */
#include "fuzz/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fl_symbols *symbols[] = { pipeline_symbols(FL_CORPUS "/m4f-og/fw.elf") };
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
	pipeline_check_report(report);
	return 0;
}
