/* SPDX-License-Identifier: Apache-2.0 */
/** @file What a fresh child gives up before it reads its first input. */
#ifndef SANDBOX_CONFINE_H
#define SANDBOX_CONFINE_H

#include "sandbox/death.h"
#include "sandbox/wire.h"

#include <sys/types.h>

/** What the child starts with; descriptors are those of the parent's table. */
struct fl_child_setup {
	pid_t parent;
	int socket;
	int words;
	int result;
	const void *window;  /**< read-only mapping of FL_WIRE_WINDOW bytes */
	void *answer;        /**< FL_WIRE_ANSWER bytes, shared with the parent */
	size_t memory_limit; /**< bytes of address space */
	bool filter;         /**< try seccomp */
	struct fl_death_record *record;
};

/**
 * Give up everything that @p setup does not name.
 * @param isolation_ret how far it went; below FL_ISOLATION_SECCOMP although a filter was wanted,
 *                      @p err says why.
 * @retval FL_EIO without this step no input may be read.
 */
FL_MUST_CHECK enum fl_code fl_confine(const struct fl_child_setup *setup,
				      enum fl_isolation *isolation_ret, struct fl_error *err);

#endif
