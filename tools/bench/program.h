/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the programs of the benchmark share. A failure ends them. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct bytes {
	char *data; /**< free() it */
	size_t size;
};

static inline void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static inline struct bytes read_file(const char *path)
{
	struct bytes ret = { 0 };
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 0, SEEK_END))
		fail(path, "cannot be read");
	ret.size = (size_t)ftell(file);
	ret.data = malloc(ret.size + 1);
	rewind(file);
	if (!ret.data || fread(ret.data, 1, ret.size, file) != ret.size)
		fail(path, "cannot be read");
	fclose(file);
	return ret;
}

static inline double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#endif
