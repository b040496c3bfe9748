/* SPDX-License-Identifier: Apache-2.0 */
/* ELF headers: what is accepted, and what each refusal says. */
#include "image/elf.h"
#include "support/cmocka.h"
#include "support/corpus.h"
#include "support/elf_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct result {
	struct fl_arena arena;
	struct fl_findings findings;
	struct fl_elf elf;
	struct fl_error err;
	enum fl_code code;
	uint8_t *copy;
};

static void free_result(struct result *r)
{
	fl_arena_deinit(&r->arena);
	free(r->copy);
}
#define RESULT __attribute__((__cleanup__(free_result))) struct result

static void open_bytes(struct result *r, const void *data, size_t size)
{
	*r = (struct result){ .copy = exact_copy(data, size) };
	r->findings.arena = &r->arena;
	r->code = fl_elf_open("fw.elf", r->copy, size, &r->arena, &r->findings, &r->elf, &r->err);
}

/* A small complete image. */
static void make(struct elf_writer *w)
{
	*w = (struct elf_writer){ 0 };
	elf_section(w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0x08000000, "\x00\xbf\x70\x47", 4);
	elf_section(w, ".data", ELF_PROGBITS, ELF_A | ELF_W, 0x20000000, "abcd", 4);
	elf_section(w, ".bss", ELF_NOBITS, ELF_A | ELF_W, 0x20000004, NULL, 0x1000);
	elf_segment(w, 1, 84, 0x08000000, 4, 4, 5);
	elf_end(w);
}

static void test_reads_sections_and_segments(void **state)
{
	ELF_AUTO w;
	RESULT r;
	(void)state;
	make(&w);
	open_bytes(&r, w.file.data, w.file.size);
	assert_int_equal(r.code, FL_OK);
	assert_int_equal(r.elf.section_count, 5);
	assert_string_equal(r.elf.sections[1].name, ".text");
	assert_int_equal(r.elf.sections[1].addr, 0x08000000);
	assert_memory_equal(r.elf.sections[2].bytes, "abcd", 4);
	assert_null(r.elf.sections[3].bytes);
	assert_int_equal(r.elf.sections[3].size, 0x1000);
	assert_int_equal(r.elf.segment_count, 1);
	assert_int_equal(r.elf.segments[0].addr, 0x08000000);
	assert_true(fl_section_is_code(&r.elf.sections[1]));
	assert_false(fl_section_is_code(&r.elf.sections[2]));
	assert_ptr_equal(fl_elf_section(&r.elf, ".data"), &r.elf.sections[2]);
	assert_null(fl_elf_section(&r.elf, ".bss"));
	assert_null(fl_elf_section(&r.elf, ".none"));
	assert_int_equal(r.findings.count, 0);
}

static void test_contents_at_an_address(void **state)
{
	static const struct {
		uint32_t addr, size;
		const char *want;
	} cases[] = {
		{ 0x20000000, 4, "abcd" }, { 0x20000001, 2, "bc" },
		{ 0x20000003, 1, "d" },    { 0x20000003, 2, NULL },
		{ 0x20000004, 1, NULL },   { 0x1fffffff, 1, NULL },
		{ 0xffffffff, 4, NULL },   { 0x20000000, 0xffffffff, NULL },
	};
	ELF_AUTO w;
	RESULT r;
	(void)state;
	make(&w);
	open_bytes(&r, w.file.data, w.file.size);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *got = fl_elf_at(&r.elf, cases[i].addr, cases[i].size);
		assert_int_equal(got != NULL, cases[i].want != NULL);
		if (got)
			assert_memory_equal(got, cases[i].want, cases[i].size);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum fl_code code;
		uint64_t at;
		const char *message;
	} cases[] = {
		{ "", 0, FL_EFORMAT, 0, "not an ELF file: it is empty" },
		{ "CORE", 4, FL_EFORMAT, 0, "not an ELF file: starts with 43 4f 52 45" },
		{ "\x7f"
		  "E",
		  2, FL_EFORMAT, 0, "not an ELF file: starts with 7f 45" },
		{ "\x7f"
		  "ELF",
		  4, FL_EFORMAT, 4, "ELF header: need 1 more bytes, have 0" },
		{ "\x7f"
		  "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0",
		  20, FL_EUNSUPPORTED, 18, "ELF for x86-64, not Arm" },
		{ "\x7f"
		  "ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\xf3\0",
		  20, FL_EUNSUPPORTED, 18, "ELF for RISC-V, not Arm" },
		{ "\x7f"
		  "ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\x99\x09",
		  20, FL_EUNSUPPORTED, 18, "ELF for machine 2457, not Arm" },
		{ "\x7f"
		  "ELF\1\2\1\0\0\0\0\0\0\0\0\0\0\2\0\x28",
		  20, FL_EUNSUPPORTED, 5, "big-endian ELF" },
		{ "\x7f"
		  "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x28\0",
		  20, FL_EUNSUPPORTED, 4, "64-bit ELF" },
		{ "\x7f"
		  "ELF\1\1\1\0\0\0\0\0\0\0\0\0\4\0\x28\0",
		  20, FL_EUNSUPPORTED, 16, "ELF core file, not a firmware image" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		RESULT r;
		open_bytes(&r, cases[i].bytes, cases[i].size);
		assert_string_equal(r.err.message, cases[i].message);
		assert_int_equal(r.code, cases[i].code);
		assert_int_equal(r.err.at, cases[i].at);
	}
}

/* The section headers come last, so that every proper prefix lacks some of them. */
static void every_prefix_fails(const uint8_t *data, size_t size, size_t step)
{
	for (size_t n = 0; n < size; n += step) {
		RESULT r;
		open_bytes(&r, data, n);
		assert_int_equal(r.code, FL_EFORMAT);
		assert_true(r.err.at <= n || r.err.at < size);
		assert_true(r.err.message[0]);
	}
}

static void test_every_truncation_fails(void **state)
{
	ELF_AUTO w;
	(void)state;
	make(&w);
	every_prefix_fails(w.file.data, w.file.size, 1);
	size_t size;
	uint8_t *bytes = corpus_read(FL_CORPUS "/m4f-og/fw.elf", &size);
	assert_non_null(bytes);
	every_prefix_fails(bytes, size, 997);
	free(bytes);
}

static void test_headers_that_lie(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
		unsigned size;
		const char *message; /* prefix */
	} cases[] = {
		{ "section headers outside", 32, 0x7fffffff, 4, "ELF section headers: " },
		{ "section entries too small", 46, 32, 2, "ELF section headers: entries of 32" },
		{ "too many sections", 48, 0xfeff, 2, "ELF section headers: need" },
		{ "program headers outside", 28, 0x7fffffff, 4, "ELF program headers: " },
		{ "program entries too big", 42, 56, 2, "ELF program headers: entries of 56" },
		{ "too many segments", 44, 0xfffe, 2, "ELF program headers: need" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w;
		RESULT r;
		make(&w);
		if (cases[i].size == 2)
			patch_u16(&w.file, cases[i].at, cases[i].value);
		else
			patch_u32(&w.file, cases[i].at, cases[i].value);
		open_bytes(&r, w.file.data, w.file.size);
		assert_int_equal(r.code, FL_EFORMAT);
		assert_memory_equal(r.err.message, cases[i].message, strlen(cases[i].message));
	}
}

static void test_contents_outside_are_a_finding(void **state)
{
	static const struct {
		uint32_t off, size;
	} cases[] = { { 0xffffff00, 4 }, { 60, 0xffffffff }, { 0xffffffff, 0xffffffff } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w;
		RESULT r;
		make(&w);
		patch_u32(&w.file, w.sections[2].header_off + 16, cases[i].off);
		patch_u32(&w.file, w.sections[2].header_off + 20, cases[i].size);
		open_bytes(&r, w.file.data, w.file.size);
		assert_int_equal(r.code, FL_OK);
		assert_null(r.elf.sections[2].bytes);
		assert_int_equal(r.findings.count, 1);
		assert_string_equal(r.findings.items[0].text,
				    "fw.elf: section 2 lies outside the file and is ignored");
		assert_null(fl_elf_at(&r.elf, 0x20000000, 1));
	}
}

static void test_names_outside_are_empty(void **state)
{
	ELF_AUTO w;
	RESULT r;
	(void)state;
	make(&w);
	patch_u32(&w.file, w.sections[1].header_off, 0xffff);
	patch_u16(&w.file, 50, 0xfffe); /* string table index: tested below */
	open_bytes(&r, w.file.data, w.file.size);
	assert_int_equal(r.code, FL_OK);
	assert_string_equal(r.elf.sections[1].name, "");
	assert_string_equal(r.elf.sections[2].name, "");
}

/* gABI: more sections than 16 bits hold live in section 0. */
static void test_extended_numbering(void **state)
{
	ELF_AUTO w;
	RESULT r;
	(void)state;
	make(&w);
	size_t null_header = w.sections[0].header_off;
	patch_u32(&w.file, null_header + 20, 5);
	patch_u32(&w.file, null_header + 24, 4);
	patch_u16(&w.file, 48, 0);
	patch_u16(&w.file, 50, 0xffff);
	open_bytes(&r, w.file.data, w.file.size);
	assert_int_equal(r.code, FL_OK);
	assert_int_equal(r.elf.section_count, 5);
	assert_string_equal(r.elf.sections[2].name, ".data");
}

static void test_without_sections(void **state)
{
	ELF_AUTO w;
	RESULT r;
	(void)state;
	make(&w);
	patch_u32(&w.file, 32, 0);
	open_bytes(&r, w.file.data, w.file.size);
	assert_int_equal(r.code, FL_OK);
	assert_int_equal(r.elf.section_count, 0);
	assert_non_null(fl_elf_at(&r.elf, 0x08000000, 4));
	assert_null(fl_elf_at(&r.elf, 0x08000002, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_sections_and_segments),
		cmocka_unit_test(test_contents_at_an_address),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_every_truncation_fails),
		cmocka_unit_test(test_headers_that_lie),
		cmocka_unit_test(test_contents_outside_are_a_finding),
		cmocka_unit_test(test_names_outside_are_empty),
		cmocka_unit_test(test_extended_numbering),
		cmocka_unit_test(test_without_sections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
