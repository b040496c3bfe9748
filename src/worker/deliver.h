/* SPDX-License-Identifier: Apache-2.0 */
/** @file Handing an event to a command or a file. False: not delivered, with the reason. */
#ifndef WORKER_DELIVER_H
#define WORKER_DELIVER_H

#include <stdbool.h>
#include <stddef.h>

enum { FL_DELIVER_REASON = 200 };

/**
 * Run `sh -c COMMAND` in a process group of its own, @p text on its stdin, what it prints on our
 * stderr, no other descriptor. A group that takes longer than @p timeout_seconds is killed, wholly.
 * The caller must have SIGCHLD blocked.
 * @param reason FL_DELIVER_REASON bytes.
 */
bool fl_deliver_command(const char *command, const char *text, unsigned timeout_seconds,
			char *reason);

/**
 * Append @p text and a newline to a file, in one piece and durably. A line that was cut off by a
 * full disk is ended first, so that this one is whole. @param reason FL_DELIVER_REASON bytes.
 */
bool fl_deliver_line(const char *path, const char *text, char *reason);

#endif
