/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "support/cmocka.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_make(struct scratch *scratch)
{
	*scratch = (struct scratch){ .folder = "/tmp/faultline-test-XXXXXX" };
	assert_non_null(mkdtemp(scratch->folder));
	snprintf(scratch->database, sizeof(scratch->database), "%s/test.db", scratch->folder);
	snprintf(scratch->spool, sizeof(scratch->spool), "%s/spool", scratch->folder);
	assert_int_equal(mkdir(scratch->spool, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void scratch_remove(struct scratch *scratch)
{
	scratch_close_store(scratch);
	if (scratch->folder[0])
		nftw(scratch->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct fl_store *scratch_store(struct scratch *scratch)
{
	struct fl_error err = { 0 };
	if (!scratch->store && fl_store_open(scratch->database, &scratch->store, &err))
		fail_msg("%s", err.message);
	return scratch->store;
}

void scratch_close_store(struct scratch *scratch)
{
	fl_store_close(scratch->store);
	scratch->store = NULL;
}

void scratch_put(const struct scratch *scratch, const char *name, const void *bytes, size_t size)
{
	char hidden[512], path[512];
	snprintf(hidden, sizeof(hidden), "%s/.upload", scratch->spool);
	snprintf(path, sizeof(path), "%s/%s", scratch->spool, name);
	int fd = open(hidden, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(close(fd), 0);
	assert_int_equal(rename(hidden, path), 0);
}

void scratch_put_text(const struct scratch *scratch, const char *name, const char *text)
{
	scratch_put(scratch, name, text, strlen(text));
}

bool scratch_has(const struct scratch *scratch, const char *name)
{
	char path[512];
	struct stat info;
	snprintf(path, sizeof(path), "%s/%s", scratch->spool, name);
	return lstat(path, &info) == 0;
}

unsigned scratch_count(const struct scratch *scratch)
{
	unsigned count = 0;
	DIR *dir = opendir(scratch->spool);
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

struct fl_buffer scratch_read(const char *path)
{
	struct fl_buffer bytes = { 0 };
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		fail_msg("%s cannot be read", path);
	bytes.size = (size_t)info.st_size;
	bytes.data = malloc(bytes.size + 1);
	assert_non_null(bytes.data);
	assert_int_equal(read(fd, bytes.data, bytes.size), bytes.size);
	bytes.data[bytes.size] = '\0';
	close(fd);
	return bytes;
}

void scratch_add_symbols(struct scratch *scratch, const char *path, const char *software_type,
			 const char *software_version, struct fl_symbol_added *ret)
{
	FL_AUTO_BUFFER bytes = scratch_read(path);
	FL_AUTO(fl_symbols) symbols = NULL;
	struct fl_module_info modules[32];
	struct fl_error err = { 0 };
	if (fl_symbols_open(bytes.data, bytes.size, "fw.elf", &symbols, &err))
		fail_msg("%s: %s", path, err.message);
	const struct fl_symbol_file file = {
		.name = "fw.elf",
		.bytes = bytes.data,
		.size = bytes.size,
		.modules = modules,
		.module_count = fl_symbols_module_count(symbols),
		.software_type = software_type,
		.software_version = software_version,
	};
	assert_true(file.module_count <= 32);
	for (size_t i = 0; i < file.module_count; i++)
		modules[i] = fl_symbols_module(symbols, i);
	if (fl_store_add_symbols(scratch_store(scratch), &file, ret, &err))
		fail_msg("%s", err.message);
}

static void copy_text(char *to, size_t room, const char *text)
{
	snprintf(to, room, "%s", text ? text : "");
}

static bool add_row(void *context, const struct fl_trace_row *from)
{
	struct scratch_rows *rows = context;
	rows->rows = reallocarray(rows->rows, rows->count + 1, sizeof(rows->rows[0]));
	assert_non_null(rows->rows);
	struct scratch_row *row = &rows->rows[rows->count++];
	*row = (struct scratch_row){
		.id = from->id,
		.dump_id = from->dump_id,
		.issue_id = from->issue_id,
		.received_at = from->received_at,
		.duplicates = from->duplicates,
		.attempts = from->attempts,
	};
	copy_text(row->state, sizeof(row->state), from->state);
	copy_text(row->source, sizeof(row->source), from->source);
	copy_text(row->device, sizeof(row->device), from->device);
	copy_text(row->software_version, sizeof(row->software_version), from->software_version);
	copy_text(row->reason, sizeof(row->reason), from->reason);
	copy_text(row->backtrace, sizeof(row->backtrace), from->backtrace);
	return true;
}

static int by_dump(const void *a, const void *b)
{
	const struct scratch_row *left = a;
	const struct scratch_row *right = b;
	return (left->dump_id > right->dump_id) - (left->dump_id < right->dump_id);
}

struct scratch_rows scratch_rows(struct scratch *scratch)
{
	struct scratch_rows rows = { 0 };
	const struct fl_trace_filter all = { 0 };
	struct fl_error err = { 0 };
	if (fl_store_traces(scratch_store(scratch), &all, add_row, &rows, &err))
		fail_msg("%s", err.message);
	if (rows.count)
		qsort(rows.rows, rows.count, sizeof(rows.rows[0]), by_dump);
	return rows;
}

void scratch_rows_free(struct scratch_rows *rows)
{
	free(rows->rows);
	*rows = (struct scratch_rows){ 0 };
}

const struct scratch_row *scratch_row(const struct scratch_rows *rows, const char *source)
{
	const struct scratch_row *found = NULL;
	for (size_t i = 0; i < rows->count; i++) {
		if (strcmp(rows->rows[i].source, source) != 0)
			continue;
		if (found)
			fail_msg("%s is there twice", source);
		found = &rows->rows[i];
	}
	if (!found)
		fail_msg("%s is not there", source);
	return found;
}
