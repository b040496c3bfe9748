/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/symbolize.h"

#include "base/vec.h"

/* Scopes of one frame: the chain of inlined calls and the function itself. */
enum { MAX_SCOPES = FL_LIMIT_INLINE_DEPTH + 1 };

struct symbolizer {
	const struct fl_symbol_view *view;
	struct fl_arena *arena;
	struct fl_vec frames; /* struct fl_frame */
	bool failed;
};

static const char *copy(struct symbolizer *s, const char *text)
{
	char *own = text ? fl_arena_strdup(s->arena, text) : NULL;
	s->failed |= text && !own;
	return own;
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

static void add(struct symbolizer *s, const struct fl_frame *frame)
{
	s->failed |= !fl_vec_push(&s->frames, frame);
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
	const struct fl_module *module = fl_view_module_at(s->view, f->lookup_pc);
	size_t count = 0;
	if (module) {
		struct fl_module_info info = fl_module_info(module);
		frame.module = copy(s, info.name);
		frame.module_off = f->lookup_pc - info.code_addr;
		frame.function_known = fl_module_function(module, f->lookup_pc, &function);
		frame.function_addr = frame.function_known ? function.addr : 0;
		count = fl_module_scopes(module, f->lookup_pc, scopes, MAX_SCOPES);
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
	struct symbolizer s = { .view = view, .arena = arena, .frames = FL_VEC(struct fl_frame) };
	for (size_t i = 0; i < count && !s.failed; i++) {
		struct fl_frame boundary = frame_of(&frames[i]);
		boundary.regs = frames[i].regs;
		if (frames[i].kind == FL_FRAME_EXCEPTION)
			add(&s, &boundary);
		else
			add_code(&s, &frames[i]);
	}
	struct fl_frame *own =
		s.failed ? NULL
			 : fl_arena_copy(arena, s.frames.data, s.frames.count * sizeof(*own));
	if (own) {
		*ret = own;
		*count_ret = s.frames.count;
	}
	fl_vec_deinit(&s.frames);
	return own ? FL_OK : FL_ENOMEM;
}
