/* SPDX-License-Identifier: Apache-2.0 */
/** @file The devices of one delivery, by number. Number 0 is the one nobody named. */
#ifndef INTAKE_DEVICES_H
#define INTAKE_DEVICES_H

#include <faultline/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FL_DELIVERY_DEVICES_MAX = 100000 };

struct fl_delivery_device {
	char *serial;               /**< NULL of number 0 */
	bool seen;                  /**< brought something that was committed */
	uint64_t pending, expected; /**< of half-received messages, after the last commit */
	bool has_time;
	int64_t time;  /**< of its last exported event */
	size_t active; /**< 1 + index among those of the batch at hand; 0 = not */
};

struct fl_delivery_devices {
	struct fl_delivery_device *items;
	size_t count;
	uint32_t *slots; /**< hash table of 1 + number; a power of two, 0 = free */
	size_t slot_count;
};

/** @retval FL_ENOMEM */
FL_MUST_CHECK enum fl_code
fl_delivery_devices_init(struct fl_delivery_devices *devices, struct fl_error *err);
void fl_delivery_devices_deinit(struct fl_delivery_devices *devices);

/**
 * @param serial NULL or empty: number 0.
 * @retval FL_ELIMIT more than FL_DELIVERY_DEVICES_MAX.
 */
FL_MUST_CHECK enum fl_code fl_delivery_devices_find(struct fl_delivery_devices *devices,
						    const char *serial, size_t *ret,
						    struct fl_error *err);

#endif
