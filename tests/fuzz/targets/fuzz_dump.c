/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal says what and where; what was accepted keeps its own promises. */
#include "dump/dump.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_spans(const struct fl_dump *dump, const uint8_t *data, size_t size)
{
	size_t count;
	const struct fl_span *spans = fl_dump_spans(dump, &count);
	for (size_t i = 0; i < count; i++) {
		require(spans[i].source == FL_SPAN_DUMP && spans[i].size);
		require((uint64_t)spans[i].addr + spans[i].size <= UINT64_C(1) << 32);
		require(spans[i].bytes >= data && spans[i].bytes + spans[i].size <= data + size);
	}
	/* The first block is what a reader sees, whatever overlaps it later. */
	uint8_t byte;
	if (count && fl_dump_read(dump, spans[0].addr, &byte, 1, NULL) == FL_OK)
		require(byte == spans[0].bytes[0]);
	else
		require(!count);
}

static void check_text(const char *text)
{
	for (; text && *text; text++)
		require((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FL_AUTO(fl_dump) dump = NULL;
	struct fl_error err = { 0 };
	enum fl_code code = fl_dump_open(data, size, &dump, &err);
	if (code) {
		require(!dump && err.code == code && err.message[0] && err.at <= size);
		require(!strchr(err.message, '\n'));
		return 0;
	}
	check_spans(dump, data, size);
	const struct fl_dump_identity *identity = fl_dump_identity(dump);
	check_text(identity->device_serial);
	check_text(identity->software_version);
	check_text(identity->software_type);
	check_text(identity->hardware_version);
	size_t count;
	fl_dump_contexts(dump, &count);
	require(count == fl_dump_facts(dump)->context_count);
	const struct fl_findings *findings = fl_dump_findings(dump);
	for (size_t i = 0; i < findings->count; i++)
		require(findings->items[i].text[0] && findings->items[i].at <= size);
	return 0;
}
