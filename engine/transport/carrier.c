/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/carrier.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE_MIN = 4096 };

static const char *const names[FL_CARRIER_COUNT] = {
	[FL_CARRIER_UNKNOWN] = "unknown",
	[FL_CARRIER_DUMP] = "dump",
	[FL_CARRIER_CHUNK] = "chunk",
	[FL_CARRIER_LOG] = "log",
	[FL_CARRIER_BASE64] = "base64",
	[FL_CARRIER_SPOOL] = "spool",
	[FL_CARRIER_MULTIPART] = "multipart",
	[FL_CARRIER_JSON] = "json",
	[FL_CARRIER_SSE] = "sse",
	[FL_CARRIER_ELF] = "elf",
	[FL_CARRIER_OTHER_DUMP] = "other_dump",
};

const char *fl_carrier_name(enum fl_carrier carrier)
{
	return (size_t)carrier < FL_CARRIER_COUNT ? names[carrier] : "unknown";
}

bool fl_carrier_parse(const char *name, enum fl_carrier *ret)
{
	for (size_t i = 0; i < FL_CARRIER_COUNT; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*ret = (enum fl_carrier)i;
		return true;
	}
	return false;
}

void fl_sink_damage(const struct fl_sink *sink, uint64_t bytes)
{
	sink->counts->damaged++;
	sink->counts->damaged_bytes += bytes;
}

enum fl_code fl_sink_item(const struct fl_sink *sink, const void *bytes, size_t size)
{
	if (!size || size > FL_CARRIER_ITEM_MAX) {
		fl_sink_damage(sink, size);
		return FL_OK;
	}
	sink->counts->items++;
	sink->counts->item_bytes += size;
	return sink->on_item(sink->context, bytes, size, sink->err);
}

uint8_t *fl_reader_room(struct fl_carrier_reader *reader, size_t size)
{
	if (size <= reader->decoded.room)
		return (uint8_t *)reader->decoded.data;
	void *data = realloc(reader->decoded.data, size);
	if (!data)
		return NULL;
	reader->decoded.data = data;
	reader->decoded.room = size;
	return data;
}

/* DUMP and CHUNK: all of it is one item. */
enum fl_code fl_scan_all(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			 const uint8_t *bytes, size_t size, bool final, size_t *used)
{
	*used = size;
	if (reader->skipping) {
		sink->counts->damaged_bytes += size;
		return FL_OK;
	}
	if (size > FL_CARRIER_ITEM_MAX) {
		fl_sink_damage(sink, size);
		reader->skipping = true;
		return FL_OK;
	}
	if (final)
		return size ? fl_sink_item(sink, bytes, size) : FL_OK;
	*used = 0;
	return FL_OK;
}

static fl_scan_fn scanner(enum fl_carrier carrier)
{
	switch (carrier) {
	case FL_CARRIER_DUMP:
	case FL_CARRIER_CHUNK:
		return fl_scan_all;
	case FL_CARRIER_LOG:
		return fl_scan_log;
	case FL_CARRIER_BASE64:
		return fl_scan_base64;
	case FL_CARRIER_SPOOL:
		return fl_scan_spool;
	case FL_CARRIER_MULTIPART:
		return fl_scan_multipart;
	default:
		return NULL;
	}
}

enum fl_code fl_carrier_reader_open(enum fl_carrier carrier, const char *boundary,
				    struct fl_carrier_reader **ret, struct fl_error *err)
{
	fl_scan_fn scan = scanner(carrier);
	if (!scan)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "\"%s\" has no chunks to read",
			       fl_carrier_name(carrier));
	FL_AUTO(fl_carrier_reader) reader = calloc(1, sizeof(*reader));
	if (!reader)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a reader");
	reader->scan = scan;
	reader->lines.all_chunks = true;
	reader->lines.next = UINT64_MAX;
	if (boundary && boundary[0])
		fl_str_addf(&reader->multipart.delimiter, "--%s", boundary);
	if (reader->multipart.delimiter.failed)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a boundary");
	*ret = fl_carrier_reader_take(&reader);
	return FL_OK;
}

void fl_carrier_reader_close(struct fl_carrier_reader *reader)
{
	if (!reader)
		return;
	fl_str_deinit(&reader->carry);
	fl_str_deinit(&reader->decoded);
	fl_str_deinit(&reader->multipart.delimiter);
	free(reader);
}

static enum fl_code
keep(struct fl_carrier_reader *reader, const uint8_t *bytes, size_t size, struct fl_error *err)
{
	fl_str_add(&reader->carry, bytes, size);
	if (reader->carry.failed)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for an item");
	return FL_OK;
}

static void drop_front(struct fl_str *carry, size_t count)
{
	if (!count)
		return;
	memmove(carry->data, carry->data + count, carry->size - count);
	carry->size -= count;
}

/* Decide what was kept with the help of a piece of what is new. @p taken: of the new bytes. */
static enum fl_code scan_carry(struct fl_carrier_reader *reader, const struct fl_sink *sink,
			       const uint8_t *bytes, size_t size, size_t *taken)
{
	size_t before = reader->carry.size;
	size_t piece = before > PIECE_MIN ? before : PIECE_MIN;
	*taken = piece < size ? piece : size;
	enum fl_code code = keep(reader, bytes, *taken, sink->err);
	if (code)
		return code;
	size_t used;
	code = reader->scan(reader, sink, (const uint8_t *)reader->carry.data, reader->carry.size,
			    false, &used);
	if (used < before) {
		drop_front(&reader->carry, used);
	} else {
		*taken = used - before;
		reader->carry.size = 0;
	}
	return code;
}

enum fl_code fl_carrier_reader_feed(struct fl_carrier_reader *reader, const void *bytes,
				    size_t size, fl_carrier_fn on_item, void *context,
				    struct fl_carrier_counts *counts, struct fl_error *err)
{
	const struct fl_sink sink = { on_item, context, counts, err };
	const uint8_t *p = bytes;
	counts->bytes += size;
	while (size && reader->carry.size) {
		size_t taken;
		enum fl_code code = scan_carry(reader, &sink, p, size, &taken);
		if (code)
			return code;
		p += taken;
		size -= taken;
	}
	if (!size)
		return FL_OK;
	size_t used;
	enum fl_code code = reader->scan(reader, &sink, p, size, false, &used);
	return code ? code : keep(reader, p + used, size - used, err);
}

enum fl_code fl_carrier_reader_end(struct fl_carrier_reader *reader, fl_carrier_fn on_item,
				   void *context, struct fl_carrier_counts *counts,
				   struct fl_error *err)
{
	const struct fl_sink sink = { on_item, context, counts, err };
	size_t used;
	const char *rest = reader->carry.size ? reader->carry.data : "";
	enum fl_code code =
		reader->scan(reader, &sink, (const uint8_t *)rest, reader->carry.size, true, &used);
	reader->carry.size = 0;
	return code;
}
