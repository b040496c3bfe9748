/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/walk.h"

#include "signature/normalise.h"

#include <inttypes.h>
#include <string.h>

/* Armv7-M exception numbers (Arm DDI 0403E B1.5.2) whose code runs because of the next instruction.
 */
static bool is_synchronous(uint16_t exception)
{
	enum { HARD_FAULT = 3, SECURE_FAULT = 7, SV_CALL = 11, DEBUG_MONITOR = 12 };
	return (exception >= HARD_FAULT && exception <= SECURE_FAULT) || exception == SV_CALL ||
	       exception == DEBUG_MONITOR;
}

/*
 * A frame found through LR is as good as the register only when nothing has run since: right above
 * the context. Behind a guess everything is a guess, whatever the next step was.
 */
static void grade(struct fl_site *sites, size_t count)
{
	bool strict = true;
	size_t physical = 0;
	for (size_t i = 0; i < count; i++) {
		const struct fl_frame *f = sites[i].frame;
		if (f->trust <= FL_TRUST_PROLOGUE || (f->trust == FL_TRUST_LR && physical > 1))
			strict = false;
		sites[i].strict = strict;
		sites[i].context = physical == 0 && f->kind == FL_FRAME_CODE;
		physical += !f->inlined;
	}
}

static enum fl_code
name_sites(struct fl_walk *w, const struct fl_rules *rules, struct fl_arena *arena)
{
	const char *callee = NULL;
	char name[FL_NAME_SIZE];
	for (size_t i = 0; i < w->count; i++) {
		struct fl_site *site = &w->sites[i];
		if (site->frame->kind != FL_FRAME_CODE || !site->frame->function)
			continue;
		fl_normalise(site->frame->function, name);
		if (!*name)
			continue;
		site->name = fl_arena_strdup(arena, name);
		if (!site->name)
			return FL_ENOMEM;
		struct fl_rule_query query = {
			.name = site->name,
			.module = site->frame->module,
			.callee = callee,
			.cause = w->cause,
		};
		site->rule = fl_rules_match(rules, &query);
		if (!site->rule || site->rule->kind != FL_RULE_IRRELEVANT)
			callee = site->name;
	}
	return FL_OK;
}

static bool is_boundary(const struct fl_site *site)
{
	return site->frame->kind == FL_FRAME_EXCEPTION;
}

static void skip_to(struct fl_walk *w, size_t *at, size_t end, const char *because)
{
	for (; *at < end; ++*at) {
		w->sites[*at].role = FL_ROLE_SKIPPED;
		w->sites[*at].because = because;
	}
}

/* Where the line of `category` wants the walk to begin. */
static size_t first_site(struct fl_walk *w)
{
	size_t at = 0;
	size_t end = 0;
	enum fl_rule_start start = w->category ? w->category->start : FL_START_INNERMOST;
	if (start == FL_START_CALLER) {
		while (end < w->count && w->sites[end].context)
			end++;
		if (end < w->count)
			skip_to(w, &at, end,
				"this is where the branch went, not where it came from");
	}
	if (start == FL_START_INTERRUPTED) {
		while (end < w->count && !is_boundary(&w->sites[end]))
			end++;
		if (end < w->count)
			skip_to(w, &at, end + 1, "this handler only noticed it");
	}
	return at;
}

/* Past the outermost sentinel before the next exception boundary. */
static enum fl_code skip_error_handling(struct fl_walk *w, struct fl_arena *arena, size_t *at)
{
	const struct fl_site *sentinel = NULL;
	for (size_t i = *at; i < w->count && !is_boundary(&w->sites[i]); i++)
		if (w->sites[i].rule && w->sites[i].rule->kind == FL_RULE_SENTINEL)
			sentinel = &w->sites[i];
	if (!sentinel)
		return FL_OK;
	const char *because = fl_arena_printf(arena, "%s line %" PRIu32 ": %s and all it called",
					      sentinel->rule->list, sentinel->rule->line,
					      sentinel->rule->pattern);
	if (!because)
		return FL_ENOMEM;
	skip_to(w, at, (size_t)(sentinel - w->sites) + 1, because);
	return FL_OK;
}

static enum fl_role role_of(const struct fl_walk *w, const struct fl_site *site)
{
	if (is_boundary(site))
		return w->named && !is_synchronous(site->frame->exception) ? FL_ROLE_END
									   : FL_ROLE_SKIPPED;
	if (!site->strict && !w->weak)
		return FL_ROLE_END;
	if (!site->name)
		return FL_ROLE_SKIPPED;
	if (!site->rule)
		return FL_ROLE_APP;
	switch (site->rule->kind) {
	case FL_RULE_ENTRY:
		return w->named ? FL_ROLE_END : FL_ROLE_SKIPPED;
	case FL_RULE_PREFIX:
		return FL_ROLE_LIBRARY;
	default:
		return FL_ROLE_SKIPPED;
	}
}

/* NULL only when memory is out. */
static const char *
reason_of(const struct fl_walk *w, const struct fl_site *site, struct fl_arena *arena)
{
	if (is_boundary(site))
		return site->role == FL_ROLE_END ? "what follows was interrupted by chance"
						 : "exception boundary";
	if (!site->strict && !w->weak)
		return fl_arena_printf(arena, "from here on frames are guesses (%s)",
				       fl_trust_name(site->frame->trust));
	if (!site->name)
		return "no symbol";
	if (site->rule)
		return fl_arena_printf(arena, "%s line %" PRIu32 ": %s", site->rule->list,
				       site->rule->line, site->rule->pattern);
	return w->named ? "in no list" : "the first frame that is in no list";
}

static enum fl_code walk_from(struct fl_walk *w, size_t at, struct fl_arena *arena)
{
	for (; at < w->count; at++) {
		struct fl_site *site = &w->sites[at];
		site->role = role_of(w, site);
		site->because = reason_of(w, site, arena);
		if (!site->because)
			return FL_ENOMEM;
		w->named |= site->role == FL_ROLE_APP;
		if (site->role == FL_ROLE_END)
			break;
	}
	return FL_OK;
}

/* How telling a frame is when every frame is in some list; 0 for one that has no say. */
static unsigned telling(const struct fl_site *site)
{
	if (!site->rule || (site->role != FL_ROLE_SKIPPED && site->role != FL_ROLE_LIBRARY))
		return 0;
	if (site->rule->kind == FL_RULE_PREFIX)
		return 3;
	return site->rule->kind == FL_RULE_ENTRY ? 2 : 1;
}

/* A library function names the issue rather than the start of a stack, that rather than plumbing.
 */
static void name_by_listed_frames(struct fl_walk *w)
{
	unsigned best = 0;
	for (size_t i = 0; i < w->count; i++)
		if (telling(&w->sites[i]) > best)
			best = telling(&w->sites[i]);
	for (size_t i = 0; i < w->count && best; i++)
		if (telling(&w->sites[i]) == best)
			w->sites[i].role = FL_ROLE_APP;
	w->named = best != 0;
}

static enum fl_code walk_once(struct fl_walk *w, struct fl_arena *arena)
{
	for (size_t i = 0; i < w->count; i++)
		w->sites[i].role = FL_ROLE_NONE;
	size_t at = first_site(w);
	enum fl_code code = skip_error_handling(w, arena, &at);
	return code ? code : walk_from(w, at, arena);
}

enum fl_code fl_walk(const struct fl_trace *trace, const char *cause,
		     const struct fl_rule *category, const struct fl_rules *rules,
		     struct fl_arena *arena, struct fl_walk *ret)
{
	const struct fl_thread *thread = fl_trace_crashed(trace);
	struct fl_walk w = { .cause = cause, .category = category };
	w.count = thread ? thread->frame_count : 0;
	w.sites = fl_arena_array(arena, w.count, sizeof(*w.sites));
	if (!w.sites)
		return FL_ENOMEM;
	for (size_t i = 0; i < w.count; i++)
		w.sites[i].frame = &thread->frames[i];
	grade(w.sites, w.count);
	enum fl_code code = name_sites(&w, rules, arena);
	if (!code)
		code = walk_once(&w, arena);
	if (!code && !w.named) {
		w.weak = true;
		code = walk_once(&w, arena);
	}
	if (code)
		return code;
	if (!w.named)
		name_by_listed_frames(&w);
	w.weak = false;
	for (size_t i = 0; i < w.count; i++)
		w.weak |= w.sites[i].role == FL_ROLE_APP && !w.sites[i].strict;
	*ret = w;
	return FL_OK;
}
