/* SPDX-License-Identifier: Apache-2.0 */
/** @file A request to the child, until there is an answer or it is known why there is none. */
#ifndef SANDBOX_ASK_H
#define SANDBOX_ASK_H

#include "sandbox/call.h"
#include "sandbox/handle.h"

/**
 * Ask, in a new child where the old one may be to blame, without indexes where one may be. The
 * answer is in @p call, unchecked but for its size.
 * @param death may be NULL.
 * @return as fl_sandbox_analyze(): also what the child says is wrong with its input.
 */
FL_MUST_CHECK enum fl_code fl_ask(struct fl_sandbox *sandbox, struct fl_call *call,
				  struct fl_sandbox_death *death, struct fl_error *err);

/** The answer is not what the child writes unless its input took it over: FL_ECHILD. */
FL_MUST_CHECK enum fl_code fl_ask_condemn(struct fl_sandbox *sandbox, const char *what,
					  struct fl_sandbox_death *death, struct fl_error *err);

#endif
