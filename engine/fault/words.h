/* SPDX-License-Identifier: Apache-2.0 */
/** @file How sentences speak of threads and of what they wait for. */
#ifndef FAULT_WORDS_H
#define FAULT_WORDS_H

#include "model/thread.h"

enum { FL_THREAD_WORDS = 96 /**< bytes of each of these texts; longer names are cut */ };

/** "thread 'sensor'", "the thread at 0x20001000", "a thread without a name". @return @p buf */
const char *fl_thread_words(const struct fl_thread *thread, char buf[FL_THREAD_WORDS]);

/** The name alone: "sensor", "thread 0x20001000". @return @p buf */
const char *fl_thread_short(const struct fl_thread *thread, char buf[FL_THREAD_WORDS]);

/** "uart_lock", "the mutex at 0x20001000", "time to pass". @return @p buf */
const char *fl_wait_words(const struct fl_wait *wait, char buf[FL_THREAD_WORDS]);

#endif
