/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers, fault registers, MPU, several threads with their stacks and waits, a frame and the
 * code at pc from the input: whatever they say, there is one verdict of the documented vocabulary,
 * with sound text, and the same one again; and one about each stack.
 */
#include "base/limits.h"
#include "base/reader.h"
#include "fault/cause.h"
#include "fault/decode.h"
#include "fault/overflow.h"

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
	"Deadlock",
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
	require(!strcmp(cause->category, "Deadlock") ? cause->party_count > 0
						     : cause->party_count <= 1);
}

/* A verdict has a reason; one that clears a thread knows where its stack ends. */
static void check_overflow(const struct fl_thread *thread)
{
	const struct fl_overflow_verdict *o = &thread->overflow;
	require(o->verdict < FL_OVERFLOW_COUNT);
	require(o->evidence_count > 0 && o->evidence_count <= FL_LIMIT_EVIDENCE);
	for (size_t i = 0; i < o->evidence_count; i++)
		check_text(o->evidence[i]);
	bool start = thread->stack.known || thread->stack.start_known;
	require(o->verdict != FL_OVERFLOW_EXCLUDED || start);
}

/* The same input must give the same verdict. */
static void check_equal(const struct fl_cause *a, const struct fl_cause *b)
{
	require(!strcmp(a->category, b->category) && !strcmp(a->title, b->title));
	require(a->evidence_count == b->evidence_count && a->confidence == b->confidence);
}

enum { THREADS = 4 };

static const char *const names[] = { NULL, "net", "IDLE", "worker-3" };
static const char *const kernels[] = { NULL, "FreeRTOS", "Zephyr", "RTX5" };
static const char *const functions[] = { "inner", "panic_", "vApplicationStackOverflowHook",
					 "memfault_task_watchdog_check_all" };

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
	frame.function = flags & 32 ? functions[fl_read_u8(r) % 4] : name;
	frame.trust = fl_read_u8(r) % FL_TRUST_COUNT;
	frame.regs.known = fl_read_u8(r);
	frame.regs.value[FL_R0] = fl_read_u8(r);
	return frame;
}

static void read_wait(struct fl_reader *r, struct fl_wait *wait)
{
	uint8_t flags = fl_read_u8(r);
	wait->kind = fl_read_u8(r) % FL_WAIT_KIND_COUNT;
	wait->has_object = flags & 1;
	wait->has_holder = flags & 2;
	wait->forever = flags & 4;
	wait->object_name = flags & 8 ? "lock" : NULL;
	wait->object = fl_read_u32(r);
	wait->holder = flags & 16 ? fl_read_u32(r) : fl_read_u8(r) % THREADS;
}

/* Small blocks make holders that exist; stacks lie where memory does. */
static void
read_thread(struct fl_reader *r, uint32_t memory_addr, uint8_t number, struct fl_thread *t)
{
	uint8_t flags = fl_read_u8(r);
	uint8_t more = fl_read_u8(r);
	t->name = names[flags & 3];
	t->has_block = flags & 4;
	t->block = flags & 8 ? fl_read_u32(r) : number;
	t->idle = flags & 16;
	t->has_priority = flags & 32;
	t->priority = (int8_t)fl_read_u8(r);
	t->state = fl_read_u8(r) % FL_THREAD_STATE_COUNT;
	t->stack.start_known = flags & 64;
	t->stack.known = flags & 128;
	t->stack.start = more & 1 ? fl_read_u32(r) : memory_addr + fl_read_u8(r);
	t->stack.end = (uint64_t)t->stack.start + fl_read_u16(r);
	t->stack.saved_known = more & 2;
	t->stack.saved = t->stack.start + fl_read_u16(r) - 0x8000u;
	t->stack.unused_known = more & 4;
	t->stack.unused = more & 8 ? 0 : fl_read_u8(r);
	t->context = more & 16 ? FL_CONTEXT_SAVED : FL_CONTEXT_NONE;
	t->stop_text = "";
	read_wait(r, &t->wait);
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
	uint8_t shape = fl_read_u8(&r);
	struct fl_kernel_facts kernel = { .name = kernels[shape & 3] };
	struct fl_thread threads[THREADS] = { 0 };
	size_t thread_count = shape >> 2 & 7;
	if (thread_count > THREADS)
		thread_count = THREADS;
	uint32_t pages = regs.value[FL_PC] & ~UINT32_C(63);
	for (uint8_t i = 0; i < thread_count; i++)
		read_thread(&r, pages, i, &threads[i]);
	const struct fl_thread *crashed = thread_count && shape & 32 ? &threads[0] : NULL;
	if (crashed) {
		threads[0].regs = regs;
		threads[0].context = FL_CONTEXT_BLOCK;
		threads[0].crashed = threads[0].current = true;
		threads[0].frames = frames;
		threads[0].frame_count = 2;
	}
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
		{ pages, code, rest + scs, FL_SPAN_DUMP },
		{ lr & ~UINT32_C(63), code, rest + scs, FL_SPAN_ELF },
		{ frames[0].function_addr & ~UINT32_C(1), code, rest + scs, FL_SPAN_ELF },
	};
	require(!fl_memory_layer(&memory, &arena, spans, 4));

	struct fl_findings findings = { .arena = &arena };
	struct fl_fault fault;
	fl_fault_decode(&memory, arch, &fault);
	require(fault.fact_count <= FL_FAULT_FACTS);
	struct fl_cause_input in = {
		.arch = arch,
		.reason = &reason,
		.fault = &fault,
		.regs = &regs,
		.memory = &memory,
		.thread = crashed,
		.threads = threads,
		.thread_count = thread_count,
		.kernel = &kernel,
		.findings = &findings,
		.mpu = mpu,
		.mpu_count = 12,
	};
	struct fl_overflow_hook hook;
	bool hooked = fl_overflow_hook_find(&in, &hook);
	for (size_t i = 0; i < thread_count; i++) {
		require(fl_overflow_judge(&in, hooked ? &hook : NULL, &threads[i], &arena,
					  &threads[i].overflow) == FL_OK);
		check_overflow(&threads[i]);
	}
	struct fl_cause first, second;
	require(fl_cause_find(&in, &arena, &first) == FL_OK);
	require(fl_cause_find(&in, &arena, &second) == FL_OK);
	check(&first);
	check_equal(&first, &second);
	for (size_t i = 0; i < findings.count; i++)
		check_text(findings.items[i].text);
	fl_arena_deinit(&arena);
	return 0;
}
