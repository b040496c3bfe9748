/* SPDX-License-Identifier: Apache-2.0 */
/* Call frame instructions become rows; each row is compared as text. */
#include "base/limits.h"
#include "support/cmocka.h"
#include "symbols/cfi_compile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START = 0x1000, SIZE = 0x100 };

struct rows {
	char text[4096];
	size_t length;
	size_t count;
	size_t refuse_at; /* abort at this row; 0 = never */
	uint32_t last_pc;
};

static void append(struct rows *rows, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void append(struct rows *rows, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int n = vsnprintf(rows->text + rows->length, sizeof(rows->text) - rows->length, format, ap);
	va_end(ap);
	assert_true(n >= 0 && rows->length + (size_t)n < sizeof(rows->text));
	rows->length += (size_t)n;
}

static void append_bytes(struct rows *rows, const struct fl_expression *e)
{
	for (size_t i = 0; i < e->size; i++)
		append(rows, "%s%02x", i ? "." : "", e->bytes[i]);
}

static void append_rule(struct rows *rows, unsigned reg, const struct fl_register_rule *rule)
{
	switch ((enum fl_rule_kind)rule->kind) {
	case FL_RULE_UNSPECIFIED:
		return;
	case FL_RULE_UNDEFINED:
		append(rows, " r%u=?", reg);
		break;
	case FL_RULE_SAME:
		append(rows, " r%u=same", reg);
		break;
	case FL_RULE_OFFSET:
		append(rows, " r%u=*%+d", reg, rule->offset);
		break;
	case FL_RULE_VAL_OFFSET:
		append(rows, " r%u=%+d", reg, rule->offset);
		break;
	case FL_RULE_REGISTER:
		append(rows, " r%u=r%u", reg, rule->other);
		break;
	case FL_RULE_EXPRESSION:
	case FL_RULE_VAL_EXPRESSION:
		append(rows, " r%u=%s(", reg, rule->kind == FL_RULE_EXPRESSION ? "*" : "");
		append_bytes(rows, &rule->expression);
		append(rows, ")");
		break;
	}
}

static bool collect(void *context, uint32_t pc, const struct fl_unwind_rule *rule)
{
	struct rows *rows = context;
	assert_true(!rows->count || pc > rows->last_pc);
	rows->last_pc = pc;
	rows->count++;
	if (rows->refuse_at && rows->count == rows->refuse_at)
		return false;
	if (rows->count > 16)
		return true;
	append(rows, "%s+%" PRIx32 ":", rows->length ? "; " : "", pc - START);
	if (rule->cfa_kind == FL_CFA_REGISTER)
		append(rows, " r%u%+d", rule->cfa_register, rule->cfa_offset);
	if (rule->cfa_kind == FL_CFA_EXPRESSION) {
		append(rows, " (");
		append_bytes(rows, &rule->cfa_expression);
		append(rows, ")");
	}
	if (rule->cfa_kind == FL_CFA_NONE)
		append(rows, " none");
	for (unsigned reg = 0; reg < FL_CORE_REGISTERS; reg++)
		append_rule(rows, reg, &rule->regs[reg]);
	return true;
}

/* def_cfa r13+0 in the CIE, as GCC has it. */
static const uint8_t gcc_cie[] = { 0x0c, 13, 0 };

static struct fl_cfi_program
program(const uint8_t *cie, size_t cie_size, const uint8_t *fde, size_t fde_size)
{
	return (struct fl_cfi_program){
		.cie_instructions = cie,
		.cie_size = cie_size,
		.fde_instructions = fde,
		.fde_size = fde_size,
		.fde_off = 0x200,
		.code_align = 2,
		.data_align = -4,
		.return_column = 14,
		.addr = START,
		.size = SIZE,
	};
}

#define BYTES(...) { __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static void test_every_instruction(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[40];
		size_t size;
		const char *rows;
	} cases[] = {
		{ "push {r4, lr}", BYTES(0x41, 0x0e, 8, 0x84, 2, 0x8e, 1),
		  "+0: r13+0; +2: r13+8 r4=*-8 r14=*-4" },
		{ "nop", BYTES(0x00, 0x00), "+0: r13+0" },
		{ "set_loc", BYTES(0x01, 0x10, 0x10, 0, 0, 0x0e, 4), "+0: r13+0; +10: r13+4" },
		{ "advance_loc1", BYTES(0x02, 0x20, 0x0e, 4), "+0: r13+0; +40: r13+4" },
		{ "advance_loc2", BYTES(0x03, 0x20, 0x00, 0x0e, 4), "+0: r13+0; +40: r13+4" },
		{ "advance_loc4", BYTES(0x04, 0x20, 0, 0, 0, 0x0e, 4), "+0: r13+0; +40: r13+4" },
		{ "advance by nothing makes no row", BYTES(0x40, 0x0e, 4), "+0: r13+4" },
		{ "advance past the end", BYTES(0x04, 0xff, 0xff, 0xff, 0xff, 0x0e, 4),
		  "+0: r13+0" },
		{ "offset_extended", BYTES(0x05, 14, 1), "+0: r13+0 r14=*-4" },
		{ "restore", BYTES(0x84, 2, 0x41, 0xc4), "+0: r13+0 r4=*-8; +2: r13+0" },
		{ "restore_extended", BYTES(0x84, 2, 0x41, 0x06, 4),
		  "+0: r13+0 r4=*-8; +2: r13+0" },
		{ "undefined", BYTES(0x07, 14), "+0: r13+0 r14=?" },
		{ "same_value", BYTES(0x08, 4), "+0: r13+0 r4=same" },
		{ "register", BYTES(0x09, 14, 3), "+0: r13+0 r14=r3" },
		{ "register of another file", BYTES(0x09, 14, 0x8f, 0x01), "+0: r13+0 r14=r255" },
		{ "remember, restore", BYTES(0x0a, 0x0e, 8, 0x84, 2, 0x41, 0x0b),
		  "+0: r13+8 r4=*-8; +2: r13+0" },
		{ "def_cfa", BYTES(0x0c, 7, 16), "+0: r7+16" },
		{ "def_cfa_register", BYTES(0x0e, 8, 0x0d, 7), "+0: r7+8" },
		{ "def_cfa of another file", BYTES(0x0c, 0x80, 0x02, 8), "+0: r255+8" },
		{ "def_cfa_expression", BYTES(0x0f, 2, 0x7d, 8), "+0: (7d.08)" },
		{ "expression", BYTES(0x10, 4, 2, 0x23, 4), "+0: r13+0 r4=*(23.04)" },
		{ "offset_extended_sf", BYTES(0x11, 4, 0x7e), "+0: r13+0 r4=*+8" },
		{ "def_cfa_sf", BYTES(0x12, 7, 0x7e), "+0: r7+8" },
		{ "def_cfa_offset_sf", BYTES(0x13, 0x7e), "+0: r13+8" },
		{ "val_offset", BYTES(0x14, 13, 2), "+0: r13+0 r13=-8" },
		{ "val_offset_sf", BYTES(0x15, 13, 0x7e), "+0: r13+0 r13=+8" },
		{ "val_expression", BYTES(0x16, 13, 2, 0x23, 4), "+0: r13+0 r13=(23.04)" },
		{ "negate_ra_state", BYTES(0x2d), "+0: r13+0" },
		{ "GNU_args_size", BYTES(0x2e, 0x84, 0x01, 0x0e, 4), "+0: r13+4" },
		{ "GNU_negative_offset_extended", BYTES(0x2f, 4, 2), "+0: r13+0 r4=*+8" },
		{ "columns of VFP",
		  BYTES(0x05, 80, 2, 0x05, 0x88, 0x02, 2, 0x06, 80, 0x07, 80, 0x08, 80),
		  "+0: r13+0" },
		{ "PAC column", BYTES(0x05, 0x8f, 0x01, 3, 0x09, 0x8f, 0x01, 12), "+0: r13+0" },
		{ "huge column",
		  BYTES(0x05, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 2, 0x09, 0xff,
			0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 0xff, 0xff, 0x0f),
		  "+0: r13+0" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rows rows = { 0 };
		struct fl_error err = { 0 };
		struct fl_cfi_program p =
			program(gcc_cie, sizeof(gcc_cie), cases[i].bytes, cases[i].size);
		enum fl_code code = fl_cfi_expand(&p, collect, &rows, &err);
		if (code || strcmp(rows.text, cases[i].rows))
			print_error("%s: %s (%s)\n", cases[i].name, rows.text, err.message);
		assert_int_equal(code, FL_OK);
		assert_string_equal(rows.text, cases[i].rows);
	}
}

static void test_damage_ends_the_rows(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[24];
		size_t size;
		uint64_t at; /* where the error is, from the start of the FDE's instructions */
		const char *rows;
	} cases[] = {
		{ "unknown", BYTES(0x41, 0x0e, 8, 0x41, 0x17, 0), 6,
		  "+0: r13+0; +2: r13+8; +4: none" },
		{ "restore_state alone", BYTES(0x0b), 1, "+0: none" },
		{ "backwards", BYTES(0x42, 0x01, 2, 0x10, 0, 0), 6, "+0: r13+0; +4: none" },
		{ "operand missing", BYTES(0x41, 0x0e), 2, "+0: r13+0; +2: none" },
		{ "offset of an expression", BYTES(0x0f, 1, 0x50, 0x0e, 4), 5, "+0: none" },
		{ "register of an expression", BYTES(0x0f, 1, 0x50, 0x0d, 7), 5, "+0: none" },
		{ "expression past the end", BYTES(0x0f, 9, 0x50), 2, "+0: none" },
		{ "offset too large", BYTES(0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f), 6, "+0: none" },
		{ "factored offset too large", BYTES(0x84, 0xff, 0xff, 0xff, 0xff, 0x0f), 6,
		  "+0: none" },
		{ "product past 64 bits",
		  BYTES(0x84, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), 10,
		  "+0: none" },
		{ "LEB128 without end",
		  BYTES(0x84, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), 1,
		  "+0: none" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rows rows = { 0 };
		struct fl_error err = { 0 };
		struct fl_cfi_program p =
			program(gcc_cie, sizeof(gcc_cie), cases[i].bytes, cases[i].size);
		enum fl_code code = fl_cfi_expand(&p, collect, &rows, &err);
		if (code != FL_EFORMAT || strcmp(rows.text, cases[i].rows) ||
		    err.at != 0x200 + cases[i].at)
			print_error("%s: %s (%s at %" PRIx64 ")\n", cases[i].name, rows.text,
				    err.message, err.at);
		assert_int_equal(code, FL_EFORMAT);
		assert_string_equal(rows.text, cases[i].rows);
		assert_int_equal(err.at_kind, FL_AT_FILE_OFFSET);
		assert_int_equal(err.at, 0x200 + cases[i].at);
	}
}

static void test_a_damaged_cie_gives_no_rows(void **state)
{
	static const uint8_t fde[] = { 0x41, 0x0e, 8 };
	static const struct {
		uint8_t bytes[8];
		size_t size;
	} cases[] = {
		{ BYTES(0x0c, 13) },          /* cut */
		{ BYTES(0x0c, 13, 0, 0x41) }, /* has a location */
		{ BYTES(0x0c, 13, 0, 0xc4) }, /* restores */
		{ BYTES(0x3f) },              /* unknown */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rows rows = { 0 };
		struct fl_error err = { 0 };
		struct fl_cfi_program p = program(cases[i].bytes, cases[i].size, fde, sizeof(fde));
		assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_EFORMAT);
		assert_int_equal(rows.count, 0);
		assert_int_equal(err.at_kind, FL_AT_NONE);
		assert_true(strstr(err.message, "CIE"));
	}
}

static void test_return_column(void **state)
{
	struct rows rows = { 0 };
	struct fl_error err = { 0 };
	struct fl_cfi_program p = program(gcc_cie, sizeof(gcc_cie), NULL, 0);
	(void)state;
	p.return_column = 64;
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_EFORMAT);
	assert_int_equal(rows.count, 0);
	p.return_column = 15;
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_OK);
	assert_string_equal(rows.text, "+0: r13+0");
}

/* Initial rules of the CIE are what DW_CFA_restore goes back to, not "nothing". */
static void test_restore_goes_back_to_the_cie(void **state)
{
	static const uint8_t cie[] = { 0x0c, 13, 0, 0x08, 4, 0x07, 14 };
	static const uint8_t fde[] = { 0x84, 1, 0x8e, 2, 0x41, 0xc4, 0xce };
	struct rows rows = { 0 };
	struct fl_cfi_program p = program(cie, sizeof(cie), fde, sizeof(fde));
	(void)state;
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, NULL), FL_OK);
	assert_string_equal(rows.text, "+0: r13+0 r4=*-4 r14=*-8; +2: r13+0 r4=same r14=?");
}

static void test_depth_of_remembered_states(void **state)
{
	uint8_t fde[FL_LIMIT_CFI_STATES + 1];
	struct rows rows = { 0 };
	struct fl_error err = { 0 };
	(void)state;
	memset(fde, 0x0a, sizeof(fde));
	struct fl_cfi_program p = program(gcc_cie, sizeof(gcc_cie), fde, FL_LIMIT_CFI_STATES);
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_OK);
	p.fde_size++;
	rows = (struct rows){ 0 };
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_ELIMIT);
	assert_string_equal(rows.text, "+0: none");
}

static void test_number_of_rows(void **state)
{
	size_t size = FL_LIMIT_CFI_ROWS;
	uint8_t *fde = malloc(size);
	struct rows rows = { 0 };
	struct fl_error err = { 0 };
	(void)state;
	assert_non_null(fde);
	memset(fde, 0x41, size);
	struct fl_cfi_program p = program(gcc_cie, sizeof(gcc_cie), fde, size - 1);
	p.size = UINT32_MAX;
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_OK);
	assert_int_equal(rows.count, FL_LIMIT_CFI_ROWS);
	rows = (struct rows){ 0 };
	p.fde_size++;
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, &err), FL_ELIMIT);
	free(fde);
}

/* A function at the top of the address space: no row wraps to 0. */
static void test_top_of_memory(void **state)
{
	static const uint8_t fde[] = { 0x48, 0x0e, 4, 0x48, 0x0e, 8 };
	struct rows rows = { 0 };
	struct fl_cfi_program p = program(gcc_cie, sizeof(gcc_cie), fde, sizeof(fde));
	(void)state;
	p.addr = 0xfffffff0;
	p.size = UINT32_MAX;
	assert_int_equal(fl_cfi_expand(&p, collect, &rows, NULL), FL_OK);
	assert_int_equal(rows.count, 1);
}

static void test_a_refused_row_is_out_of_memory(void **state)
{
	static const uint8_t fde[] = { 0x41, 0x0e, 4, 0x41, 0x0e, 8 };
	(void)state;
	for (size_t i = 1; i <= 3; i++) {
		struct rows rows = { .refuse_at = i };
		struct fl_cfi_program p = program(gcc_cie, sizeof(gcc_cie), fde, sizeof(fde));
		assert_int_equal(fl_cfi_expand(&p, collect, &rows, NULL), FL_ENOMEM);
		assert_int_equal(rows.count, i);
	}
}

/* Cut anywhere it either ends early or fails; never more rows than the whole has, plus the end. */
static void test_every_truncation(void **state)
{
	static const uint8_t fde[] = { 0x41, 0x0e, 8,    0x84, 2,    0x8e, 1,    0x02,
				       4,    0x0a, 0x0f, 2,    0x7d, 8,    0x41, 0x0b,
				       0x16, 13,   2,    0x23, 4,    0x41, 0xc4 };
	(void)state;
	for (size_t n = 0; n <= sizeof(fde); n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct rows rows = { 0 };
		struct fl_error err = { 0 };
		assert_non_null(copy);
		memcpy(copy, fde, n);
		struct fl_cfi_program p = program(gcc_cie, sizeof(gcc_cie), copy, n);
		enum fl_code code = fl_cfi_expand(&p, collect, &rows, &err);
		assert_true(code == FL_OK || code == FL_EFORMAT);
		assert_true(code == FL_OK || (err.at >= 0x200 && err.at <= 0x200 + n));
		assert_true(rows.count >= 1 && rows.count <= 6);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_instruction),
		cmocka_unit_test(test_damage_ends_the_rows),
		cmocka_unit_test(test_a_damaged_cie_gives_no_rows),
		cmocka_unit_test(test_return_column),
		cmocka_unit_test(test_restore_goes_back_to_the_cie),
		cmocka_unit_test(test_depth_of_remembered_states),
		cmocka_unit_test(test_number_of_rows),
		cmocka_unit_test(test_top_of_memory),
		cmocka_unit_test(test_a_refused_row_is_out_of_memory),
		cmocka_unit_test(test_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
