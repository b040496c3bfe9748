/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

/* The id in the first column: of the row found, else of the row that @p add makes. */
static enum fl_code find_or_add(struct fl_store *store, enum fl_sql find, enum fl_sql add,
				const char *const texts[2], int64_t *ret, struct fl_error *err)
{
	enum fl_code code = FL_ENOTFOUND;
	const enum fl_sql attempts[] = { find, add };
	for (size_t i = 0; i < 2 && code == FL_ENOTFOUND; i++) {
		FL_AUTO_QUERY query = fl_query(store, attempts[i]);
		fl_bind_text(&query, 1, texts[0]);
		if (texts[1])
			fl_bind_text(&query, 2, texts[1]);
		code = fl_query_row(&query, err);
		if (!code)
			*ret = fl_column_int(&query, 0);
	}
	return code;
}

enum fl_code fl_device_id(struct fl_store *store, const char *serial, const char *cohort,
			  int64_t *ret, struct fl_error *err)
{
	*ret = 0;
	if (!serial || !serial[0])
		return FL_OK;
	const char *const texts[2] = { serial, NULL };
	enum fl_code code =
		find_or_add(store, FL_SQL_DEVICE_FIND, FL_SQL_DEVICE_ADD, texts, ret, err);
	if (code || !cohort)
		return code;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DEVICE_COHORT);
	fl_bind_int(&query, 1, *ret);
	fl_bind_text(&query, 2, cohort);
	return fl_query_run(&query, err);
}

enum fl_code fl_version_id(struct fl_store *store, const char *type, const char *version,
			   int64_t *ret, struct fl_error *err)
{
	const char *const texts[2] = { type ? type : "", version ? version : "" };
	*ret = 0;
	if (!texts[0][0] && !texts[1][0])
		return FL_OK;
	return find_or_add(store, FL_SQL_VERSION_FIND, FL_SQL_VERSION_ADD, texts, ret, err);
}

void fl_device_bind(struct fl_query *query, const struct fl_device_news *news, bool ties)
{
	fl_bind_int(query, 1, news->device_id);
	fl_bind_int(query, 2, news->at);
	fl_bind_id(query, 3, news->version_id);
	fl_bind_text(query, 4, news->hardware_version);
	fl_bind_int(query, 5, ties);
}

static enum fl_code tell(struct fl_store *store, enum fl_sql sql, const struct fl_device_news *news,
			 bool ties, struct fl_error *err)
{
	if (!news->device_id)
		return FL_OK;
	FL_AUTO_QUERY query = fl_query(store, sql);
	fl_device_bind(&query, news, ties);
	return fl_query_run(&query, err);
}

enum fl_code
fl_device_seen(struct fl_store *store, const struct fl_device_news *news, struct fl_error *err)
{
	return tell(store, FL_SQL_DEVICE_SEEN, news, true, err);
}

enum fl_code
fl_device_filed(struct fl_store *store, const struct fl_device_news *news, struct fl_error *err)
{
	return tell(store, FL_SQL_DEVICE_FILED, news, false, err);
}
