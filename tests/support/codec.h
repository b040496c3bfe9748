/* SPDX-License-Identifier: Apache-2.0 */
/** @file Reports in their encoded form (docs/report-format.md). What fails, fails the test. */
#ifndef SUPPORT_CODEC_H
#define SUPPORT_CODEC_H

#include "report/report.h"

struct fl_buffer report_encoded(const struct fl_report *report);
struct fl_report *report_decoded(const struct fl_buffer *bytes);

/** Decode a file. @p bytes_ret is in static memory. */
struct fl_report *report_stored(const char *path, struct fl_buffer *bytes_ret);

/** The size of section @p id, and where its payload begins. */
uint32_t report_section(const struct fl_buffer *bytes, unsigned id, size_t *payload_ret);

void assert_same_report_bytes(const struct fl_buffer *a, const struct fl_buffer *b);

#endif
