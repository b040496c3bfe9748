/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded image whose debug sections were compressed afterwards says the same at every address.
 */
#include "image/elf.h"
#include "symbols_case.h"

#include <zlib.h>
#include <zstd.h>

enum packing { PLAIN, ZLIB, ZSTD, GNU };

static void pack(struct bytes *out, const struct fl_section *s, enum packing how)
{
	size_t room = s->size + 1024;
	uint8_t *packed = exact_copy(NULL, 0);
	packed = realloc(packed, room);
	assert_non_null(packed);
	if (how == GNU) {
		put(out, "ZLIB\0\0\0\0", 8);
		for (int shift = 24; shift >= 0; shift -= 8)
			put_u8(out, s->size >> shift & 0xff);
	} else {
		put_u32(out, how == ZLIB ? 1 : 2);
		put_u32(out, s->size);
		put_u32(out, 1);
	}
	if (how == ZSTD) {
		room = ZSTD_compress(packed, room, s->bytes, s->size, 1);
		assert_false(ZSTD_isError(room));
	} else {
		uLongf size = room;
		assert_int_equal(compress(packed, &size, s->bytes, s->size), Z_OK);
		room = size;
	}
	put(out, packed, room);
	free(packed);
}

/* The image again, section by section; symbol tables keep their links. */
static void rebuild(struct elf_writer *w, const struct fl_elf *elf, enum packing how)
{
	*w = (struct elf_writer){ .misalign = 1 };
	for (size_t i = 1; i < elf->section_count; i++) {
		const struct fl_section *s = &elf->sections[i];
		BYTES_AUTO data = { 0 };
		char name[64];
		bool debug = how != PLAIN && !strncmp(s->name, ".debug_", 7);
		snprintf(name, sizeof(name), "%s%s", debug && how == GNU ? ".z" : "",
			 debug && how == GNU ? s->name + 1 : s->name);
		if (debug)
			pack(&data, s, how);
		else if (s->bytes)
			put(&data, s->bytes, s->size);
		bool flagged = debug && how != GNU;
		unsigned n =
			elf_section(w, name, s->type, s->flags | (flagged ? ELF_COMPRESSED : 0),
				    s->addr, data.data, s->bytes ? data.size : s->size);
		w->sections[n].link = s->link;
	}
}

static void test_every_packing(void **state)
{
	size_t size;
	uint8_t *bytes = corpus_read(FL_CORPUS "/m4f-cpp/fw.elf", &size);
	struct fl_arena arena = { 0 };
	struct fl_elf elf;
	(void)state;
	assert_non_null(bytes);
	assert_int_equal(fl_elf_open("fw.elf", bytes, size, &arena, NULL, &elf, NULL), FL_OK);
	SYMBOLS plain = open_symbols_bytes(bytes, size);
	for (enum packing how = PLAIN; how <= GNU; how++) {
		ELF_AUTO w;
		rebuild(&w, &elf, how);
		SYMBOLS c = open_symbols(&w);
		struct fl_module_info info = fl_module_info(plain.module);
		assert_int_equal(fl_module_info(c.module).function_count, info.function_count);
		for (uint64_t pc = info.code_addr; pc < info.code_end; pc += 2) {
			char want[1024];
			scopes_at(plain.module, (uint32_t)pc, want, sizeof(want));
			assert_scopes(c.module, (uint32_t)pc, want);
		}
	}
	fl_arena_deinit(&arena);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_packing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
