/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/signature.h"

#include "base/limits.h"
#include "base/str.h"
#include "signature/fingerprint.h"
#include "signature/normalise.h"
#include "signature/parties.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Panics share their frames, so the code has to tell them apart: the cause is titled "panic code 8,
 * OutOfHeap", or "panic code 99" where the code has no name.
 */
static const char *panic_code(const char *title, size_t *size_ret)
{
	static const char intro[] = "panic code ";
	static const char word[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	if (!title || strncmp(title, intro, sizeof(intro) - 1) != 0)
		return NULL;
	const char *code = title + sizeof(intro) - 1;
	const char *comma = strstr(code, ", ");
	code = comma ? comma + 2 : code;
	*size_ret = strspn(code, word);
	return *size_ret ? code : NULL;
}

/* The category with what its line in `category` adds: "Panic OutOfHeap", "Reset BrownOutReset". */
static const char *key_category(const struct fl_trace *trace, const char *category,
				const struct fl_rule *rule, struct fl_arena *arena)
{
	const char *detail = NULL;
	size_t size = 0;
	if (trace->kind == FL_REPORT_TRACE) {
		char text[FL_LIMIT_ENUMERATOR];
		fl_event_reason_text(&trace->event, text, sizeof(text));
		return fl_arena_strdup(arena, text);
	}
	if (rule && rule->detail == FL_DETAIL_PANIC_CODE)
		detail = panic_code(trace->cause.title, &size);
	if (rule && rule->detail == FL_DETAIL_REASON && trace->reason.known && trace->reason.name) {
		detail = trace->reason.name;
		size = strlen(detail);
	}
	if (!detail)
		return category;
	return fl_arena_printf(arena, "%s %.*s", category, (int)size, detail);
}

/* What an event is known by; a full trace leads with it. */
static const char *key_reason(const struct fl_trace *trace, struct fl_arena *arena)
{
	char text[FL_LIMIT_ENUMERATOR];
	if (trace->kind != FL_REPORT_TRACE)
		return trace->reason.known && trace->reason.name ? trace->reason.name : "Unknown";
	fl_event_reason_text(&trace->event, text, sizeof(text));
	if (!trace->event.has_status)
		return fl_arena_strdup(arena, text);
	return fl_arena_printf(arena, "%s, status %" PRId64, text, trace->event.status);
}

/* Whom the verdict is about; NULL when nobody names it. */
static const char *subject(const struct fl_trace *trace)
{
	const struct fl_thread *thread = fl_trace_crashed(trace);
	if (trace->cause.party_count)
		return trace->cause.parties[0].thread;
	return thread ? thread->name : NULL;
}

static const char *thread_key(const struct fl_trace *trace, struct fl_arena *arena, bool *failed)
{
	const char *subject_name = subject(trace);
	char name[FL_NAME_SIZE];
	if (!subject_name)
		return NULL;
	fl_normalise_thread(subject_name, name);
	if (!*name)
		return NULL;
	const char *key = fl_arena_strdup(arena, name);
	*failed |= !key;
	return key;
}

static const char *first_name(const struct fl_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->sites[i].role == FL_ROLE_APP && walk->sites[i].name)
			return walk->sites[i].name;
	return NULL;
}

static enum fl_code make_key(const struct fl_trace *trace, const struct fl_walk *walk,
			     struct fl_arena *arena, struct fl_signature_key *key)
{
	bool failed = !key->category || !key->reason;
	bool by_thread = walk->category && walk->category->by_thread;
	key->accidental = trace->cause.random_frame && !walk->category;
	key->function = key->accidental ? NULL : first_name(walk);
	key->software = trace->identity.software_type;
	if (by_thread || key->accidental)
		key->thread = thread_key(trace, arena, &failed);
	if (walk->category && walk->category->by_parties && trace->cause.party_count) {
		key->parties = fl_parties_text(&trace->cause, arena);
		failed |= !key->parties;
	}
	/* Whoever ran has no part in it. */
	if (key->parties || (key->thread && trace->cause.party_count))
		key->function = NULL;
	if (by_thread && !key->thread) {
		struct fl_chain recursion;
		fl_chain_recursion(walk, &recursion);
		if (recursion.count) {
			key->recursion = fl_chain_text(&recursion, " + ", arena);
			key->function = recursion.names[0];
			failed |= !key->recursion;
		}
	}
	return failed ? FL_ENOMEM : FL_OK;
}

/* Only a title may show an address: it is what a person has when there are no symbols. */
static const struct fl_frame *first_code(const struct fl_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->sites[i].frame->kind == FL_FRAME_CODE &&
		    walk->sites[i].role != FL_ROLE_NONE)
			return walk->sites[i].frame;
	return NULL;
}

static const char *make_title(const struct fl_trace *trace, const struct fl_walk *walk,
			      const struct fl_signature_key *key, struct fl_arena *arena)
{
	const char *word = walk->category && walk->category->word ? walk->category->word : "at";
	const struct fl_frame *code = first_code(walk);
	if (key->parties)
		return fl_parties_title(&trace->cause, key->category, word, arena);
	if (key->thread)
		return fl_arena_printf(arena, "%s in %s", key->category, key->thread);
	if (trace->cause.imprecise && !strcmp(word, "at"))
		word = "near";
	if (key->function)
		return fl_arena_printf(arena, "%s %s %s", key->category, word, key->function);
	if (code && !key->accidental)
		return fl_arena_printf(arena, "%s %s 0x%08" PRIx32, key->category, word, code->pc);
	return fl_arena_strdup(arena, key->category);
}

/* Issues that differ in nothing but the status must look different. NULL when memory is out. */
static const char *
with_status(const struct fl_trace *trace, const char *title, struct fl_arena *arena)
{
	if (!title || trace->kind != FL_REPORT_TRACE || !trace->event.has_status)
		return title;
	return fl_arena_printf(arena, "%s (status %" PRId64 ")", title, trace->event.status);
}

static const char *action_of(const struct fl_site *site, bool names)
{
	switch (site->role) {
	case FL_ROLE_APP:
		return names ? "name" : "keep";
	case FL_ROLE_LIBRARY:
		return "keep";
	case FL_ROLE_END:
		return "end";
	default:
		return "skip";
	}
}

static enum fl_code make_steps(const struct fl_walk *walk, const char *function,
			       struct fl_arena *arena, struct fl_signature *ret)
{
	bool named = false;
	ret->step_count = 0;
	ret->steps = fl_arena_array(arena, walk->count, sizeof(*ret->steps));
	if (!ret->steps)
		return FL_ENOMEM;
	for (size_t i = 0; i < walk->count; i++) {
		const struct fl_site *site = &walk->sites[i];
		bool names =
			!named && site->role == FL_ROLE_APP && !fl_strcmp(site->name, function);
		if (site->role == FL_ROLE_NONE)
			continue;
		struct fl_signature_step *step = &ret->steps[ret->step_count++];
		step->frame = (uint32_t)i;
		step->action = action_of(site, names);
		step->because = site->because;
		named |= names;
	}
	return FL_OK;
}

static enum fl_code compute(const struct fl_trace *trace, const struct fl_rules *rules,
			    struct fl_arena *arena, struct fl_signature *ret)
{
	struct fl_walk walk;
	const char *category = trace->cause.category ? trace->cause.category : "Unknown";
	const struct fl_rule *rule = fl_rules_category(rules, category);
	struct fl_signature_key key = {
		.category = key_category(trace, category, rule, arena),
		.reason = key_reason(trace, arena),
	};
	struct fl_signature signature = { .version = FL_SIGNATURE_VERSION };
	enum fl_code code = key.category && key.reason ? FL_OK : FL_ENOMEM;
	if (!code)
		code = fl_walk(trace, category, rule, rules, arena, &walk);
	if (!code)
		code = make_key(trace, &walk, arena, &key);
	if (!code)
		code = fl_fingerprints(trace, &walk, &key, arena, &signature);
	if (!code)
		code = make_steps(&walk, key.function, arena, &signature);
	if (code)
		return code;
	signature.title = with_status(trace, make_title(trace, &walk, &key, arena), arena);
	signature.function = key.function;
	memcpy(signature.rules_hash, rules->hash, sizeof(signature.rules_hash));
	if (!signature.title)
		return FL_ENOMEM;
	*ret = signature;
	return FL_OK;
}

enum fl_code fl_signature_compute(const struct fl_trace *trace, const struct fl_rules *rules,
				  struct fl_arena *arena, struct fl_signature *ret)
{
	if (rules)
		return compute(trace, rules, arena, ret);
	FL_AUTO(fl_rules) builtin = NULL;
	enum fl_code code = fl_rules_open(NULL, 0, &builtin, NULL);
	return code ? code : compute(trace, builtin, arena, ret);
}
