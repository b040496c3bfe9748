/* SPDX-License-Identifier: Apache-2.0 */
/** @file A notice as JSON (docs/operations.md, "Being told"). */
#ifndef WORKER_EVENT_JSON_H
#define WORKER_EVENT_JSON_H

#include "store/store.h"

/** One line without the newline, for free(); NULL: out of memory. */
char *fl_event_json(const struct fl_notice *notice, const char *database);

/** "new-issue", "regression", "waiting", "bulk". */
const char *fl_notice_name(enum fl_notice_kind kind);

#endif
