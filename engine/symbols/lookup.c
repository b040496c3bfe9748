/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/calls.h"
#include "symbols/module.h"
#include "symbols/rows.h"

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
	if (high == 1) /* as a rule */
		return addr - ranges[0].addr < ranges[0].size;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (ranges[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr - ranges[low - 1].addr < ranges[low - 1].size;
}

/* What PARTS and LINKAGES begin with; both ascend by it. */
static const uint32_t *
entry_of(const struct fl_module *module, enum fl_index_kind kind, uint32_t function)
{
	uint32_t low = 0;
	uint32_t high = module->tables[kind].count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (*(const uint32_t *)fl_table_at(module, kind, mid) < function)
			low = mid + 1;
		else
			high = mid;
	}
	const uint32_t *entry = fl_table_at(module, kind, low);
	return entry && *entry == function ? entry : NULL;
}

/* @p i, where that function covers @p addr, or FL_INDEX_NONE. */
static uint32_t covering(const struct fl_module *module, uint32_t i, uint32_t addr)
{
	const uint32_t *key = fl_table_at(module, FL_INDEX_FUNCTION_ADDRS, i);
	const struct fl_index_function *f = fl_table_at(module, FL_INDEX_FUNCTIONS, i);
	return key && addr - *key < f->size ? i : FL_INDEX_NONE;
}

/* Index into FUNCTIONS, or FL_INDEX_NONE. */
static uint32_t function_at(const struct fl_module *module, uint32_t addr)
{
	return covering(module, fl_table_search(module, FL_INDEX_FUNCTION_ADDRS, addr), addr);
}

/* There are as many flags as functions: module.c. */
static uint8_t flags_of(const struct fl_module *module, uint32_t function)
{
	return ((const uint8_t *)module->tables[FL_INDEX_FUNCTION_FLAGS].data)[function];
}

static const char *linkage_of(const struct fl_module *module, uint32_t function)
{
	const struct fl_index_linkage *linkage = NULL;
	if (flags_of(module, function) & FL_INDEX_LINKED)
		linkage = (const void *)entry_of(module, FL_INDEX_LINKAGES, function);
	return linkage ? text_or_null(module, linkage->linkage) : NULL;
}

static bool function_info(const struct fl_module *module, uint32_t i, struct fl_function_info *ret,
			  bool *sized_ret)
{
	const struct fl_index_function *f = fl_table_at(module, FL_INDEX_FUNCTIONS, i);
	const struct fl_index_part *part = NULL;
	if (!f)
		return false;
	uint8_t flags = flags_of(module, i);
	if (flags & FL_INDEX_PART)
		part = (const void *)entry_of(module, FL_INDEX_PARTS, i);
	ret->name = fl_module_text(module, f->name);
	ret->linkage_name = linkage_of(module, i);
	ret->addr = part ? part->addr
			 : *(const uint32_t *)fl_table_at(module, FL_INDEX_FUNCTION_ADDRS, i);
	ret->end = ret->addr + (part ? part->size : f->size);
	*sized_ret = flags & FL_INDEX_SIZED;
	return true;
}

bool fl_module_function_at(const struct fl_module *module, uint32_t addr,
			   struct fl_function_info *ret, bool *sized_ret)
{
	return function_info(module, function_at(module, addr), ret, sized_ret);
}

bool fl_module_function(const struct fl_module *module, uint32_t addr, struct fl_function_info *ret)
{
	bool sized;
	return fl_module_function_at(module, addr, ret, &sized);
}

/* A line of an unknown file is not a place. */
static struct fl_scope
place(const struct fl_module *module, uint32_t file, uint32_t line, uint32_t column)
{
	const uint32_t *path = fl_table_at(module, FL_INDEX_FILES, file - 1);
	const char *name = path ? text_or_null(module, *path) : NULL;
	return (struct fl_scope){ .file = name,
				  .line = name ? line : 0,
				  .column = name ? column : 0 };
}

struct fl_scope fl_module_place(const struct fl_module *module, uint32_t pc)
{
	struct fl_place_row row = fl_rows_place(module, pc);
	return place(module, row.file, row.line, row.column);
}

/* The name of an inlined function; what a damaged index lacks has none. */
static void name_scope(const struct fl_module *module, uint32_t name, struct fl_scope *scope)
{
	const struct fl_index_name *n = fl_table_at(module, FL_INDEX_NAMES, name);
	scope->function = n ? fl_module_text(module, n->name) : "";
	scope->linkage_name = n ? text_or_null(module, n->linkage) : NULL;
}

size_t fl_module_scopes(const struct fl_module *module, uint32_t lookup_pc, struct fl_scope *ret,
			size_t max)
{
	struct fl_function_info function;
	return fl_module_scopes_in(module, lookup_pc, ret, max, &function);
}

enum { FUNCTION, LINE, CALL, RULE, SEARCHES };

/*
 * fl_table_search() in all tables of code. A search waits for memory at each of its steps; these
 * wait at the same time.
 */
static void search_all(const struct fl_module *module, uint32_t addr, uint32_t ret[SEARCHES])
{
	static const enum fl_index_kind kinds[SEARCHES] = {
		[FUNCTION] = FL_INDEX_FUNCTION_ADDRS,
		[LINE] = FL_INDEX_LINE_ADDRS,
		[CALL] = FL_INDEX_INLINE_ADDRS,
		[RULE] = FL_INDEX_UNWIND_ADDRS,
	};
	static const uint32_t none[1] = { UINT32_MAX };
	const uint32_t *keys[SEARCHES];
	uint32_t steps[SEARCHES]; /* all that are left, added up */
	uint32_t all = 0;
	for (int i = 0; i < SEARCHES; i++) {
		const struct fl_table *table = &module->tables[kinds[i]];
		uint32_t count = table->count ? table->count : 1;
		uint32_t first = UINT32_C(1) << (31 - __builtin_clz(count));
		keys[i] = table->count ? table->data : none;
		keys[i] += keys[i][count - first] <= addr ? count - first : 0;
		steps[i] = first - 1;
		all |= steps[i];
	}
	/* A table that is too short for a step stays where it is. */
	for (uint32_t step = (all + 1) / 2; step; step /= 2)
		for (int i = 0; i < SEARCHES; i++) {
			uint32_t own = step & steps[i];
			keys[i] = keys[i][own] <= addr ? keys[i] + own : keys[i];
		}
	for (int i = 0; i < SEARCHES; i++) {
		const struct fl_table *table = &module->tables[kinds[i]];
		bool found = table->count && *keys[i] <= addr;
		ret[i] =
			found ? (uint32_t)(keys[i] - (const uint32_t *)table->data) : FL_INDEX_NONE;
	}
}

static struct fl_pc_facts pc_facts(const struct fl_module *module, uint32_t pc)
{
	uint32_t at[SEARCHES];
	search_all(module, pc, at);
	struct fl_place_row row = fl_block_place(module, at[LINE], pc);
	return (struct fl_pc_facts){
		.module = module,
		.pc = pc,
		.function = covering(module, at[FUNCTION], pc),
		.call = fl_block_value(module, FL_INDEX_INLINE_ADDRS, at[CALL], pc),
		.rule = fl_block_value(module, FL_INDEX_UNWIND_ADDRS, at[RULE], pc),
		.file = row.file,
		.line = row.line,
		.column = row.column,
	};
}

size_t fl_module_scopes_in(const struct fl_module *module, uint32_t lookup_pc, struct fl_scope *ret,
			   size_t max, struct fl_function_info *function_ret)
{
	struct fl_pc_facts facts = pc_facts(module, lookup_pc);
	return fl_pc_scopes(&facts, ret, max, function_ret);
}

bool fl_pc_function(const struct fl_pc_facts *facts, struct fl_function_info *ret)
{
	bool sized;
	return facts->module && function_info(facts->module, facts->function, ret, &sized);
}

size_t fl_pc_scopes(const struct fl_pc_facts *facts, struct fl_scope *ret, size_t max,
		    struct fl_function_info *function_ret)
{
	const struct fl_module *module = facts->module;
	if (!max || !fl_pc_function(facts, function_ret))
		return 0;
	struct fl_scope scope = place(module, facts->file, facts->line, facts->column);
	size_t count = 0;
	struct fl_call call;
	uint32_t i = facts->call;
	/* The last place is the function's. */
	while (i != FL_INDEX_NONE && count + 1 < max && fl_call_at(module, i, &call)) {
		name_scope(module, call.name, &scope);
		ret[count++] = scope;
		scope = place(module, call.file, call.line, call.column);
		i = call.parent;
	}
	scope.function = function_ret->name;
	scope.linkage_name = function_ret->linkage_name;
	ret[count++] = scope;
	return count;
}

static struct fl_pc_facts find_pc(const struct fl_symbol_view *view, uint32_t pc)
{
	const struct fl_module *module = fl_view_module_at(view, pc);
	struct fl_pc_facts facts = { .pc = pc };
	if (!module)
		return facts;
	if (fl_pc_cache_get(module->pcs, pc, &facts)) {
		facts.module = module;
	} else {
		facts = pc_facts(module, pc);
		fl_pc_cache_put(module->pcs, &facts);
	}
	return facts;
}

const struct fl_pc_facts *
fl_view_pc(const struct fl_symbol_view *view, uint32_t pc, struct fl_pc_facts *room)
{
	if (!view->recent) {
		*room = find_pc(view, pc);
		return room;
	}
	struct fl_recent_pc *recent = &view->recent->last[(pc >> 1 ^ pc >> 8) % FL_RECENT_PCS];
	if (!recent->known || recent->facts.pc != pc) {
		recent->facts = find_pc(view, pc);
		recent->known = true;
	}
	return &recent->facts;
}

/* With one module it is the next row. */
bool fl_pc_ends_before_function(const struct fl_symbol_view *view, const struct fl_pc_facts *facts,
				struct fl_function_info *ret)
{
	uint32_t addr = facts->pc + 1;
	const struct fl_module *module = fl_view_module_at(view, addr);
	if (!module) /* the last instruction of all code is a call */
		return false;
	if (view->count == 1 && facts->module && facts->function != FL_INDEX_NONE) {
		uint32_t next = facts->function + 1;
		const uint32_t *key = fl_table_at(module, FL_INDEX_FUNCTION_ADDRS, next);
		if (!key || *key != addr)
			return false;
	}
	return fl_module_function(module, addr, ret) && ret->addr == addr;
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

static bool unwind_rule(const struct fl_module *module, uint32_t id, struct fl_unwind_rule *ret)
{
	const struct fl_index_rule *rule = fl_table_at(module, FL_INDEX_RULES, id);
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
	const struct fl_table *regs = &module->tables[FL_INDEX_RULE_REGISTERS];
	const struct fl_index_register *reg = regs->data;
	for (uint32_t i = 0; i < rule->register_count; i++)
		if (rule->first_register + i < regs->count)
			unpack_register(module, &reg[rule->first_register + i], ret);
	return true;
}

bool fl_module_unwind_rule(const struct fl_module *module, uint32_t pc, struct fl_unwind_rule *ret)
{
	return unwind_rule(module, fl_rows_value(module, FL_INDEX_UNWIND_ADDRS, pc), ret);
}

bool fl_pc_unwind_rule(const struct fl_pc_facts *facts, struct fl_unwind_rule *ret)
{
	return facts->module && unwind_rule(facts->module, facts->rule, ret);
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

static const char *function_symbol_name(const struct fl_module *module, uint32_t function)
{
	const struct fl_index_function *f = fl_table_at(module, FL_INDEX_FUNCTIONS, function);
	const char *linkage = f ? linkage_of(module, function) : NULL;
	return linkage ? linkage : f ? fl_module_text(module, f->name) : "";
}

/* The name of the i-th symbol by name. */
static const char *symbol_name(const struct fl_module *module, uint32_t i)
{
	uint32_t id = *(const uint32_t *)fl_table_at(module, FL_INDEX_SYMBOL_NAMES, i);
	if (id & FL_INDEX_OF_FUNCTION)
		return function_symbol_name(module, id & ~FL_INDEX_OF_FUNCTION);
	const struct fl_index_symbol *s = fl_table_at(module, FL_INDEX_SYMBOLS, id);
	return s ? fl_module_text(module, s->name) : "";
}

bool fl_module_nth_symbol(const struct fl_module *module, uint32_t i, struct fl_symbol_info *ret,
			  bool *absolute_ret)
{
	const uint32_t *id = fl_table_at(module, FL_INDEX_SYMBOL_NAMES, i);
	uint32_t function =
		id && *id & FL_INDEX_OF_FUNCTION ? *id & ~FL_INDEX_OF_FUNCTION : FL_INDEX_NONE;
	const struct fl_index_symbol *s = id ? fl_table_at(module, FL_INDEX_SYMBOLS, *id) : NULL;
	const struct fl_index_function *f = fl_table_at(module, FL_INDEX_FUNCTIONS, function);
	const uint32_t *addr = fl_table_at(module, FL_INDEX_FUNCTION_ADDRS, function);
	*absolute_ret = s && s->flags & FL_INDEX_IS_ABSOLUTE;
	if (f)
		*ret = (struct fl_symbol_info){ function_symbol_name(module, function), *addr,
						f->size, true };
	else if (s)
		*ret = symbol_info(module, s);
	return f || s;
}

bool fl_module_symbol(const struct fl_module *module, const char *name, struct fl_symbol_info *ret,
		      bool *absolute_ret)
{
	uint32_t low = 0;
	uint32_t high = module->tables[FL_INDEX_SYMBOL_NAMES].count;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (strcmp(symbol_name(module, mid), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return fl_module_nth_symbol(module, low, ret, absolute_ret) && !strcmp(ret->name, name);
}

/* The piece of memory of an object that covers @p addr. */
static const struct fl_index_segment *object_at(const struct fl_module *module, uint32_t addr)
{
	uint32_t i = fl_table_search(module, FL_INDEX_OBJECT_ADDRS, addr);
	const uint32_t *key = fl_table_at(module, FL_INDEX_OBJECT_ADDRS, i);
	const struct fl_index_segment *segment = fl_table_at(module, FL_INDEX_OBJECTS, i);
	return key && segment && addr - *key < segment->size ? segment : NULL;
}

bool fl_module_object_at(const struct fl_module *module, uint32_t addr, struct fl_symbol_info *ret)
{
	const struct fl_index_segment *segment = object_at(module, addr);
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
