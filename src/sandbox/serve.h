/* SPDX-License-Identifier: Apache-2.0 */
/** @file The child's main loop. */
#ifndef SANDBOX_SERVE_H
#define SANDBOX_SERVE_H

#include "sandbox/confine.h"

#include <faultline/rules.h>

/**
 * Confine this process, say hello, and answer requests until the parent hangs up. Never returns.
 * @param rules NULL: the built-in lists.
 */
_Noreturn void
fl_serve(const struct fl_child_setup *setup, const struct fl_rules *rules, size_t cached_images);

/** What reports of a child with this isolation say. */
const char *fl_isolation_name(enum fl_isolation isolation);

#endif
