/* SPDX-License-Identifier: Apache-2.0 */
#include "store/elf_files.h"
#include "store/symbol_match.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does not make a row: a question changes nothing. */
static enum fl_code find_version(struct fl_store *store, const char *type, const char *version,
				 int64_t *ret, struct fl_error *err)
{
	if (!version || !version[0])
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_VERSION_FIND);
	fl_bind_text(&query, 1, type ? type : "");
	fl_bind_text(&query, 2, version);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*ret = fl_column_int(&query, 0);
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static struct fl_symbol_identity
identity_of(const struct fl_report_facts *facts, int64_t version_id)
{
	struct fl_symbol_identity identity = { .version_id = version_id };
	if (facts->build_id_size <= sizeof(identity.build_id))
		identity.build_id_size = facts->build_id_size;
	memcpy(identity.build_id, facts->build_id, identity.build_id_size);
	return identity;
}

enum fl_code fl_symbols_name(struct fl_store *store, const struct fl_report_facts *facts,
			     int64_t version_id, char ret[FL_SYMBOL_NAME_SIZE],
			     struct fl_error *err)
{
	struct fl_symbol_identity identity = identity_of(facts, version_id);
	struct fl_symbol_pick pick;
	struct fl_error why = { 0 };
	enum fl_code code = fl_symbols_pick(store, &identity, &pick, NULL, &why);
	if (!code)
		memcpy(ret, pick.file.name, sizeof(pick.file.name));
	else if (code != FL_ENOTFOUND && err)
		*err = why;
	return code;
}

/* --- the right one --- */

/* One that is lost leaves the analysis poorer, not wrong: fl_store_verify() speaks of it. */
static void add_companion(struct fl_store *store, const struct fl_symbol_fit *companion,
			  struct fl_symbol_choice *choice)
{
	choice->companion_fd = -1;
	if (!companion->id ||
	    fl_elf_file_open_indexed(store, companion->hash, &choice->companion_fd,
				     &choice->companion_index_fd, choice->companion_index_refusal,
				     NULL))
		return;
	choice->companion_id = companion->id;
	memcpy(choice->companion_hash, companion->hash, sizeof(choice->companion_hash));
	memcpy(choice->companion_name, companion->name, sizeof(choice->companion_name));
}

static enum fl_code pick_for(struct fl_store *store, const struct fl_report_facts *facts,
			     struct fl_symbol_pick *ret, struct fl_vec *all_ret,
			     struct fl_error *err)
{
	int64_t version_id = 0;
	enum fl_code code = find_version(store, facts->software_type, facts->software_version,
					 &version_id, err);
	if (code)
		return code;
	struct fl_symbol_identity identity = identity_of(facts, version_id);
	return fl_symbols_pick(store, &identity, ret, all_ret, err);
}

enum fl_code fl_store_find_symbols(struct fl_store *store, const struct fl_report_facts *facts,
				   struct fl_symbol_choice *ret, struct fl_error *err)
{
	struct fl_symbol_pick pick = { 0 };
	struct fl_error why = { 0 };
	struct fl_symbol_choice choice = { .companion_index_fd = -1 };
	fl_fail(&why, FL_ENOTFOUND, FL_AT_NONE, 0, "no symbol file fits the dump");
	enum fl_code code = pick_for(store, facts, &pick, NULL, &why);
	if (!code)
		code = fl_elf_file_open_indexed(store, pick.file.hash, &choice.fd, &choice.index_fd,
						choice.index_refusal, &why);
	if (code) {
		if (err)
			*err = why;
		ret->ambiguous = pick.ambiguous;
		return code;
	}
	choice.id = pick.file.id;
	choice.by_build_id = pick.file.reason != FL_SYMBOL_VERSION;
	memcpy(choice.hash, pick.file.hash, sizeof(choice.hash));
	memcpy(choice.name, pick.file.name, sizeof(choice.name));
	add_companion(store, &pick.companion, &choice);
	*ret = choice;
	return FL_OK;
}

/* --- all that have to do with it --- */

static int by_merit(const void *a, const void *b)
{
	const struct fl_symbol_fit *x = a;
	const struct fl_symbol_fit *y = b;
	if (x->chosen != y->chosen)
		return x->chosen ? -1 : 1;
	if (x->reason != y->reason)
		return x->reason < y->reason ? -1 : 1;
	int richer = fl_symbols_compare(y, x);
	return richer ? richer : (x->id < y->id) - (x->id > y->id);
}

/* FL_ENOTFOUND: the reader has seen enough. */
static enum fl_code hand_out(struct fl_store *store, const struct fl_symbol_fit *fit,
			     fl_candidate_fn each, void *context, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_TEXTS);
	fl_bind_int(&query, 1, fit->id);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code == FL_ENOTFOUND ? FL_OK : code; /* removed a moment ago */
	const struct fl_symbol_candidate candidate = {
		.id = fit->id,
		.name = fl_column_text(&query, 0),
		.build_id = fl_column_text(&query, 1),
		.software_type = fl_column_text(&query, 2),
		.software_version = fl_column_text(&query, 3),
		.has_debug_info = fit->has_debug_info,
		.reason = fit->reason,
		.chosen = fit->chosen,
	};
	if (query.sqlite_code)
		return fl_store_nomem(err);
	return each(context, &candidate) ? FL_OK : FL_ENOTFOUND;
}

enum fl_code fl_store_symbol_candidates(struct fl_store *store, const struct fl_report_facts *facts,
					fl_candidate_fn each, void *context, struct fl_error *err)
{
	FL_AUTO_VEC all = FL_VEC(struct fl_symbol_fit);
	struct fl_symbol_pick pick;
	struct fl_error why = { 0 };
	enum fl_code code = pick_for(store, facts, &pick, &all, &why);
	if (code && code != FL_ENOTFOUND) {
		if (err)
			*err = why;
		return code;
	}
	if (all.count)
		qsort(all.data, all.count, sizeof(struct fl_symbol_fit), by_merit);
	code = FL_OK;
	for (size_t i = 0; i < all.count && !code; i++)
		code = hand_out(store, fl_vec_at(&all, struct fl_symbol_fit, i), each, context,
				err);
	return code == FL_ENOTFOUND ? FL_OK : code;
}
