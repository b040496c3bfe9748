/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/module.h"

#include "base/reader.h"

#include <stdlib.h>
#include <string.h>

/* Key tables and what belongs to them must be of one length. */
static const struct {
	enum fl_index_kind keys, payload;
} pairs[] = {
	{ FL_INDEX_FUNCTION_ADDRS, FL_INDEX_FUNCTIONS },
	{ FL_INDEX_FUNCTION_ADDRS, FL_INDEX_FUNCTION_FLAGS },
	{ FL_INDEX_INLINE_ADDRS, FL_INDEX_INLINE_OFFS },
	{ FL_INDEX_LINE_ADDRS, FL_INDEX_LINE_OFFS },
	{ FL_INDEX_UNWIND_ADDRS, FL_INDEX_UNWIND_OFFS },
	{ FL_INDEX_EXIDX_ADDRS, FL_INDEX_EXIDX },
	{ FL_INDEX_OBJECT_ADDRS, FL_INDEX_OBJECTS },
};

/* What is searched from end to end. */
static const struct {
	enum fl_index_kind kind;
	uint32_t limit;
} bounds[] = {
	{ FL_INDEX_FINDINGS, FL_LIMIT_FINDINGS },   { FL_INDEX_ENUMERATORS, FL_LIMIT_ENUMERATORS },
	{ FL_INDEX_STRUCTS, 2 * FL_LIMIT_STRUCTS }, { FL_INDEX_FIELDS, FL_LIMIT_FIELDS },
	{ FL_INDEX_VARIABLES, FL_LIMIT_NOTES },
};

static enum fl_code damaged(uint64_t at, const char *what, struct fl_error *err)
{
	return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, at, "symbol index: %s", what);
}

static enum fl_code check_header(struct fl_module *m, struct fl_error *err)
{
	const struct fl_index_header *h = (const void *)m->index;
	if (m->size < sizeof(*h) || memcmp(h->magic, FL_INDEX_MAGIC, sizeof(h->magic)) != 0)
		return damaged(0, "not one", err);
	if (h->version != FL_INDEX_VERSION)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, sizeof(h->magic),
			       "symbol index of version %u", h->version);
	if (h->size != m->size)
		return damaged(m->size, "wrong size", err);
	if (h->table_count > (m->size - sizeof(*h)) / sizeof(struct fl_index_table))
		return damaged(sizeof(*h), "too many tables", err);
	if (h->build_id_size > sizeof(h->build_id))
		return damaged(0, "build id too long", err);
	m->header = h;
	return FL_OK;
}

static enum fl_code check_tables(struct fl_module *m, struct fl_error *err)
{
	const struct fl_index_table *directory = (const void *)(m->index + sizeof(*m->header));
	for (uint32_t kind = 0; kind < FL_INDEX_KINDS; kind++)
		m->tables[kind].data = m->index; /* of a table that is missing; never NULL */
	for (uint32_t i = 0; i < m->header->table_count; i++) {
		const struct fl_index_table *t = &directory[i];
		uint32_t element_size = fl_index_element_size(t->kind);
		uint64_t at = sizeof(*m->header) + i * sizeof(*t);
		if (!element_size)
			continue; /* of a later version */
		if (t->element_size != element_size || t->off % 8 || t->off > m->size ||
		    t->count > (m->size - t->off) / element_size || t->count >= FL_INDEX_NONE)
			return damaged(at, "table outside the index", err);
		m->tables[t->kind] =
			(struct fl_table){ m->index + t->off, (uint32_t)t->count, element_size };
	}
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (m->tables[pairs[i].keys].count != m->tables[pairs[i].payload].count)
			return damaged(sizeof(*m->header), "keys without values", err);
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
		if (m->tables[bounds[i].kind].count > bounds[i].limit)
			return damaged(sizeof(*m->header), "a table is too long", err);
	const struct fl_table *strings = &m->tables[FL_INDEX_STRINGS];
	if (strings->count && ((const char *)strings->data)[strings->count - 1] != '\0')
		return damaged(sizeof(*m->header), "strings without end", err);
	return FL_OK;
}

static enum fl_code make_spans(struct fl_module *m, struct fl_error *err)
{
	const struct fl_table *table = &m->tables[FL_INDEX_SPANS];
	const struct fl_table *pool = &m->tables[FL_INDEX_SPAN_BYTES];
	const struct fl_index_span *in = table->data;
	m->spans = calloc(table->count ? table->count : 1, sizeof(*m->spans));
	if (!m->spans)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a module");
	uint64_t last_end = 0;
	for (uint32_t i = 0; i < table->count; i++) {
		struct fl_reader r = fl_reader("contents", pool->data, pool->count, 0);
		fl_read_seek(&r, in[i].off);
		const uint8_t *bytes = fl_read_bytes(&r, in[i].size);
		if (r.error.code || in[i].addr < last_end ||
		    (uint64_t)in[i].addr + in[i].size > UINT64_C(1) << 32)
			return damaged(in[i].off, "contents outside the index", err);
		last_end = (uint64_t)in[i].addr + in[i].size;
		m->spans[i] = (struct fl_span){ in[i].addr, in[i].size, bytes, FL_SPAN_ELF };
	}
	return FL_OK;
}

static enum fl_code make_findings(struct fl_module *m, struct fl_error *err)
{
	const struct fl_table *table = &m->tables[FL_INDEX_FINDINGS];
	const struct fl_index_finding *in = table->data;
	m->findings = calloc(table->count ? table->count : 1, sizeof(*m->findings));
	if (!m->findings)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a module");
	for (uint32_t i = 0; i < table->count; i++) {
		if (in[i].stage >= FL_STAGE_COUNT || in[i].severity >= FL_SEVERITY_COUNT ||
		    in[i].code > FL_ECHILD || in[i].at_kind > FL_AT_TARGET_ADDRESS)
			return damaged(0, "finding of an unknown kind", err);
		m->findings[i] = (struct fl_finding){
			.stage = (enum fl_stage)in[i].stage,
			.severity = (enum fl_severity)in[i].severity,
			.code = (enum fl_code)in[i].code,
			.at_kind = (enum fl_at)in[i].at_kind,
			.at = in[i].at,
			.text = fl_module_text(m, in[i].text),
		};
		if (in[i].severity >= FL_WARNING && !m->warning_count++)
			m->warning = m->findings[i].text;
	}
	return FL_OK;
}

enum fl_code
fl_module_open(uint8_t *index, size_t size, struct fl_module **ret, struct fl_error *err)
{
	struct fl_module *m;
	enum fl_code code = fl_module_borrow(index, size, &m, err);
	if (code) {
		free(index);
		return code;
	}
	m->owned = index;
	*ret = m;
	return FL_OK;
}

enum fl_code
fl_module_borrow(const uint8_t *index, size_t size, struct fl_module **ret, struct fl_error *err)
{
	FL_AUTO(fl_module) m = calloc(1, sizeof(*m));
	if (!m)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a module");
	m->index = index;
	m->size = size;
	enum fl_code code = check_header(m, err);
	if (!code)
		code = check_tables(m, err);
	if (!code)
		code = make_spans(m, err);
	if (!code)
		code = make_findings(m, err);
	m->pcs = fl_pc_cache_open();
	if (!code && !(m->pcs && fl_module_name_structs(m) && fl_module_name_variables(m) &&
		       fl_module_place_objects(m)))
		code = fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for a module");
	if (!code)
		*ret = fl_module_take(&m);
	return code;
}

void fl_module_close(struct fl_module *module)
{
	if (!module)
		return;
	free(module->spans);
	free(module->findings);
	fl_name_map_deinit(&module->struct_names);
	fl_name_map_deinit(&module->variable_names);
	fl_name_map_deinit(&module->known_names);
	free(module->known_variables);
	free(module->places);
	fl_pc_cache_close(module->pcs);
	free(module->owned);
	free(module);
}

/* The last 2^n keys, or as many from the beginning; then halves of them. That leaves one branch,
 * since the compiler makes the choice a conditional move. */
uint32_t fl_table_search(const struct fl_module *module, enum fl_index_kind kind, uint32_t addr)
{
	const uint32_t *keys = module->tables[kind].data;
	uint32_t count = module->tables[kind].count;
	if (!count || keys[0] > addr)
		return FL_INDEX_NONE;
	uint32_t step = UINT32_C(1) << (31 - __builtin_clz(count));
	const uint32_t *base = keys[count - step] <= addr ? keys + (count - step) : keys;
	while (step >>= 1)
		base = base[step] <= addr ? base + step : base;
	return (uint32_t)(base - keys);
}

struct fl_module_info fl_module_info(const struct fl_module *module)
{
	const struct fl_index_header *h = module->header;
	struct fl_module_info info = {
		.name = fl_module_text(module, h->name),
		.build_id_size = h->build_id_size,
		.has_debug_info = h->flags & FL_INDEX_DEBUG_INFO,
		.has_unwind_info = h->flags & FL_INDEX_UNWIND_INFO,
		.has_symbol_table = h->flags & FL_INDEX_SYMBOL_TABLE,
		.has_code_bytes = h->flags & FL_INDEX_CODE_BYTES,
		.function_count = h->function_count,
		.code_addr = h->code_addr,
		.code_end = h->code_end,
		.warning_count = module->warning_count,
		.warning = module->warning,
	};
	memcpy(info.build_id, h->build_id, sizeof(info.build_id));
	return info;
}

enum fl_arch fl_module_arch(const struct fl_module *module)
{
	uint8_t arch = module->header->arch;
	return arch <= FL_ARCH_V8M_MAIN ? (enum fl_arch)arch : FL_ARCH_UNKNOWN;
}

const struct fl_span *fl_module_spans(const struct fl_module *module, size_t *count_ret)
{
	*count_ret = module->tables[FL_INDEX_SPANS].count;
	return module->spans;
}

const struct fl_finding *fl_module_findings(const struct fl_module *module, size_t *count_ret)
{
	*count_ret = module->tables[FL_INDEX_FINDINGS].count;
	return module->findings;
}
