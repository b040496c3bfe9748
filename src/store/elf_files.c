/* SPDX-License-Identifier: Apache-2.0 */
#include "store/elf_files.h"

#include "base/hash.h"
#include "base/str.h"
#include "store/whole_file.h"

#include <faultline/symbols.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INDEX_SUFFIX ".index"

enum { NAME_SIZE = 64 };

/* A descriptor that closes with its scope; -1 = none. */
static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define AUTO_FD __attribute__((__cleanup__(close_fd))) int

static enum fl_code fail_with(struct fl_store *store, enum fl_code code, const char *name,
			      const char *words, struct fl_error *err)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s%s%s", store->symbols_dir, name[0] ? "/" : "", name);
	return fl_path_fail(err, code, path, words);
}

static enum fl_code fail(struct fl_store *store, const char *name, struct fl_error *err)
{
	int error = errno;
	return fail_with(store, error == ENOMEM ? FL_ENOMEM : FL_EIO, name, strerror(error), err);
}

static void name_of(const uint8_t hash[16], char ret[NAME_SIZE])
{
	char hex[33];
	fl_hex(hash, 16, hex);
	snprintf(ret, NAME_SIZE, "%s.elf", hex);
}

static void name_of_index(const uint8_t hash[16], char ret[NAME_SIZE])
{
	char hex[33];
	fl_hex(hash, 16, hex);
	snprintf(ret, NAME_SIZE, "%s" INDEX_SUFFIX, hex);
}

static int open_directory(const struct fl_store *store)
{
	if (!store->symbols_dir)
		return -1;
	return open(store->symbols_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A new directory is only there after a crash when its parent was synced. */
static enum fl_code make_directory(struct fl_store *store, int *fd_ret, struct fl_error *err)
{
	if (!store->symbols_dir)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0,
			       "a database in memory holds no symbol files");
	bool made = mkdir(store->symbols_dir, 0777) == 0;
	if (!made && errno != EEXIST)
		return fail(store, "", err);
	*fd_ret = open_directory(store);
	if (*fd_ret < 0)
		return fail(store, "", err);
	if (made) {
		AUTO_FD parent = openat(*fd_ret, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0 || fsync(parent))
			return fail(store, "", err);
	}
	return FL_OK;
}

/* Compares the bytes and not only the size: a file that rotted on the disk is written again. */
static bool holds(int dir, const char *name, const void *bytes, size_t size)
{
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) || st.st_size < 0 || (uint64_t)st.st_size != size)
		return false;
	if (!size)
		return true;
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	bool equal = memcmp(map, bytes, size) == 0;
	munmap(map, size);
	return equal;
}

static bool replace(int dir, const char *name, const void *bytes, size_t size)
{
	return fl_replace_file(dir, name, bytes, size) && !fsync(dir);
}

enum fl_code fl_elf_file_keep(struct fl_store *store, const uint8_t hash[16], const void *bytes,
			      size_t size, bool *written_ret, struct fl_error *err)
{
	char name[NAME_SIZE];
	name_of(hash, name);
	AUTO_FD dir = -1;
	enum fl_code code = make_directory(store, &dir, err);
	if (code)
		return code;
	*written_ret = !holds(dir, name, bytes, size);
	if (*written_ret && !replace(dir, name, bytes, size))
		return fail(store, name, err);
	return FL_OK;
}

enum fl_code
fl_elf_file_open(struct fl_store *store, const uint8_t hash[16], int *fd_ret, struct fl_error *err)
{
	char name[NAME_SIZE];
	name_of(hash, name);
	AUTO_FD dir = open_directory(store);
	int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(store, name, err);
	*fd_ret = fd;
	return FL_OK;
}

/* Its name says what it holds: a disk that fails must not decide what reports say. */
static bool holds_what_it_is_called(int fd, const uint8_t hash[16])
{
	struct stat st;
	uint8_t real[16];
	if (fstat(fd, &st) || st.st_size <= 0)
		return false;
	size_t size = (size_t)st.st_size;
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	fl_hash128(map, size, real);
	munmap(map, size);
	return memcmp(real, hash, sizeof(real)) == 0;
}

bool fl_elf_file_exists(const struct fl_store *store, const uint8_t hash[16])
{
	char name[NAME_SIZE];
	name_of(hash, name);
	AUTO_FD dir = open_directory(store);
	return dir >= 0 && !faccessat(dir, name, R_OK, 0);
}

/* Contents that are said to be those of the ELF are what names it: no look at the ELF. */
static enum fl_code check_index(int fd, const uint8_t hash[16], struct fl_error *err)
{
	uint8_t head[FL_SYMBOLS_INDEX_HEAD];
	struct fl_symbols_index_info info;
	struct stat st;
	ssize_t size = fstat(fd, &st) ? -1 : pread(fd, head, sizeof(head), 0);
	if (size < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", strerror(errno));
	enum fl_code code = fl_symbols_index_peek(head, (size_t)size, &info, err);
	if (code)
		return code;
	if (memcmp(info.elf_hash, hash, 16) != 0)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "it is of another ELF");
	if (info.size != (uint64_t)st.st_size)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "its size is not what it says");
	return info.same_engine ? FL_OK : FL_ENOTFOUND;
}

static int index_file_open(const struct fl_store *store, const uint8_t hash[16],
			   char refusal[FL_INDEX_REFUSAL])
{
	char name[NAME_SIZE];
	struct fl_error why = { 0 };
	refusal[0] = '\0';
	name_of_index(hash, name);
	AUTO_FD dir = open_directory(store);
	int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || !check_index(fd, hash, &why))
		return fd;
	snprintf(refusal, FL_INDEX_REFUSAL, "%.*s", FL_INDEX_REFUSAL - 1, why.message);
	close(fd);
	return -1;
}

enum fl_code fl_elf_file_open_indexed(struct fl_store *store, const uint8_t hash[16], int *fd_ret,
				      int *index_ret, char refusal[FL_INDEX_REFUSAL],
				      struct fl_error *err)
{
	char name[NAME_SIZE];
	AUTO_FD fd = -1;
	enum fl_code code = fl_elf_file_open(store, hash, &fd, err);
	if (code)
		return code;
	int index = index_file_open(store, hash, refusal);
	name_of(hash, name);
	if (index < 0 && !holds_what_it_is_called(fd, hash))
		return fail_with(store, FL_EIO, name, "damaged", err);
	*index_ret = index;
	*fd_ret = fd;
	fd = -1;
	return FL_OK;
}

enum fl_code fl_store_keep_index(struct fl_store *store, const uint8_t hash[16], const void *bytes,
				 size_t size, struct fl_error *err)
{
	char name[NAME_SIZE];
	name_of_index(hash, name);
	AUTO_FD dir = open_directory(store);
	if (dir < 0 || !fl_elf_file_exists(store, hash))
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "no such symbol file");
	return replace(dir, name, bytes, size) ? FL_OK : fail(store, name, err);
}

void fl_elf_file_remove(const struct fl_store *store, const uint8_t hash[16])
{
	char name[NAME_SIZE];
	AUTO_FD dir = open_directory(store);
	name_of_index(hash, name);
	if (dir >= 0)
		unlinkat(dir, name, 0);
	name_of(hash, name);
	if (dir >= 0 && !unlinkat(dir, name, 0))
		fsync(dir);
}

/* Of an ELF that somebody else removed. */
static void remove_when_alone(int dir, const char *name)
{
	char elf[NAME_SIZE];
	size_t length = strlen(name);
	if (length != 32 + strlen(INDEX_SUFFIX) || strcmp(name + 32, INDEX_SUFFIX) != 0)
		return;
	snprintf(elf, sizeof(elf), "%.32s.elf", name);
	if (faccessat(dir, elf, F_OK, 0) != 0 && errno == ENOENT)
		unlinkat(dir, name, 0);
}

void fl_elf_files_clean(struct fl_store *store)
{
	int fd = open_directory(store);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	time_t now = time(NULL);
	for (struct dirent *entry; (entry = readdir(dir));) {
		fl_remove_unfinished(dirfd(dir), entry->d_name, now);
		remove_when_alone(dirfd(dir), entry->d_name);
	}
	closedir(dir);
}

/* --- files without a row --- */

static bool parse_name(const char *name, uint8_t ret[16])
{
	if (strlen(name) != 36 || strcmp(name + 32, ".elf") != 0)
		return false;
	for (size_t i = 0; i < 32; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = memchr(digits, name[i], 16);
		if (!digit)
			return false;
		unsigned high = i % 2 ? ret[i / 2] * 16u : 0;
		ret[i / 2] = (uint8_t)(high + (unsigned)(digit - digits));
	}
	return true;
}

void fl_elf_files_each(const struct fl_store *store, fl_elf_file_fn each, void *context)
{
	int fd = open_directory(store);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		uint8_t hash[16];
		struct stat st;
		if (!parse_name(entry->d_name, hash) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!each(context, hash, (uint64_t)st.st_size, st.st_mtime))
			break;
	}
	closedir(dir);
}

enum fl_code fl_elf_file_row(struct fl_store *store, const uint8_t hash[16], struct fl_error *err)
{
	FL_AUTO_QUERY query = fl_query(store, FL_SQL_SYMBOLS_FIND);
	fl_bind_blob(&query, 1, hash, 16);
	return fl_query_row(&query, err);
}

struct orphans {
	struct fl_store *store;
	bool dry_run;
	uint64_t count, bytes;
	time_t now;
	enum fl_code code;
	struct fl_error *err;
};

static bool take_orphan(void *context, const uint8_t hash[16], uint64_t size, int64_t mtime)
{
	struct orphans *o = context;
	if (o->now - mtime <= FL_WRITING_AGE)
		return true; /* its row may be on the way */
	FL_AUTO_TRANSACTION transaction = { 0 };
	o->code = o->dry_run ? FL_OK : fl_begin(o->store, &transaction, o->err);
	if (!o->code)
		o->code = fl_elf_file_row(o->store, hash, o->err);
	if (o->code == FL_OK)
		return true;
	if (o->code != FL_ENOTFOUND)
		return false;
	o->code = FL_OK;
	if (!o->dry_run)
		fl_elf_file_remove(o->store, hash);
	o->count++;
	o->bytes += size;
	return true;
}

enum fl_code fl_elf_files_orphans(struct fl_store *store, bool dry_run, uint64_t *count_ret,
				  uint64_t *bytes_ret, struct fl_error *err)
{
	struct orphans o = { .store = store, .dry_run = dry_run, .now = time(NULL), .err = err };
	fl_elf_files_each(store, take_orphan, &o);
	*count_ret = o.count;
	*bytes_ret = o.bytes;
	return o.code;
}
