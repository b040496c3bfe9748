/* SPDX-License-Identifier: Apache-2.0 */
#include "support/packetizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint16_t packet_crc(const uint8_t *bytes, size_t size)
{
	unsigned crc = 0;
	for (size_t i = 0; i < size; i++) {
		crc ^= (unsigned)bytes[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
	}
	return (uint16_t)crc;
}

static size_t put_varint(uint8_t *out, uint32_t value)
{
	size_t size = 0;
	while (value > 127) {
		out[size++] = (uint8_t)(value % 128 + 128);
		value /= 128;
	}
	out[size++] = (uint8_t)value;
	return size;
}

static void put_crc(uint8_t *out, uint16_t crc)
{
	out[0] = (uint8_t)(crc % 256);
	out[1] = (uint8_t)(crc / 256);
}

static struct packet *add(struct packets *packets, const uint8_t *bytes, size_t size)
{
	if (packets->count == packets->room) {
		packets->room = packets->room * 2 + 16;
		packets->items = realloc(packets->items, packets->room * sizeof(*packets->items));
		assert(packets->items);
	}
	struct packet *packet = &packets->items[packets->count++];
	*packet = (struct packet){ .bytes = malloc(size), .size = size };
	assert(packet->bytes);
	memcpy(packet->bytes, bytes, size);
	return packet;
}

void packets_free(struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++)
		free(packets->items[i].bytes);
	free(packets->items);
	*packets = (struct packets){ 0 };
}

/* Sizes may change from one chunk to the next. */
static size_t buffer_size(const struct packet_options *options, size_t index)
{
	if (options->size_max <= options->size)
		return options->size;
	return options->size + index * 7 % (options->size_max - options->size + 1);
}

static bool add_whole(struct packets *packets, const uint8_t *message, size_t size,
		      const struct packet_options *options)
{
	if (size + 3 > buffer_size(options, 0))
		return false;
	uint8_t *buffer = malloc(size + 3);
	assert(buffer);
	buffer[0] = (uint8_t)((options->old ? 0x00 : 0x08) + options->channel);
	memcpy(buffer + (options->old ? 3 : 1), message, size);
	put_crc(buffer + (options->old ? 1 : 1 + size), packet_crc(message, size));
	struct packet *packet = add(packets, buffer, size + 3);
	free(buffer);
	packet->first = packet->last = true;
	packet->old = options->old;
	packet->channel = options->channel;
	packet->total = (uint32_t)size;
	packet->data_size = size;
	packet->header_size = options->old ? 3 : 1;
	return true;
}

void packetize(struct packets *packets, const uint8_t *message, size_t size,
	       const struct packet_options *options)
{
	if (add_whole(packets, message, size, options))
		return;
	uint16_t crc = packet_crc(message, size);
	size_t crc_size = options->old ? 0 : 2;
	size_t offset = 0;
	bool last = false;
	for (size_t index = 0; !last; index++) {
		size_t room = buffer_size(options, index);
		uint8_t *buffer = malloc(room);
		assert(buffer);
		memset(buffer, 0xba, room);
		size_t used = 1 + put_varint(buffer + 1, (uint32_t)(index ? offset : size));
		if (!index && options->old) {
			put_crc(buffer + used, crc);
			used += 2;
		}
		size_t header_size = used;
		size_t data_size = size - offset < room - used ? size - offset : room - used;
		memcpy(buffer + used, message + offset, data_size);
		used += data_size;
		last = index && offset + data_size == size && room - used >= crc_size;
		if (last && crc_size)
			put_crc(buffer + used, crc);
		used += last ? crc_size : 0;
		unsigned header = index ? (last ? 0x80 : 0xc0) : (options->old ? 0x40 : 0x48);
		buffer[0] = (uint8_t)(header + options->channel);
		struct packet *packet = add(packets, buffer, options->fill ? room : used);
		free(buffer);
		packet->first = !index;
		packet->last = last;
		packet->old = options->old;
		packet->channel = options->channel;
		packet->total = (uint32_t)size;
		packet->offset = (uint32_t)offset;
		packet->header_size = header_size;
		packet->data_size = data_size;
		offset += data_size;
	}
}

static size_t equal_bytes(const uint8_t *bytes, size_t size)
{
	size_t count = 1;
	while (count < size && bytes[count] == bytes[0])
		count++;
	return count;
}

size_t packet_rle(const uint8_t *bytes, size_t size, uint8_t *out)
{
	size_t used = 0;
	size_t at = 0;
	while (at < size) {
		size_t run = equal_bytes(bytes + at, size - at);
		if (run >= 2) {
			used += put_varint(out + used, (uint32_t)(2 * run));
			out[used++] = bytes[at];
			at += run;
			continue;
		}
		size_t literals = 1;
		while (at + literals < size &&
		       equal_bytes(bytes + at + literals, size - at - literals) < 3)
			literals++;
		used += put_varint(out + used, (uint32_t)(2 * literals - 1));
		memcpy(out + used, bytes + at, literals);
		used += literals;
		at += literals;
	}
	return used;
}

size_t packet_base64(const uint8_t *bytes, size_t size, char *out)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;
	for (size_t i = 0; i < size; i += 3) {
		unsigned group = (unsigned)bytes[i] << 16;
		group |= i + 1 < size ? (unsigned)bytes[i + 1] << 8 : 0;
		group |= i + 2 < size ? bytes[i + 2] : 0u;
		out[used++] = alphabet[group >> 18];
		out[used++] = alphabet[group >> 12 & 63];
		out[used++] = i + 1 < size ? alphabet[group >> 6 & 63] : '=';
		out[used++] = i + 2 < size ? alphabet[group & 63] : '=';
	}
	out[used] = '\0';
	return used;
}
