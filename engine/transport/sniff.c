/* SPDX-License-Identifier: Apache-2.0 */
#include <faultline/carrier.h>
#include <faultline/transport.h>

#include "transport/base64.h"
#include "transport/chunk.h"
#include "transport/crc16.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* @ref whole: the size of all of it, of which @ref bytes are the beginning. */
struct blob {
	const uint8_t *bytes;
	size_t size;
	uint64_t whole;
};

struct magic {
	uint8_t size;
	const char *bytes;
	enum fl_carrier carrier;
};

/* First match wins. */
static const struct magic magics[] = {
	{ 4, "CORE", FL_CARRIER_DUMP },
	{ 4, "CHNK", FL_CARRIER_SPOOL },
	{ 4, "\177ELF", FL_CARRIER_ELF },
	{ 4, "ZE\1\0", FL_CARRIER_OTHER_DUMP }, /* Zephyr, version as u16 */
	{ 4, "ZE\2\0", FL_CARRIER_OTHER_DUMP },
	{ 4, "cC\3\0", FL_CARRIER_OTHER_DUMP }, /* CrashCatcher, version 3.0 */
	{ 4, "cC\2\0", FL_CARRIER_OTHER_DUMP },
	{ 8, "63430300", FL_CARRIER_OTHER_DUMP }, /* the same as text */
	{ 8, "63430200", FL_CARRIER_OTHER_DUMP },
	{ 4, "CD\1\0", FL_CARRIER_OTHER_DUMP }, /* Zephyr's flash partition, version as u16 */
	{ 4, "\xc3\x47\x0c\x69", FL_CARRIER_OTHER_DUMP }, /* Mynewt */
	{ 4, "MDMP", FL_CARRIER_OTHER_DUMP },             /* minidump */
};

static enum fl_carrier by_magic(const struct blob *blob)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (blob->size >= magics[i].size &&
		    !memcmp(blob->bytes, magics[i].bytes, magics[i].size))
			return magics[i].carrier;
	return FL_CARRIER_UNKNOWN;
}

static bool is_ascii(const struct blob *blob)
{
	for (size_t i = 0; i < blob->size; i++)
		if (blob->bytes[i] >= 0x80)
			return false;
	return true;
}

static bool is_text(const struct blob *blob)
{
	for (size_t i = 0; i < blob->size; i++)
		if (blob->bytes[i] < 0x20 ? !memchr("\t\n\r\x1b", blob->bytes[i], 4)
					  : blob->bytes[i] == 0x7f)
			return false;
	return blob->size > 0;
}

/* The first byte of a message. */
static bool is_message_type(uint8_t byte)
{
	uint8_t type = byte & 0x3f;
	return type >= FL_MESSAGE_COREDUMP && type <= FL_MESSAGE_RECORDING;
}

/* All of it is in sight, and it has the size that chunks have. */
static bool is_small(const struct blob *blob)
{
	enum { CHUNK_MAX = 16384 };
	return blob->size == blob->whole && blob->size <= CHUNK_MAX;
}

static bool is_first_chunk(const struct blob *blob, const struct fl_chunk *chunk)
{
	uint64_t data = blob->whole == UINT64_MAX ? blob->size : blob->whole;
	if (chunk->total > FL_MESSAGE_SIZE_MAX)
		return false;
	if (chunk->more)
		return data - chunk->overhead <= (uint64_t)chunk->total + 1 && chunk->size &&
		       (is_message_type(chunk->data[0]) || (!chunk->old && is_small(blob)));
	if (blob->size < blob->whole) /* the CRC at the end is not in sight */
		return is_message_type(chunk->data[0]);
	return chunk->data[0] && fl_crc16(chunk->data, chunk->size) == chunk->crc;
}

/* A continuation has nothing to prove itself with: only files of the size of a chunk are taken. */
static bool is_continuation(const struct blob *blob, const struct fl_chunk *chunk)
{
	return is_small(blob) && chunk->offset && chunk->offset <= FL_MESSAGE_SIZE_MAX &&
	       chunk->size;
}

static bool is_chunk(const struct blob *blob)
{
	struct fl_chunk chunk;
	if ((is_ascii(blob) && is_text(blob)) || !fl_chunk_parse(blob->bytes, blob->size, &chunk) ||
	    chunk.channel)
		return false;
	return chunk.first ? is_first_chunk(blob, &chunk) : is_continuation(blob, &chunk);
}

static bool holds_item(const struct blob *blob)
{
	const uint8_t *end = blob->bytes + blob->size;
	const uint8_t *at = blob->bytes;
	while ((at = memmem(at, (size_t)(end - at), "MC:", 3))) {
		at += 3;
		size_t size = fl_base64_span(at, (size_t)(end - at));
		for (int i = 0; i < 2 && size && at + size < end && at[size] == '='; i++)
			size++;
		if (size && at + size < end && at[size] == ':')
			return true;
	}
	return false;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct blob without_space(const struct blob *blob)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf }; /* UTF-8 byte order mark */
	size_t skip = 0;
	if (blob->size >= sizeof(mark) && !memcmp(blob->bytes, mark, sizeof(mark)))
		skip = sizeof(mark);
	while (skip < blob->size && is_space(blob->bytes[skip]))
		skip++;
	return (struct blob){ blob->bytes + skip, blob->size - skip,
			      blob->whole == UINT64_MAX ? UINT64_MAX : blob->whole - skip };
}

static bool begins(const struct blob *blob, const char *text)
{
	size_t size = strlen(text);
	return blob->size >= size && !memcmp(blob->bytes, text, size);
}

static bool is_json(const struct blob *text)
{
	if (!text->size || (text->bytes[0] != '{' && text->bytes[0] != '['))
		return false;
	struct blob inside = { text->bytes + 1, text->size - 1, text->whole };
	inside = without_space(&inside);
	if (!inside.size)
		return false;
	return memchr(text->bytes[0] == '{' ? "\"}" : "\"{]", inside.bytes[0],
		      text->bytes[0] == '{' ? 2 : 3);
}

static bool is_sse(const struct blob *text)
{
	static const char *const fields[] = { "data:", "event:", "id:", "retry:", ":ok" };
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (begins(text, fields[i]))
			return i < 2 || memmem(text->bytes, text->size, "\ndata:", 6);
	return false;
}

/* A delimiter, then a header or an empty line. */
static bool is_multipart(const struct blob *text)
{
	static const char header[] = "content-";
	if (!begins(text, "--") || text->size < 4 || is_space(text->bytes[2]))
		return false;
	const uint8_t *line = memchr(text->bytes, '\n', text->size);
	if (!line)
		return false;
	size_t first = (size_t)(++line - text->bytes);
	size_t left = text->size - first;
	if (left > sizeof(header) && !strncasecmp((const char *)line, header, sizeof(header) - 1))
		return true;
	return left && memchr("\r\n", line[0], 2) && !memchr(text->bytes, ' ', first);
}

static enum fl_carrier sniff_bytes(const struct blob *blob)
{
	enum fl_carrier found = by_magic(blob);
	if (!found && is_chunk(blob))
		found = FL_CARRIER_CHUNK;
	return found;
}

/* Characters of the alphabet in the first line, or in all of a text without white space. */
static bool is_base64(const struct blob *text, bool first_line)
{
	const uint8_t *end = memchr(text->bytes, '\n', text->size);
	bool cut = text->size < text->whole && (!first_line || !end);
	size_t size = first_line && end ? (size_t)(end - text->bytes) : text->size;
	uint8_t *packed = malloc(size + 1);
	uint8_t *out = malloc(size / 4 * 3 + 3);
	size_t count = 0;
	for (size_t i = 0; packed && i < size; i++)
		if (!is_space(text->bytes[i]))
			packed[count++] = text->bytes[i];
	if (cut)
		count -= count % 4;
	struct blob inside = { .bytes = out };
	bool good = packed && out && fl_base64_run(packed, count, out, &inside.size);
	inside.whole = cut ? UINT64_MAX : inside.size;
	enum fl_carrier found = good ? sniff_bytes(&inside) : FL_CARRIER_UNKNOWN;
	free(packed);
	free(out);
	return found == FL_CARRIER_DUMP || found == FL_CARRIER_CHUNK;
}

enum fl_carrier fl_carrier_sniff(const void *head, size_t size, uint64_t whole)
{
	enum { HEAD_MIN = 65536 };
	const bool all = size < HEAD_MIN && whole == UINT64_MAX;
	const struct blob blob = { head, size, all || whole < size ? size : whole };
	if (!size)
		return FL_CARRIER_UNKNOWN;
	enum fl_carrier found = sniff_bytes(&blob);
	if (found)
		return found;
	const struct blob text = without_space(&blob);
	if (holds_item(&blob))
		return FL_CARRIER_LOG;
	if (is_json(&text))
		return FL_CARRIER_JSON;
	if (is_sse(&text))
		return FL_CARRIER_SSE;
	if (is_multipart(&text))
		return FL_CARRIER_MULTIPART;
	if (!is_text(&blob))
		return FL_CARRIER_UNKNOWN;
	if (is_base64(&text, false) || is_base64(&text, true))
		return FL_CARRIER_BASE64;
	if (memmem(head, size, "#CD:BEGIN#", 10))
		return FL_CARRIER_OTHER_DUMP;
	/* The first item of a long log may come late. */
	return size < blob.whole ? FL_CARRIER_LOG : FL_CARRIER_UNKNOWN;
}
