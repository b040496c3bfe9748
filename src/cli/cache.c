/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cache.h"

#include "cli/cache_folder.h"
#include "sandbox/index_check.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { YOUNG = 2 /* seconds; see is_settled() */ };

static uint64_t fnv(uint64_t hash, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* The name belongs to it: it is in the reports. */
static void name_file(struct cli_index *slot, const struct fl_sandbox_elf *elf)
{
	uint64_t name = fnv(UINT64_C(0xcbf29ce484222325), elf->name, strlen(elf->name));
	snprintf(slot->file, sizeof(slot->file), "%" PRIx64 "-%" PRIx64 "-%016" PRIx64 ".index",
		 slot->origin.device, slot->origin.inode, name);
}

/* For the life of a child: which file it was, and of what size and date. */
static void make_key(struct fl_sandbox_elf *elf, const struct stat *info)
{
	const struct fl_symbols_origin origin = fl_sandbox_origin(info);
	const uint64_t facts[] = { origin.device, (uint64_t)origin.mtime_ns,
				   (uint64_t)info->st_size };
	const uint64_t key[2] = { origin.inode,
				  fnv(UINT64_C(0xcbf29ce484222325), facts, sizeof(facts)) };
	memcpy(elf->key, key, sizeof(elf->key));
	elf->has_key = true;
}

static void complain(const char *name, const struct cli_index *slot, const char *why)
{
	cli_error("%s: its index in the cache (%s) is not used: %s", cli_text(name), slot->file,
		  cli_text(why));
}

static void
take_index(const struct cli_cache *cache, struct fl_sandbox_elf *elf, struct cli_index *slot)
{
	struct fl_error err = { 0 };
	int fd = cli_cache_open(cache->folder, slot->file, &err);
	enum fl_index_state state = FL_INDEX_FOREIGN;
	struct fl_symbols_index_info info = { 0 };
	if (fd >= 0)
		state = fl_index_check(fd, elf->fd, &info, &err);
	else if (err.code == FL_ENOTFOUND)
		return;
	if (state == FL_INDEX_FRESH) {
		slot->missing = false;
		slot->has_debug_info = info.has_debug_info;
		slot->has_symbol_table = info.has_symbol_table;
		elf->has_index = true;
		elf->index_fd = fd;
		elf->verify = cache->verify;
		return;
	}
	if (state == FL_INDEX_FOREIGN)
		complain(elf->name, slot, err.message);
	if (fd >= 0)
		close(fd);
}

void cli_cache_find(const struct cli_cache *cache, struct cli_elfs *elfs, size_t index)
{
	struct fl_sandbox_elf *elf = &elfs->items[index];
	struct cli_index *slot = &elfs->indexes[index];
	struct stat info;
	if (elf->has_key || fstat(elf->fd, &info) != 0)
		return;
	make_key(elf, &info);
	slot->origin = fl_sandbox_origin(&info);
	if (cache->off)
		return;
	name_file(slot, elf);
	slot->missing = true;
	take_index(cache, elf, slot);
}

void cli_cache_note(struct fl_sandbox *sandbox, struct cli_elfs *elfs, size_t first)
{
	const char *why;
	uint32_t refused = fl_sandbox_refused(sandbox, &why);
	for (size_t i = first; refused && i < elfs->count; i++, refused >>= 1) {
		struct fl_sandbox_elf *elf = &elfs->items[i];
		if (!(refused & 1) || !elf->has_index)
			continue;
		complain(elf->name, &elfs->indexes[i], why);
		close(elf->index_fd);
		elf->has_index = false;
		elfs->indexes[i].missing = elfs->indexes[i].file[0];
	}
}

/*
 * A file that is written twice within one tick of the clock has one mtime. Its build id tells the
 * two apart; without one, an ELF that young is compiled again the next time.
 */
static bool is_settled(const struct fl_symbols_index_info *info)
{
	return info->build_id_size || time(NULL) - info->origin.mtime_ns / 1000000000 > YOUNG;
}

static void keep(const struct cli_cache *cache, struct fl_sandbox *sandbox,
		 const struct fl_sandbox_elf *elf, const struct cli_index *slot)
{
	FL_AUTO_BUFFER bytes = { 0 };
	struct fl_symbols_index_info info;
	if (fl_sandbox_encode_elf(sandbox, elf, false, &bytes, NULL, NULL) ||
	    fl_symbols_index_peek(bytes.data, bytes.size, &info, NULL))
		return;
	bool same = info.origin.device == slot->origin.device &&
		    info.origin.inode == slot->origin.inode &&
		    info.origin.mtime_ns == slot->origin.mtime_ns;
	if (same && is_settled(&info))
		cli_cache_write(cache->folder, slot->file, &bytes);
}

void cli_cache_keep(const struct cli_cache *cache, struct fl_sandbox *sandbox,
		    struct cli_elfs *elfs)
{
	for (size_t i = 0; i < elfs->count; i++) {
		if (!elfs->indexes[i].missing)
			continue;
		keep(cache, sandbox, &elfs->items[i], &elfs->indexes[i]);
		elfs->indexes[i].missing = false;
	}
}

/* A file that is cut off has its new size before it has its new date, and a child dies in between.
 */
static bool has_changed(const struct fl_sandbox_elf *elf, const struct cli_index *slot)
{
	struct fl_sandbox_elf now = { 0 };
	struct stat info;
	if (!slot->origin.inode || elf->has_index || fstat(elf->fd, &info) != 0)
		return false;
	make_key(&now, &info);
	return memcmp(now.key, elf->key, sizeof(now.key)) != 0;
}

int cli_elfs_check(const struct cli_elfs *elfs)
{
	for (size_t i = 0; i < elfs->count; i++) {
		if (!has_changed(&elfs->items[i], &elfs->indexes[i]))
			continue;
		cli_error("%s: was written to while it was read: try again",
			  cli_text(elfs->items[i].name));
		return CLI_FAILED;
	}
	return CLI_OK;
}

int cli_elfs_fail(const struct cli_elfs *elfs, const char *subject, const struct fl_error *err,
		  const struct fl_sandbox_death *death)
{
	int code = cli_elfs_check(elfs);
	if (code)
		return code;
	code = cli_fail(subject, err);
	cli_print_death(death);
	return code;
}

bool cli_cache_wants(const struct cli_elfs *elfs)
{
	for (size_t i = 0; i < elfs->count; i++)
		if (elfs->indexes[i].missing)
			return true;
	return false;
}
