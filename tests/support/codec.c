/* SPDX-License-Identifier: Apache-2.0 */
#include "support/codec.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>

struct fl_buffer report_encoded(const struct fl_report *report)
{
	struct fl_buffer bytes = { 0 };
	struct fl_error err = { 0 };
	if (fl_report_encode(report, &bytes, &err))
		fail_msg("%s", err.message);
	return bytes;
}

struct fl_report *report_decoded(const struct fl_buffer *bytes)
{
	struct fl_report *report = NULL;
	struct fl_error err = { 0 };
	if (fl_report_decode(bytes->data, bytes->size, &report, &err))
		fail_msg("%s", err.message);
	return report;
}

void assert_same_report_bytes(const struct fl_buffer *a, const struct fl_buffer *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->data, b->data, a->size);
}

struct fl_report *report_stored(const char *path, struct fl_buffer *bytes_ret)
{
	static uint8_t file[16384];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	*bytes_ret = (struct fl_buffer){ .data = file, .size = fread(file, 1, sizeof(file), f) };
	fclose(f);
	return report_decoded(bytes_ret);
}

uint32_t report_section(const struct fl_buffer *bytes, unsigned id, size_t *payload_ret)
{
	size_t at = 12;
	for (;;) {
		uint32_t size;
		memcpy(&size, bytes->data + at + 4, sizeof(size));
		*payload_ret = at + 8;
		if (bytes->data[at] == id)
			return size;
		at += 8 + size;
		assert_true(at < bytes->size);
	}
}
