/* SPDX-License-Identifier: Apache-2.0 */
/** @file One event out of a row of them: what events and messages share. */
#ifndef TRANSPORT_EVENT_MAP_H
#define TRANSPORT_EVENT_MAP_H

#include "transport/cbor.h"

#include <faultline/event.h>

/**
 * Read the map of an event.
 *
 * On a failure either the cursor has latched it (broken CBOR, memory), or the item is sound CBOR
 * that is no event: then the cursor stands behind it, and @p ret holds what was understood.
 *
 * @param arena   owns the strings.
 * @param at_ret  where the map begins in the cursor's window, behind tags.
 */
FL_MUST_CHECK enum fl_code fl_event_map_read(struct fl_cbor *c, struct fl_arena *arena,
					     struct fl_event_facts *ret, size_t *at_ret,
					     struct fl_error *err);

/** Clean UTF-8 of at most @p limit bytes; NULL when memory is out. */
char *fl_clean_text(struct fl_arena *arena, const uint8_t *bytes, size_t size, size_t limit);

#endif
