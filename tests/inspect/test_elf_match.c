/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/elf_match.h"

#include "support/cmocka.h"
#include "target/thumb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The recorded M4F Og image. */
static struct fl_symbols *symbols;
static struct fl_symbol_view view;
static const struct fl_module *module;

/* Thumb addresses in its code: two behind calls, one that is behind none. */
static uint32_t return_1;
static uint32_t return_2;
static uint32_t no_return;

static void find_addresses(void)
{
	struct fl_memory memory = { 0 };
	struct fl_arena arena = { 0 };
	size_t count;
	const struct fl_span *spans = fl_module_spans(module, &count);
	assert_int_equal(fl_memory_layer(&memory, &arena, spans, count), FL_OK);
	for (uint32_t addr = fl_module_info(module).code_addr + 4; !return_2 || !no_return;
	     addr += 2) {
		uint16_t minus4;
		uint16_t minus2;
		assert_true(fl_memory_u16(&memory, addr - 4, &minus4));
		assert_true(fl_memory_u16(&memory, addr - 2, &minus2));
		bool call = fl_thumb_call_before(minus4, minus2);
		if (!fl_module_is_code(module, addr))
			continue;
		if (call && return_1)
			return_2 = addr | 1;
		else if (call)
			return_1 = addr | 1;
		else
			no_return = addr | 1;
	}
	fl_arena_deinit(&arena);
}

static int open_image(void **state)
{
	static uint8_t bytes[1 << 20];
	(void)state;
	FILE *file = fopen(FL_CORPUS "/m4f-og/fw.elf", "rb");
	assert_non_null(file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_int_equal(fl_symbols_open(bytes, size, "fw.elf", &symbols, NULL), FL_OK);
	assert_true(fl_view_add(&view, symbols));
	module = view.modules[0];
	find_addresses();
	return 0;
}

static int close_image(void **state)
{
	(void)state;
	fl_symbols_close(symbols);
	return 0;
}

/* One dump: up to 64 captured bytes of code, stack words, registers, and a build id. */
struct scene {
	struct fl_arena arena;
	struct fl_findings findings;
	struct fl_memory memory;
	struct fl_span code;
	uint8_t code_bytes[64];
	uint8_t stack[64];
	struct fl_registers regs;
	struct fl_dump_identity identity;
	struct fl_module_facts facts;
};

static void capture_code(struct scene *s)
{
	size_t count;
	const struct fl_span *spans = fl_module_spans(module, &count);
	for (size_t i = 0; i < count; i++) {
		if (spans[i].size < sizeof(s->code_bytes))
			continue;
		memcpy(s->code_bytes, spans[i].bytes, sizeof(s->code_bytes));
		s->code = (struct fl_span){ spans[i].addr, sizeof(s->code_bytes), s->code_bytes,
					    FL_SPAN_DUMP };
		return;
	}
	fail_msg("the image has no span of 64 bytes");
}

static void use_build_id(struct scene *s, bool same)
{
	struct fl_module_info info = fl_module_info(module);
	assert_int_equal(info.build_id_size, 20);
	memcpy(s->identity.build_id, info.build_id, 20);
	s->identity.build_id[19] ^= same ? 0 : 1;
	s->identity.build_id_size = 20;
}

static void put_stack(struct scene *s, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < 4; k++)
			s->stack[4 * i + k] = (uint8_t)(words[i] >> (8 * k));
	struct fl_span span = { 0x20000000, (uint32_t)(4 * count), s->stack, FL_SPAN_DUMP };
	assert_int_equal(fl_memory_layer(&s->memory, &s->arena, &span, 1), FL_OK);
	fl_reg_set(&s->regs, FL_SP, 0x20000000);
}

static enum fl_symbol_match judge(struct scene *s)
{
	struct fl_elf_match_input input = {
		.what = "dump",
		.dump_spans = &s->code,
		.dump_span_count = s->code.size ? 1 : 0,
		.memory = &s->memory,
		.module = module,
		.regs = &s->regs,
		.identity = &s->identity,
	};
	s->findings.arena = &s->arena;
	fl_elf_match(&input, &s->findings, &s->facts);
	return s->facts.match;
}

static bool alarmed(const struct scene *s)
{
	for (size_t i = 0; i < s->findings.count; i++)
		if (s->findings.items[i].severity == FL_ALARM)
			return true;
	return false;
}

static void test_captured_code_decides(void **state)
{
	static const struct {
		const char *name;
		unsigned changed; /* bytes, from the tenth on */
		bool same_id;
		enum fl_symbol_match match;
		bool alarm;
	} cases[] = {
		{ "all equal", 0, true, FL_MATCH_SAME, false },
		{ "all equal, but another build id", 0, false, FL_MATCH_SAME, true },
		{ "one in 64 is more than a patch", 1, true, FL_MATCH_OTHER_BUILD, true },
		{ "a few", 20, true, FL_MATCH_OTHER_BUILD, true },
		{ "most", 54, true, FL_MATCH_UNRELATED, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = { 0 };
		capture_code(&s);
		use_build_id(&s, cases[i].same_id);
		for (unsigned k = 0; k < cases[i].changed; k++)
			s.code_bytes[10 + k] ^= 0x55;
		enum fl_symbol_match match = judge(&s);
		if (match != cases[i].match || alarmed(&s) != cases[i].alarm)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(match, cases[i].match);
		assert_int_equal(alarmed(&s), cases[i].alarm);
		assert_int_equal(s.facts.bytes_compared, 64);
		assert_int_equal(s.facts.bytes_equal, 64 - cases[i].changed);
		assert_int_equal(s.facts.has_mismatch, cases[i].changed != 0);
		if (cases[i].changed)
			assert_int_equal(s.facts.mismatch_addr, s.code.addr + 10);
		fl_arena_deinit(&s.arena);
	}
}

static void test_then_the_build_id(void **state)
{
	(void)state;
	for (int same = 0; same < 2; same++) {
		struct scene s = { 0 };
		use_build_id(&s, same);
		assert_int_equal(judge(&s), same ? FL_MATCH_SAME : FL_MATCH_OTHER_BUILD);
		assert_int_equal(alarmed(&s), !same);
		fl_arena_deinit(&s.arena);
	}
}

/* An event sends the first 5 to 20 bytes. */
static void test_a_part_of_a_build_id(void **state)
{
	(void)state;
	struct fl_module_info info = fl_module_info(module);
	for (uint8_t size = 0; size <= 20; size++) {
		struct scene s = { 0 };
		memcpy(s.identity.build_id, info.build_id, 20);
		s.identity.build_id_size = size;
		assert_int_equal(judge(&s), size < 5 ? FL_MATCH_UNKNOWN : FL_MATCH_SAME);
		assert_false(fl_build_id_conflict(&s.identity, &s.facts));
		if (size)
			s.identity.build_id[size - 1] ^= 0x80;
		assert_int_equal(judge(&s), size < 5 ? FL_MATCH_UNKNOWN : FL_MATCH_OTHER_BUILD);
		assert_int_equal(fl_build_id_conflict(&s.identity, &s.facts), size >= 5);
		fl_arena_deinit(&s.arena);
	}
	struct fl_dump_identity identity = { .build_id_size = 6 };
	struct fl_module_facts shorter = { .build_id = { 0, 0, 0, 0, 0, 1 }, .build_id_size = 5 };
	assert_false(fl_build_id_conflict(&identity, &shorter));
	assert_false(fl_build_id_conflict(NULL, &shorter));
}

static void test_then_the_stack(void **state)
{
	const struct {
		const char *name;
		uint32_t words[6];
		enum fl_symbol_match match;
	} cases[] = {
		{ "returns", { return_1, return_2, 7, return_1, return_2, 0 }, FL_MATCH_SAME },
		{ "none is one",
		  { no_return, no_return, no_return, no_return },
		  FL_MATCH_OTHER_BUILD },
		{ "half", { return_1, no_return, return_2, no_return }, FL_MATCH_UNKNOWN },
		{ "too few to say", { no_return, no_return }, FL_MATCH_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene s = { 0 };
		put_stack(&s, cases[i].words, 6);
		enum fl_symbol_match match = judge(&s);
		if (match != cases[i].match)
			print_message("case: %s\n", cases[i].name);
		assert_int_equal(match, cases[i].match);
		assert_int_equal(alarmed(&s), match == FL_MATCH_OTHER_BUILD);
		fl_arena_deinit(&s.arena);
	}
}

static void test_code_elsewhere_is_another_firmware(void **state)
{
	(void)state;
	struct scene s = { 0 };
	fl_reg_set(&s.regs, FL_PC, 0x08001234);
	fl_reg_set(&s.regs, FL_LR, 0x08001301);
	assert_int_equal(judge(&s), FL_MATCH_UNRELATED);
	assert_true(alarmed(&s));
	/* a wild pc alone is a crash, not another firmware */
	s.findings.count = 0;
	fl_reg_set(&s.regs, FL_LR, return_1);
	assert_int_equal(judge(&s), FL_MATCH_UNKNOWN);
	assert_false(alarmed(&s));
	fl_arena_deinit(&s.arena);
}

static void test_nothing_to_go_on(void **state)
{
	(void)state;
	struct scene s = { 0 };
	assert_int_equal(judge(&s), FL_MATCH_UNKNOWN);
	assert_int_equal(s.findings.count, 0);
	assert_string_equal(s.facts.name, "fw.elf");
	fl_arena_deinit(&s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured_code_decides),
		cmocka_unit_test(test_then_the_build_id),
		cmocka_unit_test(test_a_part_of_a_build_id),
		cmocka_unit_test(test_then_the_stack),
		cmocka_unit_test(test_code_elsewhere_is_another_firmware),
		cmocka_unit_test(test_nothing_to_go_on),
	};
	return cmocka_run_group_tests(tests, open_image, close_image);
}
