/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/hook.h"

#include "fault/code_walk.h"
#include "fault/rules.h"
#include "fault/words.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	bool has_argument; /* the control block of the thread is the first one */
} hooks[] = {
	{ "vApplicationStackOverflowHook", true },  /* FreeRTOS */
	{ "_tx_thread_stack_error_handler", true }, /* ThreadX */
	{ "z_check_stack_sentinel", false },        /* Zephyr */
};

static const struct fl_thread *find_thread(const struct fl_cause_input *in, uint32_t block)
{
	for (size_t i = 0; i < in->thread_count; i++)
		if (in->threads[i].has_block && in->threads[i].block == block)
			return &in->threads[i];
	return NULL;
}

/* All of these look at the thread that runs, before another one is chosen. */
static void find_victim(const struct fl_cause_input *in, const struct fl_frame *frame,
			bool has_argument, struct fl_overflow_hook *ret)
{
	const struct fl_inquiry q = { .in = in };
	if (in->thread->has_block)
		ret->victim = in->thread;
	if (!has_argument || !fl_code_first_argument(&q, frame, &ret->argument))
		return;
	const struct fl_thread *named = find_thread(in, ret->argument);
	if (!named)
		return;
	ret->victim = named;
	ret->by_argument = true;
}

static bool is_hook(const struct fl_frame *frame, size_t which)
{
	const char *name = frame->linkage_name ? frame->linkage_name : frame->function;
	return frame->kind == FL_FRAME_CODE && frame->trust > FL_TRUST_SCAN && name &&
	       !strcmp(name, hooks[which].name);
}

bool fl_overflow_hook_find(const struct fl_cause_input *in, struct fl_overflow_hook *ret)
{
	for (size_t i = 0; in->thread && i < in->thread->frame_count; i++) {
		const struct fl_frame *frame = &in->thread->frames[i];
		for (size_t which = 0; which < sizeof(hooks) / sizeof(hooks[0]); which++) {
			if (!is_hook(frame, which))
				continue;
			*ret = (struct fl_overflow_hook){ .name = hooks[which].name };
			find_victim(in, frame, hooks[which].has_argument, ret);
			return true;
		}
	}
	return false;
}

void fl_evidence_hook(struct fl_inquiry *q, const struct fl_overflow_hook *hook)
{
	char words[FL_THREAD_WORDS];
	fl_evidence(q,
		    "%s is among the frames of the crashed thread: the kernel's own check failed",
		    hook->name);
	if (hook->by_argument)
		fl_evidence(q, "its argument 0x%08" PRIx32 " is the control block of %s",
			    hook->argument, fl_thread_words(hook->victim, words));
	else if (hook->victim)
		fl_evidence(q, "%s was the one that ran", fl_thread_words(hook->victim, words));
}

/* What a fault in the hook, or an assert of its own, reports is not what the kernel found. */
static void state_how_it_ended(struct fl_inquiry *q)
{
	const struct fl_reason *reason = q->in->reason;
	if (!reason || !reason->known || !reason->code || fl_reason_is_overflow(reason))
		return;
	fl_evidence(q, "the hook then ended in 0x%04" PRIx32 ", %s%s", reason->code, reason->name,
		    fl_inquiry_is_fault(q)
			    ? ": the fault registers tell of that, not of the overflow"
			    : "");
}

bool fl_cause_overflow_hook(struct fl_inquiry *q)
{
	struct fl_overflow_hook hook;
	char words[FL_THREAD_WORDS];
	if (q->in->event || !fl_overflow_hook_find(q->in, &hook))
		return false;
	if (fl_reason_is_overflow(q->in->reason))
		fl_evidence_reason(q);
	fl_evidence_hook(q, &hook);
	state_how_it_ended(q);
	if (hook.victim)
		fl_verdict(q, "Stack Overflow", FL_CERTAIN,
			   "the kernel found that %s overflowed its stack",
			   fl_thread_words(hook.victim, words));
	else
		fl_verdict(q, "Stack Overflow", FL_CERTAIN, "the kernel found a stack overflow");
	return true;
}
