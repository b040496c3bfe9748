/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/rle.h"

#include "transport/varint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct run {
	size_t count;
	const uint8_t *bytes; /* count of them, or one that is repeated */
	bool repeated;
};

/* False at the end and at the first run that is cut: the reader tells them apart. */
static bool next_run(struct fl_reader *r, struct run *ret)
{
	if (!fl_reader_left(r))
		return false;
	uint32_t code = fl_read_varint(r);
	ret->repeated = !(code & 1);
	ret->count = (code >> 1) + (size_t)(code & 1);
	/* No writer produces a count of 0; it is taken to do nothing. */
	ret->bytes = fl_read_bytes(r, ret->repeated && code ? 1 : ret->count);
	return ret->bytes != NULL;
}

/* What the good runs come to, and where they stop being good. */
static size_t measure(const void *bytes, size_t size, size_t limit, struct fl_error *stop)
{
	struct fl_reader r = fl_reader("RLE", bytes, size, 0);
	struct run run;
	size_t total = 0;
	size_t at = 0;
	for (; next_run(&r, &run); at = r.pos) {
		if (run.count > limit - total) {
			fl_fail(stop, FL_ELIMIT, FL_AT_FILE_OFFSET, at,
				"RLE: more than %zu bytes come out", limit);
			return total;
		}
		total += run.count;
	}
	*stop = r.error;
	stop->at = at;
	return total;
}

static void expand(const void *bytes, size_t size, uint8_t *out, size_t total)
{
	struct fl_reader r = fl_reader("RLE", bytes, size, 0);
	struct run run;
	for (size_t done = 0; done < total && next_run(&r, &run); done += run.count) {
		if (run.repeated)
			memset(out + done, run.bytes[0], run.count);
		else
			memcpy(out + done, run.bytes, run.count);
	}
}

enum fl_code fl_rle_decode(const void *bytes, size_t size, size_t limit, struct fl_buffer *ret,
			   struct fl_error *err)
{
	struct fl_error stop = { 0 };
	size_t total = measure(bytes, size, limit, &stop);
	uint8_t *out = malloc(total ? total : 1);
	if (!out)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for %zu decoded bytes",
			       total);
	expand(bytes, size, out, total);
	*ret = (struct fl_buffer){ .data = out, .size = total };
	if (stop.code && err)
		*err = stop;
	return stop.code;
}
