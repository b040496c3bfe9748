/* SPDX-License-Identifier: Apache-2.0 */
#include "image/debug_info.h"

#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

/* abstract origin -> specification -> ...: two in practice, a cycle in a crafted file. */
enum { MAX_ORIGINS = 8 };

struct fl_debug_info fl_debug_info_init(void)
{
	return (struct fl_debug_info){
		.scopes = FL_VEC(struct fl_name_scope),
		.decls = FL_VEC(struct fl_decl),
		.ranges = FL_VEC(struct fl_code_range),
		.functions = FL_VEC(struct fl_debug_function),
		.inlines = FL_VEC(struct fl_debug_inline),
		.rows = FL_VEC(struct fl_line_row),
		.sequences = FL_VEC(struct fl_line_sequence),
		.units = FL_VEC(struct fl_unit),
		.frames = FL_VEC(struct fl_frame_program),
		.enumerators = FL_VEC(struct fl_enumerator),
		.enumerator_keys = FL_INTERN,
		.structs = FL_VEC(struct fl_debug_struct),
		.fields = FL_VEC(struct fl_debug_field),
		.aliases = FL_VEC(struct fl_debug_alias),
		.variables = FL_VEC(struct fl_debug_variable),
	};
}

void fl_debug_info_deinit(struct fl_debug_info *info)
{
	fl_vec_deinit(&info->scopes);
	fl_vec_deinit(&info->decls);
	fl_vec_deinit(&info->ranges);
	fl_vec_deinit(&info->functions);
	fl_vec_deinit(&info->inlines);
	fl_vec_deinit(&info->rows);
	fl_vec_deinit(&info->sequences);
	fl_vec_deinit(&info->units);
	fl_vec_deinit(&info->frames);
	fl_vec_deinit(&info->enumerators);
	fl_intern_deinit(&info->enumerator_keys);
	fl_vec_deinit(&info->structs);
	fl_vec_deinit(&info->fields);
	fl_vec_deinit(&info->aliases);
	fl_vec_deinit(&info->variables);
}

static const struct fl_decl *decl_at(const struct fl_debug_info *info, uint32_t i)
{
	return i < info->decls.count ? fl_vec_at(&info->decls, const struct fl_decl, i) : NULL;
}

uint32_t fl_decl_at(const struct fl_debug_info *info, uint64_t die_off)
{
	size_t low = 0;
	size_t high = info->decls.count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (fl_vec_at(&info->decls, const struct fl_decl, mid)->die_off < die_off)
			low = mid + 1;
		else
			high = mid;
	}
	const struct fl_decl *decl = decl_at(info, (uint32_t)low);
	return decl && decl->die_off == die_off ? (uint32_t)low : FL_NO_INDEX;
}

/* The decl with everything it inherits from its origins. The scope is that of the last origin:
 * a member function is declared inside its class and defined outside. */
static struct fl_decl resolve(const struct fl_debug_info *info, uint32_t i)
{
	struct fl_decl merged = { .scope = FL_NO_INDEX };
	for (int hops = 0; hops < MAX_ORIGINS; hops++) {
		const struct fl_decl *decl = decl_at(info, i);
		if (!decl)
			break;
		if (!merged.name)
			merged.name = decl->name;
		if (!merged.linkage)
			merged.linkage = decl->linkage;
		merged.external |= decl->external;
		merged.scope = decl->scope;
		merged.plain = decl->plain;
		if (!decl->has_origin)
			break;
		i = fl_decl_at(info, decl->origin_off);
	}
	return merged;
}

struct namer {
	const struct fl_debug_info *info;
	struct fl_str *out;
	size_t start;
	bool unnamed_scope;
};

static void add(struct namer *n, const char *text)
{
	size_t used = n->out->size - n->start;
	if (used + strlen(text) <= FL_LIMIT_NAME)
		fl_str_adds(n->out, text);
}

static void add_scope(struct namer *n, const struct fl_name_scope *scope, const char *member)
{
	if (scope->decl != FL_NO_INDEX) {
		/* As demanglers write it: what is local to f is f()::x. */
		struct fl_decl merged = resolve(n->info, scope->decl);
		add(n, merged.name ? merged.name : "<unnamed>");
		add(n, "()");
	} else if (scope->name) {
		add(n, scope->name);
	} else if (scope->is_namespace) {
		add(n, "(anonymous namespace)");
	} else {
		n->unnamed_scope = true;
		add(n, member && !strcmp(member, "operator()") ? "<lambda>" : "<unnamed>");
	}
	add(n, "::");
}

static int by_off(const void *a, const void *b)
{
	const struct fl_name_scope *x = a;
	const struct fl_name_scope *y = b;
	return (x->die_off > y->die_off) - (x->die_off < y->die_off);
}

/* The scope as it was declared first (DWARF 5, 2.13). */
static const struct fl_name_scope *declared(const struct fl_vec *scopes, uint32_t i)
{
	const struct fl_name_scope *scope = fl_vec_at(scopes, const struct fl_name_scope, i);
	for (int hops = 0; scope->origin_off && hops < MAX_ORIGINS; hops++) {
		struct fl_name_scope wanted = { .die_off = scope->origin_off };
		const struct fl_name_scope *origin =
			bsearch(&wanted, scopes->data, scopes->count, sizeof(wanted), by_off);
		if (!origin)
			break;
		scope = origin;
	}
	return scope;
}

/* The enclosing scope; a function's is that of its declaration, which may lie in a class elsewhere.
 */
static uint32_t parent_of(const struct namer *n, const struct fl_name_scope *scope)
{
	if (scope->decl == FL_NO_INDEX)
		return scope->parent;
	struct fl_decl merged = resolve(n->info, scope->decl);
	return merged.plain ? FL_NO_INDEX : merged.scope;
}

static void add_scopes(struct namer *n, uint32_t scope, const char *member)
{
	const struct fl_name_scope *chain[FL_LIMIT_RECURSION];
	size_t count = 0;
	while (scope < n->info->scopes.count && count < FL_LIMIT_RECURSION) {
		chain[count] = declared(&n->info->scopes, scope);
		scope = parent_of(n, chain[count++]);
	}
	while (count--)
		add_scope(n, chain[count], count ? NULL : member);
}

struct fl_decl_name
fl_decl_qualified(const struct fl_debug_info *info, uint32_t decl, struct fl_str *out)
{
	struct namer n = { .info = info, .out = out, .start = out->size };
	struct fl_decl merged = resolve(info, decl);
	if (merged.name && !merged.plain)
		add_scopes(&n, merged.scope, merged.name);
	if (merged.name)
		add(&n, merged.name);
	return (struct fl_decl_name){
		.linkage = merged.linkage,
		.has_name = merged.name != NULL,
		.unnamed_scope = n.unnamed_scope,
	};
}

/* gcc names clones foo.isra.0, foo.part.1, foo.constprop.2, foo.cold, foo.lto_priv.3. */
static bool same_base(const char *name, const char *symbol)
{
	size_t n = strlen(name);
	return !strncmp(name, symbol, n) && (symbol[n] == '\0' || symbol[n] == '.');
}

bool fl_decl_matches(const struct fl_debug_info *info, uint32_t decl, const char *symbol)
{
	struct fl_decl merged = resolve(info, decl);
	if (merged.linkage && same_base(merged.linkage, symbol))
		return true;
	return merged.name && same_base(merged.name, symbol);
}
