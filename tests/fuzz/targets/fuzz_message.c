/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items lie inside the message or its decoded body and do not overlap; opening one good item by
 * itself, or all of them one after another, says the same again; what is damaged is kept whole.
 */
#include "base/limits.h"

#include <faultline/event.h>
#include <faultline/transport.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_text(const char *text)
{
	if (!text)
		return;
	require(strlen(text) <= FL_LIMIT_STRING);
	for (; *text; text++)
		require((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_event(const struct fl_item *item, const uint8_t *data)
{
	return item->kind != FL_ITEM_COREDUMP && item->size && item->bytes != data;
}

static void same_item(const struct fl_item *a, const struct fl_item *b)
{
	require(a->kind == b->kind && a->size == b->size);
	require(!memcmp(a->bytes, b->bytes, a->size));
	require(same_text(a->device, b->device));
	require(same_text(a->software_type, b->software_type));
	require(same_text(a->software_version, b->software_version));
	require(same_text(a->hardware_version, b->hardware_version));
	require(a->has_captured_at == b->has_captured_at && a->captured_at == b->captured_at);
	require(a->expected == b->expected);
}

static void check_event(const struct fl_item *item)
{
	FL_AUTO(fl_event) event = NULL;
	enum fl_code code = fl_event_open(item->bytes, item->size, &event, NULL);
	require(!code || item->kind == FL_ITEM_UNKNOWN);
	if (code)
		return;
	const struct fl_event_facts *facts = fl_event_facts(event);
	require((facts->kind == FL_EVENT_REBOOT) == (item->kind == FL_ITEM_REBOOT));
	require((facts->kind == FL_EVENT_TRACE) == (item->kind == FL_ITEM_TRACE));
	require(same_text(facts->device_serial, item->device));
	require(same_text(facts->software_version, item->software_version));
}

/* The events as a message of their own: header, then one after another. A set of logs that ends
 * early takes what follows for its own, so it has to be the last. */
static void check_again(const struct fl_item *items, size_t count, const uint8_t *data)
{
	size_t size = 1;
	size_t events = 0;
	for (size_t i = 0; i < count; i++)
		size += is_event(&items[i], data) ? items[i].size : 0;
	uint8_t *joined = malloc(size);
	require(joined != NULL);
	joined[0] = FL_MESSAGE_EVENTS;
	size = 1;
	for (size_t i = 0; i < count; i++) {
		if (!is_event(&items[i], data))
			continue;
		memcpy(joined + size, items[i].bytes, items[i].size);
		size += items[i].size;
		events++;
	}
	FL_AUTO(fl_message) again = NULL;
	size_t again_count;
	require(fl_message_open(joined, size, &again, NULL) == FL_OK);
	const struct fl_item *same = fl_message_items(again, &again_count);
	require(!events || again_count == events);
	for (size_t i = 0, k = 0; i < count && k < events; i++)
		if (is_event(&items[i], data))
			same_item(&items[i], &same[k++]);
	fl_message_close(fl_message_take(&again));
	free(joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FL_AUTO(fl_message) message = NULL;
	size_t count;
	require(fl_message_open(data, size, &message, NULL) == FL_OK);
	const struct fl_item *items = fl_message_items(message, &count);
	bool decoded = size && data[0] & 0x80;
	const uint8_t *last = NULL;
	require(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct fl_item *item = &items[i];
		bool whole = item->bytes == data || !size;
		require((item->kind == FL_ITEM_UNKNOWN) == (item->text != NULL));
		require(!whole || (i == count - 1 && item->size == size && item->text));
		require(whole || item->size);
		if (!decoded && !whole)
			require(item->bytes > data && item->bytes + item->size <= data + size);
		require(!last || whole || item->bytes >= last);
		last = item->bytes + item->size;
		check_text(item->device);
		check_text(item->software_type);
		check_text(item->software_version);
		check_text(item->hardware_version);
		require(!item->expected || item->kind == FL_ITEM_REBOOT);
		if (item->kind == FL_ITEM_COREDUMP)
			require(i == 0 && !memcmp(item->bytes, "CORE", 4));
		else if (!whole)
			check_event(item);
	}
	check_text(fl_message_project_key(message));
	check_again(items, count, data);
	return 0;
}
