/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/bits.h"
#include "fault/decode.h"
#include "support/cmocka.h"

#include <string.h>

static const struct fl_fault_bits *table_of(enum fl_scs_register reg)
{
	for (size_t i = 0; i < fl_fault_table_count; i++)
		if (fl_fault_tables[i].reg == reg)
			return &fl_fault_tables[i];
	fail_msg("no table for %s", fl_scs_name(reg));
	return NULL;
}

/* Masks from the CMSIS 6 headers of M4, M7, M33 and M55: every bit they name, and no other. */
static void test_tables_are_ordered_and_complete(void **state)
{
	static const struct {
		enum fl_scs_register reg;
		uint32_t all;
		uint32_t v8m;
	} cases[] = {
		{ FL_CFSR, 0x031fbfbb, 0x00100000 }, { FL_HFSR, 0xc0000002, 0 },
		{ FL_DFSR, 0x0000003f, 0x00000020 }, { FL_SFSR, 0x000000ff, 0x000000ff },
		{ FL_ABFSR, 0x0000001f, 0 },         { FL_SHCSR, 0x003ffdbf, 0x00380034 },
	};
	(void)state;
	assert_int_equal(fl_fault_table_count, sizeof(cases) / sizeof(cases[0]));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fl_fault_bits *table = table_of(cases[i].reg);
		uint32_t all = 0;
		uint32_t v8m = 0;
		print_message("%s\n", fl_scs_name(cases[i].reg));
		for (size_t b = 0; b < table->count; b++) {
			const struct fl_fault_bit *bit = &table->bits[b];
			assert_true(b == 0 || bit->bit > bit[-1].bit);
			assert_true(bit->name[0] && bit->meaning[0]);
			assert_int_not_equal(bit->meaning[strlen(bit->meaning) - 1], '.');
			all |= UINT32_C(1) << bit->bit;
			if (bit->effects & FL_EFFECT_V8M_ONLY)
				v8m |= UINT32_C(1) << bit->bit;
		}
		assert_int_equal(all, cases[i].all);
		assert_int_equal(v8m, cases[i].v8m);
	}
}

static void test_effects(void **state)
{
	static const struct {
		const char *name;
		unsigned effects;
	} cases[] = {
		{ "MMARVALID", FL_EFFECT_ADDR_IN_MMFAR },
		{ "BFARVALID", FL_EFFECT_ADDR_IN_BFAR },
		{ "IMPRECISERR", FL_EFFECT_PC_LATE },
		{ "MSTKERR", FL_EFFECT_FRAME_SUSPECT },
		{ "STKERR", FL_EFFECT_FRAME_SUSPECT },
		{ "STKOF", FL_EFFECT_FRAME_SUSPECT | FL_EFFECT_V8M_ONLY },
		{ "MUNSTKERR", FL_EFFECT_FRAME_REUSED },
		{ "UNSTKERR", FL_EFFECT_FRAME_REUSED },
		{ "INVPC", FL_EFFECT_FRAME_REUSED },
		{ "PRECISERR", 0 },
	};
	const struct fl_fault_bits *table = table_of(FL_CFSR);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t b = 0; b < table->count; b++)
			if (!strcmp(table->bits[b].name, cases[i].name))
				assert_int_equal(table->bits[b].effects, cases[i].effects);
}

struct words {
	struct fl_arena arena;
	struct fl_memory memory;
	uint8_t bytes[28];
};

/* The 28 bytes at 0xE000ED24 that a device captures. */
static void capture(struct words *w, const uint32_t values[7], enum fl_span_source source)
{
	memset(w, 0, sizeof(*w));
	for (unsigned i = 0; i < 28; i++)
		w->bytes[i] = (uint8_t)(values[i / 4] >> 8 * (i % 4));
	struct fl_span span = { 0xe000ed24, 28, w->bytes, source };
	assert_int_equal(fl_memory_layer(&w->memory, &w->arena, &span, 1), FL_OK);
}

static void test_values_and_facts(void **state)
{
	static const uint32_t values[7] = { 0x70002, 0x8200, 0x40000000, 0, 1, 0x90000010, 0 };
	struct words w;
	struct fl_fault fault;
	(void)state;
	capture(&w, values, FL_SPAN_DUMP);
	fl_fault_decode(&w.memory, FL_ARCH_V7EM, &fault);
	assert_true(fl_scs_known(&fault, FL_CFSR));
	assert_false(fl_scs_known(&fault, FL_CCR));
	assert_int_equal(fl_scs_value(&fault, FL_BFAR), 0x90000010);
	assert_int_equal(fault.effects, FL_EFFECT_ADDR_IN_BFAR);
	assert_false(fault.absent);
	assert_int_equal(fault.fact_count, 7);
	assert_string_equal(fault.facts[0].name, "PRECISERR");
	assert_string_equal(fault.facts[1].name, "BFARVALID");
	assert_string_equal(fault.facts[2].name, "FORCED");
	assert_int_equal(fault.facts[3].reg, FL_SHCSR);
	fl_arena_deinit(&w.arena);
}

static void test_only_captured_bytes_count(void **state)
{
	static const uint32_t values[7] = { 0, 0x8200, 0, 0, 0, 0, 0 };
	struct words w;
	struct fl_fault fault;
	(void)state;
	capture(&w, values, FL_SPAN_ELF);
	fl_fault_decode(&w.memory, FL_ARCH_V7EM, &fault);
	assert_int_equal(fault.known, 0);
	assert_int_equal(fault.fact_count, 0);
	fl_arena_deinit(&w.arena);
}

static void test_v8m_bits_need_v8m(void **state)
{
	static const uint32_t values[7] = { 0, 0x00100000, 0, 0x20, 0, 0, 0 };
	static const struct {
		enum fl_arch arch;
		size_t facts;
		unsigned effects;
	} cases[] = {
		{ FL_ARCH_V7M, 0, 0 },
		{ FL_ARCH_V7EM, 0, 0 },
		{ FL_ARCH_V8M_MAIN, 2, FL_EFFECT_FRAME_SUSPECT },
		{ FL_ARCH_UNKNOWN, 2, FL_EFFECT_FRAME_SUSPECT },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct words w;
		struct fl_fault fault;
		capture(&w, values, FL_SPAN_DUMP);
		fl_fault_decode(&w.memory, cases[i].arch, &fault);
		assert_int_equal(fault.fact_count, cases[i].facts);
		assert_int_equal(fault.effects, cases[i].effects);
		fl_arena_deinit(&w.arena);
	}
}

static void test_cores_without_the_registers(void **state)
{
	static const uint32_t zeros[7], set[7] = { 0, 0x100, 0, 0, 0, 0, 0 };
	struct words w;
	struct fl_fault fault;
	(void)state;
	capture(&w, zeros, FL_SPAN_DUMP);
	fl_fault_decode(&w.memory, FL_ARCH_V6M, &fault);
	assert_true(fault.absent);
	fl_fault_decode(&w.memory, FL_ARCH_V8M_BASE, &fault);
	assert_true(fault.absent);
	fl_fault_decode(&w.memory, FL_ARCH_V7M, &fault);
	assert_false(fault.absent);
	fl_arena_deinit(&w.arena);
	/* Code for Armv6-M on a core that has them. */
	capture(&w, set, FL_SPAN_DUMP);
	fl_fault_decode(&w.memory, FL_ARCH_V6M, &fault);
	assert_false(fault.absent);
	assert_int_equal(fault.fact_count, 1);
	fl_arena_deinit(&w.arena);
}

static void test_every_bit_at_once_fits(void **state)
{
	struct fl_arena arena = { 0 };
	struct fl_memory memory = { 0 };
	static uint8_t ones[0x1000];
	struct fl_fault fault;
	size_t bits = 0;
	(void)state;
	memset(ones, 0xff, sizeof(ones));
	struct fl_span span = { 0xe000e000, sizeof(ones), ones, FL_SPAN_DUMP };
	assert_int_equal(fl_memory_layer(&memory, &arena, &span, 1), FL_OK);
	fl_fault_decode(&memory, FL_ARCH_UNKNOWN, &fault);
	for (size_t i = 0; i < fl_fault_table_count; i++)
		bits += fl_fault_tables[i].count;
	assert_int_equal(fault.fact_count, bits);
	assert_int_equal(fault.known, (1u << FL_SCS_COUNT) - 1);
	fl_arena_deinit(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_are_ordered_and_complete),
		cmocka_unit_test(test_effects),
		cmocka_unit_test(test_values_and_facts),
		cmocka_unit_test(test_only_captured_bytes_count),
		cmocka_unit_test(test_v8m_bits_need_v8m),
		cmocka_unit_test(test_cores_without_the_registers),
		cmocka_unit_test(test_every_bit_at_once_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
