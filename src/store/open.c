/* SPDX-License-Identifier: Apache-2.0 */
#include "store/elf_files.h"
#include "store/schema.h"
#include "store/settled.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fl_store_close(struct fl_store *store)
{
	if (!store)
		return;
	fl_reanalysis_end(store);
	for (size_t i = 0; i < FL_SQL_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	ZSTD_freeCCtx(store->compressor);
	ZSTD_freeDCtx(store->decompressor);
	fl_content_index_deinit(&store->contents);
	free(store->symbols_dir);
	free(store->path);
	free(store);
}

/*
 * Where a file cannot be made, SQLite tries to open it read-only, and the errno of that is what it
 * tells (unixOpen() of os_unix.c): "No such file" for a folder that cannot be written.
 */
static int errno_of_making(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	unlink(path);
	return ENOENT;
}

/*
 * SQLite asks for 0644, and gives its log the mode of the database: whoever shares a folder by
 * group decides with the umask, as for any other file. What cannot be created SQLite says itself.
 */
static void create_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd >= 0)
		close(fd);
}

static enum fl_code connect_database(struct fl_store *store, struct fl_error *err)
{
	if (strcmp(store->path, ":memory:") != 0)
		create_file(store->path);
	int code = sqlite3_open_v2(store->path, &store->db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				   NULL);
	if (code == SQLITE_OK)
		return FL_OK;
	int error = store->db ? sqlite3_system_errno(store->db) : 0;
	if (error == ENOENT)
		error = errno_of_making(store->path);
	if ((code & 0xff) == SQLITE_CANTOPEN && error)
		return fl_path_fail(err, FL_EIO, store->path, strerror(error));
	return fl_store_fail(store, code, err);
}

/*
 * A database may come from anybody: DEFENSIVE and an untrusted schema keep what it says from
 * running (https://www.sqlite.org/security.html). FULL makes a commit durable before it returns; in
 * WAL mode NORMAL would keep the file consistent but lose the last commits with the power. The log
 * is written back at 8 MB instead of 4: each time the disk is waited for, and pages that are
 * written again and again are written once more.
 */
static enum fl_code configure(struct fl_store *store, struct fl_error *err)
{
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	fl_store_be_patient(store, FL_STORE_BUSY_MS);
	int code = sqlite3_exec(store->db,
				"PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
				"PRAGMA wal_autocheckpoint = 2000",
				NULL, NULL, NULL);
	return code == SQLITE_OK ? FL_OK : fl_store_fail(store, code, err);
}

/* SQLite gives the absolute path, so that a later chdir() of the program changes nothing. */
static enum fl_code name_symbols_dir(struct fl_store *store, struct fl_error *err)
{
	static const char suffix[] = ".symbols";
	const char *path = sqlite3_db_filename(store->db, "main");
	if (!path || !path[0])
		return FL_OK; /* in memory: no place beside it */
	size_t size = strlen(path);
	store->symbols_dir = malloc(size + sizeof(suffix));
	if (!store->symbols_dir)
		return fl_store_nomem(err);
	memcpy(store->symbols_dir, path, size);
	memcpy(store->symbols_dir + size, suffix, sizeof(suffix));
	return FL_OK;
}

/* Percent-encoded, so that no '?' of a path begins the parameters. */
static char *immutable_uri(const char *path)
{
	static const char end[] = "?immutable=1";
	char *uri = malloc(sizeof("file://") + 3 * strlen(path) + sizeof(end));
	if (!uri)
		return NULL;
	char *out = uri + sprintf(uri, "file:%s", path[0] == '/' ? "//" : "");
	for (; *path; path++)
		out += sprintf(out, strchr("?#%", *path) ? "%%%02x" : "%c", (unsigned char)*path);
	memcpy(out, end, sizeof(end));
	return uri;
}

/*
 * In WAL mode even a reader needs a file beside the database, which cannot be made in a folder that
 * is read-only. Where nobody is writing (there would be a log)
 * it is not needed (https://www.sqlite.org/wal.html, "Read-Only Databases").
 */
static bool nobody_can_write(const char *path)
{
	struct stat st;
	char folder[PATH_MAX];
	char log[PATH_MAX];
	if (snprintf(log, sizeof(log), "%s-wal", path) >= PATH_MAX || stat(log, &st) == 0 ||
	    access(path, R_OK))
		return false;
	snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	return access(slash ? folder : ".", W_OK) != 0;
}

static enum fl_code connect_immutable(struct fl_store *store, struct fl_error *err)
{
	char *uri = immutable_uri(store->path);
	if (!uri)
		return fl_store_nomem(err);
	store->read_only = true;
	int code = sqlite3_open_v2(uri, &store->db,
				   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
					   SQLITE_OPEN_EXRESCODE,
				   NULL);
	free(uri);
	return code == SQLITE_OK ? FL_OK : fl_store_fail(store, code, err);
}

static enum fl_code open_into(struct fl_store *store, const char *path, struct fl_error *err)
{
	store->path = strdup(path);
	if (!store->path)
		return fl_store_nomem(err);
	enum fl_code code = nobody_can_write(path) ? connect_immutable(store, err)
						   : connect_database(store, err);
	if (!code)
		code = configure(store, err);
	if (!code)
		code = fl_store_migrate(store, err);
	if (!code)
		code = name_symbols_dir(store, err);
	if (!code && !store->read_only)
		fl_elf_files_clean(store);
	return code;
}

enum fl_code fl_store_open(const char *path, struct fl_store **ret, struct fl_error *err)
{
	if (!path || !path[0])
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "no path of a database was given");
	FL_AUTO(fl_store) store = calloc(1, sizeof(*store));
	if (!store)
		return fl_store_nomem(err);
	enum fl_code code = open_into(store, path, err);
	if (!code)
		*ret = fl_store_take(&store);
	return code;
}
