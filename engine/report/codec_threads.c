/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads are told in three sections. The first is as old as the format and stays as it is. What
 * was added since lies beside it, so that an older program still reads all that it knows, but for
 * the registers of frames: there are many, and only the last section is short about them.
 */
#include "report/codec_trace.h"

/* Smallest encodings of one element: what fl_read_count may assume. */
enum { MIN_THREAD = 11, MIN_FRAME = 13, MIN_PARTY = 2 };

static const uint32_t all_registers = (UINT32_C(1) << FL_REGISTER_COUNT) - 1;

/* Modulo 2^32: how far an address lies below the pc is a small number, whatever a bad pc is. */
static void below_pc(struct fl_codec *c, uint32_t pc, uint32_t *v)
{
	uint32_t distance = pc - *v;
	fl_x_uleb32(c, &distance);
	*v = pc - distance;
}

static void registers(struct fl_codec *c, struct fl_registers *regs)
{
	fl_x_words(c, &regs->known, regs->value, FL_REGISTER_COUNT);
}

/* Of a file before FL_SECTION_REGISTERS. */
static void own_registers(struct fl_codec *c, struct fl_frame *f)
{
	struct fl_registers none = { 0 };
	registers(c, c->reading ? &f->regs : &none);
}

static void frame(struct fl_codec *c, struct fl_frame *f)
{
	f->kind = (enum fl_frame_kind)fl_x_enum(c, f->kind, FL_FRAME_EXCEPTION + 1);
	f->trust = (enum fl_trust)fl_x_enum(c, f->trust, FL_TRUST_COUNT);
	FL_X_FLAGS(c, &f->inlined, &f->pc_known, &f->cfa_known, &f->function_known);
	fl_x_optional_u32(c, f->pc_known, &f->pc);
	below_pc(c, f->pc, &f->lookup_pc);
	fl_x_optional_u32(c, f->cfa_known, &f->cfa);
	fl_x_uleb16(c, &f->exception);
	fl_x_str(c, &f->function);
	fl_x_str(c, &f->linkage_name);
	fl_x_str(c, &f->module);
	fl_x_str(c, &f->file);
	fl_x_uleb32(c, &f->line);
	fl_x_uleb32(c, &f->column);
	if (f->function_known)
		below_pc(c, f->pc, &f->function_addr);
	else
		f->function_addr = 0;
	fl_x_uleb32(c, &f->module_off);
	own_registers(c, f);
}

static void frames(struct fl_codec *c, struct fl_thread *t)
{
	t->frames = fl_x_array(c, t->frames, &t->frame_count, sizeof(*t->frames), FL_CODEC_FRAMES,
			       MIN_FRAME);
	for (size_t i = 0; i < t->frame_count && fl_x_ok(c); i++) {
		struct fl_frame f = t->frames[i];
		frame(c, &f);
		if (c->reading)
			t->frames[i] = f;
	}
}

static void stack(struct fl_codec *c, struct fl_thread *t)
{
	FL_X_FLAGS(c, &t->stack.known, &t->stack.used_known, &t->stack.high_water_known);
	fl_x_optional_u32(c, t->stack.known, &t->stack.start);
	uint64_t end = t->stack.known ? t->stack.end : 0;
	if (t->stack.known)
		fl_x_uleb(c, &end);
	t->stack.end = end;
	fl_x_optional_u32(c, t->stack.used_known, &t->stack.used);
	fl_x_optional_u32(c, t->stack.high_water_known, &t->stack.high_water);
	if (c->reading)
		t->stack.start_known = t->stack.known;
}

static enum fl_thread_state state_of(const char *name)
{
	for (int i = 0; name && i < FL_THREAD_STATE_COUNT; i++)
		if (fl_strcmp(fl_thread_state_name((enum fl_thread_state)i), name) == 0)
			return (enum fl_thread_state)i;
	return FL_THREAD_UNKNOWN;
}

/* By name: a later program may know others. */
static void state(struct fl_codec *c, struct fl_thread *t)
{
	const char *name = fl_thread_state_name(t->state);
	fl_x_str(c, &name);
	t->state = state_of(name);
}

static void optional_i32(struct fl_codec *c, bool known, int32_t *v)
{
	uint32_t word = (uint32_t)*v;
	fl_x_optional_u32(c, known, &word);
	*v = (int32_t)word;
}

static void thread(struct fl_codec *c, struct fl_thread *t)
{
	fl_x_str(c, &t->name);
	state(c, t);
	FL_X_FLAGS(c, &t->has_priority, &t->current, &t->crashed);
	optional_i32(c, t->has_priority, &t->priority);
	stack(c, t);
	registers(c, &t->regs);
	t->stop = (enum fl_stop)fl_x_enum(c, t->stop, FL_STOP_COUNT);
	fl_x_str(c, &t->stop_text);
	if (c->reading && !t->stop_text)
		t->stop_text = "";
	frames(c, t);
}

void fl_codec_threads(struct fl_codec *c, struct fl_trace *t)
{
	t->threads = fl_x_array(c, t->threads, &t->thread_count, sizeof(*t->threads),
				FL_LIMIT_THREADS, MIN_THREAD);
	for (size_t i = 0; i < t->thread_count && fl_x_ok(c); i++) {
		struct fl_thread one = t->threads[i];
		thread(c, &one);
		if (c->reading)
			t->threads[i] = one;
	}
}

static void kernel(struct fl_codec *c, struct fl_kernel_facts *k)
{
	fl_x_str(c, &k->name);
	k->running &= k->has_running;
	FL_X_FLAGS(c, &k->has_running, &k->running, &k->has_tick, &k->has_thread_count);
	fl_x_optional_u32(c, k->has_tick, &k->tick);
	fl_x_optional_u32(c, k->has_thread_count, &k->thread_count);
}

/* What a later program calls otherwise is an object, too. */
static enum fl_wait_kind wait_kind_of(const char *name)
{
	for (int i = 0; name && i < FL_WAIT_KIND_COUNT; i++)
		if (fl_strcmp(fl_wait_kind_name((enum fl_wait_kind)i), name) == 0)
			return (enum fl_wait_kind)i;
	return name ? FL_WAIT_OBJECT : FL_WAIT_NONE;
}

static void wait(struct fl_codec *c, struct fl_wait *w)
{
	const char *kind = fl_wait_kind_name(w->kind);
	fl_x_str(c, &kind);
	w->kind = wait_kind_of(kind);
	FL_X_FLAGS(c, &w->has_object, &w->has_holder, &w->forever, &w->has_wake_tick);
	fl_x_optional_u32(c, w->has_object, &w->object);
	fl_x_str(c, &w->object_name);
	fl_x_optional_u32(c, w->has_holder, &w->holder);
	fl_x_optional_u32(c, w->has_wake_tick, &w->wake_tick);
}

static void overflow(struct fl_codec *c, struct fl_overflow_verdict *o)
{
	o->verdict = (enum fl_overflow)fl_x_enum(c, o->verdict, FL_OVERFLOW_COUNT);
	fl_x_strings(c, &o->evidence, &o->evidence_count, FL_LIMIT_EVIDENCE);
}

static void details(struct fl_codec *c, struct fl_thread *t)
{
	FL_X_FLAGS(c, &t->has_block, &t->has_base_priority, &t->idle, &t->has_core, &t->has_entry,
		   &t->stack.start_known, &t->stack.unused_known);
	fl_x_optional_u32(c, t->has_block, &t->block);
	optional_i32(c, t->has_base_priority, &t->base_priority);
	if (t->has_core)
		fl_x_u8(c, &t->core);
	else
		t->core = 0;
	fl_x_optional_u32(c, t->has_entry, &t->entry_addr);
	fl_x_str(c, &t->entry);
	if (!t->stack.known)
		fl_x_optional_u32(c, t->stack.start_known, &t->stack.start);
	fl_x_optional_u32(c, t->stack.unused_known, &t->stack.unused);
	t->context = (enum fl_thread_context)fl_x_enum(c, t->context, FL_CONTEXT_SAVED + 1);
	wait(c, &t->wait);
	overflow(c, &t->overflow);
}

static void parties(struct fl_codec *c, struct fl_cause *cause)
{
	cause->parties = fl_x_array(c, cause->parties, &cause->party_count, sizeof(*cause->parties),
				    FL_LIMIT_THREADS + 1, MIN_PARTY);
	for (size_t i = 0; i < cause->party_count && fl_x_ok(c); i++) {
		struct fl_cause_party one = cause->parties[i];
		fl_x_str(c, &one.thread);
		fl_x_str(c, &one.lock);
		if (c->reading)
			cause->parties[i] = one;
	}
}

void fl_codec_kernel(struct fl_codec *c, struct fl_trace *t)
{
	struct fl_kernel_facts facts = t->kernel;
	kernel(c, &facts);
	t->kernel = facts;
	for (size_t i = 0; i < t->thread_count && fl_x_ok(c); i++) {
		struct fl_thread one = t->threads[i];
		details(c, &one);
		if (c->reading)
			t->threads[i] = one;
	}
	parties(c, &t->cause);
}

static uint32_t differing(const struct fl_registers *guess, const struct fl_registers *regs)
{
	uint32_t differing = 0;
	for (uint32_t both = guess->known & regs->known & all_registers; both; both &= both - 1) {
		int i = __builtin_ctz(both);
		differing |= (uint32_t)(guess->value[i] != regs->value[i]) << i;
	}
	return (differing | ~guess->known) & regs->known & all_registers;
}

/* Those that are told; of the others the guess is right, or they are unknown. */
static void told_registers(struct fl_codec *c, const struct fl_registers *guess, uint32_t known,
			   uint32_t told, struct fl_registers *regs)
{
	for (unsigned i = 0; c->reading && i < FL_REGISTER_COUNT; i++)
		regs->value[i] = known >> i & 1 ? guess->value[i] : 0;
	for (; told && fl_x_ok(c); told &= told - 1)
		fl_x_u32(c, &regs->value[__builtin_ctz(told)]);
}

/* Which are known, as a difference; of those the ones that were guessed wrong. */
static void
guessed_registers(struct fl_codec *c, const struct fl_registers *guess, struct fl_registers *regs)
{
	uint32_t flipped = (regs->known ^ guess->known) & all_registers;
	fl_x_uleb32(c, &flipped);
	uint32_t known = flipped ^ guess->known;
	uint32_t told = c->reading ? 0 : differing(guess, regs);
	if (known)
		fl_x_uleb32(c, &told);
	if (known & ~all_registers || told & ~known || known & ~guess->known & ~told) {
		fl_x_refuse(c, "register mask", told);
		known = told = 0;
	}
	regs->known = known;
	told_registers(c, guess, known, told, regs);
}

/* A caller keeps most of its registers, and its stack pointer is the CFA of the one it called. */
static void frame_registers(struct fl_codec *c, struct fl_registers *guess,
			    const struct fl_frame *f, struct fl_registers *regs)
{
	const struct fl_registers none = { 0 };
	if (f->kind == FL_FRAME_CODE && fl_reg_known(guess, FL_PC))
		fl_reg_set(guess, FL_PC, f->pc);
	guessed_registers(c, f->inlined ? &none : guess, regs);
	if (regs->known)
		*guess = *regs;
	if (f->cfa_known && fl_reg_known(guess, FL_SP))
		fl_reg_set(guess, FL_SP, f->cfa);
}

void fl_codec_registers(struct fl_codec *c, struct fl_trace *t)
{
	for (size_t i = 0; i < t->thread_count; i++) {
		struct fl_registers guess = t->threads[i].regs;
		for (size_t k = 0; k < t->threads[i].frame_count && fl_x_ok(c); k++) {
			struct fl_frame *f = &t->threads[i].frames[k];
			struct fl_registers regs = f->regs;
			frame_registers(c, &guess, f, &regs);
			if (c->reading)
				f->regs = regs;
		}
	}
}
