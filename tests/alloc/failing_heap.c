/* SPDX-License-Identifier: Apache-2.0 */
#include "alloc/failing_heap.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

unsigned long heap_calls;
unsigned long heap_fail_in;

bool heap_fails(void)
{
	heap_calls++;
	return heap_fail_in && --heap_fail_in == 0;
}

void *__wrap_malloc(size_t size)
{
	return heap_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return heap_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return heap_fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return heap_fails() ? NULL : __real_strdup(text);
}
