/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool ends_with(const char *name, const char *end)
{
	size_t size = strlen(name);
	size_t end_size = strlen(end);
	return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

bool fl_spool_is_dump_name(const char *name)
{
	return name[0] != '.' && !ends_with(name, ".tmp") && !ends_with(name, ".json");
}

static bool starts_with(const char *name, const char *start)
{
	return strncmp(name, start, strlen(start)) == 0;
}

/* A marked file is spoken of by the name that its producer gave it. */
static enum fl_code failed(struct fl_error *err, const char *name)
{
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s: %s",
		       starts_with(name, FL_SPOOL_MARK) ? name + strlen(FL_SPOOL_MARK) : name,
		       strerror(errno));
}

static enum fl_code read_open_file(int fd, const char *name, size_t size_max,
				   struct fl_spool_file *ret, struct fl_error *err)
{
	struct stat info;
	if (fstat(fd, &info) != 0)
		return failed(err, name);
	if (!S_ISREG(info.st_mode))
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "%s: not a regular file", name);
	if ((uint64_t)info.st_size > size_max)
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0, "%lld bytes are too large for a dump",
			       (long long)info.st_size);
	size_t size = (size_t)info.st_size;
	FL_AUTO_BUFFER bytes = { .data = malloc(size ? size : 1) };
	if (!bytes.data)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "%s: %zu bytes", name, size);
	while (bytes.size < size) {
		ssize_t n = read(fd, bytes.data + bytes.size, size - bytes.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(err, name);
		if (n == 0)
			break; /* became shorter: a producer that does not rename */
		bytes.size += (size_t)n;
	}
	*ret = (struct fl_spool_file){ .bytes = bytes, .mtime = info.st_mtime };
	bytes = (struct fl_buffer){ 0 };
	return FL_OK;
}

static enum fl_code open_file(int folder, const char *name, int *ret, struct fl_error *err)
{
	/* O_NONBLOCK: a FIFO would wait for its writer. */
	*ret = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*ret < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "%s: %s", name, strerror(errno));
	return *ret < 0 ? failed(err, name) : FL_OK;
}

enum fl_code fl_spool_probe(int folder, const char *name, struct fl_error *err)
{
	int fd;
	enum fl_code code = open_file(folder, name, &fd, err);
	if (code)
		return code;
	struct stat info;
	bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
	close(fd);
	return regular ? FL_OK
		       : fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "%s: not a regular file", name);
}

enum fl_code fl_spool_read(int folder, const char *name, size_t size_max, struct fl_spool_file *ret,
			   struct fl_error *err)
{
	int fd;
	enum fl_code code = open_file(folder, name, &fd, err);
	if (code)
		return code;
	code = read_open_file(fd, name, size_max, ret, err);
	close(fd);
	return code;
}

void fl_spool_file_deinit(struct fl_spool_file *file)
{
	fl_buffer_deinit(&file->bytes);
}

static bool join(const char *a, const char *b, char ret[FL_SPOOL_NAME_MAX])
{
	return (size_t)snprintf(ret, FL_SPOOL_NAME_MAX, "%s%s", a, b) < FL_SPOOL_NAME_MAX;
}

bool fl_spool_companion_name(const char *name, char ret[FL_SPOOL_NAME_MAX])
{
	return join(name, ".json", ret);
}

bool fl_spool_marked_name(const char *name, char ret[FL_SPOOL_NAME_MAX])
{
	return join(FL_SPOOL_MARK, name, ret);
}

/* 0, or -1 with errno; a source that is not there is fine. */
static int rename_if_there(int folder, const char *from, int to_folder, const char *to)
{
	int code = renameat(folder, from, to_folder, to);
	return code != 0 && errno == ENOENT ? 0 : code;
}

enum fl_code fl_spool_mark(int folder, const char *name, struct fl_error *err)
{
	char marked[FL_SPOOL_NAME_MAX];
	char companion[FL_SPOOL_NAME_MAX];
	char marked_companion[FL_SPOOL_NAME_MAX];
	if (!fl_spool_marked_name(name, marked) || !fl_spool_companion_name(name, companion) ||
	    !fl_spool_marked_name(companion, marked_companion))
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0, "the name is too long");
	if (rename_if_there(folder, companion, folder, marked_companion) != 0 ||
	    renameat(folder, name, folder, marked) != 0)
		return failed(err, name);
	return FL_OK;
}

/* A name that a producer has used again meanwhile is not taken from it. */
static void rename_back(int folder, const char *from, const char *to)
{
	if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) != 0 && errno == EINVAL)
		renameat(folder, from, folder, to); /* a file system without the flag */
}

/* The dump first: fl_spool_release_companions() mends what a crash leaves in between. */
void fl_spool_unmark(int folder, const char *name)
{
	char marked[FL_SPOOL_NAME_MAX];
	if (!fl_spool_marked_name(name, marked))
		return;
	rename_back(folder, marked, name);
	fl_spool_release_companions(folder);
}

static bool exists(int folder, const char *name)
{
	struct stat info;
	return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

void fl_spool_release_companions(int folder)
{
	FL_AUTO_SPOOL_LIST list = { 0 };
	if (fl_spool_list(folder, FL_SPOOL_MARKED, &list, NULL))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *marked = list.entries[i]->d_name;
		char dump[FL_SPOOL_NAME_MAX];
		size_t size = strlen(marked);
		if (!ends_with(marked, ".json") || size >= sizeof(dump))
			continue;
		memcpy(dump, marked, size - strlen(".json"));
		dump[size - strlen(".json")] = '\0';
		if (!exists(folder, dump))
			rename_back(folder, marked, marked + strlen(FL_SPOOL_MARK));
	}
}

static void unlink_done(int folder, const char *name, const char *done)
{
	char marked[FL_SPOOL_NAME_MAX];
	char companion[FL_SPOOL_NAME_MAX];
	if (fl_spool_marked_name(name, marked) && fl_spool_companion_name(marked, companion))
		unlinkat(folder, companion, 0);
	unlinkat(folder, done, 0);
}

/*
 * One rename says that it is done. The marked dump may not lose its companion before: what the
 * database is asked for after a crash is partly what the companion said.
 */
void fl_spool_discard(int folder, const char *name)
{
	char marked[FL_SPOOL_NAME_MAX];
	char done[FL_SPOOL_NAME_MAX];
	if (fl_spool_marked_name(name, marked) && join(FL_SPOOL_DONE, name, done) &&
	    renameat(folder, marked, folder, done) == 0)
		unlink_done(folder, name, done);
}

void fl_spool_sweep(int folder)
{
	FL_AUTO_SPOOL_LIST list = { 0 };
	if (fl_spool_list(folder, FL_SPOOL_TAKEN, &list, NULL))
		return;
	for (size_t i = 0; i < list.count; i++)
		unlink_done(folder, list.entries[i]->d_name + strlen(FL_SPOOL_DONE),
			    list.entries[i]->d_name);
}

/* "name", then "name.1", ...: something rejected earlier stays. */
static bool free_name(int folder, const char *name, char ret[FL_SPOOL_NAME_MAX])
{
	for (unsigned i = 0; i < 100000; i++) {
		char number[16] = "";
		struct stat info;
		if (i)
			snprintf(number, sizeof(number), ".%u", i);
		if (!join(name, number, ret))
			return false;
		if (fstatat(folder, ret, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			return true;
	}
	return false;
}

static bool write_reason(int folder, const char *name, const char *reason)
{
	char path[FL_SPOOL_NAME_MAX];
	if (!join(name, ".reason", path))
		return false;
	int fd = openat(folder, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	bool good = dprintf(fd, "%s\n", reason) > 0;
	return close(fd) == 0 && good;
}

static bool
reject_into(int folder, int rejected, const char *from, const char *name, const char *reason)
{
	char to[FL_SPOOL_NAME_MAX];
	char companion[FL_SPOOL_NAME_MAX];
	char to_companion[FL_SPOOL_NAME_MAX];
	errno = ENAMETOOLONG;
	/* The dump last: while it is still in place, a crash only means that this is done again. */
	return free_name(rejected, name, to) && write_reason(rejected, to, reason) &&
	       fl_spool_companion_name(from, companion) &&
	       fl_spool_companion_name(to, to_companion) &&
	       rename_if_there(folder, companion, rejected, to_companion) == 0 &&
	       renameat(folder, from, rejected, to) == 0;
}

enum fl_code fl_spool_reject(int folder, const char *from, const char *name, const char *reason,
			     struct fl_error *err)
{
	if (mkdirat(folder, FL_SPOOL_REJECTED, 0755) != 0 && errno != EEXIST)
		return failed(err, FL_SPOOL_REJECTED);
	int rejected =
		openat(folder, FL_SPOOL_REJECTED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rejected < 0)
		return failed(err, FL_SPOOL_REJECTED);
	enum fl_code code =
		reject_into(folder, rejected, from, name, reason) ? FL_OK : failed(err, name);
	close(rejected);
	return code;
}

static int is_dump(const struct dirent *entry)
{
	bool file = entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN;
	return file && fl_spool_is_dump_name(entry->d_name);
}

static int is_marked(const struct dirent *entry)
{
	return starts_with(entry->d_name, FL_SPOOL_MARK);
}

static int is_done(const struct dirent *entry)
{
	return starts_with(entry->d_name, FL_SPOOL_DONE);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum fl_code
fl_spool_list(int folder, enum fl_spool_kind kind, struct fl_spool_list *ret, struct fl_error *err)
{
	static int (*const filters[])(const struct dirent *) = {
		[FL_SPOOL_NEW] = is_dump,
		[FL_SPOOL_MARKED] = is_marked,
		[FL_SPOOL_TAKEN] = is_done,
	};
	int count = scandirat(folder, ".", &ret->entries, filters[kind], by_name);
	if (count < 0)
		return failed(err, "spool folder");
	ret->count = (size_t)count;
	return FL_OK;
}

void fl_spool_list_deinit(struct fl_spool_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->entries[i]);
	free(list->entries);
	*list = (struct fl_spool_list){ 0 };
}
