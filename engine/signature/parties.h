/* SPDX-License-Identifier: Apache-2.0 */
/** @file The threads of a deadlock, in words that do not depend on where the ring was entered. */
#ifndef SIGNATURE_PARTIES_H
#define SIGNATURE_PARTIES_H

#include "base/arena.h"
#include "model/fault.h"

/**
 * "archive for mail_lock, courier for disk_lock": names normalised, '?' for one that is not known,
 * beginning with the turn that sorts first. @p cause has parties. @return NULL: memory is out.
 */
const char *fl_parties_text(const struct fl_cause *cause, struct fl_arena *arena);

/** "Deadlock between archive and courier". @return NULL: memory is out. */
const char *fl_parties_title(const struct fl_cause *cause, const char *category, const char *word,
			     struct fl_arena *arena);

#endif
