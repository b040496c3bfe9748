/* SPDX-License-Identifier: Apache-2.0 */
#include "report/codec_frames.h"

#include "report/codec_trace.h"

#include <string.h>

/* The smallest encoding of a frame: what fl_read_count may assume. */
enum { MIN_FRAME = 4 };

static const uint32_t all_registers = (UINT32_C(1) << FL_REGISTER_COUNT) - 1;

/* --- registers --- */

/* Which are known where the guess does not know them, or the other way round. */
static uint32_t flipped_of(const struct fl_registers *guess, const struct fl_registers *regs)
{
	return (regs->known ^ guess->known) & all_registers;
}

/* Those that are known and were not guessed right. */
static uint32_t told_of(const struct fl_registers *guess, const struct fl_registers *regs)
{
	uint32_t differing = 0;
	for (uint32_t both = guess->known & regs->known & all_registers; both; both &= both - 1) {
		int i = __builtin_ctz(both);
		differing |= (uint32_t)(guess->value[i] != regs->value[i]) << i;
	}
	return (differing | ~guess->known) & regs->known & all_registers;
}

/* As far as the guess is right: what is unknown has no value. */
static void take_guess(const struct fl_registers *guess, uint32_t known, struct fl_registers *regs)
{
	for (unsigned i = 0; i < FL_REGISTER_COUNT; i++)
		regs->value[i] = known >> i & 1 ? guess->value[i] : 0;
	regs->known = known;
}

/* What a guess got wrong. */
struct change {
	uint32_t flipped;
	uint32_t told;
};

static struct change change_of(const struct fl_registers *guess, const struct fl_registers *regs)
{
	const struct change none = { 0 };
	if (!memcmp(guess, regs, sizeof(*guess)))
		return none;
	return (struct change){ flipped_of(guess, regs), told_of(guess, regs) };
}

static void tell_change(struct fl_codec *c, const struct fl_registers *guess, struct change change,
			struct fl_registers *regs)
{
	fl_x_uleb32(c, &change.flipped);
	uint32_t known = change.flipped ^ guess->known;
	if (known)
		fl_x_uleb32(c, &change.told);
	uint32_t told = change.told;
	if (known & ~all_registers || told & ~known || known & ~guess->known & ~told) {
		fl_x_refuse(c, "register mask", told);
		known = told = 0;
	}
	if (c->reading)
		take_guess(guess, known, regs);
	for (; told && fl_x_ok(c); told &= told - 1)
		fl_x_u32(c, &regs->value[__builtin_ctz(told)]);
}

void fl_codec_registers(struct fl_codec *c, const struct fl_registers *guess,
			struct fl_registers *regs)
{
	const struct change nothing = { 0 };
	tell_change(c, guess, c->reading ? nothing : change_of(guess, regs), regs);
}

void fl_codec_context(struct fl_codec *c, struct fl_trail *trail, struct fl_registers *regs)
{
	fl_codec_registers(c, &trail->thread, regs);
	trail->thread = trail->regs = *regs;
}

/* A caller keeps most of its registers; of an inlined frame, which has none of its own, none are
 * known. */
static const struct fl_registers *guess_registers(struct fl_trail *trail, const struct fl_frame *f)
{
	static const struct fl_registers none;
	if (f->kind == FL_FRAME_CODE && fl_reg_known(&trail->regs, FL_PC))
		fl_reg_set(&trail->regs, FL_PC, f->pc);
	return f->inlined ? &none : &trail->regs;
}

/* A caller's stack pointer is the CFA of the one it called, and so is PSP where that was it. */
static void guess_caller(struct fl_trail *trail, const struct fl_frame *f)
{
	struct fl_registers *regs = &trail->regs;
	if (!f->cfa_known || !fl_reg_known(regs, FL_SP))
		return;
	if (fl_reg_known(regs, FL_PSP) && regs->value[FL_PSP] == regs->value[FL_SP])
		fl_reg_set(regs, FL_PSP, f->cfa);
	fl_reg_set(regs, FL_SP, f->cfa);
}

/* --- frames --- */

/* What is told of a frame beside its addresses and lines; the rest is as guessed. */
struct told {
	bool kind;    /* what it is, how it was found, which addresses are known */
	bool place;   /* lookup_pc and an exception's number */
	bool module;  /* and where in it */
	bool linkage; /* a name of its own */
	bool file;
	bool registers;
	struct change change; /* of them; when encoding */
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* As far from pc as in the frame before: 1 in callers. */
static uint32_t guess_lookup_pc(const struct fl_frame *last, uint32_t pc)
{
	return pc - (last->pc - last->lookup_pc);
}

/* In the same module. */
static uint32_t guess_module_off(const struct fl_frame *last, uint32_t lookup_pc)
{
	return lookup_pc - (last->lookup_pc - last->module_off);
}

static struct told
to_tell(const struct fl_frame *last, const struct fl_registers *guess, const struct fl_frame *f)
{
	const struct change change = change_of(guess, &f->regs);
	return (struct told){
		.kind = f->kind != last->kind || f->trust != last->trust ||
			f->pc_known != last->pc_known || f->cfa_known != last->cfa_known ||
			f->function_known != last->function_known,
		.place = f->lookup_pc != guess_lookup_pc(last, f->pc) || f->exception,
		.module = f->module_off != guess_module_off(last, f->lookup_pc) ||
			  !same_text(f->module, last->module),
		.linkage = f->linkage_name != NULL,
		.file = !same_text(f->file, last->file),
		.registers = change.flipped || change.told,
		.change = change,
	};
}

/* Modulo 2^32, so that near is a small number in either direction, whatever a bad address is. */
static void distance(struct fl_codec *c, uint32_t from, uint32_t *v)
{
	uint32_t up = *v - from;
	uint32_t zigzag = up << 1 ^ (up >> 31 ? UINT32_MAX : 0);
	fl_x_uleb32(c, &zigzag);
	*v = from + (zigzag >> 1 ^ (zigzag & 1 ? UINT32_MAX : 0));
}

static void kind(struct fl_codec *c, const struct fl_frame *last, bool told, struct fl_frame *f)
{
	f->kind = told ? (enum fl_frame_kind)fl_x_enum(c, f->kind, FL_FRAME_EXCEPTION + 1)
		       : last->kind;
	f->trust = told ? (enum fl_trust)fl_x_enum(c, f->trust, FL_TRUST_COUNT) : last->trust;
	if (told) {
		FL_X_FLAGS(c, &f->pc_known, &f->cfa_known, &f->function_known);
		return;
	}
	f->pc_known = last->pc_known;
	f->cfa_known = last->cfa_known;
	f->function_known = last->function_known;
}

static void
addresses(struct fl_codec *c, const struct fl_frame *last, bool place_told, struct fl_frame *f)
{
	if (f->pc_known)
		distance(c, last->pc, &f->pc);
	if (f->cfa_known)
		distance(c, last->cfa, &f->cfa);
	if (f->function_known)
		distance(c, f->pc, &f->function_addr);
	if (place_told) {
		distance(c, f->pc, &f->lookup_pc);
		fl_x_uleb16(c, &f->exception);
	} else {
		f->lookup_pc = guess_lookup_pc(last, f->pc);
	}
}

static void
names(struct fl_codec *c, const struct fl_frame *last, const struct told *told, struct fl_frame *f)
{
	fl_x_str(c, &f->function);
	if (told->linkage)
		fl_x_str(c, &f->linkage_name);
	if (told->module) {
		fl_x_str(c, &f->module);
		distance(c, guess_module_off(last, f->lookup_pc), &f->module_off);
	} else {
		f->module = last->module;
		f->module_off = guess_module_off(last, f->lookup_pc);
	}
	if (told->file)
		fl_x_str(c, &f->file);
	else
		f->file = last->file;
	fl_x_uleb32(c, &f->line);
	fl_x_uleb32(c, &f->column);
}

/* What is behind a false flag is noise. */
static void clear_unknown(struct fl_frame *f)
{
	f->pc = f->pc_known ? f->pc : 0;
	f->cfa = f->cfa_known ? f->cfa : 0;
	f->function_addr = f->function_known ? f->function_addr : 0;
}

static void
frame(struct fl_codec *c, struct fl_trail *trail, const struct fl_frame *last, struct fl_frame *f)
{
	struct told told = { 0 };
	if (!c->reading) {
		clear_unknown(f);
		told = to_tell(last, guess_registers(trail, f), f);
	}
	FL_X_FLAGS(c, &f->inlined, &told.kind, &told.place, &told.module, &told.linkage, &told.file,
		   &told.registers);
	kind(c, last, told.kind, f);
	addresses(c, last, told.place, f);
	names(c, last, &told, f);
	const struct fl_registers *guess = guess_registers(trail, f);
	if (told.registers)
		tell_change(c, guess, told.change, &f->regs);
	else if (c->reading)
		f->regs = *guess;
	if (told.registers)
		trail->regs = f->regs;
	if (!f->inlined)
		guess_caller(trail, f);
}

void fl_codec_frames(struct fl_codec *c, struct fl_trail *trail, struct fl_thread *t)
{
	static const struct fl_frame empty;
	t->frames = fl_x_bulk(c, t->frames, &t->frame_count, sizeof(*t->frames), FL_CODEC_FRAMES,
			      MIN_FRAME);
	for (size_t i = 0; i < t->frame_count && fl_x_ok(c); i++) {
		struct fl_frame *last = trail->last;
		struct fl_frame *f = &trail->frames[last == trail->frames];
		*f = c->reading ? empty : t->frames[i];
		frame(c, trail, last, f);
		trail->last = f;
		if (c->reading && t->frames)
			t->frames[i] = *f;
	}
}
