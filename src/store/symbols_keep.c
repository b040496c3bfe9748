/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol files come and go; what waits for them or was read with them is queued. */
#include "store/elf_files.h"
#include "store/filing.h"
#include "store/symbol_queue.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void bind_build_id(struct fl_query *query, int index, const uint8_t *build_id, size_t size)
{
	fl_bind_blob(query, index, size ? build_id : NULL, size);
}

/* --- adding --- */

static enum fl_code add_modules(struct fl_store *store, int64_t id,
				const struct fl_symbol_file *file, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < file->module_count && !code; i++) {
		const struct fl_module_info *module = &file->modules[i];
		FL_AUTO_TEXT name = NULL;
		if ((code = fl_text_clean(module->name, "the module's name", &name, err)))
			break;
		FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_MODULE);
		fl_bind_int(&query, 1, id);
		fl_bind_int(&query, 2, (int64_t)i);
		fl_bind_text(&query, 3, name ? name : "");
		bind_build_id(&query, 4, module->build_id, module->build_id_size);
		fl_bind_int(&query, 5, module->has_debug_info);
		fl_bind_int(&query, 6, module->has_unwind_info);
		fl_bind_int(&query, 7, module->has_symbol_table);
		fl_bind_int(&query, 8, module->function_count);
		fl_bind_int(&query, 9, module->has_code_bytes);
		code = fl_query_run(&query, err);
	}
	return code;
}

static enum fl_code add_row(struct fl_store *store, const struct fl_symbol_file *file,
			    const uint8_t hash[16], const char *name, int64_t version_id,
			    int64_t *ret, struct fl_error *err)
{
	const struct fl_module_info *outer = &file->modules[0];
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_ADD);
	fl_bind_blob(&query, 1, hash, 16);
	fl_bind_text(&query, 2, name ? name : "");
	fl_bind_int(&query, 3, (int64_t)file->size);
	bind_build_id(&query, 4, outer->build_id, outer->build_id_size);
	fl_bind_id(&query, 5, version_id);
	fl_bind_int(&query, 6, outer->has_debug_info);
	fl_bind_int(&query, 7, outer->has_code_bytes);
	enum fl_code code = fl_query_row(&query, err);
	if (code)
		return code;
	*ret = fl_column_int(&query, 0);
	return add_modules(store, *ret, file, err);
}

static enum fl_code
change_row(struct fl_store *store, int64_t id, int64_t version_id, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_CHANGE);
	fl_bind_int(&query, 1, id);
	fl_bind_id(&query, 2, version_id);
	return fl_query_run(&query, err);
}

/* @p written: the file was not there (any more), so that even a known one is news. */
static enum fl_code put_row(struct fl_store *store, const struct fl_symbol_file *file,
			    const uint8_t hash[16], const char *name, int64_t version_id,
			    bool written, struct fl_symbol_added *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_FIND);
	fl_bind_blob(&query, 1, hash, 16);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return add_row(store, file, hash, name, version_id, &ret->id, err);
	if (code)
		return code;
	ret->id = fl_column_int(&query, 0);
	ret->already_there = true;
	if (written || (version_id && version_id != fl_column_int(&query, 1)))
		return change_row(store, ret->id, version_id, err);
	return FL_OK;
}

struct symbol_text {
	char *name, *type, *version;
};

static void symbol_text_deinit(struct symbol_text *text)
{
	fl_text_free(&text->name);
	fl_text_free(&text->type);
	fl_text_free(&text->version);
}

static enum fl_code
symbol_text_init(struct symbol_text *text, const struct fl_symbol_file *file, struct fl_error *err)
{
	enum fl_code code = fl_text_clean(file->name, "the file's name", &text->name, err);
	if (!code)
		code = fl_text_clean(file->software_type, "the software type", &text->type, err);
	if (!code)
		code = fl_text_clean(file->software_version, "the software version", &text->version,
				     err);
	return code;
}

static enum fl_code check_symbol_file(const struct fl_symbol_file *file, struct fl_error *err)
{
	if (!file || !file->bytes || !file->modules || !file->module_count)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "no symbol file was given");
	for (size_t i = 0; i < file->module_count; i++)
		if (file->modules[i].build_id_size > sizeof(file->modules[i].build_id))
			return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0,
				       "a build id is longer than %zu bytes",
				       sizeof(file->modules[i].build_id));
	return FL_OK;
}

/* Whether a file of the build besides the new one was richer than this one already. */
static bool
was_superseded(const struct fl_vec *build, int64_t new_id, const struct fl_symbol_fit *poorer)
{
	const struct fl_symbol_fit *fits = build->data;
	for (size_t i = 0; i < build->count; i++)
		if (fits[i].id != new_id && fl_symbols_covers(&fits[i], poorer))
			return true;
	return false;
}

/* A debug file found its instructions, and had none before. */
static bool completes(const struct fl_vec *build, const struct fl_symbol_fit *self,
		      const struct fl_symbol_fit *other)
{
	const struct fl_symbol_fit *fits = build->data;
	if (other->has_code_bytes || !self->has_code_bytes)
		return false;
	for (size_t i = 0; i < build->count; i++)
		if (fits[i].has_code_bytes && fits[i].id != self->id)
			return false;
	return true;
}

/* What was read with a poorer file of the build is read again, when none but the new one is
 * richer. */
static enum fl_code queue_for(struct fl_symbol_change *change, const struct fl_vec *build,
			      struct fl_symbol_added *added, struct fl_error *err)
{
	const struct fl_symbol_fit *fits = build->data;
	const struct fl_symbol_fit *self = NULL;
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < build->count; i++)
		if (fits[i].id == added->id)
			self = &fits[i];
	for (size_t i = 0; self && i < build->count && !code; i++) {
		const struct fl_symbol_fit *other = &fits[i];
		bool poorer = fl_symbols_compare(self, other) > 0 &&
			      !was_superseded(build, self->id, other);
		if (other == self || !(poorer || completes(build, self, other)))
			continue;
		if (!added->supersedes_id && fl_symbols_covers(self, other))
			added->supersedes_id = other->id;
		code = fl_symbol_change_requeue(change, other->id, err);
	}
	return code;
}

static enum fl_code
add_count(struct fl_store *store, enum fl_sql sql, int64_t id, uint64_t *sum, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		*sum += (uint64_t)fl_column_int(&query, 0);
	return code;
}

static enum fl_code settle_build(struct fl_symbol_change *change, const struct fl_symbol_file *file,
				 struct fl_symbol_added *added, struct fl_error *err)
{
	FL_AUTO_VEC build = FL_VEC(struct fl_symbol_fit);
	const struct fl_module_info *outer = &file->modules[0];
	enum fl_code code = fl_symbols_of_build(change->store, outer->build_id,
						outer->build_id_size, &build, err);
	if (!code)
		code = queue_for(change, &build, added, err);
	if (!code && added->supersedes_id)
		code = add_count(change->store, FL_SQL_PRUNED_OF_BUILD, added->id,
				 &added->traces_pruned, err);
	return code ? code : fl_symbols_supersede(change->store, &build, err);
}

static enum fl_code count_conflicts(struct fl_store *store, int64_t bulk_id,
				    struct fl_symbol_added *added, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_CONFLICTS);
	fl_bind_int(&query, 1, added->id);
	fl_bind_int(&query, 2, bulk_id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		added->conflicts = (uint64_t)fl_column_int(&query, 0);
	return code;
}

static enum fl_code
read_superseded(struct fl_store *store, struct fl_symbol_added *added, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_SUPERSEDED_BY);
	fl_bind_int(&query, 1, added->id);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		added->superseded_by = fl_column_int(&query, 0);
	return code;
}

static enum fl_code put(struct fl_store *store, const struct fl_symbol_file *file,
			const uint8_t hash[16], const struct symbol_text *text, bool written,
			struct fl_symbol_added *ret, struct fl_error *err)
{
	FL_AUTO_SYMBOL_CHANGE change = { 0 };
	int64_t version_id = 0;
	enum fl_code code;
	if ((code = fl_symbol_change_begin(store, FL_BULK_ADDED, &change, err)) ||
	    (code = fl_version_id(store, text->type, text->version, &version_id, err)) ||
	    (code = put_row(store, file, hash, text->name, version_id, written, ret, err)) ||
	    ((written || !ret->already_there) && (code = settle_build(&change, file, ret, err))) ||
	    (code = fl_symbol_change_end(&change, ret->id, err)) ||
	    (code = add_count(store, FL_SQL_PRUNED_OF_BULK, change.bulk_id, &ret->traces_pruned,
			      err)) ||
	    (code = count_conflicts(store, change.bulk_id, ret, err)) ||
	    (code = read_superseded(store, ret, err)))
		return code;
	ret->dumps_requeued = change.dumps_requeued;
	ret->traces_requeued = change.traces_requeued;
	return FL_OK;
}

/*
 * The file comes first: a row without its file would promise symbols that are not there, a file
 * without its row only takes space. Whoever removes the same ELF at this moment does so under the
 * lock of the database: what was there before the lock may be gone.
 */
enum fl_code fl_store_add_symbols(struct fl_store *store, const struct fl_symbol_file *file,
				  struct fl_symbol_added *ret, struct fl_error *err)
{
	__attribute__((__cleanup__(symbol_text_deinit))) struct symbol_text text = { 0 };
	struct fl_symbol_added added = { 0 };
	uint8_t hash[16];
	bool written = false;
	FL_AUTO_TRANSACTION transaction = { 0 };
	enum fl_code code = check_symbol_file(file, err);
	if (code || (code = symbol_text_init(&text, file, err)))
		return code;
	fl_hash128(file->bytes, file->size, hash);
	if ((code = fl_elf_file_keep(store, hash, file->bytes, file->size, &written, err)) ||
	    (code = fl_begin(store, &transaction, err)) ||
	    (!fl_elf_file_exists(store, hash) &&
	     (code = fl_elf_file_keep(store, hash, file->bytes, file->size, &written, err))) ||
	    (code = put(store, file, hash, &text, written, &added, err)) ||
	    (code = fl_commit(&transaction, err)))
		return code;
	*ret = added;
	return FL_OK;
}

/* --- removing --- */

struct leaving {
	int64_t issue_id;
	int64_t traces;
};

static enum fl_code run_for(struct fl_store *store, enum fl_sql sql, int64_t id, int64_t second,
			    const char *text, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, sql);
	if (id)
		fl_bind_int(&query, 1, id);
	if (second)
		fl_bind_int(&query, 2, second);
	if (text)
		fl_bind_text(&query, 3, text);
	return fl_query_run(&query, err);
}

static enum fl_code
issues_left(struct fl_store *store, int64_t id, struct fl_vec *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_ISSUES);
	fl_bind_int(&query, 1, id);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const struct leaving leaving = { fl_column_int(&query, 0),
						 fl_column_int(&query, 1) };
		if (!fl_vec_push(ret, &leaving))
			return fl_store_nomem(err);
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

/*
 * Those whose bytes are not kept stay where they are: they can never be read again, and an issue
 * that loses them looks rarer than it is.
 */
static enum fl_code
keep_pruned(struct fl_store *store, int64_t id, struct fl_symbol_removed *ret, struct fl_error *err)
{
	enum fl_code code = run_for(store, FL_SQL_SYMBOLS_PRUNED, id, 0, NULL, err);
	if (!code)
		ret->traces_pruned = (uint64_t)sqlite3_changes64(store->db);
	return code;
}

static enum fl_code leave_issues(struct fl_symbol_change *change, int64_t id, const char *name,
				 struct fl_symbol_removed *ret, struct fl_error *err)
{
	struct fl_store *store = change->store;
	FL_AUTO_VEC issues = FL_VEC(struct leaving);
	enum fl_code code;
	if ((code = issues_left(store, id, &issues, err)) ||
	    (code = run_for(store, FL_SQL_SYMBOLS_HISTORY, id, fl_store_now(), name, err)) ||
	    (code = fl_symbol_change_requeue(change, id, err)) ||
	    (code = keep_pruned(store, id, ret, err)) ||
	    (code = run_for(store, FL_SQL_SYMBOLS_FORGET, id, 0, NULL, err)))
		return code;
	for (size_t i = 0; i < issues.count && !code; i++) {
		const struct leaving *leaving = fl_vec_at(&issues, struct leaving, i);
		code = fl_filing_count(store, leaving->issue_id, (int)-leaving->traces, err);
	}
	return code;
}

/* What was read with a debug file had its code from the removed one, or may have had. */
static enum fl_code leave_companion(struct fl_symbol_change *change,
				    const struct fl_symbol_fit *file, struct fl_symbol_removed *ret,
				    struct fl_error *err)
{
	FL_AUTO_VEC build = FL_VEC(struct fl_symbol_fit);
	uint64_t before = change->traces_requeued;
	if (!file->has_code_bytes)
		return FL_OK;
	enum fl_code code = fl_symbols_of_build(change->store, file->build_id, file->build_id_size,
						&build, err);
	for (size_t i = 0; i < build.count && !code; i++) {
		const struct fl_symbol_fit *other = fl_vec_at(&build, struct fl_symbol_fit, i);
		if (other->id != file->id && !other->has_code_bytes)
			code = fl_symbol_change_requeue(change, other->id, err);
	}
	ret->companion_traces_requeued = change->traces_requeued - before;
	return code;
}

static enum fl_code
delete_row(struct fl_store *store, const struct fl_symbol_fit *file, struct fl_error *err)
{
	FL_AUTO_VEC build = FL_VEC(struct fl_symbol_fit);
	enum fl_code code;
	if ((code = run_for(store, FL_SQL_SYMBOLS_NOT_SUPERSEDING, file->id, 0, NULL, err)) ||
	    (code = run_for(store, FL_SQL_SYMBOLS_MODULES_DELETE, file->id, 0, NULL, err)) ||
	    (code = run_for(store, FL_SQL_SYMBOLS_DELETE, file->id, 0, NULL, err)) ||
	    (code = fl_symbols_of_build(store, file->build_id, file->build_id_size, &build, err)))
		return code;
	return fl_symbols_supersede(store, &build, err);
}

static enum fl_code
read_file(struct fl_store *store, int64_t id, struct fl_symbol_fit *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_READ);
	fl_bind_int(&query, 1, id);
	enum fl_code code = fl_query_row(&query, err);
	if (code == FL_ENOTFOUND)
		return fl_fail(err, code, FL_AT_NONE, 0, "there is no symbol file %" PRId64, id);
	return code ? code : fl_symbol_fit_read(&query, ret, err);
}

/* The revision must not fall back when the newest row goes: claims compare with it. */
static enum fl_code remove_row(struct fl_store *store, int64_t id, struct fl_symbol_fit *file,
			       struct fl_symbol_removed *ret, struct fl_error *err)
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	FL_AUTO_SYMBOL_CHANGE change = { 0 };
	enum fl_code code;
	if ((code = fl_begin(store, &transaction, err)) ||
	    (code = read_file(store, id, file, err)) ||
	    (code = fl_symbol_change_begin(store, FL_BULK_REMOVED, &change, err)) ||
	    (code = run_for(store, FL_SQL_SYMBOLS_REVISION_KEEP, 0, 0, NULL, err)) ||
	    (code = leave_issues(&change, id, file->name, ret, err)) ||
	    (code = leave_companion(&change, file, ret, err)) ||
	    (code = delete_row(store, file, err)) || (code = fl_symbol_change_end(&change, 0, err)))
		return code;
	ret->traces_requeued = change.traces_requeued - ret->companion_traces_requeued;
	return fl_commit(&transaction, err);
}

/* Under the lock, since the same ELF may have been added again. What cannot be removed takes space
 * until fl_store_gc() finds it. */
static void remove_file(struct fl_store *store, const uint8_t hash[16])
{
	FL_AUTO_TRANSACTION transaction = { 0 };
	if (fl_begin(store, &transaction, NULL))
		return;
	if (fl_elf_file_row(store, hash, NULL) == FL_ENOTFOUND)
		fl_elf_file_remove(store, hash);
}

enum fl_code fl_store_remove_symbols(struct fl_store *store, int64_t id,
				     struct fl_symbol_removed *ret, struct fl_error *err)
{
	struct fl_symbol_fit file;
	struct fl_symbol_removed removed = { 0 };
	enum fl_code code = remove_row(store, id, &file, &removed, err);
	if (code)
		return code;
	remove_file(store, file.hash);
	*ret = removed;
	return FL_OK;
}
