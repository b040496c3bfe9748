/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void fl_vec_deinit(struct fl_vec *v)
{
	if (!v)
		return;
	free(v->data);
	v->data = NULL;
	v->count = 0;
	v->room = 0;
}

bool fl_vec_reserve(struct fl_vec *v, size_t room)
{
	size_t bytes;
	if (room <= v->room)
		return true;
	if (__builtin_mul_overflow(room, v->element_size, &bytes))
		return false;
	void *data = realloc(v->data, bytes);
	if (!data)
		return false;
	v->data = data;
	v->room = room;
	return true;
}

bool fl_vec_grow(struct fl_vec *v)
{
	return v->room <= SIZE_MAX / 2 && fl_vec_reserve(v, v->room ? v->room * 2 : 16);
}

void *fl_vec_add(struct fl_vec *v)
{
	void *element = fl_vec_next(v);
	if (!element)
		return NULL;
	v->count++;
	return memset(element, 0, v->element_size);
}

bool fl_vec_push(struct fl_vec *v, const void *element)
{
	void *slot = fl_vec_next(v);
	if (!slot)
		return false;
	memcpy(slot, element, v->element_size);
	v->count++;
	return true;
}
