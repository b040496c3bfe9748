/* SPDX-License-Identifier: Apache-2.0 */
/* A radix sort, because a comparison sort costs as much as the look-ups. */
#include "sandbox/order.h"

enum { DIGIT_BITS = 8, DIGITS = 32 / DIGIT_BITS, VALUES = 1 << DIGIT_BITS };

static unsigned digit_of(uint64_t key, unsigned digit)
{
	return (unsigned)(key >> (32 + digit * DIGIT_BITS)) & (VALUES - 1);
}

static void sort_by_digit(const uint64_t *from, size_t count, unsigned digit, uint64_t *to)
{
	size_t starts[VALUES + 1] = { 0 };
	for (size_t i = 0; i < count; i++)
		starts[digit_of(from[i], digit) + 1]++;
	for (size_t value = 1; value < VALUES; value++)
		starts[value] += starts[value - 1];
	for (size_t i = 0; i < count; i++)
		to[starts[digit_of(from[i], digit)]++] = from[i];
}

void fl_order_addresses(const uint32_t *addrs, size_t count, uint64_t *ret, uint64_t *spare)
{
	_Static_assert(DIGITS % 2 == 0, "the last pass ends in ret");
	for (size_t i = 0; i < count; i++)
		ret[i] = (uint64_t)addrs[i] << 32 | i;
	for (unsigned digit = 0; digit < DIGITS; digit += 2) {
		sort_by_digit(ret, count, digit, spare);
		sort_by_digit(spare, count, digit + 1, ret);
	}
}
