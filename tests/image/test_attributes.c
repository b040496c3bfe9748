/* SPDX-License-Identifier: Apache-2.0 */
/* .ARM.attributes (IHI 0045, 3.2). */
#include "image_case.h"

#include <string.h>

/* 'A', one vendor, one Tag_File with these bytes. */
static void put_attributes(struct bytes *b, const char *vendor, const void *tags, size_t size)
{
	uint32_t file_size = (uint32_t)size + 5;
	uint32_t vendor_size = file_size + 4 + (uint32_t)strlen(vendor) + 1;
	put_u8(b, 'A');
	put_u32(b, vendor_size);
	put_text(b, vendor);
	put_u8(b, 1);
	put_u32(b, file_size);
	put(b, tags, size);
}

static enum fl_arch arch_of(const void *data, size_t size)
{
	ELF_AUTO w = { 0 };
	elf_section(&w, ".ARM.attributes", ELF_ATTRIBUTES, 0, 0, data, size);
	IMAGE c = open_image(&w);
	return c.image->arch;
}

static void test_architectures(void **state)
{
	static const struct {
		uint8_t tags[4];
		enum fl_arch arch;
	} cases[] = {
		{ { 6, 10, 7, 'M' }, FL_ARCH_V7M },      { { 6, 10, 7, 'A' }, FL_ARCH_UNKNOWN },
		{ { 6, 10, 7, 'R' }, FL_ARCH_UNKNOWN },  { { 6, 11, 7, 'M' }, FL_ARCH_V6M },
		{ { 6, 12, 7, 'M' }, FL_ARCH_V6M },      { { 6, 13, 7, 'M' }, FL_ARCH_V7EM },
		{ { 6, 14, 7, 'A' }, FL_ARCH_UNKNOWN },  { { 6, 16, 7, 'M' }, FL_ARCH_V8M_BASE },
		{ { 6, 17, 7, 'M' }, FL_ARCH_V8M_MAIN }, { { 6, 21, 7, 'M' }, FL_ARCH_V8M_MAIN },
		{ { 8, 1, 7, 'M' }, FL_ARCH_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BYTES_AUTO b = { 0 };
		put_attributes(&b, "aeabi", cases[i].tags, 4);
		assert_int_equal(arch_of(b.data, b.size), cases[i].arch);
	}
}

/* String tags before the interesting one; a tag above 127; Tag_compatibility has two values. */
static void test_other_tags_are_stepped_over(void **state)
{
	static const char tags[] = "\x05"
				   "cortex-m4\0"
				   "\x04"
				   "x\0"
				   "\x20\x01gnu\0"
				   "\x43"
				   "odd\0"
				   "\x44\x81\x01"
				   "\x06\x0d";
	BYTES_AUTO b = { 0 };
	(void)state;
	put_attributes(&b, "aeabi", tags, sizeof(tags) - 1);
	assert_int_equal(arch_of(b.data, b.size), FL_ARCH_V7EM);
}

static void test_another_vendor_says_nothing(void **state)
{
	BYTES_AUTO b = { 0 };
	(void)state;
	put_attributes(&b, "gnu", "\x06\x0d", 2);
	assert_int_equal(arch_of(b.data, b.size), FL_ARCH_UNKNOWN);
}

static void test_every_truncation_is_survived(void **state)
{
	BYTES_AUTO b = { 0 };
	(void)state;
	put_attributes(&b, "aeabi",
		       "\x05"
		       "cortex-m4\0\x06\x0d\x07M",
		       15);
	for (size_t n = 0; n < b.size; n++)
		(void)arch_of(b.data, n);
	assert_int_equal(arch_of(b.data, b.size), FL_ARCH_V7EM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_other_tags_are_stepped_over),
		cmocka_unit_test(test_another_vendor_says_nothing),
		cmocka_unit_test(test_every_truncation_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
