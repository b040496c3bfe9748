/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)1 << 30)

static enum fl_code io_error(struct fl_error *err)
{
	return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", strerror(errno));
}

static enum fl_code read_all(int fd, size_t hint, struct fl_buffer *ret, struct fl_error *err)
{
	size_t room = hint + 1;
	FL_AUTO_BUFFER bytes = { .data = malloc(room) };
	while (bytes.data) {
		ssize_t n = read(fd, bytes.data + bytes.size, room - bytes.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error(err);
		if (n == 0) {
			*ret = bytes;
			bytes = (struct fl_buffer){ 0 };
			return FL_OK;
		}
		bytes.size += (size_t)n;
		if (bytes.size > FILE_SIZE_MAX)
			return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "larger than 1 GiB");
		if (bytes.size < room)
			continue;
		room *= 2;
		uint8_t *grown = realloc(bytes.data, room);
		if (!grown)
			break;
		bytes.data = grown;
	}
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
}

enum fl_code cli_read_file(const char *path, struct fl_buffer *ret, struct fl_error *err)
{
	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, 64 * 1024, ret, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return io_error(err);
	struct stat info;
	enum fl_code code = FL_OK;
	if (fstat(fd, &info) != 0)
		code = io_error(err);
	else if (S_ISDIR(info.st_mode))
		code = fl_fail(err, FL_EIO, FL_AT_NONE, 0, "is a folder, not a file");
	else if (info.st_size > (off_t)FILE_SIZE_MAX)
		code = fl_fail(err, FL_EIO, FL_AT_NONE, 0, "larger than 1 GiB");
	else
		code = read_all(fd, (size_t)info.st_size, ret, err);
	if (!code)
		cli_protect(&info);
	close(fd);
	return code;
}

const char *cli_basename(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

void cli_rules_deinit(struct cli_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free((char *)rules->files[i].name);
		fl_buffer_deinit(&rules->texts[i]);
	}
	free(rules->files);
	free(rules->texts);
	*rules = (struct cli_rules){ 0 };
}

static enum fl_code
add_rules_file(struct cli_rules *rules, const char *path, const char *name, struct fl_error *err)
{
	size_t count = rules->count + 1;
	struct fl_rules_file *files = realloc(rules->files, count * sizeof(*files));
	if (files)
		rules->files = files;
	struct fl_buffer *texts = realloc(rules->texts, count * sizeof(*texts));
	if (texts)
		rules->texts = texts;
	char *copy = strdup(name);
	if (!files || !texts || !copy) {
		free(copy);
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
	}
	struct fl_buffer text = { 0 };
	enum fl_code code = cli_read_file(path, &text, err);
	uint8_t *ended = code ? NULL : realloc(text.data, text.size + 1);
	if (!ended) {
		free(copy);
		fl_buffer_deinit(&text);
		return code ? code : fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
	}
	ended[text.size] = '\0';
	text.data = ended;
	rules->texts[rules->count] = text;
	rules->files[rules->count] = (struct fl_rules_file){ copy, (const char *)ended };
	rules->count = count;
	return FL_OK;
}

/* "plumbing/zephyr.list" under the folder is the list "plumbing/zephyr". */
static enum fl_code load_folder(struct cli_rules *rules, const char *folder, const char *prefix,
				unsigned depth, struct fl_error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0)
		return io_error(err);
	enum fl_code code = FL_OK;
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		const char *dot = strrchr(name, '.');
		char path[4096];
		char list[512];
		struct stat info;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (!code && name[0] != '.' && stat(path, &info) == 0) {
			if (S_ISDIR(info.st_mode) && depth < 2) {
				snprintf(list, sizeof(list), "%s%s/", prefix, name);
				code = load_folder(rules, path, list, depth + 1, err);
			} else if (dot && strcmp(dot, ".list") == 0) {
				snprintf(list, sizeof(list), "%s%.*s", prefix, (int)(dot - name),
					 name);
				code = add_rules_file(rules, path, list, err);
			}
		}
		free(entries[i]);
	}
	free(entries);
	return code;
}

enum fl_code cli_rules_load(const char *folder, struct cli_rules *ret, struct fl_error *err)
{
	*ret = (struct cli_rules){ 0 };
	enum fl_code code = load_folder(ret, folder, "", 0, err);
	if (!code && !ret->count)
		code = fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "no *.list file in it");
	if (code)
		cli_rules_deinit(ret);
	return code;
}
