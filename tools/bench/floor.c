/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a worker has to do per dump, and nothing else: the measure of how near to this
 * machine's limit the worker is, on slow machines and fast ones. Per dump: copy and checksum it,
 * hash it, look up 64 frames in tables of the size of a large firmware's, write them as text, hash
 * them, and insert one row with the frames as a blob; 100 rows per transaction, WAL, synchronous
 * NORMAL. usage: floor DATABASE COUNT DUMP      prints JSON
 */
#include "program.h"

#include <sqlite3.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zlib.h>

#include <stdint.h>
#include <string.h>

enum { FRAMES = 64, FUNCTIONS = 38000, LINES = 720000, BATCH = 100, DUMP_MAX = 1 << 20 };

static uint32_t functions[FUNCTIONS], lines[LINES];
static struct bytes dump;
static uint8_t copy[DUMP_MAX];
static char text[FRAMES * 96];

static uint32_t below(uint32_t limit)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 32) * limit >> 32);
}

static void fill_tables(void)
{
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		functions[i] = i * 42;
	for (uint32_t i = 0; i < LINES; i++)
		lines[i] = i * 2;
}

/* The last element that is not above @p key. */
static uint32_t find(const uint32_t *keys, uint32_t count, uint32_t key)
{
	uint32_t base = 0;

	for (uint32_t half; count > 1; count -= half) {
		half = count / 2;
		base += keys[base + half] <= key ? half : 0;
	}
	return base;
}

static size_t name_frames(void)
{
	size_t size = 0;

	for (int i = 0; i < FRAMES; i++) {
		uint32_t pc = below(FUNCTIONS * 42);

		size += (size_t)snprintf(text + size, sizeof(text) - size,
					 "#%-2d 0x%08x  function_%u at unit_%03u.c:%u\n", i, pc,
					 find(functions, FUNCTIONS, pc), pc & 255,
					 find(lines, LINES, pc));
	}
	return size;
}

static void run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		fail("the database", sqlite3_errmsg(db));
}

static sqlite3_stmt *open_database(const char *path, sqlite3 **db)
{
	sqlite3_stmt *insert;

	if (sqlite3_open(path, db))
		fail("the database", "cannot be opened");
	run(*db, "PRAGMA journal_mode=WAL");
	run(*db, "PRAGMA synchronous=NORMAL");
	run(*db, "CREATE TABLE trace(id INTEGER PRIMARY KEY, hash BLOB, fingerprint BLOB, issue "
		 "INTEGER, report BLOB)");
	if (sqlite3_prepare_v2(*db,
			       "INSERT INTO trace(hash, fingerprint, issue, report) "
			       "VALUES(?, ?, ?, ?)",
			       -1, &insert, NULL))
		fail("the database", sqlite3_errmsg(*db));
	return insert;
}

static void
insert_row(sqlite3_stmt *insert, XXH128_hash_t content, XXH128_hash_t stack, size_t size)
{
	sqlite3_bind_blob(insert, 1, &content, sizeof(content), SQLITE_STATIC);
	sqlite3_bind_blob(insert, 2, &stack, sizeof(stack), SQLITE_STATIC);
	sqlite3_bind_int(insert, 3, (int)(stack.low64 & 3));
	sqlite3_bind_blob(insert, 4, text, (int)size, SQLITE_STATIC);
	if (sqlite3_step(insert) != SQLITE_DONE)
		fail("the row", "cannot be inserted");
	sqlite3_reset(insert);
}

static void one_dump(sqlite3_stmt *insert, uint32_t number)
{
	memcpy(dump.data + dump.size / 2, &number, sizeof(number));
	memcpy(copy, dump.data, dump.size);
	if (!crc32(0, copy, (uInt)dump.size))
		fail("the checksum", "is zero");
	XXH128_hash_t content = XXH3_128bits(copy, dump.size);
	size_t size = name_frames();

	insert_row(insert, content, XXH3_128bits(text, size), size);
}

int main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	uint32_t count;

	if (argc != 4)
		fail("usage", "floor DATABASE COUNT DUMP");
	count = (uint32_t)strtoul(argv[2], NULL, 10);
	dump = read_file(argv[3]);
	if (dump.size > sizeof(copy))
		fail(argv[3], "is too large");
	fill_tables();
	sqlite3_stmt *insert = open_database(argv[1], &db);
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

	for (uint32_t i = 0; i < count; i++) {
		if (i % BATCH == 0)
			run(db, i ? "COMMIT; BEGIN IMMEDIATE" : "BEGIN IMMEDIATE");
		one_dump(insert, i);
	}
	run(db, "COMMIT");
	printf("{\"count\": %u, \"wall_s\": %.6f, \"cpu_s\": %.6f}\n", count,
	       seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	sqlite3_finalize(insert);
	sqlite3_close(db);
	free(dump.data);
	return 0;
}
