/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/symbolize.h"

#include "symbols/module.h"

#include <string.h>

enum {
	MAX_SCOPES = FL_LIMIT_INLINE_DEPTH + 1, /* the inlined calls of a frame and its function */
	COPIES = 32,
};

struct symbolizer {
	const struct fl_symbol_view *view;
	struct fl_arena *arena;
	struct fl_frame *frames;
	size_t count;
	size_t room;
	/* The module's name comes with every frame, that of a file with many. */
	struct {
		const char *from;
		const char *own;
	} copies[COPIES];
	bool failed;
};

static const char *copy(struct symbolizer *s, const char *text)
{
	if (!text)
		return NULL;
	size_t slot = (uintptr_t)text / 4 % COPIES;
	if (s->copies[slot].from != text) {
		const char *own = fl_arena_strdup(s->arena, text);
		s->failed |= !own;
		s->copies[slot].from = own ? text : NULL;
		s->copies[slot].own = own;
	}
	return s->copies[slot].own;
}

static bool make_room(struct symbolizer *s, size_t room)
{
	struct fl_frame *frames = fl_arena_room(s->arena, room * sizeof(*frames));
	s->failed |= !frames;
	if (!frames)
		return false;
	if (s->count)
		memcpy(frames, s->frames, s->count * sizeof(*frames));
	s->frames = frames;
	s->room = room;
	return true;
}

static void add(struct symbolizer *s, const struct fl_frame *frame)
{
	if (s->count < s->room || make_room(s, s->room * 2))
		s->frames[s->count++] = *frame;
}

/* What an inlined frame shares with the physical one that follows it. */
static struct fl_frame frame_of(const struct fl_unwound_frame *f)
{
	return (struct fl_frame){
		.kind = f->kind,
		.trust = f->trust,
		.pc_known = f->pc_known,
		.pc = f->pc,
		.lookup_pc = f->lookup_pc,
		.cfa = f->cfa,
		.cfa_known = f->cfa_known,
		.exception = f->exception,
	};
}

static void fill_scope(struct symbolizer *s, const struct fl_scope *scope, struct fl_frame *frame)
{
	frame->function = copy(s, scope->function);
	frame->linkage_name = copy(s, scope->linkage_name);
	frame->file = copy(s, scope->file);
	frame->line = scope->line;
	frame->column = scope->column;
}

static void add_code(struct symbolizer *s, const struct fl_unwound_frame *f)
{
	struct fl_frame frame = frame_of(f);
	struct fl_scope scopes[MAX_SCOPES];
	struct fl_function_info function;
	struct fl_pc_facts room;
	const struct fl_pc_facts *facts = fl_view_pc(s->view, f->lookup_pc, &room);
	const struct fl_module *module = facts->module;
	size_t count = 0;
	if (module) {
		frame.module = copy(s, fl_module_text(module, module->header->name));
		frame.module_off = f->lookup_pc - module->header->code_addr;
		count = fl_pc_scopes(facts, scopes, MAX_SCOPES, &function);
		frame.function_known = count > 0;
		frame.function_addr = count ? function.addr : 0;
	}
	for (size_t i = 0; i + 1 < count; i++) {
		struct fl_frame inlined = frame;
		inlined.inlined = true;
		fill_scope(s, &scopes[i], &inlined);
		add(s, &inlined);
	}
	if (count)
		fill_scope(s, &scopes[count - 1], &frame);
	frame.regs = f->regs;
	add(s, &frame);
}

enum fl_code fl_symbolize(const struct fl_symbol_view *view, const struct fl_unwound_frame *frames,
			  size_t count, struct fl_arena *arena, struct fl_frame **ret,
			  size_t *count_ret)
{
	struct symbolizer s = { .view = view, .arena = arena };
	make_room(&s, count + count / 2 + 1);
	for (size_t i = 0; i < count && !s.failed; i++) {
		if (frames[i].kind == FL_FRAME_EXCEPTION) {
			struct fl_frame boundary = frame_of(&frames[i]);
			boundary.regs = frames[i].regs;
			add(&s, &boundary);
		} else {
			add_code(&s, &frames[i]);
		}
	}
	if (s.failed)
		return FL_ENOMEM;
	*ret = s.frames;
	*count_ret = s.count;
	return FL_OK;
}
