/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/index_check.h"

#include "sandbox/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum fl_index_state
say(enum fl_index_state state, enum fl_code code, const char *why, struct fl_error *err)
{
	fl_fail(err, code, FL_AT_NONE, 0, "symbol index: %s", why);
	return state;
}

static enum fl_code
read_head(int fd, struct stat *info, struct fl_symbols_index_info *ret, struct fl_error *err)
{
	uint8_t head[FL_SYMBOLS_INDEX_HEAD];
	ssize_t size = fstat(fd, info) == 0 ? pread(fd, head, sizeof(head), 0) : -1;
	if (size < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "symbol index: %s", strerror(errno));
	return fl_symbols_index_peek(head, (size_t)size, ret, err);
}

/* The few bytes at the place where the index found them. */
static bool same_build_id(const struct fl_symbols_index_info *index, int elf_fd)
{
	uint8_t bytes[sizeof(index->build_id)];
	if (!index->build_id_size || !index->build_id_off)
		return true;
	return index->build_id_off <= index->elf_size &&
	       pread(elf_fd, bytes, index->build_id_size, (off_t)index->build_id_off) ==
		       index->build_id_size &&
	       memcmp(bytes, index->build_id, index->build_id_size) == 0;
}

static enum fl_index_state check_by_origin(const struct fl_symbols_index_info *index,
					   const struct stat *elf, struct fl_error *err)
{
	const struct fl_symbols_origin origin = fl_sandbox_origin(elf);
	if (index->origin.device != origin.device || index->origin.inode != origin.inode)
		return say(FL_INDEX_FOREIGN, FL_EFORMAT, "of another ELF", err);
	if (index->origin.mtime_ns != origin.mtime_ns)
		return say(FL_INDEX_STALE, FL_ENOTFOUND, "the ELF was changed", err);
	return FL_INDEX_FRESH;
}

enum fl_index_state
fl_index_check(int index_fd, int elf_fd, struct fl_symbols_index_info *ret, struct fl_error *err)
{
	struct fl_symbols_index_info index;
	struct stat file;
	struct stat elf;
	if (read_head(index_fd, &file, &index, err))
		return FL_INDEX_FOREIGN;
	if (fstat(elf_fd, &elf) != 0)
		return say(FL_INDEX_STALE, FL_EIO, "its ELF cannot be read", err);
	enum fl_index_state state = check_by_origin(&index, &elf, err);
	if (state != FL_INDEX_FRESH)
		return state;
	if (index.size > (uint64_t)file.st_size)
		return say(FL_INDEX_FOREIGN, FL_EFORMAT, "truncated", err);
	if (!index.same_engine)
		return say(FL_INDEX_STALE, FL_EUNSUPPORTED, "another engine wrote it", err);
	if (index.elf_size != (uint64_t)elf.st_size || !same_build_id(&index, elf_fd))
		return say(FL_INDEX_STALE, FL_ENOTFOUND, "the ELF was changed", err);
	*ret = index;
	return FL_INDEX_FRESH;
}
