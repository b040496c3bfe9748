/* SPDX-License-Identifier: Apache-2.0 */
/** @file The frames that the author of a recorded crash wrote down, against those found. */
#ifndef SUPPORT_EXPECTED_FRAMES_H
#define SUPPORT_EXPECTED_FRAMES_H

#include "model/frame.h"

#include <jansson.h>

/**
 * @param expected has "frames" (null: none are promised; []: there must be none) and "complete".
 * @param at_ret   index of the frame that differs.
 * @return NULL, or what is different.
 */
const char *expected_frames_difference(json_t *expected, const struct fl_frame *frames,
				       size_t count, enum fl_stop stop, size_t *at_ret);

/** One line per frame, with how it was found. */
void expected_frames_print(const struct fl_frame *frames, size_t count);

#endif
