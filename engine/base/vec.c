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

void *fl_vec_add(struct fl_vec *v)
{
	if (v->count == v->room) {
		size_t room = v->room ? v->room * 2 : 16;
		size_t bytes;
		if (__builtin_mul_overflow(room, v->element_size, &bytes))
			return NULL;
		void *data = realloc(v->data, bytes);
		if (!data)
			return NULL;
		v->data = data;
		v->room = room;
	}
	void *element = (char *)v->data + v->count++ * v->element_size;
	return memset(element, 0, v->element_size);
}

bool fl_vec_push(struct fl_vec *v, const void *element)
{
	void *slot = fl_vec_add(v);
	if (slot)
		memcpy(slot, element, v->element_size);
	return slot != NULL;
}
