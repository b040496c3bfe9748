/* SPDX-License-Identifier: Apache-2.0 */
/** @file One chunk, taken apart (docs/formats.md, "Chunks"). Says nothing about its place. */
#ifndef TRANSPORT_CHUNK_H
#define TRANSPORT_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FL_CHANNEL_COUNT = 8 };

struct fl_chunk {
	uint8_t channel;
	bool first;   /**< INIT; otherwise a continuation */
	bool more;    /**< another chunk of the message follows */
	bool old;     /**< INIT: the CRC is at the front, as SDKs up to 0.0.17 wrote it */
	uint16_t crc; /**< when @ref old, or a whole message */
	/** INIT: bytes of the message. Of a message in one chunk that is what the chunk holds. */
	uint32_t total;
	uint32_t offset; /**< continuation: where in the message; INIT: 0 */
	size_t overhead; /**< bytes of header, number and, where @ref crc is set, CRC */
	/** Message bytes and what follows them: in a continuation a CRC, filler. */
	const uint8_t *data;
	size_t size;
};

/** False: no chunk (reserved bits, a cut number, too short, an empty message). */
bool fl_chunk_parse(const void *bytes, size_t size, struct fl_chunk *ret);

#endif
