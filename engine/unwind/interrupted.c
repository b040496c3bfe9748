/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/interrupted.h"

#include "target/exc_return.h"

static bool is_cut_off_in_handler(const struct fl_walker *w)
{
	const struct fl_unwound_frame *last = &w->out->frames[w->out->count - 1];
	if (!w->at.ipsr_known || !w->at.ipsr || w->out->stop == FL_STOP_SECURE)
		return false;
	/* That way it goes to a thread, and there is nothing. */
	return last->kind == FL_FRAME_CODE || !last->pc_known ||
	       !fl_exc_return_decode(last->pc).to_thread;
}

static bool is_captured(const struct fl_memory *memory, uint32_t addr)
{
	const struct fl_span *span = fl_memory_find(memory, addr);
	return span && span->source == FL_SPAN_DUMP;
}

/* r4 to r11 are lost with the frames in between, and which exception was the first as well. */
static struct fl_boundary lost_boundary(const struct fl_walker *w)
{
	const struct fl_unwound_frame *last = &w->out->frames[w->out->count - 1];
	struct fl_boundary boundary = { 0 };
	uint32_t psp;
	if (fl_reg_get(&w->at.regs, FL_PSP, &psp))
		fl_reg_set(&boundary.regs, FL_PSP, psp);
	boundary.number = last->kind == FL_FRAME_CODE ? w->at.ipsr : 0;
	boundary.number_known = boundary.number;
	return boundary;
}

static void note_interrupted(struct fl_walker *w, uint32_t psp)
{
	char text[160];
	fl_unwind_stop_text(w->out, text, sizeof(text));
	fl_finding_add(w->findings, FL_STAGE_UNWIND, FL_NOTE, FL_ENOTFOUND, FL_AT_TARGET_ADDRESS,
		       psp,
		       "the frames of the handler end early (%s): the thread that it interrupted "
		       "is shown by what lies at PSP, without r4 to r11",
		       text);
}

bool fl_show_interrupted_thread(struct fl_walker *w)
{
	uint32_t psp;
	uint32_t addr;
	struct fl_cursor thread = { 0 };
	if (!w->in->symbols->count || !is_cut_off_in_handler(w) ||
	    !fl_reg_get(&w->at.regs, FL_PSP, &psp) || !is_captured(w->in->memory, psp))
		return false;
	struct fl_boundary boundary = lost_boundary(w);
	if (fl_exception_frame_test(w->in, &boundary, psp, true) != FL_FRAME_GOOD ||
	    fl_exception_pop_at(w->in, &boundary, psp, true, &thread, &addr) || thread.ipsr)
		return false;
	note_interrupted(w, psp);
	return fl_walker_cross(w, &boundary, FL_STOP_NONE, &thread, addr, FL_TRUST_SCAN);
}
