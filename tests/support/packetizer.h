/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What a device does to a message before it leaves: run-length code, chunks. Written from the
 * format's description, sharing nothing with the engine: CRC bit by bit, its own varints.
 */
#ifndef SUPPORT_PACKETIZER_H
#define SUPPORT_PACKETIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One chunk and what its writer knows about it. */
struct packet {
	uint8_t *bytes; /**< exact-size heap block, so that a sanitizer sees every overrun */
	size_t size;
	uint8_t channel;
	bool first, last, old;
	uint32_t total;     /**< of its message */
	uint32_t offset;    /**< of its data in the message */
	size_t header_size; /**< header and number, and the CRC of an old first chunk */
	size_t data_size;
};

struct packets {
	struct packet *items;
	size_t count, room;
};

struct packet_options {
	size_t size;     /**< of a chunk, at least 9; the device's buffer */
	size_t size_max; /**< larger than @ref size: sizes go up and down between them */
	bool fill;       /**< spare room is filled with 0xBA */
	bool old;        /**< the CRC at the front, as before SDK 0.0.18 */
	uint8_t channel;
};

/** Append the chunks of one message. */
void packetize(struct packets *packets, const uint8_t *message, size_t size,
	       const struct packet_options *options);
void packets_free(struct packets *packets);

#define PACKETS_AUTO __attribute__((__cleanup__(packets_free))) struct packets

/** CRC-16/XMODEM, a bit at a time. */
uint16_t packet_crc(const uint8_t *bytes, size_t size);

/** Run-length code with the device's habits. @p out has room for 2 * size + 10. @return its size.
 */
size_t packet_rle(const uint8_t *bytes, size_t size, uint8_t *out);

/** Base64 with padding. @p out has room for size / 3 * 4 + 5. @return characters, NUL-terminated.
 */
size_t packet_base64(const uint8_t *bytes, size_t size, char *out);

#endif
