/* SPDX-License-Identifier: Apache-2.0 */
/* A separate debug file: the same names, lines and unwind rows, none of the contents. */
#include "image/elf.h"
#include "symbols_case.h"

enum {
	SHT_NOBITS_WORD = 8,
	SHT_NOTE_WORD = 7,
	SECTION_HEADER = 40, /* bytes of an Elf32_Shdr, of an Elf32_Phdr */
	SEGMENT_HEADER = 32,
};

static uint32_t word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* What "objcopy --only-keep-debug" does to the headers; notes keep their contents. */
static void empty_sections(uint8_t *elf)
{
	uint8_t *sections = elf + word(elf + 32);
	uint8_t *segments = elf + word(elf + 28);
	unsigned section_count = elf[48] | (unsigned)elf[49] << 8;
	unsigned segment_count = elf[44] | (unsigned)elf[45] << 8;
	for (unsigned i = 1; i < section_count; i++) {
		uint8_t *section = sections + (size_t)i * SECTION_HEADER;
		if (word(section + 8) & ELF_A && word(section + 4) != SHT_NOTE_WORD)
			section[4] = SHT_NOBITS_WORD;
	}
	for (unsigned i = 0; i < segment_count; i++)
		memset(segments + (size_t)i * SEGMENT_HEADER + 16, 0, 4);
}

static bool spans_hold(const struct fl_module *module, uint32_t addr)
{
	size_t count;
	const struct fl_span *spans = fl_module_spans(module, &count);
	for (size_t i = 0; i < count; i++)
		if (addr >= spans[i].addr && addr - spans[i].addr < spans[i].size)
			return true;
	return false;
}

static void test_a_debug_file_names_what_the_whole_one_names(void **state)
{
	static const char *const builds[] = { "m4f-os", "m4f-cpp", "m33-os" };
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		char path[512];
		size_t size;
		snprintf(path, sizeof(path), "%s/%s/fw.elf", FL_CORPUS, builds[i]);
		uint8_t *bytes = corpus_read(path, &size);
		assert_non_null(bytes);
		SYMBOLS whole = open_symbols_bytes(bytes, size);
		empty_sections(bytes);
		SYMBOLS debug = open_symbols_bytes(bytes, size);
		free(bytes);
		struct fl_module_info info = fl_module_info(whole.module);
		struct fl_module_info emptied = fl_module_info(debug.module);
		assert_true(info.has_code_bytes);
		assert_false(emptied.has_code_bytes);
		assert_true(emptied.has_debug_info);
		assert_true(emptied.has_symbol_table);
		assert_memory_equal(emptied.build_id, info.build_id, sizeof(info.build_id));
		assert_int_equal(emptied.function_count, info.function_count);
		assert_int_equal(emptied.code_addr, info.code_addr);
		assert_int_equal(emptied.code_end, info.code_end);
		assert_false(spans_hold(debug.module, info.code_addr));
		for (uint64_t pc = info.code_addr; pc < info.code_end; pc += 2) {
			char want[1024];
			scopes_at(whole.module, (uint32_t)pc, want, sizeof(want));
			assert_scopes(debug.module, (uint32_t)pc, want);
		}
	}
}

/* Code that a loader fills is no sign of a debug file. */
static void test_empty_code_beside_code_does_not_count(void **state)
{
	ELF_AUTO w = { 0 };
	(void)state;
	elf_section(&w, ".text", ELF_PROGBITS, ELF_A | ELF_X, 0x100, "\x70\x47", 2);
	elf_section(&w, ".ramtext", SHT_NOBITS_WORD, ELF_A | ELF_X, 0x20000000, NULL, 64);
	SYMBOLS c = open_symbols(&w);
	assert_true(fl_module_info(c.module).has_code_bytes);
	assert_true(fl_module_is_code(c.module, 0x100));
	assert_false(fl_module_is_code(c.module, 0x20000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_debug_file_names_what_the_whole_one_names),
		cmocka_unit_test(test_empty_code_beside_code_does_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
