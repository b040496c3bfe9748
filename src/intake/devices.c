/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/devices.h"

#include "intake/locks.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 64 };

static enum fl_code no_memory(struct fl_error *err)
{
	return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "devices of a delivery");
}

static uint32_t *find_slot(const struct fl_delivery_devices *devices, const char *serial)
{
	size_t mask = devices->slot_count - 1;
	size_t i = (size_t)fl_device_lock_offset(serial) & mask;
	while (devices->slots[i] &&
	       strcmp(devices->items[devices->slots[i] - 1].serial, serial) != 0)
		i = (i + 1) & mask;
	return &devices->slots[i];
}

/* At most half full. */
static bool grow_slots(struct fl_delivery_devices *devices)
{
	size_t count = devices->slot_count ? devices->slot_count * 2 : SLOTS_MIN;
	uint32_t *slots = calloc(count, sizeof(*slots));
	if (!slots)
		return false;
	free(devices->slots);
	devices->slots = slots;
	devices->slot_count = count;
	for (size_t i = 1; i < devices->count; i++)
		*find_slot(devices, devices->items[i].serial) = (uint32_t)i + 1;
	return true;
}

static bool add(struct fl_delivery_devices *devices, const char *serial)
{
	struct fl_delivery_device *items =
		reallocarray(devices->items, devices->count + 1, sizeof(*items));
	if (!items)
		return false;
	devices->items = items;
	struct fl_delivery_device *device = &items[devices->count];
	*device = (struct fl_delivery_device){ .serial = serial ? strdup(serial) : NULL };
	if (serial && !device->serial)
		return false;
	devices->count++;
	return true;
}

enum fl_code fl_delivery_devices_init(struct fl_delivery_devices *devices, struct fl_error *err)
{
	*devices = (struct fl_delivery_devices){ 0 };
	return add(devices, NULL) && grow_slots(devices) ? FL_OK : no_memory(err);
}

void fl_delivery_devices_deinit(struct fl_delivery_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		free(devices->items[i].serial);
	free(devices->items);
	free(devices->slots);
	*devices = (struct fl_delivery_devices){ 0 };
}

enum fl_code fl_delivery_devices_find(struct fl_delivery_devices *devices, const char *serial,
				      size_t *ret, struct fl_error *err)
{
	*ret = 0;
	if (!serial || !serial[0])
		return FL_OK;
	uint32_t *slot = find_slot(devices, serial);
	if (!*slot) {
		if (devices->count > FL_DELIVERY_DEVICES_MAX)
			return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0,
				       "more than %d devices: take it in in several pieces",
				       FL_DELIVERY_DEVICES_MAX);
		if (devices->count >= devices->slot_count / 2 && !grow_slots(devices))
			return no_memory(err);
		slot = find_slot(devices, serial);
		if (!add(devices, serial))
			return no_memory(err);
		*slot = (uint32_t)devices->count;
	}
	*ret = *slot - 1;
	return FL_OK;
}
