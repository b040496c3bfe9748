/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/chain.h"

#include <stdlib.h>
#include <string.h>

static bool is_wanted(const struct fl_site *site, unsigned what)
{
	if (!site->name || (what & FL_CHAIN_PHYSICAL && site->frame->inlined))
		return false;
	return site->role == FL_ROLE_APP ||
	       (what & FL_CHAIN_LIBRARY && site->role == FL_ROLE_LIBRARY);
}

/* Drop the last @p period names when those before them are the same. */
static bool drop_repeat(struct fl_chain *chain, size_t period)
{
	if (chain->count < 2 * period)
		return false;
	const char **last = chain->names + chain->count - period;
	const char **before = last - period;
	for (size_t i = 0; i < period; i++)
		if (strcmp(last[i], before[i]) != 0)
			return false;
	chain->count -= period;
	return true;
}

static void collapse(struct fl_chain *chain)
{
	for (size_t period = 1; period <= FL_CHAIN_CYCLE; period++)
		if (drop_repeat(chain, period))
			return;
}

void fl_chain(const struct fl_walk *walk, unsigned what, size_t max, struct fl_chain *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < walk->count && ret->count < FL_CHAIN_MAX; i++) {
		if (!is_wanted(&walk->sites[i], what))
			continue;
		ret->names[ret->count++] = walk->sites[i].name;
		collapse(ret);
	}
	if (ret->count > max)
		ret->count = max;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;
	return strcmp(*x, *y);
}

void fl_chain_recursion(const struct fl_walk *walk, struct fl_chain *ret)
{
	enum { TURNS = 3 };
	const char *seen[FL_CHAIN_MAX];
	size_t count = 0;
	ret->count = 0;
	for (size_t i = 0; i < walk->count && count < FL_CHAIN_MAX; i++)
		if (is_wanted(&walk->sites[i], 0))
			seen[count++] = walk->sites[i].name;
	qsort(seen, count, sizeof(*seen), compare_names);
	for (size_t i = 0, run; i < count && ret->count < FL_CHAIN_CYCLE; i += run) {
		for (run = 1; i + run < count && !strcmp(seen[i], seen[i + run]); run++)
			;
		if (run >= TURNS)
			ret->names[ret->count++] = seen[i];
	}
}

const char *
fl_chain_text(const struct fl_chain *chain, const char *separator, struct fl_arena *arena)
{
	size_t size = 1;
	for (size_t i = 0; i < chain->count; i++)
		size += strlen(chain->names[i]) + strlen(separator);
	char *text = fl_arena_room(arena, size);
	char *end = text;
	if (!text)
		return NULL;
	*text = '\0';
	for (size_t i = 0; i < chain->count; i++)
		end = stpcpy(stpcpy(end, i ? separator : ""), chain->names[i]);
	return text;
}
