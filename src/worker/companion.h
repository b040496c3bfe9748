/* SPDX-License-Identifier: Apache-2.0 */
/** @file What a producer says about a dump: the `<file>.json` beside it in the spool folder. */
#ifndef WORKER_COMPANION_H
#define WORKER_COMPANION_H

#include "intake/timestamp.h"

#include <faultline/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FL_COMPANION_SIZE_MAX = 64 << 10 };

/** Strings are owned; NULL = not said. Zero-initialised is empty. */
struct fl_companion {
	char *device;
	char *upload_id;
	char *software_type;
	char *software_version;
	char *hardware_version;
	char *cohort;
	bool has_received_at;
	int64_t received_at; /**< Unix seconds */
};

/**
 * Keys that are not known are ignored, null means "not said".
 * @retval FL_EFORMAT not a JSON object, or a key has a value of the wrong kind; the message says
 * which.
 */
FL_MUST_CHECK enum fl_code
fl_companion_parse(const void *bytes, size_t size, struct fl_companion *ret, struct fl_error *err);
void fl_companion_deinit(struct fl_companion *companion);
#define FL_AUTO_COMPANION __attribute__((__cleanup__(fl_companion_deinit))) struct fl_companion

#endif
