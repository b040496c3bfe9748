/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * An engine that has been taken over by its input. A dump or event that starts with "hostile "
 * names what happens then, in the real child with the real filter; every other one meets the real
 * engine. Linked with -Wl,--wrap=fl_analyze,--wrap=fl_analyze_event,--wrap=fl_symbols_open_mapped.
 */
#ifndef HOSTILE_ENGINE_H
#define HOSTILE_ENGINE_H

#include <sys/types.h>

/** Memory that the test shares with its children: "work" puts its process there, and ends when
 * somebody has put 0 there instead; an ELF "hostile read" does the same when it is mapped, and
 * never ends. NULL: there is none, and no "work". */
extern _Atomic pid_t *hostile_worker;

/** So many children are killed before they say hello. Shared as well; NULL: none. */
extern _Atomic int *hostile_unborn;

/** Times fl_symbols_open_mapped() ran in this process. */
extern unsigned hostile_symbols_opened;

#endif
