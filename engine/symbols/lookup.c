/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/module.h"

#include <stdlib.h>
#include <string.h>

static const char *text_or_null(const struct fl_module *module, uint32_t string)
{
	return string ? fl_module_text(module, string) : NULL;
}

bool fl_module_is_code(const struct fl_module *module, uint32_t addr)
{
	const struct fl_index_range *ranges = module->tables[FL_INDEX_CODE].data;
	uint32_t low = 0;
	uint32_t high = module->tables[FL_INDEX_CODE].count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (ranges[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr - ranges[low - 1].addr < ranges[low - 1].size;
}

/* The segment of a keyed table that covers @p addr. */
static const struct fl_index_segment *segment_at(const struct fl_module *module,
						 enum fl_index_kind keys, enum fl_index_kind kind,
						 uint32_t addr)
{
	uint32_t i = fl_table_search(module, keys, addr);
	const uint32_t *key = fl_table_at(module, keys, i);
	const struct fl_index_segment *segment = fl_table_at(module, kind, i);
	return key && segment && addr - *key < segment->size ? segment : NULL;
}

static const struct fl_index_function *function_at(const struct fl_module *module, uint32_t addr)
{
	const struct fl_index_segment *segment =
		segment_at(module, FL_INDEX_SEGMENT_ADDRS, FL_INDEX_SEGMENTS, addr);
	return segment ? fl_table_at(module, FL_INDEX_FUNCTIONS, segment->id) : NULL;
}

bool fl_module_function_at(const struct fl_module *module, uint32_t addr,
			   struct fl_function_info *ret, bool *sized_ret)
{
	const struct fl_index_function *f = function_at(module, addr);
	if (!f)
		return false;
	ret->name = fl_module_text(module, f->name);
	ret->linkage_name = text_or_null(module, f->linkage);
	ret->addr = f->addr;
	ret->end = f->addr + f->size;
	*sized_ret = f->flags & FL_INDEX_SIZED;
	return true;
}

bool fl_module_function(const struct fl_module *module, uint32_t addr, struct fl_function_info *ret)
{
	bool sized;
	return fl_module_function_at(module, addr, ret, &sized);
}

static uint32_t inlined_at(const struct fl_module *module, uint32_t addr)
{
	uint32_t i = fl_table_search(module, FL_INDEX_INLINE_ADDRS, addr);
	const uint32_t *at = fl_table_at(module, FL_INDEX_INLINE_AT, i);
	return at ? *at : FL_INDEX_NONE;
}

/* A line of an unknown file is not a place. */
static struct fl_scope
place(const struct fl_module *module, uint32_t file, uint32_t line, uint32_t column)
{
	const char *name = text_or_null(module, file);
	return (struct fl_scope){ .file = name,
				  .line = name ? line : 0,
				  .column = name ? column : 0 };
}

struct fl_scope fl_module_place(const struct fl_module *module, uint32_t pc)
{
	uint32_t i = fl_table_search(module, FL_INDEX_LINE_ADDRS, pc);
	const struct fl_index_line *line = fl_table_at(module, FL_INDEX_LINES, i);
	if (!line)
		return (struct fl_scope){ 0 };
	return place(module, line->file, line->line, line->column);
}

size_t fl_module_scopes(const struct fl_module *module, uint32_t lookup_pc, struct fl_scope *ret,
			size_t max)
{
	const struct fl_index_function *f = function_at(module, lookup_pc);
	if (!f || !max)
		return 0;
	struct fl_scope scope = fl_module_place(module, lookup_pc);
	size_t count = 0;
	const struct fl_index_inline *in;
	uint32_t i = inlined_at(module, lookup_pc);
	/* The last place is the function's. */
	while (count + 1 < max && (in = fl_table_at(module, FL_INDEX_INLINES, i)) != NULL) {
		scope.function = fl_module_text(module, in->name);
		scope.linkage_name = text_or_null(module, in->linkage);
		ret[count++] = scope;
		scope = place(module, in->call_file, in->call_line, in->call_column);
		i = in->parent < i ? in->parent : FL_INDEX_NONE;
	}
	scope.function = fl_module_text(module, f->name);
	scope.linkage_name = text_or_null(module, f->linkage);
	ret[count++] = scope;
	return count;
}

static struct fl_expression expression_at(const struct fl_module *module, int32_t i)
{
	const struct fl_index_bytes *bytes =
		i < 0 ? NULL : fl_table_at(module, FL_INDEX_EXPRESSIONS, (uint32_t)i);
	const struct fl_table *pool = &module->tables[FL_INDEX_EXPRESSION_BYTES];
	if (!bytes || bytes->off > pool->count || bytes->size > pool->count - bytes->off)
		return (struct fl_expression){ 0 };
	return (struct fl_expression){ (const uint8_t *)pool->data + bytes->off, bytes->size };
}

static bool is_register(uint8_t number)
{
	return number < FL_CORE_REGISTERS || number == FL_RULE_FOREIGN;
}

static void unpack_register(const struct fl_module *module, const struct fl_index_register *in,
			    struct fl_unwind_rule *ret)
{
	if (in->number >= FL_CORE_REGISTERS || !is_register(in->other) ||
	    in->kind > FL_RULE_VAL_EXPRESSION)
		return;
	struct fl_register_rule *out = &ret->regs[in->number];
	out->kind = in->kind;
	out->other = in->other;
	if (in->kind == FL_RULE_EXPRESSION || in->kind == FL_RULE_VAL_EXPRESSION)
		out->expression = expression_at(module, in->value);
	else
		out->offset = in->value;
}

bool fl_module_unwind_rule(const struct fl_module *module, uint32_t pc, struct fl_unwind_rule *ret)
{
	const uint16_t *id = fl_table_at(module, FL_INDEX_UNWIND,
					 fl_table_search(module, FL_INDEX_UNWIND_ADDRS, pc));
	const struct fl_index_rule *rule = id ? fl_table_at(module, FL_INDEX_RULES, *id) : NULL;
	if (!rule || rule->cfa_kind > FL_CFA_EXPRESSION || !is_register(rule->cfa_register) ||
	    rule->return_column >= FL_CORE_REGISTERS || rule->register_count > FL_CORE_REGISTERS)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->cfa_kind = rule->cfa_kind;
	ret->cfa_register = rule->cfa_register;
	ret->return_column = rule->return_column;
	ret->signal_frame = rule->signal_frame;
	if (rule->cfa_kind == FL_CFA_EXPRESSION)
		ret->cfa_expression = expression_at(module, rule->cfa_value);
	else
		ret->cfa_offset = rule->cfa_value;
	for (uint32_t i = 0; i < rule->register_count; i++) {
		const struct fl_index_register *reg =
			fl_table_at(module, FL_INDEX_RULE_REGISTERS, rule->first_register + i);
		if (reg)
			unpack_register(module, reg, ret);
	}
	return true;
}

bool fl_module_exidx(const struct fl_module *module, uint32_t pc, struct fl_exidx_entry *ret)
{
	uint32_t i = fl_table_search(module, FL_INDEX_EXIDX_ADDRS, pc);
	const uint32_t *key = fl_table_at(module, FL_INDEX_EXIDX_ADDRS, i);
	const struct fl_index_exidx *e = fl_table_at(module, FL_INDEX_EXIDX, i);
	const struct fl_table *pool = &module->tables[FL_INDEX_OPCODE_BYTES];
	if (!key || !e || e->flags & FL_INDEX_DAMAGED || !fl_module_is_code(module, pc))
		return false;
	if (e->off > pool->count || e->count > pool->count - e->off)
		return false;
	*ret = (struct fl_exidx_entry){
		.function_addr = *key,
		.cantunwind = e->flags & FL_INDEX_CANTUNWIND,
		.opcodes = (const uint8_t *)pool->data + e->off,
		.opcode_count = e->count,
	};
	return true;
}

static struct fl_symbol_info
symbol_info(const struct fl_module *module, const struct fl_index_symbol *s)
{
	return (struct fl_symbol_info){
		.name = fl_module_text(module, s->name),
		.addr = s->addr,
		.size = s->size,
		.is_function = s->flags & FL_INDEX_IS_FUNCTION,
	};
}

/* The i-th symbol by name, or NULL. */
static const struct fl_index_symbol *named(const struct fl_module *module, uint32_t i)
{
	const uint32_t *index = fl_table_at(module, FL_INDEX_SYMBOL_NAMES, i);
	return index ? fl_table_at(module, FL_INDEX_SYMBOLS, *index) : NULL;
}

bool fl_module_symbol(const struct fl_module *module, const char *name, struct fl_symbol_info *ret,
		      bool *absolute_ret)
{
	uint32_t low = 0;
	uint32_t high = module->tables[FL_INDEX_SYMBOL_NAMES].count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct fl_index_symbol *s = named(module, mid);
		if (s && strcmp(fl_module_text(module, s->name), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	const struct fl_index_symbol *s = named(module, low);
	if (!s || strcmp(fl_module_text(module, s->name), name) != 0)
		return false;
	*ret = symbol_info(module, s);
	*absolute_ret = s->flags & FL_INDEX_IS_ABSOLUTE;
	return true;
}

bool fl_module_object_at(const struct fl_module *module, uint32_t addr, struct fl_symbol_info *ret)
{
	const struct fl_index_segment *segment =
		segment_at(module, FL_INDEX_OBJECT_ADDRS, FL_INDEX_OBJECTS, addr);
	const struct fl_index_symbol *s =
		segment ? fl_table_at(module, FL_INDEX_SYMBOLS, segment->id) : NULL;
	if (s)
		*ret = symbol_info(module, s);
	return s != NULL;
}

bool fl_module_place_objects(struct fl_module *module)
{
	const struct fl_table *objects = &module->tables[FL_INDEX_OBJECTS];
	const struct fl_index_segment *segments = objects->data;
	module->places = calloc(objects->count ? objects->count : 1, sizeof(*module->places));
	for (uint32_t i = 0; i < objects->count && module->places; i++) {
		const struct fl_index_symbol *s =
			fl_table_at(module, FL_INDEX_SYMBOLS, segments[i].id);
		if (s)
			module->places[i] = (struct fl_object_place){ s->addr, s->size };
	}
	return module->places != NULL;
}

struct fl_object_run
fl_module_objects(const struct fl_module *module, uint32_t from, uint32_t addr, uint32_t size)
{
	uint32_t first = fl_table_search(module, FL_INDEX_OBJECT_ADDRS, addr);
	uint32_t last = size ? fl_table_search(module, FL_INDEX_OBJECT_ADDRS, addr + (size - 1))
			     : FL_INDEX_NONE;
	uint32_t end = last == FL_INDEX_NONE ? 0 : last + 1;
	first = first == FL_INDEX_NONE ? 0 : first;
	first = first < from ? from : first;
	if (first >= end)
		return (struct fl_object_run){ module->places, 0, from };
	return (struct fl_object_run){ module->places + first, end - first, end };
}
