/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cache_folder.h"

#include "store/whole_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".index"

enum {
	USED_AGE = 3600, /* a use is noted when the last one is older */
	FILES_MAX = 4096,
};

/* "" where there is no home. */
static void default_folder(char path[PATH_MAX])
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int size = 0;
	if (cache && cache[0] == '/')
		size = snprintf(path, PATH_MAX, "%s/faultline", cache);
	else if (home && home[0] == '/')
		size = snprintf(path, PATH_MAX, "%s/.cache/faultline", home);
	if (size <= 0 || size >= PATH_MAX)
		path[0] = '\0';
}

/* Folders on the way are made as well, as the XDG specification says: for the user alone. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
}

/* -1 where there is none. */
static int open_folder(const char *named, bool make)
{
	char path[PATH_MAX];
	if (!named)
		default_folder(path);
	else if ((size_t)snprintf(path, sizeof(path), "%s", named) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!path[0]) {
		errno = ENOENT;
		return -1;
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make) {
		make_folders(path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd;
}

/* --- reading --- */

/* Whoever can write an index decides what the reports say. */
static bool is_trusted(int fd, struct stat *info)
{
	return fstat(fd, info) == 0 && S_ISREG(info->st_mode) &&
	       (info->st_uid == geteuid() || info->st_uid == 0);
}

static void note_use(int fd, const struct stat *info)
{
	if (time(NULL) - info->st_mtime > USED_AGE)
		(void)futimens(fd, NULL);
}

int cli_cache_open(const char *folder, const char *file, struct fl_error *err)
{
	int dir = open_folder(folder, false);
	int fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = errno;
	struct stat info;
	if (dir >= 0)
		close(dir);
	if (fd >= 0 && is_trusted(fd, &info)) {
		note_use(fd, &info);
		return fd;
	}
	if (fd >= 0) {
		close(fd);
		fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "it is another user's, or no file");
	} else {
		bool gone = dir < 0 || error == ENOENT;
		fl_fail(err, gone ? FL_ENOTFOUND : FL_EIO, FL_AT_NONE, 0, "%s", strerror(error));
	}
	return -1;
}

/* --- what is too much --- */

struct entry {
	char name[80];
	uint64_t size;
	time_t used;
};

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	return (x->used > y->used) - (x->used < y->used);
}

/* As cli_cache_find() calls them. The folder may be one that others keep files in. */
static bool is_our_name(const char *name)
{
	for (unsigned part = 0; part < 3; part++) {
		size_t digits = strspn(name, "0123456789abcdef");
		name += digits;
		if (!digits || digits > 16 || (part < 2 && *name++ != '-'))
			return false;
	}
	return strcmp(name, SUFFIX) == 0;
}

/* False: none of ours, or gone by now. */
static bool take_entry(int dir, const char *name, struct entry *ret)
{
	struct stat info;
	if (!is_our_name(name) || fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(info.st_mode))
		return false;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)sizeof(ret->name) - 1, name);
	ret->size = (uint64_t)info.st_size;
	ret->used = info.st_mtime;
	return true;
}

static size_t list_entries(int dir, struct entry *entries)
{
	size_t count = 0;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	if (!list) {
		if (copy >= 0)
			close(copy);
		return 0;
	}
	time_t now = time(NULL);
	for (struct dirent *e; count < FILES_MAX && (e = readdir(list));) {
		fl_remove_unfinished(dir, e->d_name, now);
		count += take_entry(dir, e->d_name, &entries[count]);
	}
	closedir(list);
	return count;
}

static void drop_least_used(int dir)
{
	struct entry *entries = malloc(FILES_MAX * sizeof(*entries));
	size_t count = entries ? list_entries(dir, entries) : 0;
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += entries[i].size;
	if (count)
		qsort(entries, count, sizeof(*entries), by_use);
	/* The newest is the one that was just written. */
	for (size_t i = 0; i + 1 < count && (sum > CLI_CACHE_MAX || count - i > FILES_MAX / 2); i++)
		if (unlinkat(dir, entries[i].name, 0) == 0)
			sum -= entries[i].size;
	free(entries);
}

/* --- writing --- */

void cli_cache_write(const char *folder, const char *file, const struct fl_buffer *bytes)
{
	int dir = open_folder(folder, true);
	/* Two that write the same one replace each other's by an equal one. */
	bool good = dir >= 0 && fl_replace_file(dir, file, bytes->data, bytes->size);
	if (good)
		drop_least_used(dir);
	else if (folder)
		cli_error("%s: cannot keep an index there: %s", cli_text(folder), strerror(errno));
	if (dir >= 0)
		close(dir);
}
