/* SPDX-License-Identifier: Apache-2.0 */
/** @file Which frames of the crashed thread say something about the bug, and why the others do not.
 */
#ifndef SIGNATURE_WALK_H
#define SIGNATURE_WALK_H

#include "base/arena.h"
#include "model/trace.h"
#include "signature/rules.h"

#include <stdbool.h>

/** What became of a frame. */
enum fl_role {
	FL_ROLE_NONE, /**< not reached */
	FL_ROLE_SKIPPED,
	FL_ROLE_LIBRARY, /**< in the fingerprint of the whole stack only */
	FL_ROLE_APP,     /**< in every fingerprint; the first one names the issue */
	FL_ROLE_END,     /**< here the walk ended */
};

/** One frame, seen by the signature. */
struct fl_site {
	const struct fl_frame *frame;
	const char *name;           /**< normalised; NULL for a boundary or without a symbol */
	const struct fl_rule *rule; /**< that matched, or NULL */
	bool strict;                /**< found by means that may enter a strict fingerprint */
	bool context;               /**< the first physical frame, or inlined into it */
	enum fl_role role;
	const char *because;
};

struct fl_walk {
	struct fl_site *sites; /**< one per frame of the thread */
	size_t count;
	const char *cause;              /**< category, never NULL */
	const struct fl_rule *category; /**< its line of `category`, or NULL */
	bool named;                     /**< some site has FL_ROLE_APP */
	bool weak; /**< frames that are not strict were let in, for want of better ones */
};

/**
 * Walk the crashed thread of @p trace, which may have none.
 * @param cause    category of the trace.
 * @param category its line of `category`, or NULL.
 * @retval FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_walk(const struct fl_trace *trace, const char *cause,
				   const struct fl_rule *category, const struct fl_rules *rules,
				   struct fl_arena *arena, struct fl_walk *ret);

#endif
