/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/rules.h"

#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"
#include "signature/glob.h"
#include "signature/normalise.h"
#include "signature/rules_parse.h"

#include <stdlib.h>
#include <string.h>

void fl_rules_close(struct fl_rules *rules)
{
	if (!rules)
		return;
	fl_arena_deinit(&rules->arena);
	free(rules);
}

/* The one order of all rules: kind, list, line. */
static int compare_order(const struct fl_rule *a, const struct fl_rule *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	int order = strcmp(a->list, b->list);
	if (order)
		return order;
	return (a->line > b->line) - (a->line < b->line);
}

/* Pointers to rules. */
static int compare_name(const void *a, const void *b)
{
	const struct fl_rule *const *x = a;
	const struct fl_rule *const *y = b;
	int order = strcmp((*x)->bare, (*y)->bare);
	return order ? order : compare_order(*x, *y);
}

static int compare_line(const void *a, const void *b)
{
	const struct fl_rule *const *x = a;
	const struct fl_rule *const *y = b;
	return compare_order(*x, *y);
}

static int compare_file(const void *a, const void *b)
{
	const struct fl_rules_file *x = a;
	const struct fl_rules_file *y = b;
	return strcmp(x->name, y->name);
}

/* The caller's files and those built-in ones that they do not replace. */
static bool gather(const struct fl_rules_file *files, size_t count, struct fl_vec *all)
{
	for (size_t i = 0; i < count; i++)
		if (!fl_vec_push(all, &files[i]))
			return false;
	for (size_t i = 0; i < fl_builtin_rule_count; i++) {
		bool replaced = false;
		for (size_t k = 0; k < count; k++)
			replaced |= !strcmp(files[k].name, fl_builtin_rules[i].name);
		if (!replaced && !fl_vec_push(all, &fl_builtin_rules[i]))
			return false;
	}
	return true;
}

static bool hash_files(const struct fl_rules_file *files, size_t count, char hex[33])
{
	FL_AUTO_STR s = { 0 };
	uint8_t hash[16];
	for (size_t i = 0; i < count; i++) {
		fl_str_add(&s, files[i].name, strlen(files[i].name) + 1);
		fl_str_add(&s, files[i].text, strlen(files[i].text) + 1);
	}
	if (s.failed)
		return false;
	fl_hash128(s.data, s.size, hash);
	fl_hex(hash, sizeof(hash), hex);
	return true;
}

static bool is_wild(const struct fl_rule *rule)
{
	return rule->kind == FL_RULE_CATEGORY || strchr(rule->pattern, '*');
}

/* Those that are wild, or those that are not, in order. NULL when memory is out. */
static struct fl_rule *
sorted(const struct fl_vec *parsed, bool wild, struct fl_arena *arena, size_t *count_ret)
{
	size_t count = 0;
	const struct fl_rule **order = fl_arena_array(arena, parsed->count, sizeof(*order));
	if (!order)
		return NULL;
	for (size_t i = 0; i < parsed->count; i++) {
		const struct fl_rule *rule = fl_vec_at(parsed, struct fl_rule, i);
		if (is_wild(rule) == wild)
			order[count++] = rule;
	}
	qsort(order, count, sizeof(*order), wild ? compare_line : compare_name);
	struct fl_rule *rules = fl_arena_array(arena, count, sizeof(*rules));
	for (size_t i = 0; rules && i < count; i++)
		rules[i] = *order[i];
	*count_ret = count;
	return rules;
}

/* Exact names are found by bisection, the few patterns one after the other. */
static bool split(const struct fl_vec *parsed, struct fl_rules *rules)
{
	for (size_t i = 0; i < parsed->count; i++) {
		struct fl_rule *rule = fl_vec_at(parsed, struct fl_rule, i);
		rule->bare = fl_without_underscores(rule->pattern);
	}
	rules->exact = sorted(parsed, false, &rules->arena, &rules->exact_count);
	rules->wild = sorted(parsed, true, &rules->arena, &rules->wild_count);
	return rules->exact && rules->wild;
}

static enum fl_code no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for signature rules");
}

enum fl_code fl_rules_build(struct fl_rules_file *files, size_t count, struct fl_rules **ret,
			    struct fl_error *err)
{
	FL_AUTO_VEC parsed = FL_VEC(struct fl_rule);
	FL_AUTO(fl_rules) rules = calloc(1, sizeof(*rules));
	qsort(files, count, sizeof(*files), compare_file);
	if (!rules || !hash_files(files, count, rules->hash))
		return no_memory(err);
	for (size_t i = 0; i < count; i++) {
		enum fl_code code = fl_rules_parse(&files[i], &rules->arena, &parsed, err);
		if (code)
			return code;
	}
	if (!split(&parsed, rules))
		return no_memory(err);
	*ret = fl_rules_take(&rules);
	return FL_OK;
}

enum fl_code fl_rules_open(const struct fl_rules_file *files, size_t count, struct fl_rules **ret,
			   struct fl_error *err)
{
	FL_AUTO_VEC all = FL_VEC(struct fl_rules_file);
	if (!gather(files, count, &all))
		return no_memory(err);
	return fl_rules_build(all.data, all.count, ret, err);
}

static bool conditions_hold(const struct fl_rule *rule, const struct fl_rule_query *q)
{
	if (rule->module && !(q->module && fl_glob(rule->module, q->module)))
		return false;
	if (rule->under && !(q->callee && fl_glob(rule->under, q->callee)))
		return false;
	return !rule->cause || (q->cause && fl_glob(rule->cause, q->cause));
}

static const struct fl_rule *
match_exact(const struct fl_rules *rules, const struct fl_rule_query *q)
{
	const char *name = fl_without_underscores(q->name);
	size_t low = 0;
	size_t high = rules->exact_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(rules->exact[middle].bare, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < rules->exact_count; low++) {
		const struct fl_rule *rule = &rules->exact[low];
		if (strcmp(rule->bare, name) != 0)
			return NULL;
		/* `abort` is `_abort` too, but `__main` is not `main` */
		if (rule->bare - rule->pattern <= name - q->name && conditions_hold(rule, q))
			return rule;
	}
	return NULL;
}

/* What hardly any pattern survives: its first byte. */
static bool may_begin(const char *pattern, const char *name)
{
	return *pattern == *name || *pattern == '*';
}

const struct fl_rule *fl_rules_match(const struct fl_rules *rules, const struct fl_rule_query *q)
{
	const struct fl_rule *exact = match_exact(rules, q);
	for (size_t i = 0; i < rules->wild_count; i++) {
		const struct fl_rule *rule = &rules->wild[i];
		if (rule->kind == FL_RULE_CATEGORY || (exact && rule->kind >= exact->kind))
			break;
		if (may_begin(rule->pattern, q->name) && fl_glob(rule->pattern, q->name) &&
		    conditions_hold(rule, q))
			return rule;
	}
	return exact;
}

const struct fl_rule *fl_rules_category(const struct fl_rules *rules, const char *cause)
{
	for (size_t i = 0; i < rules->wild_count; i++)
		if (rules->wild[i].kind == FL_RULE_CATEGORY &&
		    fl_glob(rules->wild[i].pattern, cause))
			return &rules->wild[i];
	return NULL;
}
