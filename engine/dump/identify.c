/* SPDX-License-Identifier: Apache-2.0 */
#include "dump/identify.h"

#include "base/reader.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct magic {
	uint8_t size;
	const char *bytes;
	const char *phrase;
};

/* First match wins. */
static const struct magic magics[] = {
	{ 4, "\177ELF", "an ELF file" },
	{ 4, "EROC", "a coredump with swapped bytes" },
	{ 2, "\x1f\x8b", "gzip-compressed data" },
	{ 4, "\x28\xb5\x2f\xfd", "zstd-compressed data" },
	{ 6,
	  "\xfd"
	  "7zXZ",
	  "xz-compressed data" },
	{ 4, "PK\3\4", "a ZIP archive" },
	{ 8, "!<arch>\n", "an ar archive" },
	{ 15, "SQLite format 3", "an SQLite database" },
	{ 3, "ZE\1", "a Zephyr coredump" },
	{ 3, "ZE\2", "a Zephyr coredump" },
	{ 4, "cC\3\0", "a CrashCatcher dump" },
	{ 4, "cC\2\0", "a CrashCatcher dump" },
	{ 8, "63430300", "a CrashCatcher dump as text" },
	{ 4, "UF2\n", "a UF2 firmware image" },
	{ 3, "MC:", "a log of exported chunks (MC: lines)" },
	{ 9, ":02000004", "an Intel HEX file" },
	{ 4, ":100", "an Intel HEX file" },
	{ 2, "S0", "a Motorola S-record file" },
	{ 4, "DUMP", "the footer of a coredump without the rest" },
	{ 2, "\x08\x01", "a chunk that still has to be unpacked" },
	{ 2, "\x08\x81", "a chunk that still has to be unpacked" },
	{ 2, "\x48\x01", "the first chunk of a message" },
	{ 2, "\x48\x81", "the first chunk of a message" },
	{ 2, "\x08\x02", "a chunk with events, not with a coredump" },
};

static bool all_equal(const uint8_t *bytes, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static bool is_text(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size && i < 512; i++)
		if (bytes[i] < 0x20 ? !strchr("\t\n\r", bytes[i]) || !bytes[i] : bytes[i] > 0x7e)
			return false;
	return true;
}

/* Memory images and captured streams often hold a dump somewhere. */
static const char *core_inside(const uint8_t *bytes, size_t size, char *buf, size_t room)
{
	const uint8_t *hit = memmem(bytes, size, "CORE", 4);
	if (!hit || size - (size_t)(hit - bytes) < 12)
		return NULL;
	struct fl_reader r = fl_reader("version", hit + 4, 4, 0);
	uint32_t version = fl_read_u32(&r);
	if (version != 1 && version != 2)
		return NULL;
	snprintf(buf, room, "something that holds a coredump at offset %zu", (size_t)(hit - bytes));
	return buf;
}

static const char *first_bytes(const uint8_t *bytes, size_t size, char *buf, size_t room)
{
	int used = snprintf(buf, room, "data that begins with");
	for (size_t i = 0; i < size && i < 8; i++)
		used += snprintf(buf + used, room - (size_t)used, " %02x", bytes[i]);
	return buf;
}

const char *fl_identify(const uint8_t *bytes, size_t size, char *buf, size_t room)
{
	if (!size)
		return "an empty file";
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (size >= magics[i].size && !memcmp(bytes, magics[i].bytes, magics[i].size))
			return magics[i].phrase;
	if (all_equal(bytes, size, 0))
		return "nothing but zeros";
	if (all_equal(bytes, size, 0xff))
		return "nothing but 0xff, like erased flash";
	const char *inside = core_inside(bytes, size, buf, room);
	if (inside)
		return inside;
	if (is_text(bytes, size))
		return "text";
	return first_bytes(bytes, size, buf, room);
}
