/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, fault registers, MPU, a frame and the code at pc from the input: whatever they say,
 * there is one verdict of the documented vocabulary, with sound text, and the same one again.
 */
#include "base/limits.h"
#include "base/reader.h"
#include "fault/cause.h"
#include "fault/decode.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* docs/causes.md */
static const char *const categories[] = {
	"Null Pointer",
	"Bad Jump",
	"Undefined Instruction",
	"Divide by Zero",
	"Unaligned Access",
	"Bus Fault",
	"Imprecise Bus Fault",
	"MPU Violation",
	"Stack Overflow",
	"Assert",
	"Panic",
	"Watchdog",
	"Debugger Halted",
	"Out of Memory",
	"Kernel Panic",
	"Security Violation",
	"Coprocessor Disabled",
	"Invalid Exception Return",
	"Stray Breakpoint",
	"Vector Table Fault",
	"Memory Fault",
	"Usage Fault",
	"Hard Fault",
	"NMI",
	"Lockup",
	"Reset",
	"Custom Reason",
	"Unknown",
};

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_text(const char *text)
{
	require(text && text[0]);
	for (const char *p = text; *p; p++)
		require((unsigned char)*p >= 0x20);
	require(text[strlen(text) - 1] != '.');
}

static void check(const struct fl_cause *cause)
{
	bool known = false;
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		known |= !strcmp(cause->category, categories[i]);
	require(known);
	check_text(cause->title);
	require(cause->confidence < FL_CONFIDENCE_COUNT);
	require(cause->evidence_count <= FL_LIMIT_EVIDENCE);
	for (size_t i = 0; i < cause->evidence_count; i++)
		check_text(cause->evidence[i]);
}

/* The same input must give the same verdict. */
static void check_equal(const struct fl_cause *a, const struct fl_cause *b)
{
	require(!strcmp(a->category, b->category) && !strcmp(a->title, b->title));
	require(a->evidence_count == b->evidence_count && a->confidence == b->confidence);
}

static struct fl_registers read_registers(struct fl_reader *r)
{
	struct fl_registers regs = { .known = fl_read_u32(r) & ((1u << FL_REGISTER_COUNT) - 1) };
	for (unsigned reg = 0; reg < FL_REGISTER_COUNT; reg++)
		if (regs.known >> reg & 1)
			regs.value[reg] = fl_read_u32(r);
	return regs;
}

static struct fl_frame read_frame(struct fl_reader *r, const char *name)
{
	struct fl_frame frame = { .pc = fl_read_u32(r), .cfa = fl_read_u32(r) };
	uint8_t flags = fl_read_u8(r);
	frame.pc_known = flags & 1;
	frame.cfa_known = flags & 2;
	frame.function_known = flags & 4;
	frame.inlined = flags & 8;
	frame.kind = flags & 16 ? FL_FRAME_EXCEPTION : FL_FRAME_CODE;
	frame.function_addr = frame.pc - fl_read_u8(r) * 2u;
	frame.function = flags & 32 ? "panic_" : name;
	return frame;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fl_reader r = fl_reader("input", data, size, 0);
	struct fl_arena arena = { 0 };
	struct fl_memory memory = { 0 };
	enum fl_arch arch = fl_read_u8(&r) % (FL_ARCH_V8M_MAIN + 1u);
	struct fl_reason reason =
		fl_reason_decode(fl_read_u8(&r) & 1, fl_read_u32(&r), NULL, &arena);
	struct fl_registers regs = read_registers(&r);
	struct fl_frame frames[2];
	frames[0] = read_frame(&r, "inner");
	frames[1] = read_frame(&r, NULL);
	struct fl_thread thread = { .frames = frames, .frame_count = 2 };
	thread.stack.start = fl_read_u32(&r);
	thread.stack.known = thread.stack.start & 1;
	uint32_t mpu[12];
	for (size_t i = 0; i < 12; i++)
		mpu[i] = fl_read_u32(&r);

	/* The rest is memory: 44 bytes of fault registers, then code at pc and at the return
	 * address. */
	size_t left = fl_reader_left(&r);
	const uint8_t *rest = fl_read_bytes(&r, left);
	if (!rest) {
		fl_arena_deinit(&arena);
		return 0;
	}
	uint32_t scs = left < 44 ? (uint32_t)left : 44;
	uint32_t code = (uint32_t)(left - scs);
	uint32_t lr = regs.value[FL_LR] & ~UINT32_C(1);
	struct fl_span spans[] = {
		{ 0xe000ed24, scs, rest, FL_SPAN_DUMP },
		{ regs.value[FL_PC] & ~UINT32_C(63), code, rest + scs, FL_SPAN_DUMP },
		{ lr & ~UINT32_C(63), code, rest + scs, FL_SPAN_ELF },
		{ frames[0].function_addr & ~UINT32_C(1), code, rest + scs, FL_SPAN_ELF },
	};
	require(!fl_memory_layer(&memory, &arena, spans, 4));

	struct fl_fault fault;
	fl_fault_decode(&memory, arch, &fault);
	require(fault.fact_count <= FL_FAULT_FACTS);
	struct fl_cause_input in = {
		.arch = arch,
		.reason = &reason,
		.fault = &fault,
		.regs = &regs,
		.memory = &memory,
		.thread = &thread,
		.mpu = mpu,
		.mpu_count = 12,
	};
	struct fl_cause first, second;
	require(fl_cause_find(&in, &arena, &first) == FL_OK);
	require(fl_cause_find(&in, &arena, &second) == FL_OK);
	check(&first);
	check_equal(&first, &second);
	fl_arena_deinit(&arena);
	return 0;
}
