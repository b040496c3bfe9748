/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"
#include "report/text_parts.h"

#include <string.h>

enum { WIDTH = 80, NUMBER = 2, ACTION = 8, NAME = 17, BECAUSE = 46 };

/* The words of struct fl_signature_step for a person. */
static const char *action_words(const char *action)
{
	static const struct {
		const char *action, *words;
	} table[] = {
		{ "skip", "skipped" },
		{ "name", "NAMES" },
		{ "keep", "kept" },
		{ "end", "ends" },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(action, table[i].action))
			return table[i].words;
	return action;
}

static const struct fl_frame *
frame_of(const struct fl_thread *thread, const struct fl_signature_step *s)
{
	return thread && s->frame < thread->frame_count ? &thread->frames[s->frame] : NULL;
}

static const char *name_of(const struct fl_frame *frame)
{
	if (frame && frame->kind == FL_FRAME_EXCEPTION)
		return "(exception)";
	return frame && frame->function ? frame->function : "??";
}

/* Numbers as the backtrace has them: exception boundaries have none. */
struct numbers {
	const struct fl_thread *thread;
	size_t frame;  /* counted up to here */
	size_t number; /* of that frame */
};

static size_t number_of(struct numbers *n, size_t frame)
{
	if (frame < n->frame)
		n->frame = n->number = 0;
	for (; n->frame < frame && n->frame < n->thread->frame_count; n->frame++)
		n->number += n->thread->frames[n->frame].kind == FL_FRAME_CODE;
	return n->number;
}

static void step(struct fl_text *t, struct numbers *n, const struct fl_signature_step *s)
{
	const struct fl_frame *frame = frame_of(n->thread, s);
	fl_text_pad(t, NUMBER);
	if (frame && frame->kind == FL_FRAME_CODE)
		fl_text_putf(t, FL_STYLE_PLAIN, "#%zu", number_of(n, s->frame));
	fl_text_pad(t, ACTION);
	fl_text_put(t, FL_STYLE_PLAIN, action_words(s->action));
	fl_text_pad(t, NAME);
	fl_text_put(t, FL_STYLE_PLAIN, fl_text_fit_name(t, name_of(frame), BECAUSE - NAME - 2));
	fl_text_pad(t, BECAUSE);
	fl_text_wrap(t, FL_STYLE_PLAIN, BECAUSE, s->because);
	fl_text_newline(t);
}

/* Recursion: the same function, skipped or kept for the same reason. */
static bool is_same(const struct fl_thread *thread, const struct fl_signature_step *a,
		    const struct fl_signature_step *b)
{
	return !fl_strcmp(a->action, b->action) && !fl_strcmp(a->because, b->because) &&
	       !fl_strcmp(name_of(frame_of(thread, a)), name_of(frame_of(thread, b)));
}

static void steps(struct fl_text *t, const struct fl_trace *trace)
{
	const struct fl_signature *s = &trace->signature;
	const struct fl_thread *thread = fl_trace_crashed(trace);
	struct numbers n = { .thread = thread };
	for (size_t i = 0, same; i < s->step_count; i += 1 + same) {
		step(t, &n, &s->steps[i]);
		for (same = 0; i + 1 + same < s->step_count &&
			       is_same(thread, &s->steps[i], &s->steps[i + 1 + same]);)
			same++;
		if (!same)
			continue;
		fl_text_pad(t, NAME);
		fl_text_putf(t, FL_STYLE_PLAIN, "... %zu more of the same", same);
		fl_text_newline(t);
	}
	if (s->step_count)
		return;
	fl_text_put(t, FL_STYLE_PLAIN, "  there are none");
	fl_text_newline(t);
}

static void fingerprint(struct fl_text *t, const struct fl_fingerprint *f)
{
	enum { TEXT = 12 };
	char hex[33];
	fl_hex(f->hash, sizeof(f->hash), hex);
	fl_text_putf(t, FL_STYLE_PLAIN, "%s %-9s %s",
		     f->joins   ? "*"
		     : f->leads ? "+"
				: " ",
		     f->kind, hex);
	fl_text_newline(t);
	fl_text_pad(t, TEXT);
	fl_text_wrap(t, FL_STYLE_PLAIN, TEXT + 2, f->preimage);
	fl_text_newline(t);
}

enum fl_code
fl_report_explain(const struct fl_report *report, struct fl_buffer *ret, struct fl_error *err)
{
	const struct fl_signature *s = &report->trace.signature;
	FL_AUTO_STR out = { 0 };
	struct fl_text t = { .out = &out, .width = WIDTH };
	fl_text_wrap(&t, FL_STYLE_PLAIN, 2, s->title ? s->title : "Without a title");
	fl_text_newline(&t);
	fl_text_newline(&t);
	fl_text_put(&t, FL_STYLE_PLAIN, "Frames of the crashed thread, innermost first");
	fl_text_newline(&t);
	steps(&t, &report->trace);
	fl_text_newline(&t);
	fl_text_put(&t, FL_STYLE_PLAIN,
		    "Fingerprints, finest first (* decides the issue, + leads events to it)");
	fl_text_newline(&t);
	for (size_t i = 0; i < s->fingerprint_count; i++)
		fingerprint(&t, &s->fingerprints[i]);
	fl_text_newline(&t);
	fl_text_putf(&t, FL_STYLE_PLAIN, "Signature version %u, rules %s", s->version,
		     s->rules_hash[0] ? s->rules_hash : "unknown");
	fl_text_newline(&t);
	fl_text_deinit(&t);
	return fl_str_finish(&out, ret, err);
}
