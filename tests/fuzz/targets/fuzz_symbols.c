/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole ELF into tables. What comes out is consistent: keys ascend, every
 * element refers to something that exists, and look-ups agree with each other.
 */
#include "fuzz/target.h"

#include "support/row_reader.h"
#include "symbols/calls.h"
#include "symbols/module.h"

#include <stdlib.h>
#include <string.h>

static void check_keys(const struct fl_module *m, enum fl_index_kind kind, bool strictly)
{
	const uint32_t *keys = m->tables[kind].data;
	for (uint32_t i = 1; i < m->tables[kind].count; i++)
		CHECK(strictly ? keys[i - 1] < keys[i] : keys[i - 1] <= keys[i]);
}

static void check_functions(const struct fl_module *m)
{
	const uint32_t *keys = m->tables[FL_INDEX_FUNCTION_ADDRS].data;
	const struct fl_index_function *functions = m->tables[FL_INDEX_FUNCTIONS].data;
	CHECK(fl_module_info(m).function_count <= m->tables[FL_INDEX_FUNCTIONS].count);
	for (uint32_t i = 0; i < m->tables[FL_INDEX_FUNCTIONS].count; i++) {
		struct fl_function_info f;
		CHECK(fl_module_is_code(m, keys[i]));
		CHECK(fl_module_is_code(m, keys[i] + functions[i].size - 1));
		CHECK(fl_module_function(m, keys[i], &f) && f.name[0]);
		CHECK(keys[i] - f.addr < f.end - f.addr);
	}
}

static void check_symbols(const struct fl_module *m)
{
	struct fl_symbol_info symbol;
	bool absolute;
	const char *last = "";
	for (uint32_t i = 0; i < m->tables[FL_INDEX_SYMBOL_NAMES].count; i++) {
		CHECK(fl_module_nth_symbol(m, i, &symbol, &absolute));
		CHECK(strcmp(last, symbol.name) <= 0);
		last = symbol.name;
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

/* The rows of a kind one after the other: they ascend, and a look-up at each finds it. */
static void check_values(const struct fl_module *m, enum fl_index_kind addrs,
			 void (*check)(const struct fl_module *m, const struct row_reader *row))
{
	uint64_t next = 0;
	for (uint32_t i = 0; i < m->tables[addrs].count; i++) {
		struct row_reader row = row_reader(m, addrs, i);
		for (int n = 0; row_reader_value(&row); n++) {
			CHECK(n < FL_VALUE_ROWS);
			CHECK(row.addr >= next);
			CHECK(fl_rows_value(m, addrs, row.addr) == row.value);
			check(m, &row);
			next = (uint64_t)row.addr + 1;
		}
	}
}

static void check_call(const struct fl_module *m, const struct row_reader *row)
{
	struct fl_call call = { .parent = row->value };
	for (int depth = 0; call.parent != FL_INDEX_NONE && depth < 1000; depth++) {
		CHECK(fl_call_at(m, call.parent, &call));
		CHECK(call.name < m->tables[FL_INDEX_NAMES].count);
		CHECK(call.file <= m->tables[FL_INDEX_FILES].count);
	}
	check_scopes(m, row->addr);
}

static void check_unwind(const struct fl_module *m, const struct row_reader *row)
{
	struct fl_unwind_rule rule;
	CHECK((row->value != FL_INDEX_NONE) == fl_module_unwind_rule(m, row->addr, &rule));
	CHECK(row->value == FL_INDEX_NONE || fl_module_is_code(m, row->addr));
}

static void check_places(const struct fl_module *m)
{
	uint64_t next = 0;
	for (uint32_t i = 0; i < m->tables[FL_INDEX_LINE_ADDRS].count; i++) {
		struct row_reader row = row_reader(m, FL_INDEX_LINE_ADDRS, i);
		for (int n = 0; row_reader_place(&row); n++) {
			CHECK(n < FL_PLACE_ROWS);
			CHECK(row.addr >= next &&
			      row.place.file <= m->tables[FL_INDEX_FILES].count);
			struct fl_place_row found = fl_rows_place(m, row.addr);
			CHECK(!memcmp(&found, &row.place, sizeof(found)));
			check_scopes(m, row.addr);
			next = (uint64_t)row.addr + 1;
		}
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
	for (uint32_t i = 0; i < m->tables[FL_INDEX_EXIDX_ADDRS].count; i++) {
		struct fl_exidx_entry e;
		(void)fl_module_exidx(
			m, ((const uint32_t *)m->tables[FL_INDEX_EXIDX_ADDRS].data)[i], &e);
	}
}

static void check_module(const struct fl_module *m)
{
	check_keys(m, FL_INDEX_FUNCTION_ADDRS, true);
	check_keys(m, FL_INDEX_INLINE_ADDRS, true);
	check_keys(m, FL_INDEX_LINE_ADDRS, true);
	check_keys(m, FL_INDEX_UNWIND_ADDRS, true);
	check_keys(m, FL_INDEX_EXIDX_ADDRS, false);
	check_keys(m, FL_INDEX_OBJECT_ADDRS, true);
	check_functions(m);
	check_symbols(m);
	check_values(m, FL_INDEX_INLINE_ADDRS, check_call);
	check_values(m, FL_INDEX_UNWIND_ADDRS, check_unwind);
	check_places(m);
	check_enumerators(m);
	check_structs(m);
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
