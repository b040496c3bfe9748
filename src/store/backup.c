/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of one moment: everything is read in one transaction. In WAL mode others go on writing
 * meanwhile; without that transaction SQLite would begin again after every commit of theirs
 * (https://www.sqlite.org/c3ref/backup_finish.html). Symbol files never change, but one may be
 * removed: then it all begins anew.
 */
#include "store/elf_files.h"
#include "store/whole_file.h"

#include "base/str.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STEP_PAGES = 256,
	PATH_ROOM = 4096,
	CHUNK = 1 << 16,
	TRIES = 10,
};

struct file {
	uint8_t hash[16];
	int64_t size;
};

struct backup {
	struct fl_store *store;
	const char *path;
	char symbols[PATH_ROOM]; /* beside the target */
	char temp[PATH_ROOM];    /* both under other names until they are whole */
	char temp_symbols[PATH_ROOM];
	uint64_t bytes, total_bytes; /* done, of all files and the database */
	uint64_t page_size;
	struct fl_vec lost; /* of struct file */
	fl_progress_fn progress;
	void *context;
	struct fl_error *err;
};

/* @p path: as it will be called; nobody knows the names that it has until then. */
static enum fl_code fail(const struct backup *b, const char *path)
{
	return fl_path_fail(b->err, errno == ENOMEM ? FL_ENOMEM : FL_EIO, path, strerror(errno));
}

static bool exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

static enum fl_code name_all(struct backup *b)
{
	long pid = (long)getpid();
	int sizes[] = {
		snprintf(b->symbols, PATH_ROOM, "%s.symbols", b->path),
		snprintf(b->temp, PATH_ROOM, "%s.writing-%ld", b->path, pid),
		snprintf(b->temp_symbols, PATH_ROOM, "%s.writing-%ld.symbols", b->path, pid),
	};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (sizes[i] < 0 || sizes[i] >= PATH_ROOM)
			return fl_path_fail(b->err, FL_EINVALID, b->path, "the path is too long");
	const char *taken = exists(b->path) ? b->path : exists(b->symbols) ? b->symbols : NULL;
	if (taken)
		return fl_path_fail(b->err, FL_EINVALID, taken,
				    "exists already; a backup replaces nothing");
	return FL_OK;
}

static enum fl_code stopped(struct backup *b)
{
	if (!b->progress || b->progress(b->context, b->bytes, b->total_bytes))
		return FL_OK;
	return fl_fail(b->err, FL_EINVALID, FL_AT_NONE, 0, "the backup was stopped");
}

/* --- the database --- */

static enum fl_code sqlite_fail(struct backup *b, sqlite3 *db, int code)
{
	const char *words = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
	return fl_path_fail(b->err, (code & 0xff) == SQLITE_NOMEM ? FL_ENOMEM : FL_EIO, b->path,
			    words);
}

static enum fl_code copy_pages(struct backup *b, sqlite3 *to, sqlite3_backup *copy)
{
	uint64_t before = b->bytes;
	int code = SQLITE_OK;
	while (code == SQLITE_OK) {
		code = sqlite3_backup_step(copy, STEP_PAGES);
		if (code != SQLITE_OK && code != SQLITE_DONE)
			return sqlite_fail(b, to, code);
		int done = sqlite3_backup_pagecount(copy) - sqlite3_backup_remaining(copy);
		b->bytes = before + (uint64_t)done * b->page_size;
		enum fl_code stop = stopped(b);
		if (stop)
			return stop;
	}
	return FL_OK;
}

static enum fl_code copy_into(struct backup *b, sqlite3 *to)
{
	sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", b->store->db, "main");
	if (!copy)
		return sqlite_fail(b, to, sqlite3_errcode(to));
	enum fl_code code = copy_pages(b, to, copy);
	int end = sqlite3_backup_finish(copy);
	return !code && end != SQLITE_OK ? sqlite_fail(b, to, end) : code;
}

static enum fl_code copy_database(struct backup *b)
{
	sqlite3 *to = NULL;
	int result = sqlite3_open_v2(b->temp, &to,
				     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					     SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				     NULL);
	enum fl_code code = result == SQLITE_OK ? copy_into(b, to) : sqlite_fail(b, to, result);
	sqlite3_close(to);
	return code;
}

/* --- symbol files --- */

/* The first question of the transaction: from here on it sees one moment. */
static enum fl_code size_database(struct backup *b)
{
	FL_AUTO_QUERY query = fl_query(b->store, FL_SQL_PAGES);
	enum fl_code code = fl_query_row(&query, b->err);
	if (code)
		return code;
	b->page_size = (uint64_t)fl_column_int(&query, 0);
	b->total_bytes = b->page_size * (uint64_t)fl_column_int(&query, 1);
	return FL_OK;
}

static enum fl_code list_files(struct backup *b, struct fl_vec *ret)
{
	FL_AUTO_QUERY query = fl_query(b->store, FL_SQL_SYMBOLS_FILES);
	enum fl_code code;
	while (!(code = fl_query_row(&query, b->err))) {
		struct file *file = fl_vec_add(ret);
		if (!file)
			return fl_store_nomem(b->err);
		fl_column_bytes(&query, 0, file->hash, sizeof(file->hash));
		file->size = fl_column_int(&query, 1);
		b->total_bytes += (uint64_t)file->size;
	}
	return code == FL_ENOTFOUND ? FL_OK : code;
}

static bool copy_bytes(struct backup *b, int from, int to)
{
	uint8_t *buffer = malloc(CHUNK);
	bool good = buffer != NULL;
	if (!good)
		errno = ENOMEM;
	while (good) {
		ssize_t n = read(from, buffer, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			good = n == 0;
			break;
		}
		good = fl_write_all(to, buffer, (size_t)n);
		b->bytes += (uint64_t)n;
	}
	free(buffer);
	return good && !fsync(to);
}

static void path_of(const struct backup *b, const uint8_t hash[16], char ret[PATH_ROOM + 64])
{
	char hex[33];
	fl_hex(hash, 16, hex);
	snprintf(ret, PATH_ROOM + 64, "%s/%s.elf", b->temp_symbols, hex);
}

/* FL_ENOTFOUND: it is not there. */
static enum fl_code copy_file(struct backup *b, const struct file *file)
{
	char path[PATH_ROOM + 64];
	int from;
	if (fl_elf_file_open(b->store, file->hash, &from, NULL))
		return FL_ENOTFOUND;
	path_of(b, file->hash, path);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	enum fl_code code = to >= 0 && copy_bytes(b, from, to) ? FL_OK : fail(b, b->symbols);
	close(from);
	if (to >= 0)
		close(to);
	return code ? code : stopped(b);
}

static void sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static bool holds(const struct fl_vec *files, const struct file *file)
{
	for (size_t i = 0; i < files->count; i++)
		if (!memcmp(fl_vec_at(files, struct file, i)->hash, file->hash, sizeof(file->hash)))
			return true;
	return false;
}

/* @p missing: those that are not there, besides those that are known to be lost. */
static enum fl_code copy_files(struct backup *b, const struct fl_vec *files, struct fl_vec *missing)
{
	enum fl_code code = FL_OK;
	if (files->count && mkdir(b->temp_symbols, 0777))
		return fail(b, b->symbols);
	for (size_t i = 0; i < files->count && !code; i++) {
		const struct file *file = fl_vec_at(files, struct file, i);
		code = copy_file(b, file);
		if (code != FL_ENOTFOUND)
			continue;
		code = FL_OK;
		if (!holds(&b->lost, file) && !fl_vec_push(missing, file))
			code = fl_store_nomem(b->err);
	}
	if (files->count)
		sync_path(b->temp_symbols);
	return code;
}

static void remove_files(const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

/* --- both --- */

/* A reading one: those who write are not held up. Its end is prepared first, so that there is
 * memory for it. */
static enum fl_code begin_reading(struct backup *b)
{
	FL_AUTO_QUERY end = fl_query(b->store, FL_SQL_ROLLBACK);
	int code = end.sqlite_code;
	if (code == SQLITE_OK)
		code = sqlite3_exec(b->store->db, "BEGIN", NULL, NULL, NULL);
	return code == SQLITE_OK ? FL_OK : fl_store_fail(b->store, code, b->err);
}

static void end_reading(struct backup *b)
{
	FL_AUTO_QUERY end = fl_query(b->store, FL_SQL_ROLLBACK);
	if (!sqlite3_get_autocommit(b->store->db))
		(void)!fl_query_run(&end, NULL);
}

/* Removed after the transaction had begun, or lost while its row is still there: then it is lost in
 * the copy as well, and fl_store_verify() says so of both. */
static enum fl_code note_lost(struct backup *b, const struct fl_vec *missing)
{
	enum fl_code code = FL_OK;
	for (size_t i = 0; i < missing->count && !code; i++) {
		const struct file *file = fl_vec_at(missing, struct file, i);
		code = fl_elf_file_row(b->store, file->hash, b->err);
		if (!code && !fl_vec_push(&b->lost, file))
			code = fl_store_nomem(b->err);
		else if (code == FL_ENOTFOUND)
			code = FL_OK;
	}
	return code;
}

static enum fl_code copy_all(struct backup *b, bool *again_ret)
{
	FL_AUTO_VEC files = FL_VEC(struct file);
	FL_AUTO_VEC missing = FL_VEC(struct file);
	b->bytes = 0;
	enum fl_code code = begin_reading(b);
	if (!code)
		code = size_database(b);
	if (!code)
		code = list_files(b, &files);
	if (!code)
		code = copy_files(b, &files, &missing);
	*again_ret = !code && missing.count;
	if (!code && !missing.count)
		code = copy_database(b);
	end_reading(b);
	return code ? code : note_lost(b, &missing);
}

static bool rename_new(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	if (exists(to)) {
		errno = EEXIST;
		return false;
	}
	return !rename(from, to);
}

static void sync_parent(const char *path)
{
	char folder[PATH_ROOM];
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	sync_path(folder);
}

/* The database last: where it has its name, everything is there. */
static enum fl_code give_names(struct backup *b)
{
	sync_path(b->temp);
	bool files = exists(b->temp_symbols);
	if (files && !rename_new(b->temp_symbols, b->symbols))
		return fail(b, b->symbols);
	if (!rename_new(b->temp, b->path)) {
		enum fl_code code = fail(b, b->path);
		if (files)
			remove_files(b->symbols);
		return code;
	}
	sync_parent(b->path);
	return FL_OK;
}

static void clean_up(struct backup *b)
{
	unlink(b->temp);
	remove_files(b->temp_symbols);
}

static enum fl_code back_up(struct backup *b)
{
	bool again = true;
	enum fl_code code = FL_OK;
	for (int i = 0; again && i < TRIES && !code; i++) {
		clean_up(b);
		code = copy_all(b, &again);
	}
	if (!code && again)
		code = fl_fail(b->err, FL_EIO, FL_AT_NONE, 0,
			       "symbol files were removed again and again meanwhile");
	if (!code)
		code = give_names(b);
	if (code)
		clean_up(b);
	return code;
}

enum fl_code fl_store_backup(struct fl_store *store, const char *path, fl_progress_fn progress,
			     void *context, struct fl_error *err)
{
	struct backup b = { .store = store,
			    .path = path,
			    .lost = FL_VEC(struct file),
			    .progress = progress,
			    .context = context,
			    .err = err };
	if (!path || !path[0] || store->batch)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0,
			       store->batch ? "a batch is open" : "no path of a backup was given");
	enum fl_code code = name_all(&b);
	if (!code)
		code = back_up(&b);
	fl_vec_deinit(&b.lost);
	return code;
}
