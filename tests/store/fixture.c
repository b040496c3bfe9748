/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include "base/hash.h"
#include "store/internal.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fixture_setup(void **state)
{
	struct fl_error err = { 0 };
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	strcpy(f->dir, "/tmp/faultline-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/test.db", f->dir);
	assert_ok(fl_store_open(f->path, &f->store, &err), err);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	fl_store_close(f->store);
	nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

struct fl_store *fixture_open(const struct fixture *f)
{
	struct fl_error err = { 0 };
	struct fl_store *store = NULL;
	assert_ok(fl_store_open(f->path, &store, &err), err);
	return store;
}

void fixture_reopen(struct fixture *f)
{
	fl_store_close(f->store);
	f->store = fixture_open(f);
}

const char *fixture_path(const struct fixture *f, const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	return path;
}

static void add_fingerprint(struct fl_report *report, const char *spec)
{
	struct fl_signature *signature = &report->trace.signature;
	struct fl_fingerprint *to = &signature->fingerprints[signature->fingerprint_count++];
	to->leads = spec[0] == '^';
	to->joins = spec[0] != '~' && !to->leads;
	spec += !to->joins;
	const char *equals = strchr(spec, '=');
	assert_non_null(equals);
	to->kind = fl_arena_strndup(&report->arena, spec, (size_t)(equals - spec));
	to->preimage = fl_arena_strdup(&report->arena, equals + 1);
	fl_hash128(equals + 1, strlen(equals + 1), to->hash);
}

static const char *copy(struct fl_report *report, const char *text)
{
	return text ? fl_arena_strdup(&report->arena, text) : NULL;
}

static void add_event(struct fl_report *report, const struct report_spec *spec)
{
	struct fl_trace *trace = &report->trace;
	bool dump = spec->kind == FL_REPORT_DUMP;
	trace->kind = spec->kind;
	trace->reason = (struct fl_reason){
		.known = spec->reason,
		.code = spec->reason,
		.name = copy(report, spec->reason_name ? spec->reason_name : "HardFault"),
		.expected = spec->reason && spec->reason < 0x8000,
	};
	trace->event = (struct fl_event_report){
		.has_pc = spec->pc,
		.pc = spec->pc,
		.has_lr = spec->lr,
		.lr = spec->lr,
		.coredump_saved = spec->coredump_saved,
		.has_captured_at = !dump && spec->captured_at,
		.captured_at = dump ? 0 : spec->captured_at,
	};
	trace->dump.has_capture_time = dump && spec->captured_at;
	trace->dump.capture_time = dump ? spec->captured_at : 0;
	if (dump || !spec->build)
		return;
	trace->identity.build_id_size = 0;
	trace->event.build_id_size = spec->build_size ? spec->build_size : 20;
	memset(trace->event.build_id, spec->build, trace->event.build_id_size);
}

struct fl_report *report_make(const struct report_spec *spec)
{
	struct fl_report *report = fl_report_new();
	assert_non_null(report);
	struct fl_trace *trace = &report->trace;
	trace->dump.format = "memfault";
	trace->identity = (struct fl_dump_identity){
		.device_serial = copy(report, spec->serial),
		.hardware_version = copy(report, spec->hardware),
		.software_type = copy(report, spec->type),
		.software_version = copy(report, spec->version),
		.build_id_size = spec->build ? 20 : 0,
	};
	memset(trace->identity.build_id, spec->build, spec->build ? 20 : 0);
	trace->match = spec->match;
	add_event(report, spec);
	trace->cause.category = "Hard Fault";
	trace->cause.title = "a test";
	trace->engine_version = "0.1.0";
	trace->sandbox = "none";
	trace->signature.title = copy(report, spec->title);
	trace->signature.version = 1;
	strcpy(trace->signature.rules_hash, "0123456789abcdef0123456789abcdef");
	trace->signature.fingerprints =
		fl_arena_array(&report->arena, 6, sizeof(struct fl_fingerprint));
	for (size_t i = 0; i < 6 && spec->fingerprints[i]; i++)
		add_fingerprint(report, spec->fingerprints[i]);
	return report;
}

int64_t enqueue(struct fl_store *store, const char *bytes, const char *device)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued = { 0 };
	const struct fl_upload upload = { .bytes = bytes,
					  .size = strlen(bytes),
					  .source = "test.core",
					  .device = device,
					  .received_at = NOON };
	assert_ok(fl_store_enqueue(store, &upload, &enqueued, &err), err);
	return enqueued.dump_id;
}

int64_t enqueue_kind(struct fl_store *store, const char *bytes, const char *device,
		     enum fl_report_kind kind, int after)
{
	struct fl_error err = { 0 };
	struct fl_enqueued enqueued = { 0 };
	const struct fl_upload upload = { .bytes = bytes,
					  .size = strlen(bytes),
					  .source = "test.core",
					  .device = device,
					  .kind = kind,
					  .received_at = NOON + after };
	assert_ok(fl_store_enqueue(store, &upload, &enqueued, &err), err);
	assert_int_equal(enqueued.limited, !enqueued.dump_id);
	return enqueued.dump_id;
}

struct fl_filed
settle_one(struct fl_store *store, int64_t dump_id, const struct report_spec *spec, bool waits)
{
	struct fl_error err = { 0 };
	struct fl_filed filed = { 0 };
	FL_AUTO(fl_report) report = report_make(spec);
	if (waits)
		assert_ok(fl_store_wait(store, dump_id, report, NULL, &filed, &err), err);
	else
		assert_ok(fl_store_file(store, dump_id, report, &filed, &err), err);
	return filed;
}

struct fl_filed file_one(struct fl_store *store, const char *bytes, const struct report_spec *spec)
{
	struct fl_error err = { 0 };
	struct fl_filed filed = { 0 };
	FL_AUTO(fl_report) report = report_make(spec);
	assert_ok(fl_store_file(store, enqueue(store, bytes, NULL), report, &filed, &err), err);
	return filed;
}

int64_t fixture_count(struct fl_store *store, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}
