/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of threads as one text, wherever it was entered. */
#include "signature/parties.h"

#include "base/str.h"
#include "signature/normalise.h"

#include <string.h>

enum {
	NAMED_MAX = 16, /* of a larger ring the first ones stand for all */
	TITLE_MAX = 3,
};

static const char *or_unknown(const char *name)
{
	return *name ? name : "?";
}

/* "courier for disk_lock"; a lock inside a larger object is known by that. */
static const char *party_text(const struct fl_cause_party *party, struct fl_arena *arena)
{
	char thread[FL_NAME_SIZE] = "";
	char lock[FL_NAME_SIZE] = "";
	if (party->thread)
		fl_normalise_thread(party->thread, thread);
	if (party->lock)
		fl_normalise(party->lock, lock);
	lock[strcspn(lock, "+")] = '\0';
	return fl_arena_printf(arena, "%s for %s", or_unknown(thread), or_unknown(lock));
}

/* The turn that sorts first: two candidates, the worse of which jumps over all that it lost to. */
static size_t first_turn(const char *const *texts, size_t count)
{
	size_t a = 0, b = 1, same = 0;
	while (a < count && b < count && same < count) {
		int order = strcmp(texts[(a + same) % count], texts[(b + same) % count]);
		if (!order) {
			same++;
			continue;
		}
		if (order > 0)
			a += same + 1;
		else
			b += same + 1;
		b += a == b;
		same = 0;
	}
	return a < b ? a : b;
}

static const char **all_texts(const struct fl_cause *cause, struct fl_arena *arena)
{
	const char **texts = fl_arena_array(arena, cause->party_count, sizeof(*texts));
	for (size_t i = 0; texts && i < cause->party_count; i++) {
		texts[i] = party_text(&cause->parties[i], arena);
		if (!texts[i])
			return NULL;
	}
	return texts;
}

const char *fl_parties_text(const struct fl_cause *cause, struct fl_arena *arena)
{
	size_t count = cause->party_count;
	const char **texts = all_texts(cause, arena);
	FL_AUTO_STR s = { 0 };
	if (!texts)
		return NULL;
	size_t first = first_turn(texts, count);
	for (size_t i = 0; i < count && i < NAMED_MAX; i++)
		fl_str_addf(&s, "%s%s", i ? ", " : "", texts[(first + i) % count]);
	if (count > NAMED_MAX)
		fl_str_addf(&s, " and %zu more", count - NAMED_MAX);
	return s.failed ? NULL : fl_arena_strdup(arena, s.data ? s.data : "");
}

/* "A, B and C" */
static void add_name(struct fl_str *s, const char *name, size_t i, size_t count)
{
	const char *before = !i ? "" : i + 1 == count ? " and " : ", ";
	fl_str_addf(s, "%s%s", before, name);
}

const char *fl_parties_title(const struct fl_cause *cause, const char *category, const char *word,
			     struct fl_arena *arena)
{
	const char **texts = all_texts(cause, arena);
	size_t count = cause->party_count;
	size_t shown = count > TITLE_MAX ? TITLE_MAX : count;
	FL_AUTO_STR s = { 0 };
	if (!texts)
		return NULL;
	size_t first = first_turn(texts, count);
	fl_str_addf(&s, "%s %s ", category, count == 1 ? "in" : word);
	for (size_t i = 0; i < shown; i++) {
		char name[FL_NAME_SIZE] = "";
		const char *thread = cause->parties[(first + i) % count].thread;
		if (thread)
			fl_normalise_thread(thread, name);
		add_name(&s, *name ? name : "an unnamed thread", i, shown + (count > shown));
	}
	if (count > shown)
		fl_str_addf(&s, " and %zu more", count - shown);
	return s.failed ? NULL : fl_arena_strdup(arena, s.data);
}
