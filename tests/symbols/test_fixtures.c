/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real images: fixtures/corpus/<build>/fw.elf. Lines are those of the marker comments
 * (@frame:<name>) in fixtures/firmware, so that they follow the sources and not our own output.
 */
#include "symbols_case.h"

#include "image/image.h"

#define RUST "rust.rs"

/* Line of the marker in a source file. */
static unsigned marker_line(const char *file, const char *marker)
{
	char path[512];
	char line[512];
	char tag[64];
	unsigned number = 0;
	snprintf(path, sizeof(path), "%s/%s/%s", FL_SOURCE,
		 strcmp(file, RUST) ? "fixtures/firmware" : "tests/symbols/data", file);
	snprintf(tag, sizeof(tag), "@frame:%s", marker);
	FILE *source = fopen(path, "r");
	if (!source)
		fail_msg("%s is missing", path);
	while (fgets(line, sizeof(line), source)) {
		number++;
		const char *found = strstr(line, tag);
		if (found && strchr(" \n", found[strlen(tag)])) {
			fclose(source);
			return number;
		}
	}
	fclose(source);
	fail_msg("no marker %s in %s", marker, file);
	return 0;
}

struct step {
	const char *function, *marker;
};

/* Innermost first; all in one file; the last one is the physical function. */
struct chain {
	const char *build, *file;
	struct step steps[5];
};

static bool is_chain(const struct fl_scope *scopes, size_t count, const struct chain *chain)
{
	size_t i = 0;
	for (; i < 5 && chain->steps[i].function; i++) {
		const struct step *step = &chain->steps[i];
		if (i >= count || strcmp(scopes[i].function, step->function) != 0)
			return false;
		/* Strict DWARF 2 does not say where a function was inlined; libcore's source is not
		 * here. */
		if (!step->marker)
			continue;
		const char *base = scopes[i].file ? strrchr(scopes[i].file, '/') : NULL;
		const char *want = strrchr(chain->file, '/');
		if (!base || strcmp(base + 1, want ? want + 1 : chain->file) != 0 ||
		    scopes[i].line != marker_line(chain->file, step->marker))
			return false;
	}
	return i == count;
}

static void assert_somewhere(const struct fl_symbol_view *view, const struct chain *chain)
{
	for (size_t m = 0; m < view->count; m++) {
		struct fl_module_info info = fl_module_info(view->modules[m]);
		for (uint64_t pc = info.code_addr; pc < info.code_end; pc += 2) {
			struct fl_scope scopes[8];
			size_t count = fl_module_scopes(view->modules[m], (uint32_t)pc, scopes, 8);
			if (count && is_chain(scopes, count, chain))
				return;
		}
	}
	fail_msg("%s: no address has the chain of %s", chain->build, chain->steps[0].function);
}

static void test_chains(void **state)
{
#define INLINED \
	{ \
		{ "set_pixel", "inline-set" }, { "draw_row", "inline-row" }, \
			{ "draw_box", "inline-box" }, \
		{ \
			"draw_screen", "inline-screen" \
		} \
	}
	static const struct chain chains[] = {
		{ "m0-os", "scenarios_memory.c", { { "store_value", "null-write-store" } } },
		{ "m33-os", "scenarios_memory.c", { { "store_value", "null-write-store" } } },
		{ "m4f-og", "scenarios_shape.c", INLINED },
		{ "m4f-o2", "scenarios_shape.c", INLINED },
		{ "m4f-lto", "scenarios_shape.c", INLINED },
		{ "m4f-clang", "scenarios_shape.c", INLINED },
		{ "m4f-dwarf3", "scenarios_shape.c", INLINED },
		{ "m4f-dwarf4", "scenarios_shape.c", INLINED },
		{ "m4f-gc", "scenarios_shape.c", INLINED },
		{ "m4f-dwarf2",
		  "scenarios_shape.c",
		  { { "set_pixel", "inline-set" },
		    { "draw_row", NULL },
		    { "draw_box", NULL },
		    { "draw_screen", NULL } } },
		{ "m4f-cpp",
		  "cpp/scenarios.cpp",
		  { { "drivers::Motor::set_speed", "cpp-set-speed" } } },
		{ "m4f-cpp",
		  "cpp/scenarios.cpp",
		  { { "util::Queue<int, 4>::push", "cpp-queue-push" } } },
		{ "m4f-cpp",
		  "cpp/scenarios.cpp",
		  { { "util::repeat<app::lambda()::<lambda(uint32_t)> >", "cpp-repeat" } } },
		{ "m4f-cpp",
		  "cpp/scenarios.cpp",
		  { { "app::lambda()::{lambda(unsigned long)#1}::operator()",
		      "cpp-lambda-body" } } },
		{ "m4f-cpp",
		  "cpp/scenarios.cpp",
		  { { "app::(anonymous namespace)::hidden_store", "cpp-hidden-store" } } },
		{ "m4f-cpp", "cpp/scenarios.cpp", { { "util::Lock::~Lock", "cpp-unlock" } } },
		{ "m4f-cpp",
		  "cpp/scenarios.cpp",
		  { { "app::Controller::Log::note", "cpp-note" } } },
		{ "m4f-aux", "system/system.c", { { "write_event", "aux-write-event" } } },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		SYMBOLS c = open_fixture(chains[i].build);
		assert_somewhere(&c.view, &chains[i]);
	}
}

static void test_rust(void **state)
{
	static const struct chain chains[] = {
		{ "rust", RUST, { { "fw::app::Queue<u32>::push<u32>", "rust-push" } } },
		{ "rust",
		  RUST,
		  { { "core::ptr::write_volatile<u32>", NULL },
		    { "fw::app::{impl#1}::start", "rust-start" } } },
		{ "rust",
		  RUST,
		  { { "fw::Reset::{closure#0}", "rust-closure" },
		    { "fw::app::apply<fw::Reset::{closure_env#0}>", "rust-apply" } } },
	};
	SYMBOLS c = open_file(FL_TESTS "/symbols/data/rust.elf");
	struct fl_symbol_info reset;
	struct fl_function_info f;
	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		assert_somewhere(&c.view, &chains[i]);
	/* The vector and functions of libcore that were discarded share address 0. */
	assert_scopes(c.module, 0, "-");
	assert_true(fl_view_symbol(&c.view, "Reset", &reset));
	assert_true(fl_module_function(c.module, reset.addr, &f));
	assert_string_equal(f.name, "fw::Reset");
	assert_string_equal(f.linkage_name, "Reset");
	/* Every function in the table is one of those that .symtab has, 86 of more than a thousand.
	 */
	assert_int_equal(fl_module_info(c.module).function_count, 86);
}

static void test_facts(void **state)
{
	static const struct {
		const char *build;
		enum fl_arch arch;
		size_t modules;
	} builds[] = {
		{ "m0-os", FL_ARCH_V6M, 1 },       { "m3-os", FL_ARCH_V7M, 1 },
		{ "m3-exidx", FL_ARCH_V7M, 1 },    { "m4f-og", FL_ARCH_V7EM, 1 },
		{ "m4f-clang", FL_ARCH_V7EM, 1 },  { "m7-os", FL_ARCH_V7EM, 1 },
		{ "m33-os", FL_ARCH_V8M_MAIN, 1 }, { "m4f-aux", FL_ARCH_V7EM, 2 },
		{ "m4f-lto", FL_ARCH_V7EM, 1 },    { "m4f-gc", FL_ARCH_V7EM, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		SYMBOLS c = open_fixture(builds[i].build);
		struct fl_module_info info = fl_module_info(c.module);
		size_t findings;
		fl_module_findings(c.module, &findings);
		assert_int_equal(fl_module_arch(c.module), builds[i].arch);
		assert_int_equal(c.symbols->count, builds[i].modules);
		assert_int_equal(info.build_id_size, 20);
		assert_true(info.has_debug_info);
		assert_true(info.has_unwind_info);
		assert_true(info.has_symbol_table);
		assert_true(info.function_count > 50);
		assert_int_equal(findings, 0);
	}
}

static void check_symbol(const struct symbols_case *c, const struct fl_symbol *s)
{
	struct fl_function_info f;
	struct fl_symbol_info found;
	bool absolute;
	assert_true(fl_module_symbol(c->module, s->name, &found, &absolute));
	assert_string_equal(found.name, s->name);
	if (s->global) {
		assert_int_equal(found.addr, s->addr);
		assert_int_equal(found.size, s->size);
		assert_int_equal(found.is_function, s->kind != FL_SYMBOL_OBJECT);
		assert_int_equal(absolute, s->section == FL_SHN_ABS);
	}
	if (s->kind != FL_SYMBOL_FUNCTION || !s->size)
		return;
	assert_true(fl_module_function(c->module, s->addr, &f));
	assert_int_equal(f.addr, s->addr);
	assert_true(fl_module_function(c->module, s->addr + s->size - 1, &f));
	assert_int_equal(f.addr, s->addr);
}

/* Every symbol is found by its name; every sized function symbol names the code it covers, or
 * shares it with an alias. */
static void test_functions_agree_with_the_symbol_table(void **state)
{
	static const char *const builds[] = { "m4f-og",   "m4f-gc",    "m4f-o2",
					      "m3-exidx", "m4f-clang", "m4f-cpp" };
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		SYMBOLS c = open_fixture(builds[i]);
		FL_AUTO(fl_image) image = NULL;
		char path[512];
		size_t size;
		snprintf(path, sizeof(path), FL_CORPUS "/%s/fw.elf", builds[i]);
		uint8_t *bytes = corpus_read(path, &size);
		assert_int_equal(fl_image_open("fw.elf", bytes, size, NULL, &image, NULL), FL_OK);
		assert_true(image->symbols.count > 50);
		for (size_t k = 0; k < image->symbols.count; k++)
			check_symbol(&c, fl_vec_at(&image->symbols, const struct fl_symbol, k));
		free(bytes);
	}
}

static void test_exidx_has_an_entry_for_every_c_function(void **state)
{
	static const char *const names[] = { "mpu_save", "memcpy", "main" };
	SYMBOLS c = open_fixture("m3-exidx");
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fl_symbol_info s;
		struct fl_exidx_entry e;
		struct fl_unwind_rule rule;
		assert_true(fl_view_symbol(&c.view, names[i], &s));
		assert_true(fl_module_exidx(c.module, s.addr + s.size - 2, &e));
		assert_int_equal(e.function_addr, s.addr);
		assert_false(e.cantunwind);
		assert_true(e.opcode_count >= 3);
		assert_false(fl_module_unwind_rule(c.module, s.addr, &rule));
	}
}

/* Flash at 0, library.c discarded but for one function. */
static void test_discarded_functions_do_not_shadow(void **state)
{
	SYMBOLS c = open_fixture("m4f-gc");
	struct fl_symbol_info reset;
	char text[256];
	(void)state;
	assert_true(fl_view_symbol(&c.view, "Reset_Handler", &reset));
	for (uint32_t pc = 0; pc < 0x100; pc += 2)
		assert_scopes(c.module, pc, "-");
	for (uint32_t pc = reset.addr; pc < reset.addr + reset.size; pc += 2) {
		scopes_at(c.module, pc, text, sizeof(text));
		assert_null(strstr(text, "library.c"));
		assert_non_null(strstr(text, "Reset_Handler startup.c:"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_rust),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_functions_agree_with_the_symbol_table),
		cmocka_unit_test(test_exidx_has_an_entry_for_every_c_function),
		cmocka_unit_test(test_discarded_functions_do_not_shadow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
