/* SPDX-License-Identifier: Apache-2.0 */
/** @file Growing array on the heap, by element size. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

/** Initialise with FL_VEC(type). Elements move when it grows: keep indexes, not pointers. */
struct fl_vec {
	void *data;
	size_t count;
	size_t room;
	size_t element_size; /**< bytes */
};

#define FL_VEC(type) ((struct fl_vec){ .element_size = sizeof(type) })

void fl_vec_deinit(struct fl_vec *v);

/** Make room for @p room elements in all; false when memory is out. */
bool fl_vec_reserve(struct fl_vec *v, size_t room);

/** Make room for another element; false when memory is out. */
bool fl_vec_grow(struct fl_vec *v);

/**
 * Where the next element will be, its bytes being whatever they are, or NULL when memory is out.
 * It counts once the caller has written it and `v->count++`. For what is added by the million.
 */
static inline void *fl_vec_next(struct fl_vec *v)
{
	if (v->count == v->room && !fl_vec_grow(v))
		return NULL;
	return (char *)v->data + v->count * v->element_size;
}

/** Zeroed new element at the end, or NULL when memory is out. */
void *fl_vec_add(struct fl_vec *v);

/** Copy of one element appended; false when memory is out. */
bool fl_vec_push(struct fl_vec *v, const void *element);

/** Element @p i, typed. */
#define fl_vec_at(v, type, i) (((type *)(v)->data) + (i))

#define FL_AUTO_VEC __attribute__((__cleanup__(fl_vec_deinit))) struct fl_vec

#endif
