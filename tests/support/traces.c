/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traces.h"

#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PC = 0x08001000, FUNCTION_SIZE = 0x100 };

static enum fl_trust trust_named(const char *name)
{
	for (unsigned i = 0; i < FL_TRUST_COUNT; i++)
		if (!strcmp(name, fl_trust_name((enum fl_trust)i)))
			return (enum fl_trust)i;
	fail_msg("no trust is called %s", name);
	return FL_TRUST_SCAN;
}

static void fill_frame(struct fl_report *report, struct fl_frame *frame, char *word, size_t index)
{
	char *trust = strchr(word, '~');
	if (trust)
		*trust++ = '\0';
	frame->trust = trust ? trust_named(trust) : index ? FL_TRUST_CFI : FL_TRUST_CONTEXT;
	frame->pc = (uint32_t)(FIRST_PC + FUNCTION_SIZE * index);
	frame->pc_known = true;
	frame->lookup_pc = index ? frame->pc - 1 : frame->pc;
	if (!strncmp(word, "--", 2)) {
		frame->kind = FL_FRAME_EXCEPTION;
		frame->exception = (uint16_t)strtoul(word + 2, NULL, 10);
		frame->trust = FL_TRUST_EXCEPTION_FRAME;
		frame->pc = 0xfffffff9;
		return;
	}
	frame->inlined = !strncmp(word, "i:", 2);
	word += frame->inlined ? 2 : 0;
	if (!strcmp(word, "??"))
		return;
	frame->module = "fw.elf";
	frame->module_off = frame->lookup_pc - 0x08000000;
	if (strcmp(word, "?") != 0)
		frame->function = fl_arena_strdup(&report->arena, word);
}

static void fill_frames(struct fl_report *report, struct fl_thread *thread, const char *frames)
{
	char *text = strdup(frames);
	size_t room = strlen(frames) + 1;
	thread->frames = fl_arena_array(&report->arena, room, sizeof(*thread->frames));
	for (char *rest = NULL, *word = strtok_r(text, ";", &rest); word;
	     word = strtok_r(NULL, ";", &rest)) {
		while (*word == ' ')
			word++;
		for (size_t size = strlen(word); size && word[size - 1] == ' ';)
			word[--size] = '\0';
		fill_frame(report, &thread->frames[thread->frame_count], word, thread->frame_count);
		thread->frame_count++;
	}
	free(text);
}

struct fl_report *trace_make(const char *category, const char *frames)
{
	struct fl_report *report = fl_report_new();
	assert_non_null(report);
	struct fl_trace *t = &report->trace;
	t->cause.category = category;
	t->modules = fl_arena_array(&report->arena, 1, sizeof(*t->modules));
	t->modules[0].name = "fw.elf";
	t->modules[0].build_id_size = 20;
	memset(t->modules[0].build_id, 0x5a, 20);
	t->module_count = 1;
	if (!frames)
		return report;
	t->threads = fl_arena_array(&report->arena, 1, sizeof(*t->threads));
	t->thread_count = 1;
	t->threads[0].crashed = true;
	t->threads[0].stop = FL_STOP_ENTRY;
	t->threads[0].stop_text = "reached the entry";
	fill_frames(report, &t->threads[0], frames);
	return report;
}

static void full_registers(struct fl_registers *regs, uint32_t seed)
{
	for (unsigned i = 0; i < FL_REGISTER_COUNT; i++)
		fl_reg_set(regs, (enum fl_register)i, seed + i * 0x01010101u);
	fl_reg_forget(regs, FL_R12);
}

static void full_dump(struct fl_report *r)
{
	struct fl_trace *t = &r->trace;
	t->dump = (struct fl_dump_facts){
		.format = "memfault",
		.version = 2,
		.size = 12345,
		.truncated = true,
		.machine = 40,
		.has_capture_time = true,
		.capture_time = 1700000000,
		.context_count = 1,
	};
	t->identity = (struct fl_dump_identity){
		.device_serial = "SN-0042",
		.hardware_version = "evt-2",
		.software_type = "app-fw",
		.software_version = "1.2.3",
		.build_id_size = 20,
		.has_reason = true,
		.reason = 0x9200,
	};
	t->event = (struct fl_event_report){
		.has_pc = true, .has_lr = true, .pc = 0x08000412, .lr = 0x08002001
	};
	for (uint8_t i = 0; i < 20; i++)
		t->identity.build_id[i] = (uint8_t)(0xa0 + i);
	for (uint8_t i = 0; i < 16; i++)
		t->dump.hash[i] = (uint8_t)(0x10 + i);
	t->arch = FL_ARCH_V7EM;
	t->reason = (struct fl_reason){ true, 0x9200, "MemFault", true };
	t->regions = fl_arena_array(&r->arena, 2, sizeof(*t->regions));
	t->regions[0] = (struct fl_region){ 0x20000000, 4096 };
	t->regions[1] = (struct fl_region){ 0xe000ed24, 20 };
	t->region_count = 2;
	t->engine_version = "0.1.0";
	t->sandbox = "seccomp";
}

static void full_modules(struct fl_report *r)
{
	struct fl_trace *t = &r->trace;
	t->modules = fl_arena_array(&r->arena, 2, sizeof(*t->modules));
	t->module_count = 2;
	t->modules[0] = (struct fl_module_facts){
		.name = "fw.elf",
		.build_id_size = 20,
		.has_debug_info = true,
		.has_unwind_info = true,
		.match = FL_MATCH_OTHER_BUILD,
		.bytes_compared = 4096,
		.bytes_equal = 4000,
		.has_mismatch = true,
		.mismatch_addr = 0x08000124,
		.calls_compared = 5,
		.calls_equal = 3,
	};
	memset(t->modules[0].build_id, 0xb0, 20);
	t->modules[1] = (struct fl_module_facts){ .name = "softdevice", .match = FL_MATCH_UNKNOWN };
	t->match = FL_MATCH_OTHER_BUILD;
	t->build_id_conflict = true;
}

static void full_fault(struct fl_report *r)
{
	struct fl_fault *f = &r->trace.fault;
	for (unsigned i = 0; i < FL_SCS_COUNT; i++)
		f->value[i] = 0x11110000 + i;
	f->known = (1u << FL_SCS_COUNT) - 1 - (1u << FL_DFSR);
	f->value[FL_DFSR] = 0;
	f->value[FL_CFSR] = 0x82;
	f->value[FL_MMFAR] = 0x10;
	f->effects = FL_EFFECT_ADDR_IN_MMFAR;
	f->absent = true;
	f->facts[0] = (struct fl_fault_fact){ FL_CFSR, 1, "DACCVIOL",
					      "data access forbidden by the MPU" };
	f->facts[1] = (struct fl_fault_fact){ FL_CFSR, 7, "MMARVALID", "MMFAR is valid" };
	f->fact_count = 2;
	struct fl_cause *c = &r->trace.cause;
	*c = (struct fl_cause){
		.category = "Null Pointer",
		.title = "write of 4 bytes to 0x00000010, a null pointer plus 16",
		.confidence = FL_CERTAIN,
		.evidence_count = 2,
		.has_address = true,
		.address = 0x10,
		.imprecise = true,
		.random_frame = true,
	};
	c->evidence = fl_arena_array(&r->arena, 2, sizeof(*c->evidence));
	c->evidence[0] = "MMFAR holds 0x00000010 and MMARVALID is set";
	c->evidence[1] = "r3 is 0 at the store";
}

static void full_frames(struct fl_report *r, struct fl_thread *t)
{
	t->frames = fl_arena_array(&r->arena, 4, sizeof(*t->frames));
	t->frame_count = 4;
	struct fl_frame physical = {
		.trust = FL_TRUST_CONTEXT,
		.pc_known = true,
		.pc = 0x08000412,
		.lookup_pc = 0x08000412,
		.cfa = 0x20000f10,
		.cfa_known = true,
		.function = "sensor::Driver<int>::read",
		.linkage_name = "_ZN6sensor6DriverIiE4readEv",
		.module = "fw.elf",
		.file = "src/sensor.cpp",
		.line = 41,
		.column = 9,
		.function_addr = 0x08000400,
		.function_known = true,
		.module_off = 0x412,
	};
	full_registers(&physical.regs, 0x20000000);
	t->frames[1] = physical;
	t->frames[0] = physical;
	t->frames[0].inlined = true;
	t->frames[0].function = "sensor::store";
	t->frames[0].line = 17;
	t->frames[0].regs = (struct fl_registers){ 0 };
	t->frames[2] = (struct fl_frame){
		.kind = FL_FRAME_EXCEPTION,
		.trust = FL_TRUST_EXCEPTION_FRAME,
		.pc_known = true,
		.pc = 0xfffffffd,
		.cfa = 0x20000f80,
		.cfa_known = true,
		.exception = 19,
		.function = "TIMER_IRQHandler",
	};
	t->frames[3] = (struct fl_frame){
		.trust = FL_TRUST_SCAN,
		.pc_known = true,
		.pc = 0x08002000,
		.lookup_pc = 0x08001fff,
		.module = "softdevice",
		.module_off = 0x1fff,
	};
}

static const char **texts(struct fl_report *r, const char *first, const char *second)
{
	const char **list = fl_arena_array(&r->arena, 2, sizeof(*list));
	list[0] = first;
	list[1] = second;
	return list;
}

/* What version 2 of the binary form added. */
static void full_details(struct fl_report *r, struct fl_thread *crashed, struct fl_thread *idle)
{
	r->trace.kernel = (struct fl_kernel_facts){
		.name = "FreeRTOS",
		.has_running = true,
		.running = true,
		.has_tick = true,
		.tick = 123456,
		.has_thread_count = true,
		.thread_count = 3,
	};
	crashed->has_block = true;
	crashed->block = 0x20000700;
	crashed->has_base_priority = true;
	crashed->base_priority = -4;
	crashed->has_core = true;
	crashed->core = 1;
	crashed->has_entry = true;
	crashed->entry_addr = 0x08001f00;
	crashed->entry = "net_rx_main";
	crashed->stack.unused_known = true;
	crashed->stack.unused = 1148;
	crashed->overflow = (struct fl_overflow_verdict){
		.verdict = FL_OVERFLOW_LIKELY,
		.evidence = texts(r, "the fill pattern is broken at 0x20000800",
				  "sp was within 16 bytes of the lowest address"),
		.evidence_count = 2,
	};
	crashed->context = FL_CONTEXT_BLOCK;
	idle->idle = true;
	idle->context = FL_CONTEXT_SAVED;
	idle->stack.start_known = true;
	idle->stack.start = 0x20001000;
	idle->wait = (struct fl_wait){
		.kind = FL_WAIT_MUTEX,
		.has_object = true,
		.object = 0x20002000,
		.object_name = "bus_lock",
		.has_holder = true,
		.holder = 0x20000700,
		.forever = true,
		.has_wake_tick = true,
		.wake_tick = 123999,
	};
}

static void full_threads(struct fl_report *r)
{
	struct fl_trace *t = &r->trace;
	t->threads = fl_arena_array(&r->arena, 2, sizeof(*t->threads));
	t->thread_count = 2;
	struct fl_thread *crashed = &t->threads[0];
	*crashed = (struct fl_thread){
		.name = "net_rx",
		.state = FL_THREAD_RUNNING,
		.has_priority = true,
		.priority = -3,
		.current = true,
		.crashed = true,
		.stack = { .start_known = true,
			   .start = 0x20000800,
			   .known = true,
			   .end = 0x20001000,
			   .used_known = true,
			   .used = 240,
			   .high_water_known = true,
			   .high_water = 900 },
		.stop = FL_STOP_NOT_CAPTURED,
		.stop_text = "stack memory at 0x20000ff0 was not captured",
	};
	full_registers(&crashed->regs, 0x10000000);
	full_frames(r, crashed);
	t->threads[1] = (struct fl_thread){ .name = "idle", .stop_text = "not walked" };
	full_details(r, crashed, &t->threads[1]);
}

static void full_signature(struct fl_report *r)
{
	struct fl_signature *s = &r->trace.signature;
	s->title = "Null Pointer at sensor::store";
	s->function = "sensor::store";
	s->version = 1;
	memcpy(s->rules_hash, "0123456789abcdef0123456789abcdef", 33);
	s->fingerprints = fl_arena_array(&r->arena, 2, sizeof(*s->fingerprints));
	s->fingerprints[0] =
		(struct fl_fingerprint){ "stack",
					 "Null Pointer at sensor::store < sensor::Driver::read",
					 { 1, 2, 3 },
					 false,
					 false };
	s->fingerprints[1] =
		(struct fl_fingerprint){ "top",
					 "Null Pointer at sensor::store < sensor::Driver::read",
					 { 9, 8, 7 },
					 true,
					 false };
	s->fingerprint_count = 2;
	s->steps = fl_arena_array(&r->arena, 3, sizeof(*s->steps));
	s->steps[0] = (struct fl_signature_step){ 0, "name", "the first frame that is in no list" };
	s->steps[1] = (struct fl_signature_step){ 1, "keep", "in no list" };
	s->steps[2] =
		(struct fl_signature_step){ 2, "end", "what follows was interrupted by chance" };
	s->step_count = 3;
}

static void full_findings(struct fl_report *r)
{
	struct fl_trace *t = &r->trace;
	t->findings = fl_arena_array(&r->arena, 3, sizeof(*t->findings));
	t->finding_count = 3;
	t->findings[0] = (struct fl_finding){
		FL_STAGE_INSPECT,
		FL_ALARM,
		FL_EINVALID,
		FL_AT_TARGET_ADDRESS,
		0x08000124,
		"fw.elf is another build than the one that crashed: 96 of 4096 captured bytes differ, "
		"the first at 0x08000124"
	};
	t->findings[1] =
		(struct fl_finding){ FL_STAGE_DUMP, FL_WARNING,
				     FL_EFORMAT,    FL_AT_FILE_OFFSET,
				     12000,         "the device cut the dump for lack of storage" };
	t->findings[2] = (struct fl_finding){
		FL_STAGE_SYMBOLS, FL_NOTE, FL_OK,
		FL_AT_NONE,       0,       "softdevice has no debug information"
	};
}

struct fl_report *trace_make_full(void)
{
	struct fl_report *report = fl_report_new();
	assert_non_null(report);
	full_dump(report);
	full_modules(report);
	full_fault(report);
	full_threads(report);
	full_signature(report);
	full_findings(report);
	return report;
}

static struct fl_thread *add_thread(struct fl_report *r, const char *name, const char *frames)
{
	enum { BLOCK = 0x20004000, BLOCK_SIZE = 0x80 };
	struct fl_thread *thread = &r->trace.threads[r->trace.thread_count];
	*thread = (struct fl_thread){
		.name = name,
		.has_block = true,
		.block = (uint32_t)(BLOCK + BLOCK_SIZE * r->trace.thread_count++),
		.stop = FL_STOP_ENTRY,
		.stop_text = "reached the entry function",
	};
	fill_frames(r, thread, frames);
	for (size_t i = 0; i < thread->frame_count; i++) {
		struct fl_frame *f = &thread->frames[i];
		f->file = f->function ? "src/app.c" : NULL;
		f->line = f->function ? (uint32_t)(10 + i) : 0;
	}
	return thread;
}

static void set_priority(struct fl_thread *thread, int32_t priority, int32_t base)
{
	thread->has_priority = thread->has_base_priority = true;
	thread->priority = priority;
	thread->base_priority = base;
}

static void set_stack(struct fl_thread *thread, uint32_t size, uint32_t used, uint32_t high_water)
{
	thread->stack.start_known = thread->stack.known = true;
	thread->stack.start = thread->block + 0x1000;
	thread->stack.end = (uint64_t)thread->stack.start + size;
	thread->stack.used_known = thread->stack.high_water_known = true;
	thread->stack.used = used;
	thread->stack.high_water = high_water;
	thread->stack.unused_known = high_water <= size;
	thread->stack.unused = high_water <= size ? size - high_water : 0;
}

/* The three that a deadlock with an overflow is made of. */
static void add_crashed(struct fl_report *r)
{
	struct fl_thread *rx =
		add_thread(r, "uart_rx", "copy_line;i:parse_line;uart_read;uart_rx_main");
	rx->state = FL_THREAD_RUNNING;
	rx->current = rx->crashed = true;
	rx->has_entry = true;
	rx->entry_addr = 0x08001300;
	rx->entry = "uart_rx_main";
	set_priority(rx, 5, 5);
	set_stack(rx, 512, 560, 512);
	rx->overflow = (struct fl_overflow_verdict){
		.verdict = FL_OVERFLOW_PROVEN,
		.evidence = texts(r, "sp 0x20004fd0 lies 48 bytes below the stack's lowest address",
				  "the fill pattern is gone"),
		.evidence_count = 2,
	};
	rx->context = FL_CONTEXT_BLOCK;
	full_registers(&rx->regs, 0x20000000);
	rx->frames[0].regs = rx->frames[2].regs = rx->frames[3].regs = rx->regs;
	fl_reg_set(&rx->frames[2].regs, FL_R4, 4);
	fl_reg_forget(&rx->frames[3].regs, FL_R0);
	rx->frames[2].cfa = 0x20004ff0;
	rx->frames[2].cfa_known = true;
}

static void add_waiting(struct fl_report *r)
{
	struct fl_thread *logger =
		add_thread(r, "logger", "vPortYield;xQueueSemaphoreTake;log_flush;logger_main");
	logger->state = FL_THREAD_BLOCKED;
	logger->wait = (struct fl_wait){
		.kind = FL_WAIT_MUTEX,
		.has_object = true,
		.object = 0x20002000,
		.object_name = "uart_lock",
		.has_holder = true,
		.holder = r->trace.threads[0].block,
		.forever = true,
	};
	set_priority(logger, 3, 1);
	set_stack(logger, 1024, 180, 960);
	logger->overflow.verdict = FL_OVERFLOW_EXCLUDED;
	logger->overflow.evidence = texts(r, "64 bytes were never written", NULL);
	logger->overflow.evidence_count = 1;
	logger->context = FL_CONTEXT_SAVED;
	struct fl_thread *sensor = add_thread(r, "sensor", "vPortYield;--14;xQueueReceive;main~lr");
	sensor->state = FL_THREAD_BLOCKED;
	sensor->wait = (struct fl_wait){
		.kind = FL_WAIT_QUEUE_RECEIVE,
		.has_object = true,
		.object = 0x20002100,
		.has_wake_tick = true,
		.wake_tick = 123999,
	};
	set_priority(sensor, 2, 2);
	set_stack(sensor, 2048, 1900, 2048);
	sensor->overflow.verdict = FL_OVERFLOW_LIKELY;
	sensor->overflow.evidence = texts(r, "no byte of the fill pattern is left", NULL);
	sensor->overflow.evidence_count = 1;
	sensor->context = FL_CONTEXT_SAVED;
}

/* Those of which little is known. */
static void add_others(struct fl_report *r)
{
	struct fl_thread *idle = add_thread(r, "IDLE", "prvIdleTask");
	idle->state = FL_THREAD_READY;
	idle->idle = true;
	set_priority(idle, 0, 0);
	struct fl_thread *unnamed = add_thread(r, NULL, "");
	unnamed->state = FL_THREAD_SUSPENDED;
	unnamed->stop = FL_STOP_NO_REGISTERS;
	unnamed->stop_text = "its stack was not captured";
	struct fl_thread *ended = add_thread(r, "worker", "");
	ended->state = FL_THREAD_TERMINATED;
	struct fl_thread *inactive = add_thread(r, "worker", "?");
	inactive->state = FL_THREAD_INACTIVE;
	inactive->has_block = false;
	inactive->block = 0;
	inactive->stack.start_known = true;
	inactive->stack.start = 0x20006000;
	struct fl_thread *foreign = add_thread(r, "caf\xc3\xa9", "k_sleep;caf\xc3\xa9_main");
	foreign->state = FL_THREAD_BLOCKED;
	foreign->wait.kind = FL_WAIT_DELAY;
}

struct fl_report *trace_make_threads(void)
{
	enum { ROOM = 8 };
	struct fl_report *r = trace_make("Stack Overflow", NULL);
	struct fl_trace *t = &r->trace;
	t->cause.title = "uart_rx has overflowed its stack";
	t->cause.confidence = FL_CERTAIN;
	t->cause.parties = fl_arena_array(&r->arena, 2, sizeof(*t->cause.parties));
	t->cause.parties[0] = (struct fl_cause_party){ "uart_rx", NULL };
	t->cause.parties[1] = (struct fl_cause_party){ NULL, "spi_lock" };
	t->cause.party_count = 2;
	t->kernel = (struct fl_kernel_facts){
		.name = "FreeRTOS",
		.has_running = true,
		.running = true,
		.has_tick = true,
		.tick = 123456,
		.has_thread_count = true,
		.thread_count = 9,
	};
	t->threads = fl_arena_array(&r->arena, ROOM, sizeof(*t->threads));
	add_crashed(r);
	add_waiting(r);
	add_others(r);
	assert_int_equal(t->thread_count, ROOM);
	return r;
}

struct fl_report *trace_make_event(enum fl_report_kind kind)
{
	struct fl_report *report = trace_make("Trace Event", "sensor::read;app::poll~lr");
	struct fl_trace *t = &report->trace;
	t->kind = kind;
	t->dump.size = 57;
	memset(t->dump.hash, 0x33, sizeof(t->dump.hash));
	t->identity = (struct fl_dump_identity){ .device_serial = "SN-0042",
						 .software_type = "app-fw",
						 .software_version = "1.2.3" };
	t->event = (struct fl_event_report){
		.has_captured_at = true,
		.captured_at = 1700000000,
		.build_id = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5 },
		.build_id_size = 6,
		.has_pc = true,
		.has_lr = true,
		.pc = 0x08001004,
		.lr = 0x08001101,
		.has_reset_register = true,
		.reset_register = 0x24000000,
		.coredump_saved = true,
		.has_trace_reason = true,
		.trace_reason = 3,
		.trace_reason_name = "QueueFull",
		.has_status = true,
		.status = -1234567890123,
		.log = "queue of 12, \xe2\x88\x92"
		       "3 left",
	};
	if (kind == FL_REPORT_REBOOT)
		t->reason = (struct fl_reason){ true, 0xa001, "RadioStuck", false };
	t->cause.title = "the software reported QueueFull and went on";
	t->cause.confidence = FL_CERTAIN;
	t->match = FL_MATCH_SAME;
	t->modules[0].match = FL_MATCH_SAME;
	t->modules[0].has_debug_info = t->modules[0].has_unwind_info = true;
	t->threads[0].stop = FL_STOP_NOT_CAPTURED;
	t->threads[0].stop_text = "an event holds no stack: pc and lr are all that was sent";
	t->engine_version = "0.1.0";
	t->sandbox = "seccomp";
	struct fl_signature *s = &t->signature;
	s->title = "QueueFull at sensor::read (status -1234567890123)";
	s->function = "sensor::read";
	s->version = 2;
	s->fingerprints = fl_arena_array(&report->arena, 2, sizeof(*s->fingerprints));
	s->fingerprints[0] = (struct fl_fingerprint){ .kind = "trace",
						      .preimage = "QueueFull at sensor::read",
						      .hash = { 5 },
						      .joins = true };
	s->fingerprints[1] = (struct fl_fingerprint){
		.kind = "site", .preimage = "QueueFull at app::poll", .hash = { 6 }, .leads = true
	};
	s->fingerprint_count = 2;
	return report;
}

char *trace_read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		fail_msg("%s cannot be opened", path);
		return NULL;
	}
	fseek(file, 0, SEEK_END);
	size_t size = (size_t)ftell(file);
	rewind(file);
	char *text = calloc(1, size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, size, file), size);
	fclose(file);
	return text;
}

void trace_expect_file(const char *path, const char *got)
{
	char *expected = trace_read_file(path);
	bool equal = !strcmp(expected, got);
	free(expected);
	if (equal)
		return;
	fprintf(stderr, "%s", got); /* cmocka's messages end after 1024 bytes */
	fail_msg("the above differs from %s", path);
}

struct fl_report *trace_make_reboot(void)
{
	return trace_make_event(FL_REPORT_REBOOT);
}

struct fl_report *trace_make_trace(void)
{
	return trace_make_event(FL_REPORT_TRACE);
}
