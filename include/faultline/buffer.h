/* SPDX-License-Identifier: Apache-2.0 */
/** @file Bytes handed from the library to its caller. */
#ifndef FAULTLINE_BUFFER_H
#define FAULTLINE_BUFFER_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * An owned run of bytes. Zero-initialise it; release with fl_buffer_deinit().
 * Text is followed by a NUL that @p size does not count.
 */
struct fl_buffer {
	uint8_t *data;
	size_t size; /**< bytes */
};

/** Free the bytes and reset the buffer. NULL is allowed. */
FL_API void fl_buffer_deinit(struct fl_buffer *buffer);

/** `FL_AUTO_BUFFER out = { 0 };` releases the bytes when the scope ends (GNU C). */
#define FL_AUTO_BUFFER __attribute__((__cleanup__(fl_buffer_deinit))) struct fl_buffer

#ifdef __cplusplus
}
#endif

#endif
