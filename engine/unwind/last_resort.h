/* SPDX-License-Identifier: Apache-2.0 */
/** @file Where no method leads on: the end of the stack, or a search for what is above. */
#ifndef UNWIND_LAST_RESORT_H
#define UNWIND_LAST_RESORT_H

#include "unwind/walker.h"

/**
 * Search the stack upwards from @p addr.
 * @param stop why it ends, at @p stop_addr, if nothing is found.
 * @return as fl_walker_advance().
 */
bool fl_search_stack(struct fl_walker *w, uint32_t addr, enum fl_stop stop, uint32_t stop_addr);

/**
 * Above the frame whose CFA is known, else from its own stack pointer.
 * @param hop what the methods said: FL_HOP_NONE.
 */
bool fl_look_further(struct fl_walker *w, const struct fl_hop *hop);

#endif
