/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/spool.h"

#include "store/store.h"
#include "worker/companion.h"
#include "worker/progress.h"
#include "worker/spool_chunks.h"
#include "worker/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

/*
 * Files that wait for the disk together. Each costs the next worker a look at every row when this
 * one is killed meanwhile.
 */
enum { TOGETHER = 16 };

struct fl_spool {
	char taken[TOGETHER][FL_SPOOL_NAME_MAX]; /**< in the database, not yet on the disk */
	size_t taken_count;
	bool unsynced;
	int folder;
	int events;
	char **reported; /**< names whose trouble was already said */
	size_t reported_count;
};

/* Files are marked and removed by name: a folder that cannot be written can only be looked at. */
static enum fl_code check_access(int folder, const char *path, struct fl_error *err)
{
	if (faccessat(folder, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0)
		return FL_OK;
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0,
		       "spool folder %s: %s: the worker renames and removes files there, its user "
		       "must be allowed to write in it",
		       path, strerror(errno));
}

enum fl_code fl_spool_open(const char *path, struct fl_spool **ret, struct fl_error *err)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "spool folder %s: %s", path,
			       strerror(errno));
	struct fl_spool *spool = NULL;
	enum fl_code code = check_access(folder, path, err);
	if (!code && !(spool = calloc(1, sizeof(*spool))))
		code = fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "spool");
	if (code) {
		close(folder);
		return code;
	}
	spool->folder = folder;
	spool->events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	/* Without it (network file systems, limits) the folder is looked at once a second. */
	if (spool->events >= 0 && inotify_add_watch(spool->events, path, IN_MOVED_TO) < 0) {
		close(spool->events);
		spool->events = -1;
	}
	*ret = spool;
	return FL_OK;
}

void fl_spool_close(struct fl_spool *spool)
{
	if (!spool)
		return;
	for (size_t i = 0; i < spool->reported_count; i++)
		free(spool->reported[i]);
	free(spool->reported);
	if (spool->events >= 0)
		close(spool->events);
	close(spool->folder);
	free(spool);
}

int fl_spool_event_fd(const struct fl_spool *spool)
{
	return spool->events;
}

static bool is_reported(const struct fl_spool *spool, const char *name)
{
	for (size_t i = 0; i < spool->reported_count; i++)
		if (strcmp(spool->reported[i], name) == 0)
			return true;
	return false;
}

/* A file that stays where it is; said once. */
static void report_once(struct fl_spool *spool, const char *name, const struct fl_error *err)
{
	if (is_reported(spool, name))
		return;
	fl_warn("spool", "%s; it stays there", err->message);
	char **grown = reallocarray(spool->reported, spool->reported_count + 1, sizeof(*grown));
	char *copy = grown ? strdup(name) : NULL;
	if (grown)
		spool->reported = grown;
	if (copy)
		spool->reported[spool->reported_count++] = copy;
}

static void reject(struct fl_spool *spool, const char *from, const char *name, const char *reason)
{
	struct fl_error err = { 0 };
	if (fl_spool_reject(spool->folder, from, name, reason, &err) == FL_OK)
		fl_warn("spool", "%s: %s; moved to %s/", name, reason, FL_SPOOL_REJECTED);
	else
		report_once(spool, name, &err);
}

static enum fl_code
read_companion(int folder, const char *dump_name, struct fl_companion *ret, struct fl_error *err)
{
	char name[FL_SPOOL_NAME_MAX];
	FL_AUTO_SPOOL_FILE file = { 0 };
	if (!fl_spool_companion_name(dump_name, name))
		return FL_OK;
	enum fl_code code = fl_spool_read(folder, name, FL_COMPANION_SIZE_MAX, &file, err);
	if (code == FL_ENOTFOUND)
		return FL_OK;
	if (code)
		return code;
	struct fl_error cause = { 0 };
	code = fl_companion_parse(file.bytes.data, file.bytes.size, ret, &cause);
	return code ? fl_fail(err, code, cause.at_kind, cause.at, "companion: %s", cause.message)
		    : FL_OK;
}

static struct fl_upload
describe(const char *name, const struct fl_spool_file *file, const struct fl_companion *companion)
{
	return (struct fl_upload){
		.bytes = file->bytes.data,
		.size = file->bytes.size,
		.source = name,
		.device = companion->device,
		.upload_id = companion->upload_id,
		.software_type = companion->software_type,
		.software_version = companion->software_version,
		.hardware_version = companion->hardware_version,
		.cohort = companion->cohort,
		.received_at = companion->has_received_at ? companion->received_at : file->mtime,
		.received_at_is_mtime = !companion->has_received_at,
	};
}

/* --- a file that a worker before us may have taken --- */

struct search {
	struct fl_store *store;
	const struct fl_upload *upload;
	bool found;
	enum fl_code code;
	struct fl_error *err;
};

static bool compare_row(void *context, const struct fl_trace_row *row)
{
	struct search *search = context;
	const struct fl_upload *upload = search->upload;
	if (row->received_at != upload->received_at || !row->source ||
	    strcmp(row->source, upload->source) != 0)
		return true;
	struct fl_claim dump = { 0 };
	search->code = fl_store_dump(search->store, row->dump_id, &dump, search->err);
	if (search->code)
		return false;
	search->found = dump.bytes.size == upload->size &&
			memcmp(dump.bytes.data, upload->bytes, upload->size) == 0;
	fl_claim_deinit(&dump);
	return !search->found;
}

/* Slow (every row), but only for a file that was being taken when a worker was killed. */
static enum fl_code was_enqueued(struct fl_store *store, const struct fl_upload *upload, bool *ret,
				 struct fl_error *err)
{
	struct search search = { .store = store, .upload = upload, .err = err };
	const struct fl_trace_filter everything = { 0 };
	enum fl_code code = fl_store_traces(store, &everything, compare_row, &search, err);
	*ret = search.found;
	return code ? code : search.code;
}

/* --- taking --- */

/* What the power may take along must not be unlinked. */
static enum fl_code
discard_taken(struct fl_spool *spool, const struct fl_intake *intake, struct fl_error *err)
{
	enum fl_code code = spool->unsynced ? fl_store_sync(intake->store, err) : FL_OK;
	for (size_t i = 0; !code && i < spool->taken_count; i++)
		fl_spool_discard(spool->folder, spool->taken[i]);
	spool->taken_count = 0;
	spool->unsynced = code != FL_OK;
	return code;
}

/* A marked file is in the database, if only since a moment ago. */
static enum fl_code note_taken(struct fl_spool *spool, const struct fl_intake *intake,
			       const char *name, struct fl_error *err)
{
	char *slot = spool->taken[spool->taken_count++];
	snprintf(slot, FL_SPOOL_NAME_MAX, "%s", name);
	spool->unsynced = true;
	return spool->taken_count < TOGETHER ? FL_OK : discard_taken(spool, intake, err);
}

static enum fl_code enqueue(struct fl_spool *spool, const struct fl_intake *intake,
			    const struct fl_upload *upload, const char *marked,
			    struct fl_error *err)
{
	struct fl_enqueued enqueued = { 0 };
	struct fl_error cause = { 0 };
	fl_store_put_off_sync(intake->store);
	spool->unsynced = true;
	enum fl_code code = fl_store_enqueue(intake->store, upload, &enqueued, &cause);
	if (code == FL_EINVALID || code == FL_ELIMIT || code == FL_EFORMAT) {
		reject(spool, marked, upload->source, cause.message);
		return FL_OK;
	}
	if (code)
		return fl_fail(err, code, cause.at_kind, cause.at, "%s", cause.message);
	intake->summary->spooled++;
	intake->summary->duplicates += enqueued.duplicate;
	return note_taken(spool, intake, upload->source, err);
}

/* What a file of chunks did not bring, and what is done about it. */
static enum fl_code settle_chunks(struct fl_spool *spool, const struct fl_intake *intake,
				  const char *name, const char *marked, enum fl_code code,
				  const struct fl_spool_chunks *chunks, struct fl_error *err)
{
	if (code == FL_EIO && chunks->busy) {
		fl_spool_unmark(spool->folder, name);
		return FL_OK;
	}
	if (code && code != FL_EINVALID && code != FL_ELIMIT && code != FL_EFORMAT)
		return code;
	if (code) {
		reject(spool, marked, name, err->message);
		return FL_OK;
	}
	fl_spool_discard(spool->folder, name);
	intake->summary->spooled++;
	intake->summary->duplicates += chunks->summary.duplicate_items;
	return FL_OK;
}

static enum fl_code take_chunks(struct fl_spool *spool, const struct fl_intake *intake,
				const struct fl_upload *upload, const char *marked,
				struct fl_error *err)
{
	struct fl_spool_chunks chunks = { 0 };
	struct fl_error cause = { 0 };
	enum fl_code code = discard_taken(spool, intake, &cause); /* this one waits for itself */
	if (!code)
		code = fl_spool_take_chunks(intake, upload, &chunks, &cause);
	code = settle_chunks(spool, intake, upload->source, marked, code, &chunks, &cause);
	return code ? fl_fail(err, code, cause.at_kind, cause.at, "%s", cause.message) : FL_OK;
}

/* Says why a marked file cannot become a dump, and puts it where it belongs. */
static enum fl_code give_back(struct fl_spool *spool, const char *marked, const char *name,
			      enum fl_code code, const struct fl_error *cause, struct fl_error *err)
{
	if (code == FL_EFORMAT || code == FL_ELIMIT) {
		reject(spool, marked, name, cause->message);
		return FL_OK;
	}
	fl_spool_unmark(spool->folder, name);
	if (code == FL_ENOMEM)
		return fl_fail(err, code, FL_AT_NONE, 0, "%s", cause->message);
	report_once(spool, name, cause);
	return FL_OK;
}

/* A marked file into the queue. @p again: a worker before us may have done so. */
static enum fl_code take_marked(struct fl_spool *spool, const struct fl_intake *intake,
				const char *name, bool again, struct fl_error *err)
{
	char marked[FL_SPOOL_NAME_MAX];
	FL_AUTO_COMPANION companion = { 0 };
	FL_AUTO_SPOOL_FILE file = { 0 };
	struct fl_error cause = { 0 };
	if (!fl_spool_marked_name(name, marked))
		return FL_OK;
	enum fl_code code = fl_spool_read(spool->folder, marked, FL_SPOOL_DUMP_MAX, &file, &cause);
	if (!code)
		code = read_companion(spool->folder, marked, &companion, &cause);
	if (code)
		return give_back(spool, marked, name, code, &cause, err);
	struct fl_upload upload = describe(name, &file, &companion);
	if (fl_spool_is_chunks(&upload))
		return take_chunks(spool, intake, &upload, marked, err);
	bool known = false;
	if (again)
		code = was_enqueued(intake->store, &upload, &known, err);
	if (code)
		return code;
	return known ? note_taken(spool, intake, name, err)
		     : enqueue(spool, intake, &upload, marked, err);
}

/* Marked before it is read: what is read is then what will be unlinked. */
static enum fl_code
take(struct fl_spool *spool, const struct fl_intake *intake, const char *name, struct fl_error *err)
{
	struct fl_error cause = { 0 };
	enum fl_code code = fl_spool_probe(spool->folder, name, &cause);
	if (!code)
		code = fl_spool_mark(spool->folder, name, &cause);
	if (!code)
		return take_marked(spool, intake, name, false, err);
	if (code == FL_ELIMIT)
		reject(spool, name, name, cause.message);
	else if (code != FL_ENOTFOUND)
		report_once(spool, name, &cause);
	return FL_OK;
}

/* What a killed worker left behind. */
static enum fl_code
recover(struct fl_spool *spool, const struct fl_intake *intake, struct fl_error *err)
{
	FL_AUTO_SPOOL_LIST list = { 0 };
	fl_spool_sweep(spool->folder);
	enum fl_code code = fl_spool_list(spool->folder, FL_SPOOL_MARKED, &list, err);
	for (size_t i = 0; !code && i < list.count; i++) {
		const char *name = list.entries[i]->d_name + strlen(FL_SPOOL_MARK);
		if (fl_spool_is_dump_name(name))
			code = take_marked(spool, intake, name, true, err);
	}
	if (!code)
		code = discard_taken(spool, intake, err);
	if (!code && list.count)
		fl_spool_release_companions(spool->folder);
	return code;
}

static enum fl_code
take_all(struct fl_spool *spool, const struct fl_intake *intake, struct fl_error *err)
{
	FL_AUTO_SPOOL_LIST list = { 0 };
	enum fl_code code = recover(spool, intake, err);
	if (!code)
		code = fl_spool_list(spool->folder, FL_SPOOL_NEW, &list, err);
	for (size_t i = 0; !code && i < list.count && !intake->stopping(intake->context); i++)
		code = take(spool, intake, list.entries[i]->d_name, err);
	enum fl_code synced = discard_taken(spool, intake, code ? NULL : err);
	return code ? code : synced;
}

static void drain_events(const struct fl_spool *spool)
{
	char events[4096];
	while (spool->events >= 0 && read(spool->events, events, sizeof(events)) > 0)
		;
}

enum fl_code fl_spool_intake(struct fl_spool *spool, const struct fl_intake *intake, bool *busy_ret,
			     struct fl_error *err)
{
	*busy_ret = flock(spool->folder, LOCK_EX | LOCK_NB) != 0;
	if (*busy_ret)
		return FL_OK;
	drain_events(spool);
	enum fl_code code = take_all(spool, intake, err);
	flock(spool->folder, LOCK_UN);
	return code;
}
