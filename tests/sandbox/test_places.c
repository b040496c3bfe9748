/* SPDX-License-Identifier: Apache-2.0 */
/* Look-up of many addresses: the same answers as one by one, and nothing else is believed. */
#include "hostile_engine.h"
#include "sandbox/order.h"
#include "sandbox/places.h"
#include "sandbox/sandbox.h"
#include "support/cmocka.h"
#include "support/corpus.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELF FL_CORPUS "/m4f-cpp/fw.elf"

static struct fl_symbols *open_symbols(void)
{
	struct fl_symbols *symbols = NULL;
	size_t size;
	uint8_t *bytes = corpus_read(ELF, &size);
	assert_non_null(bytes);
	assert_int_equal(fl_symbols_open(bytes, size, "fw.elf", &symbols, NULL), FL_OK);
	free(bytes);
	return symbols;
}

static void assert_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void assert_place(const struct fl_sandbox_places *places, size_t index,
			 const struct fl_symbols *symbols, uint32_t addr)
{
	struct fl_scope got[FL_SCOPES_MAX];
	struct fl_scope want[FL_SCOPES_MAX];
	const char *got_module;
	const char *want_module;
	size_t count = fl_symbols_lookup((const struct fl_symbols *const[]){ symbols }, 1, addr,
					 want, FL_SCOPES_MAX, &want_module);
	assert_int_equal(fl_sandbox_place(places, index, got, &got_module), count);
	assert_text(got_module, want_module);
	for (size_t i = 0; i < count; i++) {
		assert_text(got[i].function, want[i].function);
		assert_text(got[i].linkage_name, want[i].linkage_name);
		assert_text(got[i].file, want[i].file);
		assert_int_equal(got[i].line, want[i].line);
		assert_int_equal(got[i].column, want[i].column);
	}
}

/* All over the code and beside it, out of order, many more than once. */
static void scatter(uint32_t *addrs, size_t count)
{
	uint32_t random = 1;
	for (size_t i = 0; i < count; i++) {
		random = random * 1664525 + 1013904223;
		addrs[i] = random >> 16 & 0x1ffe;
		if (i % 97 == 0)
			addrs[i] = random;
	}
}

static struct fl_sandbox_elf open_elf(const char *path)
{
	struct fl_sandbox_elf elf = { .fd = open(path, O_RDONLY | O_CLOEXEC),
				      .name = "fw.elf",
				      .has_key = true };
	assert_true(elf.fd >= 0);
	return elf;
}

static void test_as_one_by_one(void **state)
{
	static uint32_t addrs[FL_SANDBOX_ADDRESSES];
	static const enum fl_sandbox_mode modes[] = { FL_SANDBOX_AUTO, FL_SANDBOX_OFF };
	struct fl_sandbox_elf elf = open_elf(ELF);
	FL_AUTO(fl_symbols) symbols = open_symbols();
	(void)state;
	scatter(addrs, FL_SANDBOX_ADDRESSES);
	for (size_t m = 0; m < 2; m++) {
		FL_AUTO(fl_sandbox) sandbox = NULL;
		struct fl_sandbox_options options = { .mode = modes[m] };
		assert_int_equal(fl_sandbox_open(&options, &sandbox, NULL), FL_OK);
		static const size_t counts[] = { FL_SANDBOX_ADDRESSES, 1, 0, 3 };
		for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
			struct fl_sandbox_places places = { 0 };
			assert_int_equal(fl_sandbox_lookup(sandbox, &elf, 1, FL_NAMES_LINKAGE,
							   addrs, counts[k], &places, NULL, NULL),
					 FL_OK);
			assert_int_equal(places.count, counts[k]);
			for (size_t i = 0; i < counts[k]; i++)
				assert_place(&places, i, symbols, addrs[i]);
			struct fl_scope scopes[FL_SCOPES_MAX];
			const char *module;
			assert_int_equal(fl_sandbox_place(&places, counts[k], scopes, &module), 0);
			fl_sandbox_places_deinit(&places);
		}
	}
	close(elf.fd);
}

static void test_too_many(void **state)
{
	static uint32_t addrs[FL_SANDBOX_ADDRESSES + 1];
	FL_AUTO(fl_sandbox) sandbox = NULL;
	struct fl_sandbox_places places = { 0 };
	(void)state;
	assert_int_equal(fl_sandbox_open(NULL, &sandbox, NULL), FL_OK);
	assert_int_equal(fl_sandbox_lookup(sandbox, NULL, 0, FL_NAMES_LINKAGE, addrs,
					   FL_SANDBOX_ADDRESSES + 1, &places, NULL, NULL),
			 FL_EINVALID);
	assert_null(places.bytes);
}

static void test_demangled(void **state)
{
	FL_AUTO(fl_symbols) symbols = open_symbols();
	const struct fl_symbols *const list[] = { symbols };
	uint32_t addrs[0x1000];
	unsigned demangled = 0;
	(void)state;
	for (uint32_t i = 0; i < 0x1000; i++)
		addrs[i] = 2 * i;
	struct fl_sandbox_places places[2];
	for (unsigned names = 0; names < 2; names++) {
		struct fl_buffer packed = { 0 };
		assert_int_equal(fl_places_pack(list, 1, (enum fl_sandbox_names)names, addrs,
						0x1000, &packed, NULL),
				 FL_OK);
		assert_true(fl_places_take(packed.data, packed.size, 0x1000, &places[names]));
	}
	for (uint32_t i = 0; i < 0x1000; i++) {
		struct fl_scope linkage[FL_SCOPES_MAX];
		struct fl_scope whole[FL_SCOPES_MAX];
		const char *module;
		size_t count = fl_sandbox_place(&places[0], i, linkage, &module);
		assert_int_equal(fl_sandbox_place(&places[1], i, whole, &module), count);
		for (size_t k = 0; k < count; k++) {
			FL_AUTO_BUFFER text = { 0 };
			const char *name = linkage[k].linkage_name;
			assert_text(whole[k].function, linkage[k].function);
			if (name && !fl_symbols_demangle(name, &text, NULL))
				demangled++;
			assert_text(whole[k].linkage_name, (const char *)text.data);
		}
	}
	assert_true(demangled > 100);
	fl_sandbox_places_deinit(&places[0]);
	fl_sandbox_places_deinit(&places[1]);
}

static void test_order(void **state)
{
	enum { COUNT = 5000 };
	static uint32_t addrs[COUNT];
	static uint64_t order[COUNT], spare[COUNT];
	(void)state;
	scatter(addrs, COUNT);
	addrs[7] = UINT32_MAX;
	addrs[8] = 0;
	fl_order_addresses(addrs, COUNT, order, spare);
	for (size_t i = 0; i < COUNT; i++) {
		assert_true(!i || order[i - 1] < order[i]);
		assert_int_equal(order[i] >> 32, addrs[(uint32_t)order[i]]);
	}
}

/* --- answers that are none --- */

static enum fl_code pack_into(const struct fl_symbols *symbols, struct fl_buffer *ret)
{
	static const uint32_t addrs[] = { 0x840, 0x7a8, 0x20000000 };
	return fl_places_pack((const struct fl_symbols *const[]){ symbols }, 1, FL_NAMES_LINKAGE,
			      addrs, 3, ret, NULL);
}

static struct fl_buffer pack_some(const struct fl_symbols *symbols)
{
	struct fl_buffer packed = { 0 };
	assert_int_equal(pack_into(symbols, &packed), FL_OK);
	return packed;
}

/* Into memory of the caller where there is enough of it, else into other memory. */
static void test_room_of_the_caller(void **state)
{
	FL_AUTO(fl_symbols) symbols = open_symbols();
	FL_AUTO_BUFFER packed = pack_some(symbols);
	(void)state;
	for (size_t less = 0; less < 2; less++) {
		uint8_t *room = malloc(packed.size - less); /* a sanitizer sees its end */
		assert_non_null(room);
		struct fl_buffer ret = { room, packed.size - less };
		assert_int_equal(pack_into(symbols, &ret), FL_OK);
		assert_int_equal(ret.data == room, !less);
		assert_int_equal(ret.size, packed.size);
		assert_memory_equal(ret.data, packed.data, packed.size);
		if (less)
			fl_buffer_deinit(&ret);
		free(room);
	}
}

/* Exactly as large as it says, so that a sanitizer sees what is read behind it. */
static bool take(const void *bytes, size_t size, size_t count, struct fl_sandbox_places *ret)
{
	void *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return fl_places_take(copy, size, count, ret);
}

static void read_all(struct fl_sandbox_places *places)
{
	size_t length = 0;
	for (size_t i = 0; i < places->count; i++) {
		struct fl_scope scopes[FL_SCOPES_MAX];
		const char *module;
		size_t count = fl_sandbox_place(places, i, scopes, &module);
		for (size_t k = 0; k < count; k++) {
			length += scopes[k].function ? strlen(scopes[k].function) : 0;
			length += scopes[k].linkage_name ? strlen(scopes[k].linkage_name) : 0;
			length += scopes[k].file ? strlen(scopes[k].file) : 0;
		}
		length += module ? strlen(module) : 0;
	}
	assert_true(length < SIZE_MAX); /* every text was read to its end */
	fl_sandbox_places_deinit(places);
}

static void test_every_cut(void **state)
{
	FL_AUTO(fl_symbols) symbols = open_symbols();
	FL_AUTO_BUFFER packed = pack_some(symbols);
	struct fl_sandbox_places places = { 0 };
	(void)state;
	for (size_t size = 0; size < packed.size; size++)
		assert_false(take(packed.data, size, 3, &places));
	FL_AUTO_BUFFER longer = { .data = calloc(1, packed.size + 4), .size = packed.size + 4 };
	assert_non_null(longer.data);
	memcpy(longer.data, packed.data, packed.size);
	assert_false(take(longer.data, longer.size, 3, &places));
	assert_false(take(packed.data, packed.size, 2, &places));
	assert_false(take(packed.data, packed.size, 4, &places));
	assert_true(take(packed.data, packed.size, 3, &places));
	read_all(&places);
}

static void test_every_word_changed(void **state)
{
	static const uint32_t values[] = { 0, 1, 66, 0x7fffffff, 0x80000000, 0xffffffff };
	FL_AUTO(fl_symbols) symbols = open_symbols();
	FL_AUTO_BUFFER packed = pack_some(symbols);
	unsigned refused = 0;
	(void)state;
	for (size_t at = 0; at + 4 <= packed.size; at += 4)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct fl_sandbox_places places = { 0 };
			uint32_t kept;
			memcpy(&kept, packed.data + at, 4);
			memcpy(packed.data + at, &values[v], 4);
			if (take(packed.data, packed.size, 3, &places))
				read_all(&places);
			else
				refused++;
			memcpy(packed.data + at, &kept, 4);
		}
	assert_true(refused > 50);
}

static void test_texts_are_clean(void **state)
{
	FL_AUTO(fl_symbols) symbols = open_symbols();
	FL_AUTO_BUFFER packed = pack_some(symbols);
	static const struct {
		const char *bad, *clean;
	} cases[] = {
		{ "\033[2J", "?[2J" },
		{ "a\nb\x7f", "a?b?" },
		{ "\xc3\xa4\xf0\x9f", "\xc3\xa4??" },
		{ "\xc0\x80\xe0", "???" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_sandbox_places places = { 0 };
		struct fl_scope scopes[FL_SCOPES_MAX];
		const char *module;
		char *at = memmem(packed.data, packed.size, "fw.elf", 7);
		if (i == 0)
			assert_non_null(at);
		static char *place;
		place = at ? at : place;
		memset(place, 0, 7);
		strcpy(place, cases[i].bad);
		assert_true(take(packed.data, packed.size, 3, &places));
		fl_sandbox_place(&places, 0, scopes, &module);
		assert_string_equal(module, cases[i].clean);
		fl_sandbox_places_deinit(&places);
	}
}

static void test_child_that_answers_rubbish(void **state)
{
	static const uint32_t addr = 0x840;
	char path[] = "/tmp/faultline-hostile-XXXXXX";
	static const char act[] = "hostile answer damaged";
	int writable = mkstemp(path);
	(void)state;
	assert_true(writable >= 0);
	assert_int_equal(write(writable, act, sizeof(act) - 1), sizeof(act) - 1);
	close(writable);
	struct fl_sandbox_elf bad = open_elf(path);
	struct fl_sandbox_elf good = open_elf(ELF);
	unlink(path);
	FL_AUTO(fl_sandbox) sandbox = NULL;
	struct fl_sandbox_places places = { 0 };
	struct fl_sandbox_death death;
	assert_int_equal(fl_sandbox_open(NULL, &sandbox, NULL), FL_OK);
	assert_int_equal(fl_sandbox_lookup(sandbox, &bad, 1, FL_NAMES_LINKAGE, &addr, 1, &places,
					   &death, NULL),
			 FL_ECHILD);
	assert_null(places.bytes);
	assert_non_null(strstr(death.reason, "answered with damaged places"));
	good.key[0] = 1;
	assert_int_equal(fl_sandbox_lookup(sandbox, &good, 1, FL_NAMES_LINKAGE, &addr, 1, &places,
					   &death, NULL),
			 FL_OK);
	fl_sandbox_places_deinit(&places);
	close(bad.fd);
	close(good.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_one_by_one),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_demangled),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_room_of_the_caller),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_word_changed),
		cmocka_unit_test(test_texts_are_clean),
		cmocka_unit_test(test_child_that_answers_rubbish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
