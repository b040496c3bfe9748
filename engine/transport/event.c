/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/event_map.h"

#include <stdlib.h>

struct fl_event {
	struct fl_arena arena;
	struct fl_event_facts facts;
};

enum fl_code
fl_event_open(const void *bytes, size_t size, struct fl_event **ret, struct fl_error *err)
{
	FL_AUTO(fl_event) event = calloc(1, sizeof(*event));
	if (!event)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory for an event");
	struct fl_cbor c = fl_cbor(bytes, size, 0);
	size_t at;
	enum fl_code code = fl_event_map_read(&c, &event->arena, &event->facts, &at, err);
	if (code)
		return code;
	if (c.pos != size)
		return fl_fail(err, FL_EFORMAT, FL_AT_FILE_OFFSET, c.pos,
			       "bytes behind the event, from byte %zu on", c.pos);
	*ret = fl_event_take(&event);
	return FL_OK;
}

void fl_event_close(struct fl_event *event)
{
	if (!event)
		return;
	fl_arena_deinit(&event->arena);
	free(event);
}

const struct fl_event_facts *fl_event_facts(const struct fl_event *event)
{
	return &event->facts;
}
