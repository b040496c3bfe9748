/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole unwinder over random registers and stacks, with the rules and the code of real images:
 * it ends within its bounds, SP rises, and no caller has a register that a call destroys.
 */
#include "fuzz/target.h"

#include "base/limits.h"
#include "base/reader.h"
#include "symbols/symbols.h"
#include "unwind/unwind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAIN_STACK = 0x20000000, PROCESS_STACK = 0x20010000, STACK_WORDS = 1024, IMAGES = 4 };

static struct image {
	struct fl_symbols *symbols; /* kept for the life of the process */
	struct fl_symbol_view view;
	enum fl_arch arch;
	struct fl_module_info info;
	uint32_t call[512]; /* return addresses */
	size_t call_count;
} images[IMAGES];

/* Half-words that may end a call: what the unwinder makes of them is its business. */
static void find_calls(struct image *image)
{
	size_t count;
	const struct fl_span *spans = fl_module_spans(image->view.modules[0], &count);
	for (size_t i = 0; i < count; i++)
		for (uint32_t off = 4; off + 2 <= spans[i].size && image->call_count < 512;
		     off += 2) {
			unsigned high = spans[i].bytes[off - 1];
			unsigned low = spans[i].bytes[off - 2];
			if (high >> 3 == 0x1f || (high == 0x47 && low & 0x80))
				image->call[image->call_count++] = spans[i].addr + off;
		}
}

static void load_image(struct image *image, const char *path)
{
	static uint8_t bytes[1 << 20];
	FILE *file = fopen(path, "rb");
	CHECK(file);
	size_t size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CHECK(fl_symbols_open(bytes, size, "fuzz", &image->symbols, NULL) == FL_OK);
	CHECK(fl_view_add(&image->view, image->symbols));
	image->arch = fl_module_arch(image->view.modules[0]);
	image->info = fl_module_info(image->view.modules[0]);
	find_calls(image);
}

static void load_images(void)
{
	if (images[0].view.count)
		return;
	load_image(&images[0], FL_TESTS "/unwind/data/odd.elf");
	load_image(&images[1], FL_CORPUS "/m3-exidx/fw.elf");
	load_image(&images[2], FL_CORPUS "/m33-os/fw.elf");
	load_image(&images[3], FL_CORPUS "/m4f-o2/fw.elf");
}

/* A word of the kind that stacks hold, so that chance finds more than nonsense. */
static uint32_t read_word(struct fl_reader *r, const struct image *image)
{
	uint32_t code_size = (uint32_t)(image->info.code_end - image->info.code_addr);
	uint8_t kind = fl_read_u8(r);
	switch (kind & 7) {
	case 0:
		return fl_read_u32(r);
	case 1:
		return image->info.code_addr + fl_read_u16(r) % code_size;
	case 2:
		return 0xffffff00 | fl_read_u8(r);
	case 3:
		return MAIN_STACK + 4u * fl_read_u16(r);
	case 4:
		return PROCESS_STACK + 4u * fl_read_u16(r);
	case 5:
		return 0x01000000 | fl_read_u16(r);
	case 6:
		return kind >> 3;
	default:
		return image->call[fl_read_u16(r) % image->call_count] | 1;
	}
}

static uint32_t
read_words(struct fl_reader *r, const struct image *image, uint8_t *stack, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t word = fl_reader_left(r) ? read_word(r, image) : 0;
		for (int byte = 0; byte < 4; byte++)
			stack[4 * i + (uint32_t)byte] = (uint8_t)(word >> 8 * byte);
	}
	return 4 * count;
}

/* The frame was not reached through a call: nothing but the code itself has changed its registers.
 */
static bool is_exact(const struct fl_unwind_result *result, size_t i)
{
	return !i || result->frames[i - 1].kind == FL_FRAME_EXCEPTION;
}

static void check_caller(const struct fl_unwind_result *result, size_t i)
{
	const struct fl_unwound_frame *inner = &result->frames[i - 1];
	const struct fl_unwound_frame *outer = &result->frames[i];
	bool may_stay = is_exact(result, i - 1) || outer->trust == FL_TRUST_SCAN;
	/* GCC pushes r3 for alignment and says so: by a table, its value at the call is known. */
	CHECK(!(outer->regs.known & (outer->trust == FL_TRUST_CFI ? 0x4000 : 0x500f)));
	CHECK(outer->lookup_pc == outer->pc - 1);
	if (!fl_reg_known(&inner->regs, FL_SP) || !fl_reg_known(&outer->regs, FL_SP))
		return;
	if (i == 1 && result->stop == FL_STOP_STACKING_FAILED)
		return; /* the context's SP counts a frame that is not there */
	uint32_t from = inner->regs.value[FL_SP];
	uint32_t to = outer->regs.value[FL_SP];
	CHECK(may_stay ? to >= from : to > from);
	CHECK(!inner->cfa_known || inner->cfa <= to);
}

/* A frame comes off one of the two stacks, and neither ever shrinks. */
static void check_interrupted(const struct fl_unwind_result *result, size_t i)
{
	const struct fl_registers *before = &result->frames[i - 1].regs;
	const struct fl_registers *after = &result->frames[i].regs;
	uint32_t sp = after->value[FL_SP];
	CHECK(fl_reg_known(after, FL_SP));
	CHECK((fl_reg_known(before, FL_PSP) && sp >= before->value[FL_PSP] + 0x20) ||
	      (fl_reg_known(before, FL_SP) && sp >= before->value[FL_SP] + 0x20));
}

/* On the process stack, and nowhere else. */
static bool is_on_psp(const struct fl_registers *regs)
{
	uint32_t sp = regs->value[FL_SP];
	return fl_reg_known(regs, FL_SP) && fl_reg_known(regs, FL_PSP) &&
	       sp == regs->value[FL_PSP] &&
	       !(fl_reg_known(regs, FL_MSP) && sp == regs->value[FL_MSP]);
}

/* No frame lies above the end of a stack on which it began. */
static void check_bounds(const struct fl_unwind_input *in, const struct fl_unwind_result *result)
{
	if (!in->has_process_stack || !fl_reg_known(&result->frames[0].regs, FL_PSP) ||
	    result->frames[0].regs.value[FL_PSP] > in->process_stack_end ||
	    in->process_stack_end <= in->process_stack_start)
		return;
	for (size_t i = 1; i < result->count; i++)
		if (result->frames[i].kind == FL_FRAME_CODE && is_on_psp(&result->frames[i].regs))
			CHECK(result->frames[i].regs.value[FL_SP] <= in->process_stack_end);
}

static void check_first(const struct fl_unwind_input *in, const struct fl_unwound_frame *frame)
{
	if (in->saved)
		CHECK(frame->trust == FL_TRUST_EXCEPTION_FRAME || frame->trust == FL_TRUST_SCAN);
	else
		CHECK(frame->trust == FL_TRUST_CONTEXT);
}

static void check_frames(const struct fl_unwind_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		const struct fl_unwound_frame *frame = &result->frames[i];
		CHECK(frame->trust < FL_TRUST_COUNT);
		CHECK(!i || frame->trust != FL_TRUST_CONTEXT);
		CHECK(!(frame->pc & 1) || frame->kind == FL_FRAME_EXCEPTION);
		if (frame->kind == FL_FRAME_EXCEPTION)
			CHECK(i + 1 < result->count || result->stop != FL_STOP_NONE);
		else if (i && is_exact(result, i))
			check_interrupted(result, i);
		else if (i)
			check_caller(result, i);
	}
}

/* What a kernel tells, in the bits that do not choose the image. */
static void
read_thread(unsigned bits, uint32_t process_words, uint32_t pc, struct fl_unwind_input *in)
{
	uint32_t words = bits & 0x80 ? process_words / 2 : process_words;
	in->saved = bits & 0x10;
	in->has_process_stack = bits & 0x20;
	in->process_stack_start = PROCESS_STACK;
	in->process_stack_end = PROCESS_STACK + 4 * words;
	in->has_entry = bits & 0x40;
	in->entry_addr = pc & ~0x3fu;
}

/* Image and thread, effects, which registers are known, the registers, stack sizes, the stacks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fl_unwound_frame frames[FL_LIMIT_FRAMES];
	static uint8_t stacks[2][4 * STACK_WORDS];
	load_images();
	struct fl_reader r = fl_reader("input", data, size, 0);
	unsigned bits = fl_read_u8(&r);
	const struct image *image = &images[bits % IMAGES];
	struct fl_unwind_input in = { .symbols = &image->view, .arch = image->arch };
	in.fault_effects = fl_read_u8(&r);
	struct fl_registers regs = { .known = fl_read_u32(&r) | 1u << FL_PC };
	for (int reg = 0; reg < FL_REGISTER_COUNT; reg++)
		regs.value[reg] = read_word(&r, image);
	uint32_t main_words = fl_read_u16(&r) % STACK_WORDS;
	uint32_t process_words = fl_read_u8(&r);
	if (fl_reader_status(&r, NULL))
		return 0;

	struct fl_arena arena = { 0 };
	struct fl_memory memory = { 0 };
	size_t count;
	const struct fl_span *spans = fl_module_spans(image->view.modules[0], &count);
	const struct fl_span stack[2] = {
		{ MAIN_STACK, read_words(&r, image, stacks[0], main_words), stacks[0],
		  FL_SPAN_DUMP },
		{ PROCESS_STACK, read_words(&r, image, stacks[1], process_words), stacks[1],
		  FL_SPAN_DUMP },
	};
	if (fl_memory_layer(&memory, &arena, stack, 2) ||
	    fl_memory_layer(&memory, &arena, spans, count))
		abort();
	struct fl_findings findings = { .arena = &arena };
	struct fl_unwind_result result = { .frames = frames };
	char text[128];
	read_thread(bits, process_words, regs.value[FL_PC], &in);
	in.regs = &regs;
	in.memory = &memory;
	fl_unwind(&in, &findings, &result);
	CHECK(result.count >= 1 && result.count <= FL_LIMIT_FRAMES);
	CHECK(result.stop > FL_STOP_NONE && result.stop < FL_STOP_COUNT);
	check_first(&in, &result.frames[0]);
	check_frames(&result);
	check_bounds(&in, &result);
	fl_unwind_stop_text(&result, text, sizeof(text));
	CHECK(text[0]);
	fl_arena_deinit(&arena);
	return 0;
}
