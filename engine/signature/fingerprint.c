/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/fingerprint.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

enum { TOP = 3, PAIR = 2 };

struct maker {
	struct fl_arena *arena;
	const struct fl_trace *trace;
	const struct fl_walk *walk;
	const struct fl_signature_key *key;
	struct fl_signature *out;
	bool failed;
};

static struct fl_fingerprint *
add(struct maker *m, const char *kind, const char *preimage, bool joins)
{
	if (!preimage) {
		m->failed = true;
		return NULL;
	}
	struct fl_fingerprint *f = &m->out->fingerprints[m->out->fingerprint_count++];
	*f = (struct fl_fingerprint){ .kind = kind, .preimage = preimage, .joins = joins };
	fl_hash128(preimage, strlen(preimage), f->hash);
	return f;
}

/* "Null Pointer at a < b < c", or without the category. */
static void add_chain(struct maker *m, const char *kind, unsigned what, size_t max, bool joins)
{
	struct fl_chain chain;
	fl_chain(m->walk, what, max, &chain);
	const char *text = fl_chain_text(&chain, " < ", m->arena);
	if (!text) {
		m->failed = true;
		return;
	}
	add(m, kind, fl_arena_printf(m->arena, "%s at %s", m->key->category, text), joins);
}

/*
 * Where an event and the full trace of its crash meet. An event has no more than pc and lr, and a
 * reason instead of the category, which often takes registers and memory to find.
 */
static void add_meeting(struct maker *m, const char *kind, const char *names)
{
	bool event = m->trace->kind == FL_REPORT_REBOOT;
	const char *text =
		names ? fl_arena_printf(m->arena, "%s at %s", m->key->reason, names) : NULL;
	struct fl_fingerprint *f = add(m, kind, text, event);
	if (f)
		f->leads = !event;
}

/* An event that is sure of both functions joins by both or not at all: another caller may well be
 * another bug. */
static void add_meetings(struct maker *m)
{
	bool event = m->trace->kind == FL_REPORT_REBOOT;
	struct fl_chain pair;
	fl_chain(m->walk, FL_CHAIN_PHYSICAL, PAIR, &pair);
	bool paired = pair.count == PAIR && !(event && m->walk->weak);
	if (paired)
		add_meeting(m, "pc-lr", fl_chain_text(&pair, " < ", m->arena));
	if (m->key->function && !(event && paired))
		add_meeting(m, "site", m->key->function);
}

/* Any of them may be where the stack ended this time. */
static void add_recursion_meetings(struct maker *m)
{
	struct fl_chain recursion;
	fl_chain_recursion(m->walk, &recursion);
	for (size_t i = 0; i < recursion.count; i++)
		add_meeting(m, "site", recursion.names[i]);
}

static void add_cause(struct maker *m, bool joins)
{
	const struct fl_signature_key *k = m->key;
	const char *what = k->function ? " at " : "";
	const char *name = k->function ? k->function : "";
	if (k->parties) {
		what = " between ";
		name = k->parties;
	} else if (k->thread || k->recursion) {
		what = k->thread ? " in thread " : " in recursion of ";
		name = k->thread ? k->thread : k->recursion;
	}
	add(m, "cause",
	    fl_arena_printf(m->arena, "%s%s%s%s%s", k->category, what, name,
			    k->software ? " of " : "", k->software ? k->software : ""),
	    joins);
}

/* Nothing but the reason, e.g. of a reset by the supply. */
static void add_reason(struct maker *m)
{
	const struct fl_signature_key *k = m->key;
	add(m, "reason",
	    fl_arena_printf(m->arena, "%s%s%s", k->reason, k->software ? " of " : "",
			    k->software ? k->software : ""),
	    true);
}

/* Another status is another problem; another log line is the same one. */
static void add_trace_event(struct maker *m)
{
	const struct fl_signature_key *k = m->key;
	const char *what = k->function ? " at " : k->software ? " of " : "";
	const char *name = k->function ? k->function : k->software ? k->software : "";
	add(m, "trace", fl_arena_printf(m->arena, "%s%s%s", k->reason, what, name), true);
}

static const struct fl_module_facts *
module_of(const struct fl_trace *trace, const struct fl_frame *frame)
{
	for (size_t i = 0; frame->module && i < trace->module_count; i++)
		if (!fl_strcmp(trace->modules[i].name, frame->module))
			return &trace->modules[i];
	return NULL;
}

/* "<build id>+0x1234": the only place of a signature where an address counts, and only in its
 * build. */
static void add_place(struct fl_str *s, const struct fl_trace *trace, const struct fl_frame *frame)
{
	char hex[41] = "?";
	const struct fl_module_facts *module = module_of(trace, frame);
	const uint8_t *id = module ? module->build_id : trace->identity.build_id;
	size_t size = module ? module->build_id_size : trace->identity.build_id_size;
	if (size && size <= 20)
		fl_hex(id, size, hex);
	else if (trace->identity.software_version && !module)
		fl_str_addf(s, "%s ", trace->identity.software_version);
	fl_str_addf(s, "%s+0x%" PRIx32, module && !size ? module->name : hex,
		    module ? frame->module_off : frame->pc);
}

static void add_addresses(struct maker *m)
{
	FL_AUTO_STR s = { 0 };
	size_t count = 0;
	fl_str_addf(&s, "%s at ", m->key->category);
	for (size_t i = 0; i < m->walk->count && count < TOP; i++) {
		const struct fl_site *site = &m->walk->sites[i];
		if (site->frame->kind != FL_FRAME_CODE || site->frame->inlined)
			continue;
		if (count && !site->strict)
			break;
		fl_str_adds(&s, count++ ? " < " : "");
		add_place(&s, m->trace, site->frame);
	}
	m->failed |= s.failed;
	add(m, "address", s.data ? fl_arena_strdup(m->arena, s.data) : NULL, true);
}

/* A wild pc tells traces apart by chance; a dump still has a stack that says more. */
static bool has_code(const struct fl_trace *trace, const struct fl_walk *walk)
{
	bool anywhere = trace->kind == FL_REPORT_DUMP || !trace->module_count;
	for (size_t i = 0; i < walk->count; i++)
		if (walk->sites[i].frame->kind == FL_FRAME_CODE &&
		    (anywhere || walk->sites[i].frame->module))
			return true;
	return false;
}

static void add_dump(struct maker *m, bool by_cause)
{
	const struct fl_walk *walk = m->walk;
	if (walk->named && walk->weak) {
		add_chain(m, "weak", 0, TOP, !by_cause);
	} else if (walk->named) {
		add_chain(m, "stack", FL_CHAIN_LIBRARY, FL_CHAIN_MAX, false);
		add_chain(m, "top", 0, TOP, !by_cause);
		add_chain(m, "physical", FL_CHAIN_PHYSICAL, TOP, false);
	} else if (has_code(m->trace, walk) && !by_cause) {
		add_addresses(m);
		return;
	}
	if (walk->named && !by_cause)
		add_meetings(m);
	if (m->key->recursion)
		add_recursion_meetings(m);
	add_cause(m, by_cause || !walk->named);
}

static void add_reboot(struct maker *m, bool by_cause)
{
	if (by_cause)
		add_cause(m, true);
	else if (m->walk->named)
		add_meetings(m);
	else if (has_code(m->trace, m->walk))
		add_addresses(m);
	else
		add_reason(m);
}

enum fl_code fl_fingerprints(const struct fl_trace *trace, const struct fl_walk *walk,
			     const struct fl_signature_key *key, struct fl_arena *arena,
			     struct fl_signature *ret)
{
	struct maker m = { .arena = arena, .trace = trace, .walk = walk, .key = key, .out = ret };
	bool by_cause = key->parties || key->thread || key->recursion || key->accidental;
	ret->fingerprint_count = 0;
	ret->fingerprints =
		fl_arena_array(arena, FL_LIMIT_FINGERPRINTS, sizeof(*ret->fingerprints));
	if (!ret->fingerprints)
		return FL_ENOMEM;
	if (trace->kind == FL_REPORT_TRACE)
		add_trace_event(&m);
	else if (trace->kind == FL_REPORT_REBOOT)
		add_reboot(&m, by_cause);
	else
		add_dump(&m, by_cause);
	return m.failed ? FL_ENOMEM : FL_OK;
}
