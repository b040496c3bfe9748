/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run-length code: output within the limit; what is kept of damaged input is what its good
 * beginning decodes to; literals alone come back. Input: u16 limit, coded bytes.
 */
#include "transport/rle.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

/* One run of literals. */
static void check_literals(const uint8_t *data, size_t size)
{
	size_t count = size < 64 ? size : 64;
	uint8_t coded[66];
	FL_AUTO_BUFFER out = { 0 };
	if (!count)
		return;
	coded[0] = (uint8_t)(2 * count - 1);
	memcpy(coded + 1, data, count);
	require(!fl_rle_decode(coded, count + 1, count, &out, NULL));
	require(out.size == count && !memcmp(out.data, data, count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t limit = (size_t)(data[0] | (unsigned)data[1] << 8);
	data += 2;
	size -= 2;
	FL_AUTO_BUFFER out = { 0 };
	struct fl_error err = { 0 };
	enum fl_code code = fl_rle_decode(data, size, limit, &out, &err);
	require(out.data && out.size <= limit);
	if (code) {
		require((code == FL_EFORMAT || code == FL_ELIMIT) && err.code == code);
		require(err.at < size);
		FL_AUTO_BUFFER good = { 0 };
		require(!fl_rle_decode(data, (size_t)err.at, limit, &good, NULL));
		require(good.size == out.size && !memcmp(good.data, out.data, good.size));
	}
	check_literals(data, size);
	return 0;
}
