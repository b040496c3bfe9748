/* SPDX-License-Identifier: Apache-2.0 */
/** @file The inside of a stream, for the part that saves and restores it. */
#ifndef TRANSPORT_STREAM_H
#define TRANSPORT_STREAM_H

#include <faultline/transport.h>

#include "transport/chunk.h"

/** An incomplete message. Zero-initialised is none. */
struct fl_pending {
	bool active;
	bool old; /**< the CRC came with the first chunk: @ref crc */
	uint16_t crc;
	uint32_t total; /**< bytes of the message, 1 or more */
	uint32_t have;  /**< received without a gap; <= total, <= room */
	uint8_t *bytes; /**< owned */
	size_t room;
};

struct fl_stream {
	size_t message_max;
	struct fl_pending channels[FL_CHANNEL_COUNT];
};

#endif
