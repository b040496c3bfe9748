/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole ELF into tables. What comes out is consistent: keys ascend, every
 * element refers to something that exists, and look-ups agree with each other.
 */
#include "symbols/module.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			__builtin_trap(); \
	} while (0)

static void check_keys(const struct fl_module *m, enum fl_index_kind kind, bool strictly)
{
	const uint32_t *keys = m->tables[kind].data;
	for (uint32_t i = 1; i < m->tables[kind].count; i++)
		CHECK(strictly ? keys[i - 1] < keys[i] : keys[i - 1] <= keys[i]);
}

static void check_functions(const struct fl_module *m)
{
	const uint32_t *keys = m->tables[FL_INDEX_SEGMENT_ADDRS].data;
	const struct fl_index_segment *segments = m->tables[FL_INDEX_SEGMENTS].data;
	for (uint32_t i = 0; i < m->tables[FL_INDEX_SEGMENTS].count; i++) {
		struct fl_function_info f;
		CHECK(segments[i].id < m->tables[FL_INDEX_FUNCTIONS].count);
		CHECK(fl_module_is_code(m, keys[i]));
		CHECK(fl_module_is_code(m, keys[i] + segments[i].size - 1));
		CHECK(fl_module_function(m, keys[i], &f) && f.name[0]);
		CHECK(keys[i] - f.addr < f.end - f.addr);
	}
}

static void check_scopes(const struct fl_module *m, uint32_t pc)
{
	struct fl_scope scopes[FL_LIMIT_INLINE_DEPTH + 1];
	struct fl_function_info f;
	size_t count = fl_module_scopes(m, pc, scopes, FL_LIMIT_INLINE_DEPTH + 1);
	CHECK((count > 0) == fl_module_function(m, pc, &f));
	for (size_t i = 0; i < count; i++)
		CHECK(scopes[i].function[0] && (!scopes[i].file || scopes[i].file[0]));
	CHECK(!count || !strcmp(scopes[count - 1].function, f.name));
}

static void check_enumerators(const struct fl_module *m)
{
	const struct fl_index_enumerator *e = m->tables[FL_INDEX_ENUMERATORS].data;
	CHECK(m->tables[FL_INDEX_ENUMERATORS].count <= FL_LIMIT_ENUMERATORS);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_ENUMERATORS].count; i++) {
		const char *name = fl_module_text(m, e[i].name);
		CHECK(!strncmp(name, "kMflt", 5) && strlen(name) <= FL_LIMIT_ENUMERATOR + 16);
		for (uint32_t k = 0; k < i && i < 64; k++)
			CHECK(e[k].value != e[i].value ||
			      strcmp(name, fl_module_text(m, e[k].name)));
	}
}

static void check_type(const struct fl_module *m, const struct fl_index_type *type)
{
	CHECK(type->structure == FL_INDEX_NONE ||
	      type->structure < m->tables[FL_INDEX_STRUCTS].count);
	CHECK(!(type->flags & ~(uint32_t)(FL_INDEX_SIGNED | FL_INDEX_POINTER | FL_INDEX_FLOAT)));
}

static void check_fields(const struct fl_module *m, const struct fl_index_struct *s)
{
	const struct fl_index_field *f = m->tables[FL_INDEX_FIELDS].data;
	uint32_t count = m->tables[FL_INDEX_FIELDS].count;
	CHECK(s->first_field <= count && s->field_count <= count - s->first_field);
	for (uint32_t i = s->first_field; i < s->first_field + s->field_count; i++) {
		struct fl_field found;
		const char *name = fl_module_text(m, f[i].name);
		CHECK(name[0] && f[i].off <= s->size);
		CHECK(!f[i].bit_size || (f[i].bit_off + f[i].bit_size <= f[i].type.size * 8 &&
					 f[i].off + f[i].type.size <= s->size));
		check_type(m, &f[i].type);
		CHECK(!s->name || strchr(name, '.') ||
		      fl_module_field(m, fl_module_text(m, s->name), name, &found));
	}
}

static void check_structs(const struct fl_module *m)
{
	const struct fl_index_struct *s = m->tables[FL_INDEX_STRUCTS].data;
	const struct fl_index_variable *v = m->tables[FL_INDEX_VARIABLES].data;
	CHECK(m->tables[FL_INDEX_STRUCTS].count <= 2 * FL_LIMIT_STRUCTS);
	CHECK(m->tables[FL_INDEX_FIELDS].count <= FL_LIMIT_FIELDS);
	CHECK(m->tables[FL_INDEX_VARIABLES].count <= FL_LIMIT_NOTES);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_STRUCTS].count; i++)
		check_fields(m, &s[i]);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_VARIABLES].count; i++) {
		struct fl_variable_info found;
		bool absolute;
		const char *name = fl_module_text(m, v[i].name);
		CHECK(v[i].addr && fl_module_variable(m, name, &found, &absolute));
		check_type(m, &v[i].type);
	}
}

static void check_inlines(const struct fl_module *m)
{
	const struct fl_index_inline *in = m->tables[FL_INDEX_INLINES].data;
	const uint32_t *keys = m->tables[FL_INDEX_INLINE_ADDRS].data;
	const uint32_t *at = m->tables[FL_INDEX_INLINE_AT].data;
	for (uint32_t i = 0; i < m->tables[FL_INDEX_INLINES].count; i++)
		CHECK(in[i].parent == FL_INDEX_NONE || in[i].parent < i);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_INLINE_AT].count; i++) {
		CHECK(at[i] == FL_INDEX_NONE || at[i] < m->tables[FL_INDEX_INLINES].count);
		check_scopes(m, keys[i]);
	}
}

static void check_unwind(const struct fl_module *m)
{
	const uint32_t *keys = m->tables[FL_INDEX_UNWIND_ADDRS].data;
	for (uint32_t i = 0; i < m->tables[FL_INDEX_UNWIND].count; i++) {
		const uint16_t *id = fl_table_at(m, FL_INDEX_UNWIND, i);
		struct fl_unwind_rule rule;
		CHECK((*id != FL_INDEX_NO_RULE) == fl_module_unwind_rule(m, keys[i], &rule));
		CHECK(*id == FL_INDEX_NO_RULE || fl_module_is_code(m, keys[i]));
	}
}

static void check_rest(const struct fl_module *m)
{
	size_t count;
	const struct fl_span *spans = fl_module_spans(m, &count);
	for (size_t i = 1; i < count; i++)
		CHECK((uint64_t)spans[i - 1].addr + spans[i - 1].size <= spans[i].addr);
	const struct fl_finding *findings = fl_module_findings(m, &count);
	for (size_t i = 0; i < count; i++)
		CHECK(findings[i].text[0]);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_LINE_ADDRS].count; i++)
		check_scopes(m, ((const uint32_t *)m->tables[FL_INDEX_LINE_ADDRS].data)[i]);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_EXIDX_ADDRS].count; i++) {
		struct fl_exidx_entry e;
		(void)fl_module_exidx(
			m, ((const uint32_t *)m->tables[FL_INDEX_EXIDX_ADDRS].data)[i], &e);
	}
}

static void check_module(const struct fl_module *m)
{
	check_keys(m, FL_INDEX_SEGMENT_ADDRS, true);
	check_keys(m, FL_INDEX_INLINE_ADDRS, true);
	check_keys(m, FL_INDEX_LINE_ADDRS, true);
	check_keys(m, FL_INDEX_UNWIND_ADDRS, true);
	check_keys(m, FL_INDEX_EXIDX_ADDRS, false);
	check_keys(m, FL_INDEX_OBJECT_ADDRS, true);
	check_functions(m);
	check_inlines(m);
	check_enumerators(m);
	check_structs(m);
	check_unwind(m);
	check_rest(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FL_AUTO(fl_symbols) symbols = NULL;
	struct fl_error err = { 0 };
	if (fl_symbols_open(data, size, "fw.elf", &symbols, &err)) {
		CHECK(err.message[0]);
		return 0;
	}
	CHECK(symbols->count >= 1 && symbols->count <= FL_LIMIT_MODULES);
	for (size_t i = 0; i < symbols->count; i++)
		check_module(symbols->modules[i]);
	return 0;
}
