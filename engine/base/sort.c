/* SPDX-License-Identifier: Apache-2.0 */
/* A radix sort of numbers and places: comparing was a seventh of what compiling an ELF took. */
#include "base/sort.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 64, DIGIT_BITS = 8, NUMBER_BITS = 32, VALUES = 1 << DIGIT_BITS };

struct place {
	uint32_t number;
	uint32_t index; /* where the item was */
};

struct items {
	uint8_t *bytes;
	size_t count;
	size_t size; /* of one */
	int (*compare)(const void *, const void *);
};

static uint8_t *at(const struct items *items, size_t i)
{
	return items->bytes + i * items->size;
}

static uint32_t number_at(const struct items *items, size_t i)
{
	uint32_t number;
	memcpy(&number, at(items, i), sizeof(number));
	return number;
}

static bool is_sorted(const struct items *items)
{
	for (size_t i = 1; i < items->count; i++)
		if (items->compare(at(items, i - 1), at(items, i)) > 0)
			return false;
	return true;
}

static unsigned digit_of(const struct place *place, unsigned shift)
{
	return place->number >> shift & (VALUES - 1);
}

static void sort_by_digit(const struct place *from, size_t count, unsigned shift, struct place *to)
{
	size_t starts[VALUES + 1] = { 0 };
	for (size_t i = 0; i < count; i++)
		starts[digit_of(&from[i], shift) + 1]++;
	for (size_t value = 1; value < VALUES; value++)
		starts[value] += starts[value - 1];
	for (size_t i = 0; i < count; i++)
		to[starts[digit_of(&from[i], shift)]++] = from[i];
}

/* @p spare has room for as many. */
static void sort_places(struct place *places, size_t count, struct place *spare)
{
	_Static_assert(NUMBER_BITS / DIGIT_BITS % 2 == 0, "the last pass ends in places");
	for (unsigned shift = 0; shift < NUMBER_BITS; shift += 2 * DIGIT_BITS) {
		sort_by_digit(places, count, shift, spare);
		sort_by_digit(spare, count, shift + DIGIT_BITS, places);
	}
}

static void move_items(const struct items *items, const struct place *places, uint8_t *copy)
{
	for (size_t i = 0; i < items->count; i++)
		memcpy(copy + i * items->size, at(items, places[i].index), items->size);
	memcpy(items->bytes, copy, items->count * items->size);
}

/* By their numbers only; false: no memory, and nothing has moved. */
static bool sort_by_number(const struct items *items)
{
	struct place *places = items->count > UINT32_MAX
				       ? NULL
				       : reallocarray(NULL, items->count, 2 * sizeof(*places));
	uint8_t *copy = places ? reallocarray(NULL, items->count, items->size) : NULL;
	for (size_t i = 0; copy && i < items->count; i++)
		places[i] = (struct place){ number_at(items, i), (uint32_t)i };
	if (copy) {
		sort_places(places, items->count, places + items->count);
		move_items(items, places, copy);
	}
	free(copy);
	free(places);
	return copy != NULL;
}

static void sort_equal_numbers(const struct items *items)
{
	for (size_t i = 0, end; i < items->count; i = end) {
		for (end = i + 1; end < items->count; end++)
			if (number_at(items, end) != number_at(items, i))
				break;
		if (end - i > 1)
			qsort(at(items, i), end - i, items->size, items->compare);
	}
}

void fl_sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	const struct items all = { items, count, size, compare };
	if (is_sorted(&all))
		return;
	if (count > FEW && sort_by_number(&all))
		sort_equal_numbers(&all);
	else
		qsort(items, count, size, compare);
}
