/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carriers: however the bytes are split over calls, the same items and counts come out.
 * Input: u8 carrier, u8 seed of the splits, bytes.
 */
#include <faultline/carrier.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	struct fl_carrier_counts counts;
	uint64_t digest, bytes;
};

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static enum fl_code on_item(void *context, const void *bytes, size_t size, struct fl_error *err)
{
	(void)err;
	struct result *result = context;
	require(size > 0);
	result->bytes += size;
	result->digest = result->digest * 31 + size;
	for (size_t i = 0; i < size; i++)
		result->digest = result->digest * 31 + ((const uint8_t *)bytes)[i];
	return FL_OK;
}

static void
feed(struct fl_carrier_reader *reader, const uint8_t *data, size_t size, struct result *result)
{
	uint8_t *exact = malloc(size ? size : 1);
	require(exact);
	memcpy(exact, data, size);
	require(!fl_carrier_reader_feed(reader, exact, size, on_item, result, &result->counts,
					NULL));
	free(exact);
}

static struct result read_all(enum fl_carrier carrier, const char *boundary, const uint8_t *data,
			      size_t size, uint32_t seed)
{
	FL_AUTO(fl_carrier_reader) reader = NULL;
	struct result result = { 0 };
	require(!fl_carrier_reader_open(carrier, boundary, &reader, NULL));
	for (size_t at = 0; at < size;) {
		size_t piece = size;
		if (seed) {
			seed = seed * 1664525 + 1013904223;
			piece = 1 + (seed >> 24) % (seed & 0x800000 ? 4 : 60);
		}
		if (piece > size - at)
			piece = size - at;
		feed(reader, data + at, piece, &result);
		at += piece;
	}
	require(!fl_carrier_reader_end(reader, on_item, &result, &result.counts, NULL));
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum fl_carrier carriers[] = { FL_CARRIER_LOG,       FL_CARRIER_BASE64,
						    FL_CARRIER_SPOOL,     FL_CARRIER_MULTIPART,
						    FL_CARRIER_MULTIPART, FL_CARRIER_CHUNK };
	if (size < 2)
		return 0;
	size_t which = data[0] % 6;
	const char *boundary = which == 3 ? "B" : NULL;
	uint32_t seed = data[1] + 1u;
	data += 2;
	size -= 2;
	struct result whole = read_all(carriers[which], boundary, data, size, 0);
	struct result split = read_all(carriers[which], boundary, data, size, seed);
	require(whole.digest == split.digest);
	require(!memcmp(&whole.counts, &split.counts, sizeof(whole.counts)));
	require(whole.counts.bytes == size && whole.counts.item_bytes == whole.bytes);
	require(whole.counts.damaged_bytes <= size);
	enum fl_carrier found = fl_carrier_sniff(data, size, size);
	require((unsigned)found < FL_CARRIER_COUNT);
	require((unsigned)fl_carrier_sniff(data, size, size + 1) < FL_CARRIER_COUNT);
	return 0;
}
