/* SPDX-License-Identifier: Apache-2.0 */
#include "store/elf_files.h"

#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"

#include <string.h>

/* What a dump is looked up by; a pair of columns of its trace. */
struct identity {
	uint8_t build_id[20];
	size_t build_id_size; /* 0 = unknown */
	int64_t version_id;   /* 0 = unknown */
};

struct choice {
	int64_t id;
	uint8_t hash[16];
	uint8_t build_id[20];
	size_t build_id_size;
	bool by_build_id;
	char name[FL_SYMBOL_NAME_SIZE];
};

static void bind_build_id(struct fl_query *query, int index, const uint8_t *build_id, size_t size)
{
	fl_bind_blob(query, index, size ? build_id : NULL, size);
}

static enum fl_code read_choice(struct fl_query *query, struct choice *ret, struct fl_error *err)
{
	const char *name = fl_column_text(query, 2);
	*ret = (struct choice){ .id = fl_column_int(query, 0) };
	fl_column_bytes(query, 1, ret->hash, sizeof(ret->hash));
	ret->build_id_size = fl_column_bytes(query, 3, ret->build_id, sizeof(ret->build_id));
	if (name)
		fl_utf8_clean(name, strlen(name), ret->name, sizeof(ret->name));
	return query->sqlite_code ? fl_store_nomem(err) : FL_OK;
}

static enum fl_code by_build_id(struct fl_store *store, const struct identity *identity,
				struct choice *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_BY_BUILD_ID);
	bind_build_id(&query, 1, identity->build_id, identity->build_id_size);
	enum fl_code code = fl_query_row(&query, err);
	if (!code)
		code = read_choice(&query, ret, err);
	if (!code)
		ret->by_build_id = true;
	return code;
}

static bool same_build(const struct choice *a, const struct choice *b)
{
	if (!a->build_id_size || !b->build_id_size)
		return a->id == b->id;
	return a->build_id_size == b->build_id_size &&
	       !memcmp(a->build_id, b->build_id, a->build_id_size);
}

/*
 * A version is what people type: two builds may carry the same one. Then nothing says which of them
 * crashed, and a dump waits rather than being read with the wrong one.
 */
static enum fl_code by_version(struct fl_store *store, const struct identity *identity,
			       struct choice *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_BY_VERSION);
	fl_bind_id(&query, 1, identity->version_id);
	bind_build_id(&query, 2, identity->build_id, identity->build_id_size);
	enum fl_code code = fl_query_row(&query, err);
	if (code || (code = read_choice(&query, ret, err)))
		return code;
	while (!(code = fl_query_row(&query, err))) {
		struct choice other;
		if ((code = read_choice(&query, &other, err)))
			return code;
		if (!same_build(ret, &other))
			return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0,
				       "several builds claim this software version, and the dump "
				       "has no build id to choose by");
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code choose(struct fl_store *store, const struct identity *identity,
			   struct choice *ret, struct fl_error *err)
{
	enum fl_code code = FL_ENOTFOUND;
	if (identity->build_id_size)
		code = by_build_id(store, identity, ret, err);
	if (code == FL_ENOTFOUND && identity->version_id)
		code = by_version(store, identity, ret, err);
	return code;
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

/* --- dumps that waited --- */

static enum fl_code
waiting_identities(struct fl_store *store, struct fl_vec *ret, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_WAITING_IDENTITIES);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		struct identity *identity = fl_vec_add(ret);
		if (!identity)
			return fl_store_nomem(err);
		identity->build_id_size =
			fl_column_bytes(&query, 0, identity->build_id, sizeof(identity->build_id));
		identity->version_id = fl_column_int(&query, 1);
		if (query.sqlite_code)
			return fl_store_nomem(err);
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static enum fl_code requeue_identity(struct fl_store *store, const struct identity *identity,
				     uint64_t *count, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_WAITING_REQUEUE);
	bind_build_id(&query, 1, identity->build_id, identity->build_id_size);
	fl_bind_id(&query, 2, identity->version_id);
	enum fl_code code = fl_query_run(&query, err);
	if (!code)
		*count += (uint64_t)sqlite3_changes64(store->db);
	return code;
}

/* Asks the same question that the worker will ask, so that what is queued again will be read. */
static enum fl_code
requeue(struct fl_store *store, struct fl_symbol_added *ret, struct fl_error *err)
{
	FL_AUTO_VEC identities = FL_VEC(struct identity);
	enum fl_code code = waiting_identities(store, &identities, err);
	for (size_t i = 0; i < identities.count && !code; i++) {
		const struct identity *identity = fl_vec_at(&identities, struct identity, i);
		struct choice choice;
		struct fl_error why = { 0 };
		code = choose(store, identity, &choice, &why);
		if (code == FL_ENOTFOUND)
			code = FL_OK;
		else if (code && err)
			*err = why;
		else if (!code && choice.id == ret->id)
			code = requeue_identity(store, identity, &ret->dumps_requeued, err);
	}
	return code;
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

/* The file comes first: a row without its file would promise symbols that are not there, a file
 * without its row only takes space until the same ELF is added again. */
enum fl_code fl_store_add_symbols(struct fl_store *store, const struct fl_symbol_file *file,
				  struct fl_symbol_added *ret, struct fl_error *err)
{
	__attribute__((__cleanup__(symbol_text_deinit))) struct symbol_text text = { 0 };
	struct fl_symbol_added added = { 0 };
	uint8_t hash[16];
	bool written = false;
	int64_t version_id = 0;
	FL_AUTO_TRANSACTION transaction = { 0 };
	enum fl_code code = check_symbol_file(file, err);
	if (code || (code = symbol_text_init(&text, file, err)))
		return code;
	fl_hash128(file->bytes, file->size, hash);
	if ((code = fl_elf_file_keep(store, hash, file->bytes, file->size, &written, err)) ||
	    (code = fl_begin(store, &transaction, err)) ||
	    (code = fl_version_id(store, text.type, text.version, &version_id, err)) ||
	    (code = put_row(store, file, hash, text.name, version_id, written, &added, err)) ||
	    (code = requeue(store, &added, err)) || (code = fl_commit(&transaction, err)))
		return code;
	*ret = added;
	return FL_OK;
}

/* --- looking up --- */

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

static struct identity identity_of(const struct fl_report_facts *facts, int64_t version_id)
{
	struct identity identity = { .version_id = version_id };
	if (facts->build_id_size <= sizeof(identity.build_id))
		identity.build_id_size = facts->build_id_size;
	memcpy(identity.build_id, facts->build_id, identity.build_id_size);
	return identity;
}

enum fl_code fl_symbols_name(struct fl_store *store, const struct fl_report_facts *facts,
			     int64_t version_id, char ret[FL_SYMBOL_NAME_SIZE],
			     struct fl_error *err)
{
	struct identity identity = identity_of(facts, version_id);
	struct choice choice;
	struct fl_error why = { 0 };
	enum fl_code code = choose(store, &identity, &choice, &why);
	if (!code)
		memcpy(ret, choice.name, sizeof(choice.name));
	else if (code != FL_ENOTFOUND && err)
		*err = why;
	return code;
}

enum fl_code fl_store_find_symbols(struct fl_store *store, const struct fl_report_facts *facts,
				   struct fl_symbol_choice *ret, struct fl_error *err)
{
	struct choice choice;
	struct fl_error why = { 0 };
	int64_t version_id = 0;
	int fd = -1;
	enum fl_code code = find_version(store, facts->software_type, facts->software_version,
					 &version_id, err);
	if (code)
		return code;
	struct identity identity = identity_of(facts, version_id);
	fl_fail(&why, FL_ENOTFOUND, FL_AT_NONE, 0, "no symbol file fits the dump");
	if ((code = choose(store, &identity, &choice, &why)) ||
	    (code = fl_elf_file_open(store, choice.hash, &fd, &why))) {
		if (err)
			*err = why;
		return code;
	}
	*ret = (struct fl_symbol_choice){ .id = choice.id,
					  .fd = fd,
					  .by_build_id = choice.by_build_id };
	memcpy(ret->hash, choice.hash, sizeof(ret->hash));
	memcpy(ret->name, choice.name, sizeof(ret->name));
	return FL_OK;
}
