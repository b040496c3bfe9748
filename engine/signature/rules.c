/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/rules.h"

#include "base/hash.h"
#include "base/str.h"
#include "signature/glob.h"
#include "signature/normalise.h"
#include "signature/rules_parse.h"

#include <stdlib.h>
#include <string.h>

void fl_rules_close(struct fl_rules *rules)
{
	if (!rules)
		return;
	fl_vec_deinit(&rules->all);
	fl_arena_deinit(&rules->arena);
	free(rules);
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

static size_t bucket_of(const char *bare)
{
	return fl_hash64(bare, strlen(bare)) % FL_RULE_BUCKETS;
}

/* Parsed list by list, line by line: only kinds are not in order yet. From the end, so that lists
 * grow at their beginning. */
static void link_all(struct fl_rules *rules)
{
	for (unsigned kind = FL_RULE_KIND_COUNT; kind-- > 0;) {
		for (size_t i = rules->all.count; i-- > 0;) {
			struct fl_rule *rule = fl_vec_at(&rules->all, struct fl_rule, i);
			if (rule->kind != kind)
				continue;
			rule->bare = fl_without_underscores(rule->pattern);
			bool wild = is_wild(rule);
			rule->letters = wild ? fl_glob_letters(rule->pattern) : 0;
			const struct fl_rule **list =
				wild ? &rules->wild : &rules->exact[bucket_of(rule->bare)];
			rule->next = *list;
			*list = rule;
		}
	}
}

static enum fl_code no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for signature rules");
}

enum fl_code fl_rules_build(struct fl_rules_file *files, size_t count, struct fl_rules **ret,
			    struct fl_error *err)
{
	FL_AUTO(fl_rules) rules = calloc(1, sizeof(*rules));
	qsort(files, count, sizeof(*files), compare_file);
	if (!rules || !hash_files(files, count, rules->hash))
		return no_memory(err);
	rules->all = FL_VEC(struct fl_rule);
	for (size_t i = 0; i < count; i++) {
		enum fl_code code = fl_rules_parse(&files[i], &rules->arena, &rules->all, err);
		if (code)
			return code;
	}
	link_all(rules);
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
	for (const struct fl_rule *rule = rules->exact[bucket_of(name)]; rule; rule = rule->next)
		/* `abort` is `_abort` too, but `__main` is not `main` */
		if (!strcmp(rule->bare, name) && rule->bare - rule->pattern <= name - q->name &&
		    conditions_hold(rule, q))
			return rule;
	return NULL;
}

/* What hardly any pattern survives: its letters, its first byte. */
static bool may_match(const struct fl_rule *rule, const char *name, uint64_t letters)
{
	return !(rule->letters & ~letters) && (*rule->pattern == *name || *rule->pattern == '*');
}

const struct fl_rule *fl_rules_match(const struct fl_rules *rules, const struct fl_rule_query *q)
{
	const struct fl_rule *exact = match_exact(rules, q);
	uint64_t letters = fl_glob_letters(q->name);
	for (const struct fl_rule *rule = rules->wild; rule; rule = rule->next) {
		if (rule->kind == FL_RULE_CATEGORY || (exact && rule->kind >= exact->kind))
			break;
		if (may_match(rule, q->name, letters) && fl_glob(rule->pattern, q->name) &&
		    conditions_hold(rule, q))
			return rule;
	}
	return exact;
}

const struct fl_rule *fl_rules_category(const struct fl_rules *rules, const char *cause)
{
	for (const struct fl_rule *rule = rules->wild; rule; rule = rule->next)
		if (rule->kind == FL_RULE_CATEGORY && fl_glob(rule->pattern, cause))
			return rule;
	return NULL;
}
