/* SPDX-License-Identifier: Apache-2.0 */
/* The index as a file: what comes back is what was written, and what is no such file is refused
 * with the reason. Positions are those of docs/index-format.md. */
#include "symbols_case.h"

#include "base/hash.h"

#include <inttypes.h>

enum {
	AT_VERSION = 8,
	AT_HASH = 16,
	AT_HASHED = 32,
	AT_SIZE = 32,
	AT_MODULES = 40,
	AT_ELF_HASH = 96
};
enum { AT_BUILD_ID_SIZE = 140, HEAD = 144, AT_PLACE = 144 };

static const struct fl_symbols_origin origin = { 0xfd01, 4711, INT64_C(1767225600123456789) };

static struct fl_buffer encode(const struct symbols_case *c)
{
	struct fl_buffer file = { 0 };
	struct fl_error err = { 0 };
	if (fl_symbols_encode(c->symbols, &origin, &file, &err))
		fail_msg("%s", err.message);
	return file;
}

static void make_hash_right(struct fl_buffer *file)
{
	fl_hash128(file->data + AT_HASHED, file->size - AT_HASHED, file->data + AT_HASH);
}

static void assert_refused(const void *bytes, size_t size, enum fl_code code, const char *why)
{
	struct fl_symbols *symbols = NULL;
	struct fl_error err = { 0 };
	assert_int_equal(fl_symbols_decode(bytes, size, &symbols, &err), code);
	assert_null(symbols);
	if (!strstr(err.message, why))
		fail_msg("\"%s\" does not say \"%s\"", err.message, why);
}

static void test_same_modules_come_back(void **state)
{
	static const char *const builds[] = { "m4f-aux", "m4f-cpp", "m0-os", "m4f-zephyr" };
	(void)state;
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		SYMBOLS c = open_fixture(builds[i]);
		FL_AUTO_BUFFER file = encode(&c);
		FL_AUTO_BUFFER again = { 0 };
		FL_AUTO(fl_symbols) symbols = NULL;
		assert_int_equal(fl_symbols_decode(file.data, file.size, &symbols, NULL), FL_OK);
		assert_int_equal(symbols->count, c.symbols->count);
		for (size_t m = 0; m < symbols->count; m++) {
			assert_int_equal(symbols->modules[m]->size, c.symbols->modules[m]->size);
			assert_memory_equal(symbols->modules[m]->index,
					    c.symbols->modules[m]->index,
					    symbols->modules[m]->size);
			/* as it lies: nothing was copied */
			assert_true(symbols->modules[m]->index > file.data &&
				    symbols->modules[m]->index < file.data + file.size);
		}
		assert_int_equal(fl_symbols_encode(symbols, &origin, &again, NULL), FL_OK);
		assert_int_equal(again.size, file.size);
		assert_memory_equal(again.data, file.data, file.size);
	}
}

/* The build id as "readelf -n" shows it, at the offset that "grep -obUaP" finds it at. */
static void test_head_says_which_elf(void **state)
{
	(void)state;
	size_t size;
	uint8_t *elf = corpus_read(FL_CORPUS "/m4f-og/fw.elf", &size);
	uint8_t hash[16];
	SYMBOLS c = open_fixture("m4f-og");
	FL_AUTO_BUFFER file = encode(&c);
	struct fl_symbols_index_info info;
	assert_int_equal(fl_symbols_index_peek(file.data, FL_SYMBOLS_INDEX_HEAD, &info, NULL),
			 FL_OK);
	assert_true(info.same_engine);
	assert_int_equal(info.size, file.size);
	assert_int_equal(info.elf_size, size);
	assert_int_equal(info.origin.device, origin.device);
	assert_int_equal(info.origin.inode, origin.inode);
	assert_int_equal(info.origin.mtime_ns, origin.mtime_ns);
	fl_hash128(elf, size, hash);
	assert_memory_equal(info.elf_hash, hash, sizeof(hash));
	assert_int_equal(info.build_id_size, 20);
	assert_true(info.build_id_off > 0 && info.build_id_off + 20 <= size);
	assert_memory_equal(elf + info.build_id_off, info.build_id, 20);
	struct fl_module_info module = fl_symbols_module(c.symbols, 0);
	assert_memory_equal(module.build_id, info.build_id, 20);
	assert_true(info.has_debug_info && info.has_symbol_table);
	assert_true(fl_symbols_are_of(c.symbols, elf, size));
	elf[size / 2] ^= 1;
	assert_false(fl_symbols_are_of(c.symbols, elf, size));
	free(elf);
}

static void test_another_engine_is_told(void **state)
{
	(void)state;
	SYMBOLS c = open_fixture("m4f-og");
	FL_AUTO_BUFFER file = encode(&c);
	struct fl_symbols_index_info info;
	file.data[48] ^= 1;
	assert_int_equal(fl_symbols_index_peek(file.data, file.size, &info, NULL), FL_OK);
	assert_false(info.same_engine);
}

static void test_every_prefix_is_truncated(void **state)
{
	(void)state;
	SYMBOLS c = open_fixture("m0-os");
	FL_AUTO_BUFFER file = encode(&c);
	for (size_t n = 0; n < file.size; n += n < 1000 ? 1 : 251) {
		uint8_t *cut = exact_copy(file.data, n);
		struct fl_symbols_index_info info;
		assert_refused(cut, n, FL_EFORMAT, n < 8 ? "not a symbol index" : "truncated");
		assert_int_equal(fl_symbols_index_peek(cut, n, &info, NULL),
				 n < HEAD ? FL_EFORMAT : FL_OK);
		free(cut);
	}
}

/* Any byte: the hash tells, or the place itself. */
static void test_every_byte_counts(void **state)
{
	(void)state;
	SYMBOLS c = open_fixture("m0-os");
	FL_AUTO_BUFFER file = encode(&c);
	for (size_t at = 0; at < file.size; at += at < 1000 ? 1 : 97) {
		struct fl_symbols *symbols = NULL;
		bool reserved = at >= 12 && at < 16;
		file.data[at] ^= 0x10;
		enum fl_code code = fl_symbols_decode(file.data, file.size, &symbols, NULL);
		assert_true(reserved ? code == FL_OK : code != FL_OK);
		fl_symbols_close(symbols);
		file.data[at] ^= 0x10;
	}
}

/* With a hash that is right. */
static void test_refusals(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		enum fl_code code;
		const char *why;
	} cases[] = {
		{ 0, 0x464c457f, FL_EFORMAT, "not a symbol index" },
		{ AT_VERSION, 3, FL_EUNSUPPORTED, "a newer version: 3" },
		{ AT_VERSION, 1, FL_EUNSUPPORTED, "an older version: 1" },
		{ AT_VERSION, 0, FL_EUNSUPPORTED, "an older version: 0" },
		{ AT_SIZE, 0x7fffffff, FL_EFORMAT, "truncated" },
		{ AT_SIZE, 4096, FL_EFORMAT, "bytes behind its end" },
		{ AT_MODULES, 0, FL_EFORMAT, "number of modules" },
		{ AT_MODULES, 33, FL_EFORMAT, "number of modules" },
		{ AT_MODULES, 2, FL_EFORMAT, "module" }, /* the second place is no place */
		{ AT_BUILD_ID_SIZE, 21, FL_EFORMAT, "build id too long" },
		{ AT_BUILD_ID_SIZE, 19, FL_EFORMAT, "another ELF" },
		{ AT_BUILD_ID_SIZE, 20, FL_EFORMAT, "another ELF" }, /* other flags */
		{ AT_ELF_HASH, 0, FL_EFORMAT, "another ELF" },
		{ AT_PLACE, 161, FL_EFORMAT, "module outside" },            /* not aligned */
		{ AT_PLACE, 0x7ffffff8, FL_EFORMAT, "module outside" },     /* offset */
		{ AT_PLACE + 8, 0x7fffffff, FL_EFORMAT, "module outside" }, /* size */
		{ AT_PLACE + 16, 0x12345678, FL_EFORMAT, "not one" },       /* the module's magic */
	};
	(void)state;
	SYMBOLS c = open_fixture("m4f-og");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		FL_AUTO_BUFFER file = encode(&c);
		memcpy(file.data + cases[i].at, &cases[i].value, sizeof(cases[i].value));
		make_hash_right(&file);
		assert_refused(file.data, file.size, cases[i].code, cases[i].why);
	}
}

static void test_bytes_must_be_aligned(void **state)
{
	(void)state;
	SYMBOLS c = open_fixture("m0-os");
	FL_AUTO_BUFFER file = encode(&c);
	uint8_t *moved = malloc(file.size + 4);
	memcpy(moved + 4, file.data, file.size);
	assert_refused(moved + 4, file.size, FL_EINVALID, "not aligned");
	free(moved);
}

/* What is searched from end to end may not be endless. */
static void test_long_tables_are_refused(void **state)
{
	static const struct {
		uint32_t kind, element, limit;
	} cases[] = {
		{ FL_INDEX_FINDINGS, 16, 256 },    { FL_INDEX_ENUMERATORS, 8, 4096 },
		{ FL_INDEX_STRUCTS, 20, 2048 },    { FL_INDEX_FIELDS, 28, 16384 },
		{ FL_INDEX_VARIABLES, 24, 65536 },
	};
	(void)state;
	SYMBOLS c = open_fixture("m4f-og");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint64_t room = (uint64_t)(cases[i].limit + 1) * cases[i].element;
		size_t size = (c.module->size + room + 7) & ~(size_t)7;
		uint8_t *bytes = calloc(1, size);
		struct fl_index_table table = { cases[i].kind, cases[i].element, c.module->size,
						cases[i].limit + 1 };
		uint64_t size64 = size;
		for (int over = 1; over >= 0; over--) {
			struct fl_module *m = NULL;
			struct fl_error err = { 0 };
			table.count = cases[i].limit + (uint64_t)over;
			memcpy(bytes, c.module->index, c.module->size);
			memcpy(bytes + 16, &size64, sizeof(size64));
			memcpy(bytes + sizeof(struct fl_index_header) +
				       (cases[i].kind - 1) * sizeof(table),
			       &table, sizeof(table));
			assert_int_equal(fl_module_borrow(bytes, size, &m, &err),
					 over ? FL_EFORMAT : FL_OK);
			assert_true(!over || strstr(err.message, "too long"));
			fl_module_close(m);
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_modules_come_back),
		cmocka_unit_test(test_head_says_which_elf),
		cmocka_unit_test(test_another_engine_is_told),
		cmocka_unit_test(test_every_prefix_is_truncated),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_bytes_must_be_aligned),
		cmocka_unit_test(test_long_tables_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
