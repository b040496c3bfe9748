/* SPDX-License-Identifier: Apache-2.0 */
/* What no compiler of the fixtures writes: every form and opcode, and links that lead astray. */
#include "image_case.h"
#include "support/die_writer.h"

#include "base/limits.h"

#include <string.h>

enum {
	T_UNIT = 0x11,
	T_STRUCT = 0x13,
	T_SUBPROGRAM = 0x2e,
	T_BLOCK = 0x0b,
	A_SIBLING = 0x01,
	A_NAME = 0x03,
	A_LOW = 0x11,
	A_HIGH = 0x12,
	A_RANGES = 0x55,
	A_UNKNOWN = 0x2fff,
};

#define END \
	{ \
		0, 0, 0, NULL, 0 \
	}
#define NAME(text) \
	{ \
		A_NAME, DIE_STRING, 0, text, 0 \
	}
#define CODE(low, size) \
	{ A_LOW, DIE_ADDR, low, NULL, 0 }, \
	{ \
		A_HIGH, DIE_DATA4, size, NULL, 0 \
	}
#define DIE(d, tag, children, ...) \
	dies_add(d, tag, children, (const struct die_attribute[]){ __VA_ARGS__, END })

static struct image_case open_dies(struct die_writer *d, struct elf_writer *w)
{
	dies_end(d, w);
	elf_code(w, ".text", 0x100, 0x100);
	return open_image(w);
}

static const char *function_name(const struct fl_image *image, size_t i)
{
	const struct fl_debug_function *f = image->debug.functions.data;
	return fl_vec_at(&image->debug.decls, const struct fl_decl, f[i].decl)->name;
}

static bool has_finding(const struct fl_image *image, enum fl_code code)
{
	for (size_t i = 0; i < image->findings.count; i++)
		if (image->findings.items[i].code == code)
			return true;
	return false;
}

static void insert(struct bytes *b, size_t at, const void *bytes, size_t size)
{
	put(b, bytes, size);
	memmove(b->data + at + size, b->data + at, b->size - size - at);
	memcpy(b->data + at, bytes, size);
}

/* DWARF 5, 7.5.6 and its table 7.6: how long a value of each form is. */
static void test_every_form_is_stepped_over(void **state)
{
	static const struct {
		unsigned form;
		const char *bytes;
		size_t size;
	} cases[] = {
		{ 0x01, "\1\2\3\4", 4 },          /* addr */
		{ 0x03, "\2\0xy", 4 },            /* block2 */
		{ 0x04, "\1\0\0\0x", 5 },         /* block4 */
		{ 0x05, "xy", 2 },                /* data2 */
		{ 0x06, "wxyz", 4 },              /* data4 */
		{ 0x07, "01234567", 8 },          /* data8 */
		{ 0x08, "text", 5 },              /* string */
		{ 0x09, "\x81\0x", 3 },           /* block: 1, in two bytes */
		{ 0x0a, "\2xy", 3 },              /* block1 */
		{ 0x0b, "x", 1 },                 /* data1 */
		{ 0x0c, "\1", 1 },                /* flag */
		{ 0x0d, "\xff\x7f", 2 },          /* sdata */
		{ 0x0e, "\0\0\0\0", 4 },          /* strp */
		{ 0x0f, "\x80\x80\1", 3 },        /* udata */
		{ 0x10, "wxyz", 4 },              /* ref_addr */
		{ 0x11, "x", 1 },                 /* ref1 */
		{ 0x12, "xy", 2 },                /* ref2 */
		{ 0x13, "wxyz", 4 },              /* ref4 */
		{ 0x14, "01234567", 8 },          /* ref8 */
		{ 0x15, "\x80\1", 2 },            /* ref_udata */
		{ 0x16, "\x0bx", 2 },             /* indirect: data1 */
		{ 0x16, "\x08xyz", 5 },           /* indirect: string */
		{ 0x17, "wxyz", 4 },              /* sec_offset */
		{ 0x18, "\1x", 2 },               /* exprloc */
		{ 0x19, "", 0 },                  /* flag_present */
		{ 0x1a, "\x81\1", 2 },            /* strx */
		{ 0x1b, "\x81\1", 2 },            /* addrx */
		{ 0x1c, "wxyz", 4 },              /* ref_sup4 */
		{ 0x1d, "wxyz", 4 },              /* strp_sup */
		{ 0x1e, "0123456789abcdef", 16 }, /* data16 */
		{ 0x1f, "wxyz", 4 },              /* line_strp */
		{ 0x20, "01234567", 8 },          /* ref_sig8 */
		{ 0x22, "\x81\1", 2 },            /* loclistx */
		{ 0x23, "\x81\1", 2 },            /* rnglistx */
		{ 0x24, "01234567", 8 },          /* ref_sup8 */
		{ 0x25, "x", 1 },                 /* strx1 */
		{ 0x26, "xy", 2 },
		{ 0x27, "xyz", 3 },
		{ 0x28, "wxyz", 4 },
		{ 0x29, "x", 1 }, /* addrx1 */
		{ 0x2a, "xy", 2 },
		{ 0x2b, "xyz", 3 },
		{ 0x2c, "wxyz", 4 },
		{ 0x1f01, "\x81\1", 2 }, /* GNU_addr_index */
		{ 0x1f02, "\x81\1", 2 }, /* GNU_str_index */
		{ 0x1f20, "wxyz", 4 },   /* GNU_ref_alt */
		{ 0x1f21, "wxyz", 4 },   /* GNU_strp_alt */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		/* as an attribute of what is read, and of what is stepped over */
		for (int k = 0; k < 2; k++) {
			uint32_t off =
				DIE(&d, k ? T_SUBPROGRAM : 0x05, false,
				    { A_UNKNOWN, 0x2e, 0, NULL, 0 }, NAME("f"), CODE(0x110, 0x10));
			size_t at = d.abbrev.size - 9;
			assert_int_equal(d.abbrev.data[at], 0x2e);
			if (cases[i].form < 0x80) {
				d.abbrev.data[at] = (uint8_t)cases[i].form;
			} else {
				d.abbrev.data[at] = (uint8_t)(cases[i].form & 0x7f) | 0x80;
				insert(&d.abbrev, at + 1,
				       (const uint8_t[]){ (uint8_t)(cases[i].form >> 7) }, 1);
			}
			insert(&d.info, off + 1, cases[i].bytes, cases[i].size);
		}
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		if (c.image->debug.functions.count != 1 || c.image->findings.count)
			fail_msg("form 0x%x", cases[i].form);
		assert_string_equal(function_name(c.image, 0), "f");
	}
}

static void test_unknown_forms_are_told(void **state)
{
	static const unsigned forms[] = { 0x02, 0x30, 0x7f };
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		DIE(&d, T_SUBPROGRAM, false, NAME("good"), CODE(0x100, 0x10));
		DIE(&d, T_SUBPROGRAM, false, { A_UNKNOWN, forms[i], 0, NULL, 0 }, NAME("bad"),
		    CODE(0x110, 0x10));
		dies_unit_end(&d);
		dies_unit(&d, T_UNIT);
		DIE(&d, T_SUBPROGRAM, false, NAME("next"), CODE(0x120, 0x10));
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		assert_true(has_finding(c.image, FL_EFORMAT));
		assert_int_equal(c.image->debug.functions.count, 2);
		assert_string_equal(function_name(c.image, 0), "good");
		assert_string_equal(function_name(c.image, 1), "next");
	}
}

/* In C a structure is stepped over. */
static void test_siblings_are_not_trusted(void **state)
{
	enum { TO_NEXT = -1, TO_SELF = -2, INTO_SELF = -3 };
	static const int64_t links[] = { TO_NEXT, TO_SELF, INTO_SELF,  0,
					 1,       11,      0x7fffffff, 0xffffffff };
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(links) / sizeof(links[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		int64_t to = links[i / 2];
		dies_unit(&d, T_UNIT);
		uint32_t self = DIE(&d, T_STRUCT, true,
				    { A_SIBLING, i & 1 ? DIE_REF_ADDR : DIE_REF4, 0, NULL, 0 });
		size_t link = d.last_ref;
		DIE(&d, T_STRUCT, true, NAME("inner"));
		DIE(&d, T_BLOCK, false, NAME("x"));
		dies_up(&d);
		dies_up(&d);
		uint32_t next = DIE(&d, T_SUBPROGRAM, false, NAME("f"), CODE(0x100, 0x10));
		patch_u32(&d.info, link,
			  to == TO_NEXT     ? next
			  : to == TO_SELF   ? self
			  : to == INTO_SELF ? self + 1
					    : (uint32_t)to);
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		if (c.image->debug.functions.count != 1 || c.image->findings.count)
			fail_msg("link %zu", i);
	}
}

/* DWARF 5, 7.28: numbers count from the end of the header when no base is given. */
static void test_numbered_range_list(void **state)
{
	static const char lists[] = "\x14\0\0\0\5\0\4\0\1\0\0\0\4\0\0\0\7\0\1\0\0\x10\0";
	static const struct {
		unsigned number;
		size_t ranges;
	} cases[] = { { 0, 1 }, { 0x7f, 0 } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		DIE(&d, T_SUBPROGRAM, false, NAME("f"), { A_RANGES, 0x23, 0, NULL, 0 });
		put_u8(&d.info, cases[i].number);
		dies_unit_end(&d);
		elf_section(&w, ".debug_rnglists", ELF_PROGBITS, 0, 0, lists, sizeof(lists) - 1);
		IMAGE c = open_dies(&d, &w);
		assert_int_equal(c.image->debug.ranges.count, cases[i].ranges);
		assert_int_equal(c.image->findings.count, !cases[i].ranges);
	}
}

/* More names than are remembered. */
static void test_many_names(void **state)
{
	enum { OTHERS = 8000, WANTED = 100 };
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	DIE(&d, T_STRUCT, false, NAME("other"));
	uint8_t entry[8]; /* code, name */
	memcpy(entry, d.info.data + d.info.size - sizeof(entry), sizeof(entry));
	for (int i = 0; i < OTHERS; i++)
		put(&d.info, entry + 1, sizeof(entry) - 1);
	for (int i = 0; i < WANTED; i++)
		DIE(&d, T_STRUCT, false, NAME("k_sem"), { 0x0b, DIE_DATA2, i + 1, NULL, 0 });
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, WANTED);
}

/* The first unit stays. */
static void test_units_that_are_not_read(void **state)
{
	static const struct {
		size_t at; /* in the second unit's header */
		unsigned value;
		size_t functions;
	} cases[] = {
		{ 4, 5, 3 },    /* as it is */
		{ 4, 6, 2 },    /* version 6 */
		{ 4, 1, 2 },    /* version 1 */
		{ 7, 8, 2 },    /* addresses of 8 bytes */
		{ 3, 0x7f, 1 }, /* longer than the section: the third is not found */
		{ 0, 0xff, 1 }, /* 64-bit, with the rest of the word */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		size_t second = 0;
		for (int unit = 0; unit < 3; unit++) {
			if (unit == 1)
				second = d.info.size;
			dies_unit(&d, T_UNIT);
			DIE(&d, T_SUBPROGRAM, false, NAME("f"), CODE(0x100 + unit * 0x10, 0x10));
			dies_unit_end(&d);
		}
		d.info.data[second + cases[i].at] = (uint8_t)cases[i].value;
		if (cases[i].at == 0)
			memset(d.info.data + second, 0xff, 4);
		IMAGE c = open_dies(&d, &w);
		if (c.image->debug.functions.count != cases[i].functions)
			fail_msg("case %zu: %zu", i, c.image->debug.functions.count);
		assert_int_equal(c.image->findings.count, i != 0);
	}
}

static void test_depth_is_bounded(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	for (int i = 0; i < 2 * FL_LIMIT_DIE_DEPTH; i++)
		DIE(&d, T_BLOCK, true, NAME("b"));
	DIE(&d, T_SUBPROGRAM, false, NAME("deep"), CODE(0x100, 0x10));
	for (int i = 0; i < 2 * FL_LIMIT_DIE_DEPTH; i++)
		dies_up(&d);
	DIE(&d, T_SUBPROGRAM, false, NAME("flat"), CODE(0x110, 0x10));
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.functions.count, 1);
	assert_string_equal(function_name(c.image, 0), "flat");
	assert_int_equal(c.image->findings.count, 1);
}

/* DWARF 5, 7.25, without the kinds that number addresses; then what has no end. */
static void test_range_lists(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		uint32_t addrs[3];
		bool damaged;
	} cases[] = {
		{ "\4\x10\x20\0", 4, { 0x10 }, false },             /* offset_pair */
		{ "\5\0\1\0\0\4\x10\x20\0", 9, { 0x110 }, false },  /* base_address */
		{ "\6\0\1\0\0\x10\1\0\0\0", 10, { 0x100 }, false }, /* start_end */
		{ "\7\0\1\0\0\x10\7\x20\1\0\0\x10\0", 13, { 0x100, 0x120 }, false },
		{ "\7\1\1\0\0\x10\0", 7, { 0x100 }, false },          /* Thumb bit */
		{ "\7\0\1\0\0\0\0", 7, { 0 }, false },                /* empty */
		{ "\6\x10\1\0\0\0\1\0\0\0", 10, { 0 }, false },       /* backwards */
		{ "\7\xf0\xff\xff\xff\x20\0", 7, { 0 }, false },      /* behind 2^32 */
		{ "\3\0\x10\7\0\1\0\0\x10\0", 10, { 0x100 }, false }, /* no such address */
		{ "\7\0\1\0\0\x10\x09", 7, { 0x100 }, true },         /* no such kind */
		{ "\7\0\1\0\0\x10", 6, { 0x100 }, true },             /* no end */
		{ "\7\0\1\0", 4, { 0 }, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		DIE(&d, T_SUBPROGRAM, false, NAME("f"), { A_RANGES, DIE_DATA4, 0, NULL, 0 });
		dies_unit_end(&d);
		elf_section(&w, ".debug_rnglists", ELF_PROGBITS, 0, 0, cases[i].bytes,
			    cases[i].size);
		IMAGE c = open_dies(&d, &w);
		const struct fl_code_range *r = c.image->debug.ranges.data;
		size_t count = 0;
		while (cases[i].addrs[count])
			count++;
		if (c.image->debug.ranges.count != count ||
		    c.image->findings.count != cases[i].damaged)
			fail_msg("case %zu: %zu ranges", i, c.image->debug.ranges.count);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(r[k].addr, cases[i].addrs[k]);
	}
}

/* The kinds that number addresses. What no number leads to is left out, and what lies relative to
 * it. */
static void test_range_lists_of_numbers(void **state)
{
	static const char addrs[] = "\x10\0\0\0\5\0\4\0"
				    "\0\1\0\0\x20\1\0\0\x10\1\0\0";
	static const struct {
		const char *bytes;
		size_t size;
		uint32_t addr, range_size;
	} cases[] = {
		{ "\2\0\1\0", 4, 0x100, 0x20 },            /* startx_endx */
		{ "\3\2\x08\0", 4, 0x110, 8 },             /* startx_length */
		{ "\1\1\4\x10\x18\0", 6, 0x130, 8 },       /* base_addressx */
		{ "\2\0\7\3\2\4\0", 7, 0x110, 4 },         /* no such end */
		{ "\2\7\1\3\2\4\0", 7, 0x110, 4 },         /* no such start */
		{ "\1\7\4\x10\x20\3\2\4\0", 9, 0x110, 4 }, /* no such base */
		{ "\1\7\4\x10\x20\5\0\1\0\0\4\x10\x20\0", 14, 0x110, 0x10 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		DIE(&d, T_SUBPROGRAM, false, NAME("f"), { A_RANGES, DIE_DATA4, 0, NULL, 0 });
		dies_unit_end(&d);
		elf_section(&w, ".debug_rnglists", ELF_PROGBITS, 0, 0, cases[i].bytes,
			    cases[i].size);
		elf_section(&w, ".debug_addr", ELF_PROGBITS, 0, 0, addrs, sizeof(addrs) - 1);
		IMAGE c = open_dies(&d, &w);
		const struct fl_code_range *r = c.image->debug.ranges.data;
		if (c.image->debug.ranges.count != 1 || r->addr != cases[i].addr ||
		    r->size != cases[i].range_size)
			fail_msg("case %zu: %zu ranges", i, c.image->debug.ranges.count);
		assert_int_equal(c.image->findings.count, 0);
	}
}

/* One long list, and a thousand functions that refer to it. */
static void test_shared_lists_are_bounded(void **state)
{
	enum { ENTRIES = 20000, FUNCTIONS = 1000 };
	ELF_AUTO w = { 0 };
	BYTES_AUTO list = { 0 };
	struct die_writer d = { .version = 4 };
	(void)state;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		put_u32(&list, 0x100);
		put_u32(&list, 0x110);
	}
	put_u32(&list, 0);
	put_u32(&list, 0);
	dies_unit(&d, T_UNIT);
	for (int i = 0; i < FUNCTIONS; i++)
		DIE(&d, T_SUBPROGRAM, false, NAME("f"), { A_RANGES, DIE_DATA4, 0, NULL, 0 });
	dies_unit_end(&d);
	elf_section(&w, ".debug_ranges", ELF_PROGBITS, 0, 0, list.data, list.size);
	IMAGE c = open_dies(&d, &w);
	assert_true(c.image->debug.ranges.count >= 8 * ENTRIES);
	assert_true(c.image->debug.ranges.count <= 10 * ENTRIES);
	assert_true(c.image->findings.count > 0);
}

/* Units whose tables of abbreviations all reach to the end of the same bytes. A few may. */
static void test_overlapping_abbreviations_are_bounded(void **state)
{
	static const char entry[] = "\1\x2e\0\1\1\0"; /* code 1, a function, with a sibling */
	enum { ENTRIES = 15000, FEW = 4, MANY = 2000 };
	(void)state;
	for (uint32_t units = FEW; units <= MANY; units += MANY - FEW) {
		ELF_AUTO w = { 0 };
		BYTES_AUTO abbrev = { 0 };
		BYTES_AUTO info = { 0 };
		for (int i = 0; i < ENTRIES; i++)
			put(&abbrev, entry, sizeof(entry));
		put_u8(&abbrev, 0);
		for (uint32_t i = 0; i < units; i++) {
			put_u32(&info, 13);
			put_u16(&info, 5);
			put_u16(&info, 0x0401);
			put_u32(&info, i * (uint32_t)sizeof(entry));
			put(&info, "\1\0\0\0", 5);
		}
		elf_section(&w, ".debug_abbrev", ELF_PROGBITS, 0, 0, abbrev.data, abbrev.size);
		elf_section(&w, ".debug_info", ELF_PROGBITS, 0, 0, info.data, info.size);
		elf_code(&w, ".text", 0x100, 0x100);
		IMAGE c = open_image(&w);
		assert_int_equal(has_finding(c.image, FL_EFORMAT), units == MANY);
		bytes_free(&abbrev);
		bytes_free(&info);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_is_stepped_over),
		cmocka_unit_test(test_unknown_forms_are_told),
		cmocka_unit_test(test_siblings_are_not_trusted),
		cmocka_unit_test(test_numbered_range_list),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_units_that_are_not_read),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_range_lists),
		cmocka_unit_test(test_range_lists_of_numbers),
		cmocka_unit_test(test_shared_lists_are_bounded),
		cmocka_unit_test(test_overlapping_abbreviations_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
