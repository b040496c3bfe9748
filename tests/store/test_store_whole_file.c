/* SPDX-License-Identifier: Apache-2.0 */
/* Writers that share a folder, and a process id, as programs in containers do. */
#include "store/whole_file.h"
#include "support/cmocka.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 1 << 20, WRITERS = 4, TIMES = 25 };

struct writer {
	int dir;
	char letter;
	unsigned failures;
	atomic_bool *go_on;
};

static int open_folder(char path[32])
{
	strcpy(path, "/tmp/faultline-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	int dir = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(dir >= 0);
	return dir;
}

/* How many there are, but for "." and ".." */
static size_t remove_all(const char *path)
{
	size_t count = 0;
	DIR *list = opendir(path);
	for (struct dirent *e; (e = readdir(list));)
		count += !unlinkat(dirfd(list), e->d_name, 0);
	closedir(list);
	assert_int_equal(rmdir(path), 0);
	return count;
}

static void *write_often(void *context)
{
	struct writer *w = context;
	char *bytes = malloc(SIZE);
	memset(bytes, w->letter, SIZE);
	for (int i = 0; i < TIMES; i++)
		w->failures += !fl_replace_file(w->dir, "file", bytes, SIZE);
	free(bytes);
	return NULL;
}

static bool is_whole(int dir, char *room)
{
	int fd = openat(dir, "file", O_RDONLY);
	if (fd < 0)
		return errno == ENOENT; /* nobody was done with it yet */
	bool whole = read(fd, room, SIZE + 1) == SIZE && !memcmp(room, room + 1, SIZE - 1);
	close(fd);
	return whole;
}

static void *read_often(void *context)
{
	struct writer *w = context;
	char *room = malloc(SIZE + 1);
	while (atomic_load(w->go_on))
		w->failures += !is_whole(w->dir, room);
	free(room);
	return NULL;
}

static void test_writers_do_not_meet(void **state)
{
	char path[32];
	int dir = open_folder(path);
	atomic_bool go_on = true;
	struct writer writers[WRITERS];
	struct writer reader = { .dir = dir, .go_on = &go_on };
	pthread_t threads[WRITERS], reading;
	(void)state;
	assert_int_equal(pthread_create(&reading, NULL, read_often, &reader), 0);
	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){ .dir = dir, .letter = (char)('a' + i) };
		assert_int_equal(pthread_create(&threads[i], NULL, write_often, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	atomic_store(&go_on, false);
	pthread_join(reading, NULL);
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(writers[i].failures, 0);
	assert_int_equal(reader.failures, 0);
	close(dir);
	assert_int_equal(remove_all(path), 1); /* nothing is left behind */
}

static void test_failure_says_why(void **state)
{
	char path[32];
	int dir = open_folder(path);
	(void)state;
	assert_int_equal(mkdirat(dir, "file", 0700), 0);
	assert_false(fl_replace_file(dir, "file", "x", 1));
	assert_int_equal(errno, EISDIR);
	assert_int_equal(unlinkat(dir, "file", AT_REMOVEDIR), 0);
	close(dir);
	assert_int_equal(remove_all(path), 0);
	assert_false(fl_replace_file(-1, "file", "x", 1));
	assert_int_equal(errno, EBADF);
}

static void make_unfinished(int dir, const char *name, time_t age)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0600);
	struct timespec times[2] = { { .tv_sec = time(NULL) - age },
				     { .tv_sec = time(NULL) - age } };
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void test_what_the_dead_left(void **state)
{
	static const char *const names[] = { ".writing-old", ".writing-young", "old" };
	char path[32];
	int dir = open_folder(path);
	(void)state;
	make_unfinished(dir, names[0], FL_WRITING_AGE + 60);
	make_unfinished(dir, names[1], FL_WRITING_AGE - 60);
	make_unfinished(dir, names[2], FL_WRITING_AGE + 60);
	for (size_t i = 0; i < 3; i++)
		fl_remove_unfinished(dir, names[i], time(NULL));
	assert_int_not_equal(faccessat(dir, names[0], F_OK, 0), 0);
	assert_int_equal(faccessat(dir, names[1], F_OK, 0), 0);
	assert_int_equal(faccessat(dir, names[2], F_OK, 0), 0);
	close(dir);
	assert_int_equal(remove_all(path), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writers_do_not_meet),
		cmocka_unit_test(test_failure_says_why),
		cmocka_unit_test(test_what_the_dead_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
