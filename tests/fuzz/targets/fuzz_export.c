/* SPDX-License-Identifier: Apache-2.0 */
/* Exported events: in whatever pieces they come, the same comes out; and no byte counts twice. */
#include "intake/export.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	uint64_t hash; /**< of what was handed out */
	struct fl_carrier_counts counts;
	struct fl_export_counts events;
};

static void mix(struct result *result, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	for (size_t i = 0; i < size; i++)
		result->hash = (result->hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static enum fl_code on_item(void *context, const struct fl_exported *item, struct fl_error *err)
{
	struct result *result = context;
	(void)err;
	if (!item->size || (item->has_time && item->time < 0) || (item->device && !item->device[0]))
		abort();
	mix(result, item->bytes, item->size);
	mix(result, "", 1);
	if (item->device)
		mix(result, item->device, strlen(item->device));
	if (item->has_time)
		mix(result, &item->time, sizeof(item->time));
	return FL_OK;
}

static struct result run(enum fl_carrier carrier, const uint8_t *data, size_t size, size_t piece)
{
	const struct fl_json_fields fields = { 0 };
	struct result result = { 0 };
	FL_AUTO(fl_export_reader) reader = NULL;
	if (fl_export_reader_open(carrier, &fields, &reader, NULL))
		abort();
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		uint8_t *copy = malloc(n);
		if (!copy)
			abort();
		memcpy(copy, data + at, n);
		if (fl_export_reader_feed(reader, copy, n, on_item, &result, &result.counts,
					  &result.events, NULL))
			abort();
		free(copy);
	}
	if (fl_export_reader_end(reader, on_item, &result, &result.counts, &result.events, NULL))
		abort();
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	enum fl_carrier carrier = data[0] & 1 ? FL_CARRIER_SSE : FL_CARRIER_JSON;
	size_t piece = data[0] / 2 + 1;
	data++;
	size--;
	struct result whole = run(carrier, data, size, size ? size : 1);
	struct result pieces = run(carrier, data, size, piece);
	if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
		abort();
	if (whole.counts.bytes != size || whole.counts.damaged_bytes > size ||
	    whole.counts.items + whole.counts.damaged + whole.events.others > size ||
	    whole.counts.item_bytes > size)
		abort();
	return 0;
}
