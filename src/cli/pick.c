/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pick.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_is_event(const struct fl_buffer *bytes)
{
	return bytes->size && bytes->data[0] >> 5 == 5; /* RFC 8949, 3.1 */
}

enum fl_code cli_analyze_bytes(struct fl_sandbox *sandbox, const struct fl_buffer *bytes,
			       const struct fl_sandbox_elf *elfs, size_t count,
			       struct fl_report **ret, struct fl_sandbox_death *death,
			       struct fl_error *err)
{
	return cli_is_event(bytes) ? fl_sandbox_analyze_event(sandbox, bytes->data, bytes->size,
							      elfs, count, ret, death, err)
				   : fl_sandbox_analyze(sandbox, bytes->data, bytes->size, elfs,
							count, ret, death, err);
}

int cli_open_regular(const char *path, struct fl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat info;
	if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
		cli_protect(&info);
		return fd;
	}
	const char *why = fd < 0                  ? strerror(errno)
			  : S_ISDIR(info.st_mode) ? "is a folder, not an ELF file"
						  : "is not a regular file";
	fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", why);
	if (fd >= 0)
		close(fd);
	return -1;
}

const char *cli_build_id(const uint8_t *bytes, size_t size, char *buf)
{
	if (!size)
		return "none";
	for (size_t i = 0; i < size && i < 20; i++)
		snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
	return buf;
}

bool cli_elfs_add(struct cli_elfs *elfs, int fd, const char *name)
{
	char *copy = elfs->count < CLI_ELFS_MAX ? strdup(name) : NULL;
	if (!copy) {
		cli_error("%s: not used, more than %d ELF files", cli_text(name), CLI_ELFS_MAX);
		close(fd);
		return false;
	}
	elfs->indexes[elfs->count] = (struct cli_index){ 0 };
	elfs->items[elfs->count++] = (struct fl_sandbox_elf){ .fd = fd, .name = copy };
	return true;
}

void cli_elfs_drop(struct cli_elfs *elfs, size_t index)
{
	close(elfs->items[index].fd);
	if (elfs->items[index].has_index)
		close(elfs->items[index].index_fd);
	free((char *)elfs->items[index].name);
	elfs->count--;
	for (size_t i = index; i < elfs->count; i++) {
		elfs->items[i] = elfs->items[i + 1];
		elfs->indexes[i] = elfs->indexes[i + 1];
	}
}

void cli_elfs_deinit(struct cli_elfs *elfs)
{
	while (elfs->count)
		cli_elfs_drop(elfs, elfs->count - 1);
}

static bool add_stored(struct cli_elfs *elfs, int fd, const char *name, const uint8_t hash[16],
		       int index_fd, const char *refusal)
{
	if (refusal[0])
		cli_error("%s: its index beside the database is not used: %s", cli_text(name),
			  cli_text(refusal));
	if (!cli_elfs_add(elfs, fd, name)) {
		if (index_fd >= 0)
			close(index_fd);
		return false;
	}
	struct fl_sandbox_elf *elf = &elfs->items[elfs->count - 1];
	memcpy(elf->key, hash, sizeof(elf->key));
	elf->has_key = true;
	elf->has_index = index_fd >= 0;
	elf->index_fd = index_fd;
	return true;
}

bool cli_elfs_add_choice(struct cli_elfs *elfs, const struct fl_symbol_choice *choice)
{
	bool good = add_stored(elfs, choice->fd, choice->name, choice->hash, choice->index_fd,
			       choice->index_refusal);
	if (choice->companion_fd >= 0)
		good = add_stored(elfs, choice->companion_fd, choice->companion_name,
				  choice->companion_hash, choice->companion_index_fd,
				  choice->companion_index_refusal) &&
		       good;
	return good;
}

int cli_pick_from_database(struct fl_store *store, const char *path,
			   const struct fl_report_facts *facts, struct cli_elfs *ret)
{
	struct fl_symbol_choice choice = { .fd = -1, .companion_fd = -1 };
	struct fl_error err = { 0 };
	if (fl_store_find_symbols(store, facts, &choice, &err))
		return cli_fail(path, &err);
	bool good = cli_elfs_add_choice(ret, &choice);
	return good ? CLI_OK : CLI_FAILED;
}
