/* SPDX-License-Identifier: Apache-2.0 */
#include "report/codec_1.h"

#include "report/clean.h"
#include "report/codec_frames.h"
#include "report/codec_trace.h"

#include <string.h>

enum { MIN_FRAME = 13 };

/* Into @p at, which has room for its size and a NUL. */
static bool copy_clean(const uint8_t *bytes, size_t size, char *at)
{
	if (!fl_is_plain((const char *)bytes, size))
		return fl_utf8_clean(bytes, size, at, size + 1) == size && !memcmp(bytes, at, size);
	memcpy(at, bytes, size);
	at[size] = '\0';
	return true;
}

/* The next string, at @p at, which it moves past its NUL. */
static const char *read_string(struct fl_codec *c, char **at)
{
	uint64_t size = fl_read_uleb(&c->in);
	if (size > FL_CODEC_STRING)
		fl_x_refuse(c, "string size", size);
	const uint8_t *bytes = fl_read_bytes(&c->in, size);
	if (!bytes)
		return NULL;
	char *text = *at;
	*at += size + 1;
	if (!copy_clean(bytes, (size_t)size, text))
		fl_x_refuse(c, "text with control characters or bad UTF-8, size", size);
	return text;
}

void fl_codec_strings_1(struct fl_codec *c)
{
	struct fl_string_table *table = c->strings;
	uint32_t count = fl_read_count(&c->in, 1);
	table->entries = fl_arena_array(c->arena, count, sizeof(*table->entries));
	/* A string has a NUL where the file has its size, of at least one byte. */
	char *texts = fl_arena_room(c->arena, fl_reader_left(&c->in));
	if (!table->entries || !texts) {
		fl_x_no_memory(c);
		return;
	}
	for (uint32_t i = 0; i < count && fl_x_ok(c); i++)
		table->entries[i] = read_string(c, &texts);
	table->count = fl_x_ok(c) ? count : 0;
}

static uint32_t below_pc(struct fl_codec *c, uint32_t pc)
{
	uint32_t distance = 0;
	fl_x_uleb32(c, &distance);
	return pc - distance;
}

static void frame(struct fl_codec *c, struct fl_frame *f)
{
	f->kind = (enum fl_frame_kind)fl_x_enum(c, 0, FL_FRAME_EXCEPTION + 1);
	f->trust = (enum fl_trust)fl_x_enum(c, 0, FL_TRUST_COUNT);
	FL_X_FLAGS(c, &f->inlined, &f->pc_known, &f->cfa_known, &f->function_known);
	fl_x_optional_u32(c, f->pc_known, &f->pc);
	f->lookup_pc = below_pc(c, f->pc);
	fl_x_optional_u32(c, f->cfa_known, &f->cfa);
	fl_x_uleb16(c, &f->exception);
	fl_x_str(c, &f->function);
	fl_x_str(c, &f->linkage_name);
	fl_x_str(c, &f->module);
	fl_x_str(c, &f->file);
	fl_x_uleb32(c, &f->line);
	fl_x_uleb32(c, &f->column);
	f->function_addr = f->function_known ? below_pc(c, f->pc) : 0;
	fl_x_uleb32(c, &f->module_off);
	fl_x_words(c, &f->regs.known, f->regs.value, FL_REGISTER_COUNT);
}

void fl_codec_frames_1(struct fl_codec *c, struct fl_thread *t)
{
	t->frames = fl_x_array(c, t->frames, &t->frame_count, sizeof(*t->frames), FL_CODEC_FRAMES,
			       MIN_FRAME);
	for (size_t i = 0; i < t->frame_count && fl_x_ok(c); i++)
		frame(c, &t->frames[i]);
}

/* A caller keeps most of its registers, and its stack pointer is the CFA of the one it called. */
static void frame_registers(struct fl_codec *c, struct fl_registers *guess, struct fl_frame *f)
{
	const struct fl_registers none = { 0 };
	if (f->kind == FL_FRAME_CODE && fl_reg_known(guess, FL_PC))
		fl_reg_set(guess, FL_PC, f->pc);
	fl_codec_registers(c, f->inlined ? &none : guess, &f->regs);
	if (f->regs.known)
		*guess = f->regs;
	if (f->cfa_known && fl_reg_known(guess, FL_SP))
		fl_reg_set(guess, FL_SP, f->cfa);
}

void fl_codec_registers_1(struct fl_codec *c, struct fl_trace *t)
{
	for (size_t i = 0; i < t->thread_count; i++) {
		struct fl_registers guess = t->threads[i].regs;
		for (size_t k = 0; k < t->threads[i].frame_count && fl_x_ok(c); k++)
			frame_registers(c, &guess, &t->threads[i].frames[k]);
	}
}
