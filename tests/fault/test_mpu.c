/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/mpu.h"
#include "support/cmocka.h"

/* RASR: XN bit 28, AP bits 26:24, SRD bits 15:8, SIZE bits 5:1, ENABLE bit 0. */
#define RASR(xn, ap, srd, log2) \
	((uint32_t)(xn) << 28 | (uint32_t)(ap) << 24 | (uint32_t)(srd) << 8 | ((log2)-1u) << 1 | 1)

static const uint32_t v7m_words[] = {
	0x00000800,                       /* TYPE: 8 regions */
	0x00000005,                       /* CTRL: on, default map */
	0x20000000, RASR(1, 3, 0, 16),    /* 64 KiB, full access */
	0x20000800, RASR(1, 0, 0, 8),     /* 256 bytes, a guard */
	0x08000000, RASR(0, 6, 0, 20),    /* 1 MiB of code, read-only */
	0x20004000, RASR(1, 5, 0x0f, 10), /* 1 KiB, lower half switched off */
	0x20000000, 0,                    /* off */
	0x00000000, RASR(1, 2, 0, 32),    /* everything: but 6 and 7 are above it */
};

static void test_v7m_regions(void **state)
{
	static const struct {
		const char *name;
		uint32_t addr;
		unsigned number;
		bool read, write, user_read, user_write, execute, guard;
	} cases[] = {
		{ "the highest number wins", 0x20000800, 5, 1, 1, 1, 0, 0, 0 },
		{ "top of memory", 0xffffffff, 5, 1, 1, 1, 0, 0, 0 },
	};
	struct fl_mpu mpu = { v7m_words, sizeof(v7m_words) / 4, FL_ARCH_V7EM };
	struct fl_mpu_region region;
	bool overlap;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].name);
		assert_true(fl_mpu_find(&mpu, cases[i].addr, &region, &overlap));
		assert_int_equal(region.number, cases[i].number);
		assert_int_equal(region.write, cases[i].write);
		assert_int_equal(region.user_write, cases[i].user_write);
		assert_int_equal(region.execute, cases[i].execute);
	}
	assert_int_equal(region.end, UINT64_C(1) << 32);
	mpu.count -= 2; /* without the last one */
	static const struct {
		uint32_t addr;
		bool hit;
		unsigned number;
		const char *words;
		bool guard;
	} more[] = {
		{ 0x200007ff, true, 0, "read and write access, no execution", false },
		{ 0x20000800, true, 1, "no access", true },
		{ 0x200008ff, true, 1, "no access", true },
		{ 0x20000900, true, 0, "read and write access, no execution", false },
		{ 0x080fffff, true, 2, "read-only access", false },
		{ 0x08100000, false, 0, NULL, false },
		{ 0x200041ff, true, 0, "read and write access, no execution", false },
		{ 0x20004200, true, 3, "read-only access, privileged code only", true },
		{ 0x1fffffff, false, 0, NULL, false },
	};
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		print_message("0x%08x\n", (unsigned)more[i].addr);
		assert_int_equal(fl_mpu_find(&mpu, more[i].addr, &region, &overlap), more[i].hit);
		if (!more[i].hit)
			continue;
		assert_int_equal(region.number, more[i].number);
		assert_string_equal(fl_mpu_words(&region), more[i].words);
		assert_int_equal(fl_mpu_is_guard(&region), more[i].guard);
	}
	assert_true(fl_mpu_has_default_map(&mpu));
}

static void test_v8m_regions(void **state)
{
	static const uint32_t words[] = {
		0x00000800, 0x00000001, 0x20000003, 0x2000ffe1, /* RW for all, no execution */
		0x10000006, 0x100fffe1,                         /* read-only for all */
		0x20000100, 0x2000011d, /* privileged RW; overlaps the first */
		0x30000000, 0x300000e0, /* off */
	};
	static const struct {
		uint32_t addr;
		bool hit, overlap;
		const char *words;
	} cases[] = {
		{ 0x20000000, true, false, "read and write access, no execution" },
		{ 0x20000110, true, true, "read and write access, no execution" },
		{ 0x2000011f, true, true, "read and write access, no execution" },
		{ 0x20000120, true, false, "read and write access, no execution" },
		{ 0x1000ffff, true, false, "read-only access" },
		{ 0x30000000, false, false, NULL },
	};
	struct fl_mpu mpu = { words, sizeof(words) / 4, FL_ARCH_V8M_MAIN };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_mpu_region region;
		bool overlap;
		print_message("0x%08x\n", (unsigned)cases[i].addr);
		assert_int_equal(fl_mpu_find(&mpu, cases[i].addr, &region, &overlap), cases[i].hit);
		assert_int_equal(overlap, cases[i].overlap);
		if (cases[i].hit)
			assert_string_equal(fl_mpu_words(&region), cases[i].words);
	}
	assert_false(fl_mpu_has_default_map(&mpu));
}

static void test_nothing_to_decode(void **state)
{
	static const uint32_t off[] = { 0x800, 4, 0x20000000, RASR(1, 0, 0, 32) };
	static const uint32_t on[] = { 0x800, 1, 0x20000000, RASR(1, 0, 0, 32), 0x20000000 };
	struct fl_mpu_region region;
	bool overlap;
	struct fl_mpu mpus[] = {
		{ NULL, 0, FL_ARCH_V7M }, { off, 4, FL_ARCH_V7M }, { on, 4, FL_ARCH_UNKNOWN },
		{ on, 1, FL_ARCH_V7M },   { on, 2, FL_ARCH_V7M },  { on, 3, FL_ARCH_V7M },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(mpus) / sizeof(mpus[0]); i++)
		assert_false(fl_mpu_find(&mpus[i], 0x20000000, &region, &overlap));
	struct fl_mpu odd = { on, 5, FL_ARCH_V7M };
	assert_true(fl_mpu_find(&odd, 0x20000000, &region, &overlap));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v7m_regions),
		cmocka_unit_test(test_v8m_regions),
		cmocka_unit_test(test_nothing_to_decode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
