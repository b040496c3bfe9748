/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of types and variables that no compiler writes, or each only one: forms and limits. */
#include "image_case.h"
#include "support/die_writer.h"

#include "base/limits.h"

#include <string.h>

enum { CXX = 0x04 };

enum {
	T_ARRAY = 0x01,
	T_CLASS = 0x02,
	T_MEMBER = 0x0d,
	T_POINTER = 0x0f,
	T_UNIT = 0x11,
	T_STRUCT = 0x13,
	T_TYPEDEF = 0x16,
	T_SUBRANGE = 0x21,
	T_BASE = 0x24,
	T_SUBPROGRAM = 0x2e,
	T_VARIABLE = 0x34,
	T_NAMESPACE = 0x39,
	T_PARTIAL = 0x3c,
	T_IMPORT = 0x3d,
	A_LOCATION = 0x02,
	A_NAME = 0x03,
	A_SIZE = 0x0b,
	A_BIT_OFFSET = 0x0c,
	A_BIT_SIZE = 0x0d,
	A_IMPORT = 0x18,
	A_LOWER = 0x22,
	A_UPPER = 0x2f,
	A_ORIGIN = 0x31,
	A_COUNT = 0x37,
	A_MEMBER_OFF = 0x38,
	A_DECLARATION = 0x3c,
	A_ENCODING = 0x3e,
	A_SPECIFICATION = 0x47,
	A_TYPE = 0x49,
	A_DATA_BIT_OFFSET = 0x6b,
};

#define NAME(text) \
	{ \
		A_NAME, DIE_STRING, 0, text, 0 \
	}
#define NUMBER(attribute, value) \
	{ \
		attribute, DIE_DATA4, value, NULL, 0 \
	}
#define TYPE(off) \
	{ \
		A_TYPE, DIE_REF4, off, NULL, 0 \
	}
#define END \
	{ \
		0, 0, 0, NULL, 0 \
	}
#define DIE(tag, children, ...) \
	dies_add(&d, tag, children, (const struct die_attribute[]){ __VA_ARGS__, END })

static uint32_t add_base(struct die_writer *w, uint32_t size, unsigned encoding)
{
	const struct die_attribute attributes[] = {
		NAME("number"),
		NUMBER(A_SIZE, size),
		{ A_ENCODING, DIE_DATA1, encoding, NULL, 0 },
		END,
	};
	return dies_add(w, T_BASE, false, attributes);
}

static struct image_case open_dies(struct die_writer *d, struct elf_writer *w)
{
	dies_end(d, w);
	elf_code(w, ".text", 0x100, 0x100);
	return open_image(w);
}

static const struct fl_debug_struct *find_struct(const struct fl_image *image, const char *name)
{
	const struct fl_debug_struct *s = image->debug.structs.data;
	for (size_t i = 0; i < image->debug.structs.count; i++)
		if (s[i].name && strcmp(s[i].name, name) == 0)
			return &s[i];
	return NULL;
}

static const struct fl_debug_field *
find_field(const struct fl_image *image, const char *structure, const char *name)
{
	const struct fl_debug_struct *s = find_struct(image, structure);
	const struct fl_debug_field *f = image->debug.fields.data;
	for (uint32_t i = 0; s && i < s->field_count; i++)
		if (strcmp(f[s->first_field + i].name, name) == 0)
			return &f[s->first_field + i];
	return NULL;
}

static bool has_finding(const struct fl_image *image, enum fl_code code)
{
	for (size_t i = 0; i < image->findings.count; i++)
		if (image->findings.items[i].code == code)
			return true;
	return false;
}

/* DW_AT_data_member_location in every form; -1: the member is left out. */
static void test_member_offsets(void **state)
{
	static const struct {
		struct die_attribute attribute;
		int64_t off;
	} cases[] = {
		{ { A_MEMBER_OFF, DIE_DATA1, 0xf0, NULL, 0 }, 0xf0 },
		{ { A_MEMBER_OFF, DIE_DATA2, 0xfff0, NULL, 0 }, 0xfff0 },
		{ { A_MEMBER_OFF, DIE_DATA4, 0x12345, NULL, 0 }, 0x12345 },
		{ { A_MEMBER_OFF, DIE_DATA8, 0x12345, NULL, 0 }, 0x12345 },
		{ { A_MEMBER_OFF, DIE_UDATA, 0x12345, NULL, 0 }, 0x12345 },
		{ { A_MEMBER_OFF, DIE_SDATA, 0x45, NULL, 0 }, 0x45 },
		{ { A_MEMBER_OFF, DIE_IMPLICIT_CONST, 0x46, NULL, 0 }, 0x46 },
		{ { A_MEMBER_OFF, DIE_EXPRLOC, 0, "\x23\x84\x01", 3 }, 0x84 },
		{ { A_MEMBER_OFF, DIE_BLOCK1, 0, "\x23\x08", 2 }, 8 },
		{ { A_MEMBER_OFF, DIE_BLOCK, 0, "\x23\x09", 2 }, 9 },
		{ { A_DECLARATION + 0x100, DIE_FLAG, 0, NULL, 0 }, 0 }, /* none */
		{ { A_MEMBER_OFF, DIE_SDATA, -4, NULL, 0 }, -1 },
		{ { A_MEMBER_OFF, DIE_DATA4, 0x20001, NULL, 0 }, -1 }, /* behind the structure */
		{ { A_MEMBER_OFF, DIE_DATA8, (int64_t)0x100000004, NULL, 0 }, -1 },
		{ { A_MEMBER_OFF, DIE_DATA8, INT64_MIN, NULL, 0 }, -1 },
		{ { A_MEMBER_OFF, DIE_EXPRLOC, 0, "\x23", 1 }, -1 },
		{ { A_MEMBER_OFF, DIE_EXPRLOC, 0, "\x23\x80", 2 }, -1 },
		{ { A_MEMBER_OFF, DIE_EXPRLOC, 0, "\x23\x08\x06", 3 }, -1 }, /* and then deref */
		{ { A_MEMBER_OFF, DIE_EXPRLOC, 0, "\x12\x06", 2 }, -1 },     /* a virtual base */
		{ { A_MEMBER_OFF, DIE_EXPRLOC, 0, "", 0 }, -1 },
		{ { A_MEMBER_OFF, DIE_STRING, 0, "8", 0 }, -1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		uint32_t base = add_base(&d, 4, 5);
		DIE(T_STRUCT, true, NAME("k_sem"), NUMBER(A_SIZE, 0x20000));
		DIE(T_MEMBER, false, NAME("it"), TYPE(base), cases[i].attribute);
		dies_up(&d);
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		const struct fl_debug_field *f = find_field(c.image, "k_sem", "it");
		assert_non_null(find_struct(c.image, "k_sem"));
		if (f ? f->off != cases[i].off : cases[i].off >= 0)
			fail_msg("case %zu", i);
	}
}

/* A member of 4 bytes, bit-fields placed in both ways; bit 0 is the lowest of the structure. */
static void test_bit_fields(void **state)
{
	static const struct {
		struct die_attribute attributes[4];
		int first; /* -1: left out */
		int size;
	} cases[] = {
		{ { NUMBER(A_BIT_SIZE, 3), NUMBER(A_DATA_BIT_OFFSET, 5) }, 5, 3 },
		{ { NUMBER(A_BIT_SIZE, 12), NUMBER(A_DATA_BIT_OFFSET, 30) }, 30, 12 },
		{ { NUMBER(A_BIT_SIZE, 64), NUMBER(A_DATA_BIT_OFFSET, 0) }, 0, 64 },
		{ { NUMBER(A_BIT_SIZE, 64), NUMBER(A_DATA_BIT_OFFSET, 32) }, 32, 64 },
		{ { NUMBER(A_BIT_SIZE, 1), NUMBER(A_DATA_BIT_OFFSET, 95) }, 95, 1 },
		/* DWARF 2: a unit of 4 bytes at 4, counted from its highest bit */
		{ { NUMBER(A_BIT_SIZE, 3), NUMBER(A_BIT_OFFSET, 29), NUMBER(A_SIZE, 4),
		    NUMBER(A_MEMBER_OFF, 4) },
		  32,
		  3 },
		{ { NUMBER(A_BIT_SIZE, 3), NUMBER(A_BIT_OFFSET, 0), NUMBER(A_MEMBER_OFF, 4) },
		  61,
		  3 },
		{ { NUMBER(A_BIT_SIZE, 9), { A_BIT_OFFSET, DIE_SDATA, -2, NULL, 0 } }, 25, 9 },
		{ { NUMBER(A_BIT_SIZE, 0), NUMBER(A_DATA_BIT_OFFSET, 5) }, -1, 0 },
		{ { NUMBER(A_BIT_SIZE, 65), NUMBER(A_DATA_BIT_OFFSET, 5) }, -1, 0 },
		{ { NUMBER(A_BIT_SIZE, 64), NUMBER(A_DATA_BIT_OFFSET, 1) }, -1, 0 }, /* 9 bytes */
		{ { NUMBER(A_BIT_SIZE, 1), NUMBER(A_DATA_BIT_OFFSET, 96) }, -1, 0 },
		{ { NUMBER(A_BIT_SIZE, 1), { A_DATA_BIT_OFFSET, DIE_SDATA, -1, NULL, 0 } }, -1, 0 },
		{ { NUMBER(A_BIT_SIZE, 1), { A_DATA_BIT_OFFSET, DIE_DATA8, INT64_MAX, NULL, 0 } },
		  -1,
		  0 },
		{ { NUMBER(A_BIT_SIZE, 1), { A_DATA_BIT_OFFSET, DIE_EXPRLOC, 0, "\x30", 1 } },
		  -1,
		  0 },
		{ { NUMBER(A_BIT_SIZE, 1), NUMBER(A_BIT_OFFSET, 32) }, -1, 0 },
		{ { NUMBER(A_BIT_SIZE, 1), { A_BIT_OFFSET, DIE_DATA8, INT64_MIN, NULL, 0 } },
		  -1,
		  0 },
		{ { NUMBER(A_BIT_SIZE, 1),
		    NUMBER(A_BIT_OFFSET, 1),
		    { A_SIZE, DIE_DATA8, INT64_MAX, NULL, 0 } },
		  -1,
		  0 },
		{ { { A_BIT_SIZE, DIE_EXPRLOC, 0, "\x31", 1 } }, -1, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		const struct die_attribute *a = cases[i].attributes;
		dies_unit(&d, T_UNIT);
		uint32_t base = add_base(&d, 4, 7);
		DIE(T_STRUCT, true, NAME("k_sem"), NUMBER(A_SIZE, 12));
		DIE(T_MEMBER, false, NAME("it"), TYPE(base), a[0], a[1], a[2], a[3]);
		dies_up(&d);
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		const struct fl_debug_field *f = find_field(c.image, "k_sem", "it");
		int first = f ? (int)(f->off * 8 + f->bit_off) : -1;
		if (first != cases[i].first || (f && f->bit_size != cases[i].size))
			fail_msg("case %zu: %d", i, first);
		if (f)
			assert_true(f->bit_off + f->bit_size <= f->type.size * 8 &&
				    f->off + f->type.size <= 12);
	}
}

/* The structure ends inside the type of its bit-field, as packed ones do. */
static void test_bit_field_at_the_end(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t base = add_base(&d, 4, 7);
	DIE(T_STRUCT, true, NAME("k_sem"), NUMBER(A_SIZE, 7));
	DIE(T_MEMBER, false, NAME("byte"), TYPE(base), NUMBER(A_BIT_SIZE, 3),
	    NUMBER(A_DATA_BIT_OFFSET, 52));
	DIE(T_MEMBER, false, NAME("half"), TYPE(base), NUMBER(A_BIT_SIZE, 9),
	    NUMBER(A_DATA_BIT_OFFSET, 40));
	dies_up(&d);
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	const struct fl_debug_field *f = find_field(c.image, "k_sem", "byte");
	assert_int_equal(f->off, 6);
	assert_int_equal(f->type.size, 1);
	assert_int_equal(f->bit_off, 4);
	f = find_field(c.image, "k_sem", "half");
	assert_int_equal(f->off, 5);
	assert_int_equal(f->type.size, 2);
	assert_int_equal(f->bit_off, 0);
}

static void test_array_lengths(void **state)
{
	static const struct {
		struct die_attribute attributes[2];
		uint32_t count;
	} cases[] = {
		{ { NUMBER(A_COUNT, 7) }, 7 },
		{ { NUMBER(A_COUNT, 0) }, 0 },
		{ { NUMBER(A_UPPER, 6) }, 7 },
		{ { NUMBER(A_UPPER, 7), NUMBER(A_LOWER, 1) }, 7 },
		{ { { A_UPPER, DIE_SDATA, 3, NULL, 0 }, { A_LOWER, DIE_SDATA, -3, NULL, 0 } }, 7 },
		{ { NUMBER(A_UPPER, UINT32_MAX) }, 0 },
		{ { { A_UPPER, DIE_SDATA, -1, NULL, 0 } }, 0 },
		{ { { A_UPPER, DIE_DATA8, INT64_MAX, NULL, 0 },
		    { A_LOWER, DIE_DATA8, INT64_MIN, NULL, 0 } },
		  0 },
		{ { { A_COUNT, DIE_EXPRLOC, 0, "\x37", 1 } }, 0 },
		{ { { A_UPPER, DIE_EXPRLOC, 0, "\x37", 1 } }, 0 },
		{ { NUMBER(A_UPPER, 6), { A_LOWER, DIE_EXPRLOC, 0, "\x30", 1 } }, 0 },
		{ { { A_COUNT, DIE_DATA8, (int64_t)1 << 32, NULL, 0 } }, 0 },
		{ { END }, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		uint32_t base = add_base(&d, 2, 5);
		uint32_t array = DIE(T_ARRAY, true, TYPE(base));
		dies_add(&d, T_SUBRANGE, false,
			 (const struct die_attribute[]){ cases[i].attributes[0],
							 cases[i].attributes[1], END });
		dies_up(&d);
		uint32_t twice = DIE(T_ARRAY, true, TYPE(array));
		DIE(T_SUBRANGE, false, NUMBER(A_COUNT, 2));
		dies_up(&d);
		uint32_t many = DIE(T_ARRAY, true, TYPE(base));
		DIE(T_SUBRANGE, false, NUMBER(A_COUNT, 0x10000));
		DIE(T_SUBRANGE, false, NUMBER(A_COUNT, 0x10000));
		dies_up(&d);
		DIE(T_STRUCT, true, NAME("k_sem"), NUMBER(A_SIZE, 100));
		DIE(T_MEMBER, false, NAME("once"), TYPE(array));
		DIE(T_MEMBER, false, NAME("twice"), TYPE(twice));
		DIE(T_MEMBER, false, NAME("many"), TYPE(many));
		dies_up(&d);
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		assert_int_equal(find_field(c.image, "k_sem", "once")->type.count, cases[i].count);
		assert_int_equal(find_field(c.image, "k_sem", "twice")->type.count,
				 2 * cases[i].count);
		assert_int_equal(find_field(c.image, "k_sem", "twice")->type.size, 2);
		assert_int_equal(find_field(c.image, "k_sem", "many")->type.count, 0);
	}
}

/* A variable's location; -1: it is not one address. */
static void test_locations(void **state)
{
	static const struct {
		struct die_attribute attribute;
		int64_t addr;
	} cases[] = {
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\x03\x04\x00\x00\x20", 5 }, 0x20000004 },
		{ { A_LOCATION, DIE_BLOCK1, 0, "\x03\x04\x00\x00\x20", 5 }, 0x20000004 },
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\x03\xff\xff\xff\xff", 5 }, 0xffffffff },
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\x03\x04\x00\x00", 4 }, -1 },
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\x03\x04\x00\x00\x20\x06", 6 }, -1 },
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\x0c\x04\x00\x00\x20\xe0", 6 },
		  -1 }, /* per thread */
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\x50", 1 }, -1 },
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\xa1\x00", 2 }, -1 }, /* no .debug_addr */
		{ { A_LOCATION, DIE_EXPRLOC, 0, "\xa1\xff\xff\xff\xff\xff\x7f", 7 }, -1 },
		{ { A_LOCATION, DIE_EXPRLOC, 0, "", 0 }, -1 },
		{ { A_LOCATION, DIE_DATA4, 0x20000000, NULL, 0 }, -1 }, /* a list */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ELF_AUTO w = { 0 };
		struct die_writer d = { 0 };
		dies_unit(&d, T_UNIT);
		uint32_t base = add_base(&d, 4, 7);
		DIE(T_VARIABLE, false, NAME("xTickCount"), TYPE(base), cases[i].attribute);
		dies_unit_end(&d);
		IMAGE c = open_dies(&d, &w);
		const struct fl_vec *v = &c.image->debug.variables;
		if (v->count != (cases[i].addr >= 0))
			fail_msg("case %zu", i);
		if (v->count)
			assert_int_equal(fl_vec_at(v, const struct fl_debug_variable, 0)->addr,
					 cases[i].addr);
	}
}

#define AT(low) \
	{ \
		A_LOCATION, DIE_EXPRLOC, 0, "\x03" low "\0\0\x20", 5 \
	}

/* Names and types from where a definition points, whichever unit that is in; nothing from inside
 * functions; each once. */
static void test_origins_of_variables(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { .language = CXX };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t base = add_base(&d, 2, 5);
	uint32_t declared = DIE(T_VARIABLE, false, NAME("xTickCount"), TYPE(base),
				{ A_DECLARATION, DIE_FLAG, 0, NULL, 0 });
	uint32_t middle = DIE(T_VARIABLE, false, { A_SPECIFICATION, DIE_REF4, declared, NULL, 0 });
	dies_unit_end(&d);
	dies_unit(&d, T_UNIT);
	DIE(T_VARIABLE, false, { A_ORIGIN, DIE_REF_ADDR, middle, NULL, 0 }, AT("\x10"));
	DIE(T_VARIABLE, false, { A_ORIGIN, DIE_REF_ADDR, middle, NULL, 0 }, AT("\x10"));
	DIE(T_NAMESPACE, true, NAME("n"));
	DIE(T_VARIABLE, false, NAME("uxTaskNumber"), AT("\x14"));
	DIE(T_VARIABLE, false, NAME("other"), AT("\x18"));
	dies_up(&d);
	DIE(T_SUBPROGRAM, true, NAME("f"));
	DIE(T_VARIABLE, false, NAME("xSchedulerRunning"), AT("\x1c"));
	dies_up(&d);
	uint32_t own = DIE(T_VARIABLE, false, { A_ORIGIN, DIE_REF_ADDR, 0, NULL, 0 }, AT("\x20"));
	patch_u32(&d.info, d.last_ref, own);
	DIE(T_VARIABLE, false, { A_ORIGIN, DIE_REF_ADDR, 0x7ffffff, NULL, 0 }, AT("\x24"));
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.variables.count, 2);
	const struct fl_debug_variable *v = c.image->debug.variables.data;
	assert_string_equal(v[0].name, "xTickCount");
	assert_int_equal(v[0].addr, 0x20000010);
	assert_int_equal(v[0].type.size, 2);
	assert_true(v[0].type.is_signed);
	assert_string_equal(v[1].name, "uxTaskNumber");
	assert_int_equal(v[1].type.size, 0);
}

/* As dwz leaves it: types in a partial unit that others import and refer to, before or behind. */
static void test_partial_units(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	DIE(T_IMPORT, false, { A_IMPORT, DIE_REF_ADDR, 0, NULL, 0 });
	size_t import = d.last_ref;
	DIE(T_TYPEDEF, false, NAME("TCB_t"), { A_TYPE, DIE_REF_ADDR, 0, NULL, 0 });
	size_t alias = d.last_ref;
	DIE(T_VARIABLE, false, NAME("pxCurrentTCB"), { A_TYPE, DIE_REF_ADDR, 0, NULL, 0 },
	    AT("\x10"));
	size_t type = d.last_ref;
	dies_unit_end(&d);
	uint32_t partial = (uint32_t)d.info.size + 12;
	dies_unit(&d, T_PARTIAL);
	uint32_t base = add_base(&d, 4, 7);
	uint32_t task = DIE(T_STRUCT, true, NUMBER(A_SIZE, 8));
	DIE(T_MEMBER, false, NAME("b"), TYPE(base), NUMBER(A_MEMBER_OFF, 4));
	dies_up(&d);
	uint32_t pointer = DIE(T_POINTER, false, TYPE(task));
	dies_unit_end(&d);
	patch_u32(&d.info, import, partial);
	patch_u32(&d.info, alias, task);
	patch_u32(&d.info, type, pointer);
	IMAGE c = open_dies(&d, &w);
	const struct fl_debug_info *info = &c.image->debug;
	assert_int_equal(c.image->findings.count, 0);
	assert_int_equal(info->structs.count, 1);
	assert_int_equal(info->aliases.count, 1);
	assert_int_equal(fl_vec_at(&info->fields, const struct fl_debug_field, 0)->off, 4);
	assert_int_equal(info->variables.count, 1);
	assert_true(
		fl_vec_at(&info->variables, const struct fl_debug_variable, 0)->type.is_pointer);
	assert_int_equal(
		fl_vec_at(&info->variables, const struct fl_debug_variable, 0)->type.structure, 0);
}

/* What contains itself has a size and members, and no end. */
static void test_cycles(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t self = DIE(T_STRUCT, true, NAME("k_sem"), NUMBER(A_SIZE, 8));
	DIE(T_MEMBER, false, NAME("me"), TYPE(self));
	DIE(T_MEMBER, false, TYPE(self));
	dies_up(&d);
	uint32_t first = DIE(T_STRUCT, true, NAME("k_queue"), NUMBER(A_SIZE, 8));
	DIE(T_MEMBER, false, NAME("other"), TYPE(0));
	size_t other = d.last_ref;
	dies_up(&d);
	uint32_t second = DIE(T_STRUCT, true, NAME("k_mutex"), NUMBER(A_SIZE, 8));
	DIE(T_MEMBER, false, NAME("other"), TYPE(first));
	dies_up(&d);
	dies_refer(&d, other, second);
	uint32_t name = DIE(T_TYPEDEF, false, NAME("TCB_t"), TYPE(0));
	dies_refer(&d, d.last_ref, name);
	uint32_t array = DIE(T_ARRAY, true, TYPE(0));
	dies_refer(&d, d.last_ref, array);
	DIE(T_SUBRANGE, false, NUMBER(A_COUNT, 2));
	dies_up(&d);
	DIE(T_STRUCT, true, NAME("k_msgq"), NUMBER(A_SIZE, 8));
	DIE(T_MEMBER, false, NAME("a"), TYPE(name));
	DIE(T_MEMBER, false, NAME("b"), TYPE(array));
	DIE(T_MEMBER, false, NAME("c"), { A_TYPE, DIE_REF_SIG8, 77, NULL, 0 });
	DIE(T_MEMBER, false, NAME("d"), { A_TYPE, DIE_REF_ADDR, 0x7000000, NULL, 0 });
	DIE(T_MEMBER, false, NAME("e"), { A_TYPE, DIE_REF_ADDR, 1, NULL, 0 });
	DIE(T_MEMBER, false, NAME("f"));
	dies_up(&d);
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, 4);
	assert_int_equal(find_field(c.image, "k_sem", "me")->type.structure, FL_NO_INDEX);
	assert_int_equal(find_field(c.image, "k_sem", "me")->type.size, 8);
	const struct fl_debug_field *f = find_field(c.image, "k_queue", "other");
	assert_string_equal(
		fl_vec_at(&c.image->debug.structs, const struct fl_debug_struct, f->type.structure)
			->name,
		"k_mutex");
	assert_int_equal(find_field(c.image, "k_mutex", "other")->type.structure, FL_NO_INDEX);
	assert_int_equal(c.image->debug.aliases.count, 0);
	for (const char *names = "abcdef"; *names; names++) {
		const char member[2] = { *names, '\0' };
		assert_int_equal(find_field(c.image, "k_msgq", member)->type.size, 0);
	}
}

/* Declarations are no structures, and neither is what has no size. */
static void test_incomplete(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t declared =
		DIE(T_STRUCT, false, NAME("k_sem"), { A_DECLARATION, DIE_FLAG, 0, NULL, 0 });
	DIE(T_TYPEDEF, false, NAME("TCB_t"), TYPE(declared));
	DIE(T_STRUCT, true, NAME("k_queue"));
	dies_up(&d);
	DIE(T_STRUCT, true, NAME("k_mutex"), { A_SIZE, DIE_DATA8, (int64_t)1 << 32, NULL, 0 });
	dies_up(&d);
	DIE(T_STRUCT, true, NAME("k_thread"), { A_SPECIFICATION, DIE_REF4, declared, NULL, 0 },
	    NUMBER(A_SIZE, 0));
	dies_up(&d);
	DIE(T_TYPEDEF, false, NAME("osRtxMutex_t"));
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, 1);
	assert_non_null(find_struct(c.image, "k_thread"));
	assert_int_equal(c.image->debug.aliases.count, 0);
	assert_int_equal(c.image->findings.count, 0);
}

/* Structures without names, four in each of the one below: 4^n members if n were not bounded. */
static void test_nesting_is_bounded(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t inner = add_base(&d, 4, 7);
	for (int level = 0; level < 40; level++) {
		uint32_t next = DIE(T_STRUCT, true, NUMBER(A_SIZE, 4));
		for (int i = 0; i < 4; i++)
			DIE(T_MEMBER, false, TYPE(inner));
		DIE(T_MEMBER, false, NAME("it"), TYPE(inner));
		dies_up(&d);
		inner = next;
	}
	DIE(T_TYPEDEF, false, NAME("TCB_t"), TYPE(inner));
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_true(has_finding(c.image, FL_ELIMIT));
	assert_true(c.image->debug.structs.count <= FL_LIMIT_STRUCTS);
	assert_true(c.image->debug.fields.count <= FL_LIMIT_FIELDS);
}

/* By value 40 deep: the outer ones are there, the innermost are not. */
static void test_depth_is_bounded(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t inner = add_base(&d, 4, 7);
	for (int level = 0; level < 40; level++) {
		uint32_t next = DIE(T_STRUCT, true, NUMBER(A_SIZE, level + 4));
		DIE(T_MEMBER, false, NAME("it"), TYPE(inner));
		dies_up(&d);
		inner = next;
	}
	DIE(T_TYPEDEF, false, NAME("TCB_t"), TYPE(inner));
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, FL_LIMIT_STRUCT_DEPTH);
	assert_int_equal(c.image->findings.count, 0);
}

static void test_counts_are_bounded(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t base = add_base(&d, 4, 7);
	for (int i = 0; i < FL_LIMIT_STRUCTS + 10; i++) {
		DIE(T_STRUCT, true, NAME("k_thread"), NUMBER(A_SIZE, i + 4));
		DIE(T_MEMBER, false, NAME("it"), TYPE(base));
		dies_up(&d);
	}
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, FL_LIMIT_STRUCTS);
	assert_int_equal(c.image->findings.count, 1);
	assert_true(has_finding(c.image, FL_ELIMIT));
}

/* A structure of too many members is not kept, whatever came before it is. */
static void test_members_are_bounded(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t base = add_base(&d, 4, 7);
	DIE(T_STRUCT, true, NAME("k_sem"), NUMBER(A_SIZE, 4));
	DIE(T_MEMBER, false, NAME("it"), TYPE(base));
	dies_up(&d);
	DIE(T_STRUCT, true, NAME("k_thread"), NUMBER(A_SIZE, 4));
	for (int i = 0; i < FL_LIMIT_FIELDS; i++)
		DIE(T_MEMBER, false, NAME("it"), TYPE(base));
	dies_up(&d);
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, 1);
	assert_non_null(find_struct(c.image, "k_sem"));
	assert_int_equal(c.image->findings.count, 1);
	assert_true(has_finding(c.image, FL_ELIMIT));
}

/* What comes after too many others is not looked for. */
static void test_notes_are_bounded(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	DIE(T_STRUCT, false, NAME("k_sem"), NUMBER(A_SIZE, 4));
	uint8_t entry[11]; /* code, name, size */
	memcpy(entry, d.info.data + d.info.size - sizeof(entry), sizeof(entry));
	for (int i = 0; i < FL_LIMIT_NOTES + 5; i++)
		put(&d.info, entry, sizeof(entry));
	DIE(T_STRUCT, false, NAME("k_mutex"), NUMBER(A_SIZE, 4));
	dies_unit_end(&d);
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, 1);
	assert_int_equal(c.image->findings.count, 1);
	assert_true(has_finding(c.image, FL_ELIMIT));
}

/* Two units that include one header; without the place in the source the content decides. */
static void test_alike_is_kept_once(void **state)
{
	ELF_AUTO w = { 0 };
	struct die_writer d = { 0 };
	(void)state;
	for (int unit = 0; unit < 4; unit++) {
		dies_unit(&d, T_UNIT);
		uint32_t base = add_base(&d, unit == 3 ? 2 : 4, 7);
		uint32_t inner = DIE(T_STRUCT, true, NUMBER(A_SIZE, 4));
		DIE(T_MEMBER, false, NAME("it"), TYPE(base));
		dies_up(&d);
		uint32_t outer = DIE(T_STRUCT, true, NAME("k_thread"), NUMBER(A_SIZE, 4));
		DIE(T_MEMBER, false, NAME("it"), TYPE(inner));
		dies_up(&d);
		DIE(T_TYPEDEF, false, NAME("TCB_t"), TYPE(outer));
		dies_unit_end(&d);
	}
	IMAGE c = open_dies(&d, &w);
	assert_int_equal(c.image->debug.structs.count, 4);
	assert_int_equal(c.image->debug.fields.count, 4);
	assert_int_equal(c.image->debug.aliases.count, 2);
}

/* Every prefix of the entries: what is left is consistent. */
static void test_truncation(void **state)
{
	struct die_writer d = { 0 };
	(void)state;
	dies_unit(&d, T_UNIT);
	uint32_t base = add_base(&d, 4, 5);
	uint32_t array = DIE(T_ARRAY, true, TYPE(base));
	DIE(T_SUBRANGE, false, NUMBER(A_COUNT, 2));
	dies_up(&d);
	uint32_t task = DIE(T_STRUCT, true, NUMBER(A_SIZE, 12));
	DIE(T_MEMBER, false, NAME("a"), TYPE(array));
	DIE(T_MEMBER, false, NAME("b"), TYPE(base), NUMBER(A_BIT_SIZE, 3),
	    NUMBER(A_DATA_BIT_OFFSET, 65));
	dies_up(&d);
	DIE(T_TYPEDEF, false, NAME("TCB_t"), TYPE(task));
	DIE(T_VARIABLE, false, NAME("pxCurrentTCB"), TYPE(task), AT("\x10"));
	dies_unit_end(&d);
	put_u8(&d.abbrev, 0);
	for (size_t cut = 0; cut < d.info.size + d.abbrev.size; cut++) {
		ELF_AUTO w = { 0 };
		size_t info = cut < d.info.size ? cut : d.info.size;
		elf_section(&w, ".debug_abbrev", ELF_PROGBITS, 0, 0, d.abbrev.data,
			    cut < d.info.size ? d.abbrev.size : cut - d.info.size);
		elf_section(&w, ".debug_info", ELF_PROGBITS, 0, 0, d.info.data, info);
		elf_code(&w, ".text", 0x100, 0x100);
		IMAGE c = open_image(&w);
		const struct fl_debug_field *f = c.image->debug.fields.data;
		for (size_t i = 0; i < c.image->debug.fields.count; i++)
			assert_true(f[i].name[0] && f[i].off <= 12);
	}
	bytes_free(&d.abbrev);
	bytes_free(&d.info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_member_offsets),
		cmocka_unit_test(test_bit_fields),
		cmocka_unit_test(test_bit_field_at_the_end),
		cmocka_unit_test(test_array_lengths),
		cmocka_unit_test(test_locations),
		cmocka_unit_test(test_origins_of_variables),
		cmocka_unit_test(test_partial_units),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_nesting_is_bounded),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_counts_are_bounded),
		cmocka_unit_test(test_members_are_bounded),
		cmocka_unit_test(test_notes_are_bounded),
		cmocka_unit_test(test_alike_is_kept_once),
		cmocka_unit_test(test_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
