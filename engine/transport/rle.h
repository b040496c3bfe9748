/* SPDX-License-Identifier: Apache-2.0 */
/** @file The run-length code of coredump messages (docs/formats.md, "Run-length code"). */
#ifndef TRANSPORT_RLE_H
#define TRANSPORT_RLE_H

#include <faultline/buffer.h>
#include <faultline/error.h>

#include <stddef.h>

/**
 * Decode all of @p bytes.
 * @param limit bytes that may come out: five bytes of input can ask for 2 GiB.
 * @param ret   also on FL_EFORMAT and FL_ELIMIT it holds what came out before: a dump that is cut
 *              can still be read. The caller releases it in every case.
 * @retval FL_EFORMAT a run that is cut, or a count longer than 32 bits; `at` is its offset.
 * @retval FL_ELIMIT  more than @p limit bytes; `at` is the offset of the run that is too long.
 */
FL_MUST_CHECK enum fl_code fl_rle_decode(const void *bytes, size_t size, size_t limit,
					 struct fl_buffer *ret, struct fl_error *err);

#endif
