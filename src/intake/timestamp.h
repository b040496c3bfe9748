/* SPDX-License-Identifier: Apache-2.0 */
/** @file Points in time as other programs write them. */
#ifndef INTAKE_TIMESTAMP_H
#define INTAKE_TIMESTAMP_H

#include <faultline/error.h>

#include <stdbool.h>
#include <stdint.h>

#define FL_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/** "2026-02-01T12:00:00Z", also with a fraction (cut off) and with an offset, to Unix seconds. */
FL_MUST_CHECK bool fl_time_parse(const char *text, int64_t *ret);

#endif
