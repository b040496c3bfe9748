/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/calls.h"

#include "symbols/rows.h"

bool fl_call_at(const struct fl_module *module, uint32_t off, struct fl_call *ret)
{
	const struct fl_table *calls = &module->tables[FL_INDEX_CALLS];
	struct fl_cursor c = fl_cursor_at(calls->data, calls->count, off);
	uint64_t back = fl_cursor_uleb(&c);
	ret->parent = back && back <= off ? off - (uint32_t)back : FL_INDEX_NONE;
	ret->name = (uint32_t)fl_cursor_uleb(&c);
	ret->file = (uint32_t)fl_cursor_uleb(&c);
	ret->line = (uint32_t)fl_cursor_uleb(&c);
	ret->column = (uint32_t)fl_cursor_uleb(&c);
	return !c.failed;
}

uint8_t *fl_call_put(uint8_t *at, uint32_t off, const struct fl_call *call)
{
	at = fl_put_uleb(at, call->parent == FL_INDEX_NONE ? 0 : off - call->parent);
	at = fl_put_uleb(at, call->name);
	at = fl_put_uleb(at, call->file);
	at = fl_put_uleb(at, call->line);
	return fl_put_uleb(at, call->column);
}
