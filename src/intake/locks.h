/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * One writer per device, across processes: byte-range locks on one file, a byte per serial number.
 * They end with the process that holds them, however it ends.
 */
#ifndef INTAKE_LOCKS_H
#define INTAKE_LOCKS_H

#include <faultline/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fl_device_locks {
	int fd; /**< -1: no locks wanted */
	unsigned wait_seconds;
	uint64_t *held; /**< ascending */
	size_t held_count;
	bool busy; /**< the last failure: another process holds one */
};

/** @param path NULL: every call succeeds and does nothing. */
FL_MUST_CHECK enum fl_code fl_device_locks_init(struct fl_device_locks *locks, const char *path,
						unsigned wait_seconds, struct fl_error *err);
void fl_device_locks_deinit(struct fl_device_locks *locks);

/** The byte of a serial number. Two of them may share one: then they take turns. */
uint64_t fl_device_lock_offset(const char *serial);

/**
 * Hold these in addition. Where one is taken by another process, all are let go and these are
 * waited for, in ascending order, so that two processes never wait for each other.
 * @param offsets sorted here.
 * @retval FL_EIO another process holds one for longer than wait_seconds.
 */
FL_MUST_CHECK enum fl_code fl_device_locks_take(struct fl_device_locks *locks, uint64_t *offsets,
						size_t count, struct fl_error *err);
void fl_device_locks_release(struct fl_device_locks *locks);

#endif
