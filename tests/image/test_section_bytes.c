/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed debug sections: SHF_COMPRESSED with zlib and zstd, GNU .zdebug_*. */
#include "image_case.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

static const char plain[] = "a string table\0with repetition\0with repetition\0with repetition\0";

static void put_zlib(struct bytes *b)
{
	uint8_t packed[256];
	uLongf size = sizeof(packed);
	assert_int_equal(compress(packed, &size, (const Bytef *)plain, sizeof(plain)), Z_OK);
	put(b, packed, size);
}

static void put_zstd(struct bytes *b)
{
	uint8_t packed[256];
	size_t size = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
	assert_false(ZSTD_isError(size));
	put(b, packed, size);
}

static void put_header(struct bytes *b, uint32_t type, uint32_t size)
{
	put_u32(b, type);
	put_u32(b, size);
	put_u32(b, 1);
}

static void put_gnu_header(struct bytes *b, uint32_t size)
{
	put(b, "ZLIB\0\0\0\0", 8);
	for (int shift = 24; shift >= 0; shift -= 8)
		put_u8(b, size >> shift & 0xff);
}

static void expect(const char *name, uint32_t flags, const struct bytes *data, bool good)
{
	ELF_AUTO w = { .misalign = 3 };
	elf_section(&w, name, ELF_PROGBITS, flags, 0, data->data, data->size);
	IMAGE c = open_image(&w);
	const struct fl_debug_sections *s = &c.image->sections;
	assert_int_equal(s->count, good);
	assert_int_equal(c.image->findings.count, !good);
	if (!good)
		return;
	assert_string_equal(s->items[0].name, ".debug_str");
	assert_int_equal(s->items[0].size, sizeof(plain));
	assert_memory_equal(s->items[0].bytes, plain, sizeof(plain));
}

static void test_good(void **state)
{
	BYTES_AUTO z = { 0 };
	BYTES_AUTO zs = { 0 };
	BYTES_AUTO gnu = { 0 };
	BYTES_AUTO raw = { 0 };
	(void)state;
	put_header(&z, 1, sizeof(plain));
	put_zlib(&z);
	expect(".debug_str", ELF_COMPRESSED, &z, true);
	put_header(&zs, 2, sizeof(plain));
	put_zstd(&zs);
	expect(".debug_str", ELF_COMPRESSED, &zs, true);
	put_gnu_header(&gnu, sizeof(plain));
	put_zlib(&gnu);
	expect(".zdebug_str", 0, &gnu, true);
	put(&raw, plain, sizeof(plain));
	expect(".debug_str", 0, &raw, true);
}

static void test_damage(void **state)
{
	static const struct {
		uint32_t type, size;
	} cases[] = {
		{ 1, sizeof(plain) - 1 }, /* more comes out than announced */
		{ 1, sizeof(plain) + 1 }, /* less */
		{ 1, 0xffffffff },        /* 4 GiB */
		{ 1, 0x3fffffff },        /* below the limit, but not from so few bytes */
		{ 2, sizeof(plain) },     /* not zstd */
		{ 3, sizeof(plain) },     /* unknown */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO z = { 0 };
		put_header(&z, cases[i].type, cases[i].size);
		put_zlib(&z);
		expect(".debug_str", ELF_COMPRESSED, &z, false);
	}
	BYTES_AUTO gnu = { 0 };
	put(&gnu, "XLIB\0\0\0\0\0\0\0\1x", 13);
	expect(".zdebug_str", 0, &gnu, false);
}

static void test_every_truncation_is_a_finding(void **state)
{
	BYTES_AUTO z = { 0 };
	(void)state;
	put_header(&z, 1, sizeof(plain));
	put_zlib(&z);
	for (size_t n = 1; n < z.size; n++) {
		struct bytes part = { z.data, n, n };
		expect(".debug_str", ELF_COMPRESSED, &part, false);
	}
}

static void test_other_sections_are_left_alone(void **state)
{
	static const char *const names[] = { ".zdebug", ".zdebug_", ".debug_strange",
					     ".debug_info.dwo" };
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ELF_AUTO w = { 0 };
		elf_section(&w, names[i], ELF_PROGBITS, 0, 0, "junk", 4);
		IMAGE c = open_image(&w);
		assert_int_equal(c.image->sections.count, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_every_truncation_is_a_finding),
		cmocka_unit_test(test_other_sections_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
