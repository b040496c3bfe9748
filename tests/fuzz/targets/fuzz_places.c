/* SPDX-License-Identifier: Apache-2.0 */
/* An answer to a look-up is refused, or every text in it is one that may be printed. */
#include "sandbox/places.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		__builtin_trap();
}

static void check_text(const char *text)
{
	for (; text && *text; text++)
		check((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_place(const struct fl_sandbox_places *places, size_t index)
{
	struct fl_scope scopes[FL_SCOPES_MAX];
	const char *module;
	size_t count = fl_sandbox_place(places, index, scopes, &module);
	check(count <= FL_SCOPES_MAX);
	check_text(module);
	for (size_t i = 0; i < count; i++) {
		check_text(scopes[i].function);
		check_text(scopes[i].linkage_name);
		check_text(scopes[i].file);
	}
}

/* The first byte is how many addresses were asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_sandbox_places places = { 0 };
	if (!size)
		return 0;
	void *copy = malloc(size);
	check(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if (!fl_places_take(copy, size - 1, data[0], &places))
		return 0;
	check(places.count == data[0]);
	for (size_t i = 0; i <= places.count; i++)
		check_place(&places, i);
	fl_sandbox_places_deinit(&places);
	return 0;
}
