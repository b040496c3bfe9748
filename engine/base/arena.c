/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each chunk is twice as large as the one before, up to what malloc() still has at hand: above
 * 128 KiB glibc asks the kernel for pages each time. */
#define FIRST_CHUNK   ((size_t)16 * 1024)
#define LARGEST_CHUNK ((size_t)64 * 1024)

struct fl_arena_chunk {
	struct fl_arena_chunk *next;
	size_t size; /* bytes that follow */
	alignas(max_align_t) unsigned char data[];
};

void fl_arena_deinit(struct fl_arena *arena)
{
	if (!arena)
		return;
	while (arena->chunks) {
		struct fl_arena_chunk *next = arena->chunks->next;
		free(arena->chunks);
		arena->chunks = next;
	}
	arena->used = 0;
}

static struct fl_arena_chunk *add_chunk(struct fl_arena *arena, size_t size)
{
	size_t data_size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;
	if (data_size > LARGEST_CHUNK)
		data_size = LARGEST_CHUNK;
	if (data_size < size)
		data_size = size;
	struct fl_arena_chunk *chunk = malloc(sizeof(*chunk) + data_size);
	if (!chunk)
		return NULL;
	chunk->size = data_size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->used = 0;
	return chunk;
}

void *fl_arena_room(struct fl_arena *arena, size_t size)
{
	size_t align = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + align - 1) / align * align;
	struct fl_arena_chunk *chunk = arena->chunks;
	if (!chunk || chunk->size - arena->used < size)
		chunk = add_chunk(arena, size);
	if (!chunk)
		return NULL;
	void *p = chunk->data + arena->used;
	arena->used += size;
	return p;
}

void *fl_arena_alloc(struct fl_arena *arena, size_t size)
{
	void *p = fl_arena_room(arena, size);
	return p ? memset(p, 0, size) : NULL;
}

void *fl_arena_array(struct fl_arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return fl_arena_alloc(arena, total);
}

void *fl_arena_copy(struct fl_arena *arena, const void *bytes, size_t size)
{
	void *p = fl_arena_room(arena, size);
	if (p && size)
		memcpy(p, bytes, size);
	return p;
}

char *fl_arena_strndup(struct fl_arena *arena, const char *text, size_t size)
{
	char *p = size < SIZE_MAX ? fl_arena_room(arena, size + 1) : NULL;
	if (!p)
		return NULL;
	if (size)
		memcpy(p, text, size);
	p[size] = '\0';
	return p;
}

char *fl_arena_strdup(struct fl_arena *arena, const char *text)
{
	return fl_arena_strndup(arena, text, strlen(text));
}

/* What a format gives is known only afterwards: most texts fit the first try. */
char *fl_arena_vprintf(struct fl_arena *arena, const char *format, va_list ap)
{
	char text[256];
	va_list again;
	va_copy(again, ap);
	int size = vsnprintf(text, sizeof(text), format, ap);
	char *p = NULL;
	if (size >= 0 && (size_t)size < sizeof(text))
		p = fl_arena_strndup(arena, text, (size_t)size);
	else if (size >= 0)
		p = fl_arena_room(arena, (size_t)size + 1);
	if (p && (size_t)size >= sizeof(text))
		vsnprintf(p, (size_t)size + 1, format, again);
	va_end(again);
	return p;
}

char *fl_arena_printf(struct fl_arena *arena, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	char *p = fl_arena_vprintf(arena, format, ap);
	va_end(ap);
	return p;
}
