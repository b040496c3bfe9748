/* SPDX-License-Identifier: Apache-2.0 */
/** @file The thread that a handler interrupted, where the handler's own frames do not lead to it.
 */
#ifndef UNWIND_INTERRUPTED_H
#define UNWIND_INTERRUPTED_H

#include "unwind/walker.h"

/**
 * The frames of a handler may break off before they lead to the thread that was interrupted: its
 * registers are on the process stack all the same.
 * @return as fl_walker_advance(); false: there is none to be shown.
 */
bool fl_show_interrupted_thread(struct fl_walker *w);

#endif
