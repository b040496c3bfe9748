/* SPDX-License-Identifier: Apache-2.0 */
/** @file One arena per analysis: everything allocated in it dies with it. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <faultline/error.h>

#include <stdarg.h>
#include <stddef.h>

struct fl_arena_chunk;

/** Zero-initialised is empty and valid. */
struct fl_arena {
	struct fl_arena_chunk *chunks;
	size_t used; /**< bytes used in the newest chunk */
};

/** Free everything. NULL is allowed. The arena is empty and usable afterwards. */
void fl_arena_deinit(struct fl_arena *arena);

/** @p size zeroed bytes, aligned for any type; NULL when memory is out. @p size 0 is allowed. */
void *fl_arena_alloc(struct fl_arena *arena, size_t size);

/** The same with any contents: for what is filled at once, or used only as far as it was. */
void *fl_arena_room(struct fl_arena *arena, size_t size);

/** @p count zeroed elements; NULL when the product overflows or memory is out. */
void *fl_arena_array(struct fl_arena *arena, size_t count, size_t size);

/** Copy of @p size bytes. */
void *fl_arena_copy(struct fl_arena *arena, const void *bytes, size_t size);

/** Copy of the first @p size bytes of @p text plus a NUL. */
char *fl_arena_strndup(struct fl_arena *arena, const char *text, size_t size);
char *fl_arena_strdup(struct fl_arena *arena, const char *text);

/** Formatted string. */
char *fl_arena_printf(struct fl_arena *arena, const char *format, ...) FL_PRINTF(2, 3);
char *fl_arena_vprintf(struct fl_arena *arena, const char *format, va_list ap) FL_PRINTF(2, 0);

#endif
