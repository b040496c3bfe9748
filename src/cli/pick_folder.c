/* SPDX-License-Identifier: Apache-2.0 */
/* --symbols FOLDER: the ELF of a build among many files. */
#include "cli/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DEPTH_MAX = 16,
	FILES_MAX = 100000,
	SAME_MAX = 16, /* files of one build that are compared */
	BLOCK = 1 << 20,
	PROGRESS_FILES = 50,
};

/* A file that has the build id. */
struct found {
	int fd;
	char *path;
	struct fl_module_info module;
};

struct search {
	struct fl_sandbox *sandbox;
	const struct cli_cache *cache;
	const struct fl_report_facts *facts;
	struct found found[SAME_MAX];
	size_t found_count;
	unsigned files, elfs;
	bool cut; /* a bound was hit */
	bool progress;
	uint8_t *block;
};

/* --- one file --- */

/* 32-bit, little-endian, Arm: the rest need not be read at all. */
static bool is_arm_elf(int fd)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 1, 1 };
	uint8_t head[20];
	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       memcmp(head, ident, sizeof(ident)) == 0 && head[18] == 40 && head[19] == 0;
}

/*
 * Wherever an ELF keeps its build id (a note, a variable in flash), it keeps these bytes. Much
 * cheaper than to compile every ELF of a folder, and nothing in the file has to be believed.
 */
static bool holds_build_id(const struct search *search, int fd)
{
	size_t size = search->facts->build_id_size;
	size_t kept = 0;
	for (off_t at = 0;;) {
		ssize_t n = pread(fd, search->block + kept, BLOCK, at);
		if (n <= 0)
			return false;
		at += n;
		size_t have = kept + (size_t)n;
		if (memmem(search->block, have, search->facts->build_id, size))
			return true;
		kept = have < size - 1 ? have : size - 1;
		memmove(search->block, search->block + have - kept, kept);
	}
}

static bool is_the_build(const struct search *search, const struct fl_sandbox_modules *modules)
{
	const struct fl_report_facts *facts = search->facts;
	return modules->count && modules->modules[0].build_id_size >= facts->build_id_size &&
	       memcmp(modules->modules[0].build_id, facts->build_id, facts->build_id_size) == 0;
}

/* True: @p fd was taken over. */
static bool keep_if_right(struct search *search, int fd, const char *path)
{
	struct cli_elfs one = { .items = { { .fd = fd, .name = cli_basename(path) } }, .count = 1 };
	struct fl_sandbox_modules modules = { 0 };
	cli_cache_find(search->cache, &one, 0);
	bool right = fl_sandbox_inspect_elf(search->sandbox, &one.items[0], &modules, NULL, NULL) ==
			     FL_OK &&
		     is_the_build(search, &modules);
	if (one.items[0].has_index)
		close(one.items[0].index_fd);
	char *copy = right ? strdup(path) : NULL;
	if (copy && search->found_count < SAME_MAX)
		search->found[search->found_count++] =
			(struct found){ fd, copy, modules.modules[0] };
	else
		right = false;
	if (!right)
		free(copy);
	fl_sandbox_modules_deinit(&modules);
	return right;
}

static void look_at_file(struct search *search, const char *path)
{
	if (search->progress && search->files % PROGRESS_FILES == 0)
		fprintf(stderr, "\r\033[Klooking for the ELF: %u files", search->files);
	search->files++;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	bool kept = false;
	if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && is_arm_elf(fd)) {
		search->elfs++;
		kept = holds_build_id(search, fd) && keep_if_right(search, fd, path);
		if (kept)
			cli_protect(&info);
	}
	if (fd >= 0 && !kept)
		close(fd);
}

/* --- the folder --- */

static bool is_link(const char *path)
{
	struct stat info;
	return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static void look_at(struct search *search, const char *folder, unsigned depth);

static void look_at_entry(struct search *search, const char *path, unsigned depth)
{
	struct stat info;
	if (stat(path, &info) != 0)
		return;
	if (search->files >= FILES_MAX || search->found_count == SAME_MAX)
		search->cut = true;
	else if (S_ISREG(info.st_mode))
		look_at_file(search, path);
	else if (S_ISDIR(info.st_mode) && !is_link(path))
		look_at(search, path, depth + 1);
}

static void look_at(struct search *search, const char *folder, unsigned depth)
{
	struct dirent **entries = NULL;
	int count = depth <= DEPTH_MAX ? scandir(folder, &entries, NULL, alphasort) : 0;
	search->cut |= depth > DEPTH_MAX;
	if (count < 0)
		cli_error("%s: %s", cli_text(folder), strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char path[4096];
		int size = snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    strcmp(name, ".git") != 0 && size > 0 && (size_t)size < sizeof(path))
			look_at_entry(search, path, depth);
		free(entries[i]);
	}
	free(entries);
}

/* --- the best --- */

static bool is_richer(const struct fl_module_info *a, const struct fl_module_info *b)
{
	if (a->has_debug_info != b->has_debug_info)
		return a->has_debug_info;
	if (a->has_code_bytes != b->has_code_bytes)
		return a->has_code_bytes;
	return a->function_count > b->function_count;
}

/* A short build id may begin that of several builds. */
static bool of_one_build(const struct search *search)
{
	const struct fl_module_info *first = &search->found[0].module;
	for (size_t i = 1; i < search->found_count; i++) {
		const struct fl_module_info *other = &search->found[i].module;
		if (other->build_id_size != first->build_id_size ||
		    memcmp(other->build_id, first->build_id, first->build_id_size) != 0)
			return false;
	}
	return true;
}

static const struct found *best(const struct search *search)
{
	const struct found *best = &search->found[0];
	for (size_t i = 1; i < search->found_count; i++)
		if (is_richer(&search->found[i].module, &best->module))
			best = &search->found[i];
	return best;
}

/* What a separate debug file lacks. */
static const struct found *with_code(const struct search *search)
{
	for (size_t i = 0; i < search->found_count; i++)
		if (search->found[i].module.has_code_bytes)
			return &search->found[i];
	return NULL;
}

static bool take(const struct search *search, const struct found *found, struct cli_elfs *ret)
{
	int fd = found ? fcntl(found->fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (fd < 0 || !cli_elfs_add(ret, fd, cli_basename(found->path)))
		return false;
	cli_cache_find(search->cache, ret, ret->count - 1);
	return true;
}

static int choose(const struct search *search, const char *folder, struct cli_elfs *ret)
{
	char hex[41];
	cli_build_id(search->facts->build_id, search->facts->build_id_size, hex);
	if (!search->found_count) {
		cli_error("%s: no ELF in it has the build id %s (%u files, %u ELF files%s)",
			  cli_text(folder), hex, search->files, search->elfs,
			  search->cut ? ", not all of it was looked at" : "");
		return CLI_NOT_FOUND;
	}
	if (!of_one_build(search)) {
		cli_error("%s: several builds in it begin with %s: say which with --elf",
			  cli_text(folder), hex);
		return CLI_NOT_FOUND;
	}
	const struct found *first = best(search);
	if (!take(search, first, ret))
		return CLI_FAILED;
	if (!first->module.has_code_bytes)
		(void)take(search, with_code(search), ret);
	return CLI_OK;
}

int cli_pick_from_folder(struct fl_sandbox *sandbox, const struct cli_cache *cache,
			 const char *folder, const struct fl_report_facts *facts,
			 struct cli_elfs *ret)
{
	struct stat info;
	bool there = stat(folder, &info) == 0;
	if (!there || !S_ISDIR(info.st_mode)) {
		cli_error("%s: %s", cli_text(folder), there ? "is not a folder" : strerror(errno));
		return CLI_FAILED;
	}
	if (!facts->build_id_size) {
		cli_error("the dump has no build id to look for: say which ELF with --elf");
		return CLI_NOT_FOUND;
	}
	struct search search = { .sandbox = sandbox,
				 .cache = cache,
				 .facts = facts,
				 .progress = isatty(STDERR_FILENO),
				 .block = malloc(BLOCK + sizeof(facts->build_id)) };
	if (!search.block) {
		cli_error("out of memory");
		return CLI_FAILED;
	}
	look_at(&search, folder, 0);
	if (search.progress)
		fputs("\r\033[K", stderr);
	int code = choose(&search, folder, ret);
	for (size_t i = 0; i < search.found_count; i++) {
		close(search.found[i].fd);
		free(search.found[i].path);
	}
	free(search.block);
	return code;
}
