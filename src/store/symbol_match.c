/* SPDX-License-Identifier: Apache-2.0 */
#include "store/symbol_match.h"

#include "base/str.h"

#include <string.h>

enum {
	BUILD_ID_MAX = 20,
	/* Fewer bytes of a build id than this say nothing: two builds would share them by chance.
	 */
	PREFIX_MIN = 5,
};

enum fl_code
fl_symbol_fit_read(struct fl_query *query, struct fl_symbol_fit *ret, struct fl_error *err)
{
	const char *name = fl_column_text(query, 2);
	*ret = (struct fl_symbol_fit){
		.id = fl_column_int(query, 0),
		.has_debug_info = fl_column_int(query, 4),
		.has_code_bytes = fl_column_int(query, 5),
		.modules = (uint64_t)fl_column_int(query, 6),
		.functions = (uint64_t)fl_column_int(query, 7),
		.same_version = fl_column_int(query, 8),
	};
	fl_column_bytes(query, 1, ret->hash, sizeof(ret->hash));
	ret->build_id_size = fl_column_bytes(query, 3, ret->build_id, sizeof(ret->build_id));
	if (name)
		fl_utf8_clean(name, strlen(name), ret->name, sizeof(ret->name));
	return query->sqlite_code ? fl_store_nomem(err) : FL_OK;
}

/* Files whose build ids begin like this one, and those of the version. */
static enum fl_code load(struct fl_store *store, const struct fl_symbol_identity *identity,
			 struct fl_vec *ret, struct fl_error *err)
{
	uint8_t last[BUILD_ID_MAX + 1];
	memset(last, 0xff, sizeof(last));
	memcpy(last, identity->build_id, identity->build_id_size);
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_FITTING);
	if (identity->build_id_size) {
		fl_bind_blob(&query, 1, identity->build_id, identity->build_id_size);
		fl_bind_blob(&query, 2, last, sizeof(last));
	}
	fl_bind_id(&query, 3, identity->version_id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		struct fl_symbol_fit *fit = fl_vec_add(ret);
		if (!fit)
			return fl_store_nomem(err);
		if ((code = fl_symbol_fit_read(&query, fit, err)))
			return code;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

enum fl_code fl_symbols_of_build(struct fl_store *store, const uint8_t *build_id, size_t size,
				 struct fl_vec *ret, struct fl_error *err)
{
	struct fl_symbol_identity identity = { .build_id_size = size };
	struct fl_vec all = FL_VEC(struct fl_symbol_fit);
	if (!size)
		return FL_OK;
	memcpy(identity.build_id, build_id, size);
	enum fl_code code = load(store, &identity, &all, err);
	for (size_t i = 0; i < all.count && !code; i++) {
		const struct fl_symbol_fit *fit = fl_vec_at(&all, struct fl_symbol_fit, i);
		if (fit->build_id_size == size && !fl_vec_push(ret, fit))
			code = fl_store_nomem(err);
	}
	fl_vec_deinit(&all);
	return code;
}

bool fl_symbols_same_build(const struct fl_symbol_fit *a, const struct fl_symbol_fit *b)
{
	if (!a->build_id_size || !b->build_id_size)
		return a->id == b->id;
	return a->build_id_size == b->build_id_size &&
	       !memcmp(a->build_id, b->build_id, a->build_id_size);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int fl_symbols_compare(const struct fl_symbol_fit *a, const struct fl_symbol_fit *b)
{
	const int steps[] = {
		compare(a->has_debug_info, b->has_debug_info),
		compare(a->has_code_bytes, b->has_code_bytes),
		compare(a->modules, b->modules),
		compare(a->functions, b->functions),
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i])
			return steps[i];
	return 0;
}

/* --- judging --- */

/* How far two build ids agree. */
enum agreement { UNKNOWN, SAME, BEGINS, BEGINS_TOO_SHORT, CONTRADICTS };

static enum agreement
agree(const struct fl_symbol_identity *identity, const struct fl_symbol_fit *fit)
{
	size_t size = identity->build_id_size;
	if (!size || !fit->build_id_size)
		return UNKNOWN;
	if (size > fit->build_id_size || memcmp(identity->build_id, fit->build_id, size) != 0)
		return CONTRADICTS;
	if (size == fit->build_id_size)
		return SAME;
	return size >= PREFIX_MIN ? BEGINS : BEGINS_TOO_SHORT;
}

/* What speaks for each; what nothing speaks for (its id begins like a hopelessly short one) goes.
 */
static void judge_each(const struct fl_symbol_identity *identity, struct fl_vec *all)
{
	size_t kept = 0;
	for (size_t i = 0; i < all->count; i++) {
		struct fl_symbol_fit *fit = fl_vec_at(all, struct fl_symbol_fit, i);
		enum agreement agreement = agree(identity, fit);
		if (agreement == SAME)
			fit->reason = FL_SYMBOL_BUILD_ID;
		else if (agreement == BEGINS)
			fit->reason = FL_SYMBOL_BUILD_ID_PREFIX;
		else if (!fit->same_version)
			continue;
		else
			fit->reason = agreement == CONTRADICTS ? FL_SYMBOL_OTHER_BUILD
							       : FL_SYMBOL_VERSION;
		*fl_vec_at(all, struct fl_symbol_fit, kept++) = *fit;
	}
	all->count = kept;
}

/* The richest file of a reason, when all of that reason are one build. */
static struct fl_symbol_fit *only_build(struct fl_vec *all, enum fl_symbol_reason reason)
{
	struct fl_symbol_fit *first = NULL;
	bool several = false;
	for (size_t i = 0; i < all->count; i++) {
		struct fl_symbol_fit *fit = fl_vec_at(all, struct fl_symbol_fit, i);
		if (fit->reason != reason)
			continue;
		if (!first)
			first = fit;
		else if (!fl_symbols_same_build(first, fit))
			several = true;
	}
	for (size_t i = 0; i < all->count && several; i++) {
		struct fl_symbol_fit *fit = fl_vec_at(all, struct fl_symbol_fit, i);
		if (fit->reason == reason)
			fit->reason = FL_SYMBOL_AMBIGUOUS;
	}
	return several ? NULL : first;
}

/*
 * A version is what people type: two builds may carry the same one, and the first bytes of a build
 * id may be those of two. Then nothing says which of them crashed, and a dump waits rather than
 * being read with the wrong one. Between builds that begin alike the version may decide.
 */
static struct fl_symbol_fit *
judge(const struct fl_symbol_identity *identity, struct fl_vec *all, const char **why)
{
	judge_each(identity, all);
	struct fl_symbol_fit *fit = only_build(all, FL_SYMBOL_BUILD_ID);
	if (!fit)
		fit = only_build(all, FL_SYMBOL_BUILD_ID_PREFIX);
	if (fit)
		return fit;
	for (size_t i = 0; i < all->count; i++) {
		struct fl_symbol_fit *other = fl_vec_at(all, struct fl_symbol_fit, i);
		if (other->reason != FL_SYMBOL_AMBIGUOUS)
			continue;
		*why = "several builds have build ids that begin with the one of the dump";
		if (other->same_version)
			other->reason = FL_SYMBOL_VERSION;
	}
	fit = only_build(all, FL_SYMBOL_VERSION);
	for (size_t i = 0; i < all->count && !fit && !*why; i++)
		if (fl_vec_at(all, struct fl_symbol_fit, i)->reason == FL_SYMBOL_AMBIGUOUS)
			*why = "several builds claim this software version, and the dump "
			       "has no build id to choose by";
	return fit;
}

/* A separate debug file has no instructions: they are in the stripped file of the same build. */
static enum fl_code
find_companion(struct fl_store *store, struct fl_symbol_pick *pick, struct fl_error *err)
{
	const struct fl_symbol_fit *file = &pick->file;
	FL_AUTO_VEC build = FL_VEC(struct fl_symbol_fit);
	if (file->has_code_bytes)
		return FL_OK;
	enum fl_code code =
		fl_symbols_of_build(store, file->build_id, file->build_id_size, &build, err);
	for (size_t i = 0; i < build.count && !code && !pick->companion.id; i++) {
		const struct fl_symbol_fit *fit = fl_vec_at(&build, struct fl_symbol_fit, i);
		if (fit->has_code_bytes)
			pick->companion = *fit;
	}
	return code;
}

static enum fl_code
mark_companion(struct fl_vec *all, const struct fl_symbol_fit *companion, struct fl_error *err)
{
	if (!companion->id)
		return FL_OK;
	for (size_t i = 0; i < all->count; i++) {
		struct fl_symbol_fit *fit = fl_vec_at(all, struct fl_symbol_fit, i);
		if (fit->id == companion->id) {
			fit->chosen = true;
			return FL_OK;
		}
	}
	struct fl_symbol_fit *fit = fl_vec_add(all);
	if (!fit)
		return fl_store_nomem(err);
	*fit = *companion;
	fit->reason = FL_SYMBOL_BUILD_ID;
	fit->chosen = true;
	return FL_OK;
}

static enum fl_code pick(struct fl_store *store, const struct fl_symbol_identity *identity,
			 struct fl_symbol_pick *ret, struct fl_vec *all, struct fl_error *err)
{
	const char *why = NULL;
	enum fl_code code = load(store, identity, all, err);
	if (code)
		return code;
	struct fl_symbol_fit *fit = judge(identity, all, &why);
	ret->ambiguous = !fit && why;
	if (!fit)
		return why ? fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "%s", why) : FL_ENOTFOUND;
	fit->chosen = true;
	ret->file = *fit;
	code = find_companion(store, ret, err);
	return code ? code : mark_companion(all, &ret->companion, err);
}

enum fl_code fl_symbols_pick(struct fl_store *store, const struct fl_symbol_identity *identity,
			     struct fl_symbol_pick *ret, struct fl_vec *all_ret,
			     struct fl_error *err)
{
	FL_AUTO_VEC own = FL_VEC(struct fl_symbol_fit);
	*ret = (struct fl_symbol_pick){ 0 };
	return pick(store, identity, ret, all_ret ? all_ret : &own, err);
}
