/* SPDX-License-Identifier: Apache-2.0 */
/** @file Lists of names, innermost first: what fingerprints are made of. */
#ifndef SIGNATURE_CHAIN_H
#define SIGNATURE_CHAIN_H

#include "signature/walk.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	FL_CHAIN_MAX = 64,  /**< names of a whole stack that are hashed */
	FL_CHAIN_CYCLE = 8, /**< functions of a mutual recursion that is still recognised */
};

struct fl_chain {
	const char *names[FL_CHAIN_MAX];
	size_t count;
};

/** Which sites go into a chain. */
enum {
	FL_CHAIN_LIBRARY = 1 << 0,  /**< also FL_ROLE_LIBRARY */
	FL_CHAIN_PHYSICAL = 1 << 1, /**< inlined frames not */
};

/**
 * The names of the walk, recursion collapsed: a a a b and a b a b end up as "a b", so that the
 * depth of a recursion does not tell two traces apart. At most @p max names.
 */
void fl_chain(const struct fl_walk *walk, unsigned what, size_t max, struct fl_chain *ret);

/**
 * The functions of a recursion, sorted, at most FL_CHAIN_CYCLE: those that appear three times or
 * more among the frames that count. Empty when there is none.
 */
void fl_chain_recursion(const struct fl_walk *walk, struct fl_chain *ret);

/** The names with @p separator between them; NULL when memory is out. */
const char *
fl_chain_text(const struct fl_chain *chain, const char *separator, struct fl_arena *arena);

#endif
