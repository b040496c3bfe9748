/* SPDX-License-Identifier: Apache-2.0 */
#include "support/libdwarf_reader/said.h"

#include <stdlib.h>
#include <string.h>

struct said said_init(void)
{
	return (struct said){
		.scopes = FL_VEC(struct said_scope),
		.functions = FL_VEC(struct said_function),
		.calls = FL_VEC(struct said_call),
		.rows = FL_VEC(struct said_row),
		.enumerators = FL_VEC(struct said_enumerator),
		.structures = FL_VEC(struct said_structure),
		.aliases = FL_VEC(struct said_alias),
		.variables = FL_VEC(struct said_variable),
		.frames = FL_VEC(struct said_frame),
	};
}

void said_deinit(struct said *said)
{
	fl_vec_deinit(&said->scopes);
	fl_vec_deinit(&said->functions);
	fl_vec_deinit(&said->calls);
	fl_vec_deinit(&said->rows);
	fl_vec_deinit(&said->enumerators);
	fl_vec_deinit(&said->structures);
	fl_vec_deinit(&said->aliases);
	fl_vec_deinit(&said->variables);
	fl_vec_deinit(&said->frames);
	fl_arena_deinit(&said->arena);
}

size_t said_add(struct fl_vec *list, const void *element)
{
	if (!fl_vec_push(list, element))
		abort();
	return list->count - 1;
}

void said_keep(struct fl_vec *list, bool (*is_wanted)(const void *element, const void *context),
	       const void *context)
{
	size_t count = list->count;
	char *element = list->data;
	list->count = 0;
	for (; count--; element += list->element_size)
		if (is_wanted(element, context))
			memmove((char *)list->data + list->count++ * list->element_size, element,
				list->element_size);
}

const char *said_text(struct said *said, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	const char *text = fl_arena_vprintf(&said->arena, format, ap);
	va_end(ap);
	if (!text)
		abort();
	return text;
}

static int by_key(const void *a, const void *b)
{
	const struct said_structure *x = a;
	const struct said_structure *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

struct said_structure *said_structure_of(const struct said *said, uint64_t key)
{
	struct said_structure wanted = { .key = key };
	if (!said->structures.count)
		return NULL;
	return bsearch(&wanted, said->structures.data, said->structures.count, sizeof(wanted),
		       by_key);
}
