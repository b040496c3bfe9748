/* SPDX-License-Identifier: Apache-2.0 */
/* ELFs inside .mflt_aux_symbols.<name> sections. */
#include "symbols_case.h"

#define AUX ".mflt_aux_symbols."

static void small_elf(struct elf_writer *w, const char *function, uint32_t addr)
{
	*w = (struct elf_writer){ 0 };
	unsigned text = elf_code(w, ".text", addr, 0x40);
	elf_symbol(w, function, addr | 1, 0x20, ELF_FUNC, text);
}

static void embed(struct elf_writer *host, const char *name, struct elf_writer *guest)
{
	char section[48];
	snprintf(section, sizeof(section), AUX "%s", name);
	elf_end(guest);
	elf_section(host, section, ELF_PROGBITS, 0, 0, guest->file.data, guest->file.size);
}

static const char *module_name(const struct symbols_case *c, size_t i)
{
	return fl_symbols_module(c->symbols, i).name;
}

static const char *finding(const struct fl_module *module, size_t i)
{
	size_t count;
	const struct fl_finding *findings = fl_module_findings(module, &count);
	return i < count ? findings[i].text : "";
}

static void test_any_alignment(void **state)
{
	(void)state;
	for (unsigned misalign = 0; misalign < 8; misalign++) {
		ELF_AUTO host;
		ELF_AUTO guest;
		small_elf(&host, "user", 0x1000);
		small_elf(&guest, "system_run", 0x2000);
		host.misalign = misalign;
		embed(&host, "system-part1", &guest);
		SYMBOLS c = open_symbols(&host);
		assert_int_equal(c.symbols->count, 2);
		assert_string_equal(module_name(&c, 0), "fw.elf");
		assert_string_equal(module_name(&c, 1), "system-part1");
		assert_ptr_equal(fl_view_module_at(&c.view, 0x2010), c.view.modules[1]);
		assert_scopes(c.view.modules[1], 0x2010, "system_run ?:0");
	}
}

static void test_nested_and_several(void **state)
{
	ELF_AUTO host;
	ELF_AUTO a;
	ELF_AUTO b;
	ELF_AUTO inner;
	(void)state;
	small_elf(&host, "user", 0x1000);
	small_elf(&a, "fa", 0x2000);
	small_elf(&b, "fb", 0x3000);
	small_elf(&inner, "fi", 0x4000);
	embed(&a, "inner", &inner);
	embed(&host, "a", &a);
	embed(&host, "b", &b);
	SYMBOLS c = open_symbols(&host);
	assert_int_equal(c.symbols->count, 4);
	assert_string_equal(module_name(&c, 1), "a");
	assert_string_equal(module_name(&c, 2), "inner");
	assert_string_equal(module_name(&c, 3), "b");
}

/* A file cannot hold itself, but it can hold the same one again and again. */
static void test_the_same_elf_twice(void **state)
{
	ELF_AUTO host;
	ELF_AUTO a;
	ELF_AUTO again;
	(void)state;
	small_elf(&host, "user", 0x1000);
	small_elf(&a, "f", 0x2000);
	small_elf(&again, "f", 0x2000);
	embed(&host, "a", &a);
	embed(&host, "b", &again);
	SYMBOLS c = open_symbols(&host);
	assert_int_equal(c.symbols->count, 2);
	assert_string_equal(finding(c.module, 0),
			    "fw.elf: embedded ELF b is ignored: the same ELF is there already");
}

static void test_depth_is_limited(void **state)
{
	struct elf_writer w[8];
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		small_elf(&w[i], "f", 0x1000 * (i + 1));
		if (i)
			embed(&w[i], "deeper", &w[i - 1]);
	}
	SYMBOLS c = open_symbols(&w[7]);
	assert_int_equal(c.symbols->count, 5);
	assert_string_equal(finding(c.view.modules[4], 0),
			    "deeper: embedded ELF deeper is ignored: nested too deep");
	for (size_t i = 0; i < 8; i++)
		elf_free(&w[i]);
}

static void test_number_is_limited(void **state)
{
	ELF_AUTO host;
	(void)state;
	small_elf(&host, "user", 0x1000);
	for (uint32_t i = 0; i < 40; i++) {
		ELF_AUTO guest;
		char name[16];
		small_elf(&guest, "f", 0x2000 + 0x100 * i);
		snprintf(name, sizeof(name), "part%u", (unsigned)i);
		embed(&host, name, &guest);
	}
	SYMBOLS c = open_symbols(&host);
	assert_int_equal(c.symbols->count, FL_LIMIT_MODULES);
	assert_string_equal(finding(c.module, 0),
			    "fw.elf: embedded ELF part31 is ignored: too many modules");
}

static void test_what_is_not_an_elf(void **state)
{
	ELF_AUTO host;
	(void)state;
	small_elf(&host, "user", 0x1000);
	elf_section(&host, AUX "text", ELF_PROGBITS, 0, 0, "hello", 5);
	elf_section(&host, AUX "empty", ELF_PROGBITS, 0, 0, "", 0);
	elf_section(&host, ".mflt_aux_symbols", ELF_PROGBITS, 0, 0, "hello", 5);
	SYMBOLS c = open_symbols(&host);
	assert_int_equal(c.symbols->count, 1);
	assert_string_equal(finding(c.module, 0), "fw.elf: embedded ELF text is ignored: "
						  "not an ELF file: starts with 68 65 6c 6c");
	assert_string_equal(finding(c.module, 1), "fw.elf: embedded ELF empty is ignored: "
						  "not an ELF file: it is empty");
}

static void test_every_truncation_of_the_guest(void **state)
{
	ELF_AUTO guest;
	(void)state;
	small_elf(&guest, "f", 0x2000);
	elf_end(&guest);
	for (size_t n = 0; n < guest.file.size; n++) {
		ELF_AUTO host;
		small_elf(&host, "user", 0x1000);
		elf_section(&host, AUX "cut", ELF_PROGBITS, 0, 0, guest.file.data, n);
		SYMBOLS c = open_symbols(&host);
		assert_int_equal(c.symbols->count, 1);
		assert_scopes(c.module, 0x1000, "user ?:0");
		assert_memory_equal(finding(c.module, 0), "fw.elf: embedded ELF cut is ignored",
				    35);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_alignment),
		cmocka_unit_test(test_nested_and_several),
		cmocka_unit_test(test_the_same_elf_twice),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_number_is_limited),
		cmocka_unit_test(test_what_is_not_an_elf),
		cmocka_unit_test(test_every_truncation_of_the_guest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
