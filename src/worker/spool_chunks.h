/* SPDX-License-Identifier: Apache-2.0 */
/** @file A file of the spool folder that is no whole dump. */
#ifndef WORKER_SPOOL_CHUNKS_H
#define WORKER_SPOOL_CHUNKS_H

#include "intake/intake.h"
#include "worker/spool.h"

struct fl_spool_chunks {
	struct fl_intake_summary summary;
	bool busy; /**< another process takes in data of the same device: later */
};

/** Whether the bytes are chunks in one of their carriers. */
bool fl_spool_is_chunks(const struct fl_upload *file);

/**
 * Take it in; durable before it returns.
 * @retval FL_EINVALID, FL_ELIMIT, FL_EFORMAT it can never be taken in.
 * @retval FL_EIO, FL_ENOMEM the database could not take it, or see @ref fl_spool_chunks::busy.
 */
FL_MUST_CHECK enum fl_code fl_spool_take_chunks(const struct fl_intake *intake,
						const struct fl_upload *file,
						struct fl_spool_chunks *ret, struct fl_error *err);

#endif
