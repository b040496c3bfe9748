/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about devices and their reboots. */
#include "store/internal.h"

#define EVER (INT64_C(1) << 48) /* seconds; SQLite has its trouble with windows near 2^63 */

static struct fl_device_row device_row(struct fl_query *query)
{
	return (struct fl_device_row){
		.serial = fl_column_text(query, 0),
		.cohort = fl_column_text(query, 1),
		.software_type = fl_column_text(query, 2),
		.software_version = fl_column_text(query, 3),
		.hardware_version = fl_column_text(query, 4),
		.first_seen = fl_column_int(query, 5),
		.last_seen = fl_column_int(query, 6),
		.traces = (uint64_t)fl_column_int(query, 7),
		.issues = (uint64_t)fl_column_int(query, 8),
		.expected_reboots = (uint64_t)fl_column_int(query, 9),
		.unexpected_reboots = (uint64_t)fl_column_int(query, 10),
		.recent_unexpected = (uint64_t)fl_column_int(query, 11),
		.limited = (uint64_t)fl_column_int(query, 12),
		.pending_bytes = (uint64_t)fl_column_int(query, 13),
	};
}

enum fl_code fl_store_devices(struct fl_store *store, const struct fl_device_filter *filter,
			      fl_device_fn each, void *context, struct fl_error *err)
{
	static const struct fl_device_filter any = { 0 };
	const struct fl_device_filter *by = filter ? filter : &any;
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_DEVICES_LIST);
	fl_bind_text(&query, 1, by->serial);
	fl_bind_text(&query, 2, by->cohort);
	fl_bind_int(&query, 3,
		    by->unexpected_min > INT64_MAX ? INT64_MAX : (int64_t)by->unexpected_min);
	fl_bind_int(&query, 4, by->within_seconds ? by->within_seconds : EVER);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const struct fl_device_row row = device_row(&query);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, &row))
			return FL_OK;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static struct fl_reboot_row reboot_row(struct fl_query *query)
{
	return (struct fl_reboot_row){
		.software_type = fl_column_text(query, 0),
		.software_version = fl_column_text(query, 1),
		.code = (uint32_t)fl_column_int(query, 2),
		.name = fl_column_text(query, 3),
		.expected = fl_column_int(query, 4),
		.count = (uint64_t)fl_column_int(query, 5),
		.devices = (uint64_t)fl_column_int(query, 6),
		.first_at = fl_column_int(query, 7),
		.last_at = fl_column_int(query, 8),
	};
}

enum fl_code fl_store_reboots(struct fl_store *store, const char *device, fl_reboot_fn each,
			      void *context, struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_REBOOTS_LIST);
	fl_bind_text(&query, 1, device);
	enum fl_code code;
	while (!(code = fl_query_row(&query, err))) {
		const struct fl_reboot_row row = reboot_row(&query);
		if (query.sqlite_code)
			return fl_store_nomem(err);
		if (!each(context, &row))
			return FL_OK;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}
