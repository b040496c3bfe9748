/* SPDX-License-Identifier: Apache-2.0 */
/* What each block of a "CORE" file means (docs/formats.md). */
#include "base/str.h"
#include "dump/machine.h"
#include "dump/memfault_walk.h"

#include <inttypes.h>
#include <string.h>

#define FAKE_CLOCK_ADDR UINT32_C(0xfffffffc)

enum {
	BUILD_ID_SIZE = 20,
	REGISTERS_MIN_SIZE = 68,    /* r0..r12, sp, lr, pc, psr */
	MPU_MAX_SIZE = 8 + 8 * 256, /* DREGION has 8 bits */
};

static uint32_t block_u32(const struct fl_core_block *block, uint64_t off)
{
	struct fl_reader r = fl_reader("block", block->payload, block->size, block->off);
	fl_read_skip(&r, off);
	return fl_read_u32(&r);
}

/* Where a block comes twice, the first one counts. */
static void conflict(struct fl_core_walk *w, const struct fl_core_block *block, const char *what)
{
	FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, block->off,
		     "the dump names its %s twice and differently; the first one counts", what);
}

static bool
too_short(struct fl_core_walk *w, const struct fl_core_block *block, size_t size, const char *what)
{
	if (block->size >= size)
		return false;
	if (!block->cut)
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, block->off,
			     "the block with the %s has %zu bytes instead of %zu", what,
			     block->size, size);
	return true;
}

static void keep_registers(struct fl_core_walk *w, const struct fl_core_block *block)
{
	if (w->register_count == FL_LIMIT_CONTEXTS) {
		FL_CORE_NOTE(w, FL_WARNING, FL_ELIMIT, block->off,
			     "more than %d register blocks, the rest was ignored",
			     FL_LIMIT_CONTEXTS);
		w->register_count++; /* says it once */
	} else if (w->register_count < FL_LIMIT_CONTEXTS) {
		w->registers[w->register_count++] = *block;
	}
}

/*
 * The vendor's gdb script puts the host's clock there, so that two captures of one
 * state differ (docs/formats.md).
 */
static bool keep_clock(struct fl_core_walk *w, const struct fl_core_block *block)
{
	if (block->addr != FAKE_CLOCK_ADDR || block->size != 4 || block->cut)
		return false;
	w->dump->facts.has_capture_time = true;
	w->dump->facts.capture_time = block_u32(block, 0);
	return true;
}

static void keep_memory(struct fl_core_walk *w, const struct fl_core_block *block)
{
	uint64_t size = block->size;
	if (!size || keep_clock(w, block))
		return;
	if (w->spans.count == FL_LIMIT_REGIONS) {
		if (!w->regions_full)
			FL_CORE_NOTE(w, FL_WARNING, FL_ELIMIT, block->off,
				     "more than %d memory blocks, the rest was ignored",
				     FL_LIMIT_REGIONS);
		w->regions_full = true;
		return;
	}
	if (block->addr + size > UINT64_C(1) << 32) {
		size = (UINT64_C(1) << 32) - block->addr;
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, block->off,
			     "the memory block at 0x%08" PRIx32
			     " passes the end of the address space",
			     block->addr);
	}
	struct fl_span span = {
		.addr = block->addr,
		.size = (uint32_t)size,
		.bytes = block->payload,
		.source = FL_SPAN_DUMP,
	};
	if (!fl_vec_push(&w->spans, &span))
		w->out_of_memory = true;
}

static char *clean_text(struct fl_core_walk *w, const struct fl_core_block *block)
{
	char text[FL_LIMIT_STRING + 1];
	size_t size = block->size;
	if (size > FL_LIMIT_STRING) {
		FL_CORE_NOTE(w, FL_WARNING, FL_ELIMIT, block->off,
			     "a text of %zu bytes was cut to %d", size, FL_LIMIT_STRING);
		size = FL_LIMIT_STRING;
	}
	size = fl_utf8_clean(block->payload, size, text, sizeof(text));
	char *copy = fl_arena_strndup(&w->dump->arena, text, size);
	w->out_of_memory |= !copy;
	return copy;
}

static void keep_text(struct fl_core_walk *w, const struct fl_core_block *block, const char **slot,
		      const char *what)
{
	if (!block->size)
		return;
	const char *text = clean_text(w, block);
	if (!*slot)
		*slot = text;
	else if (fl_strcmp(*slot, text))
		conflict(w, block, what);
}

static void keep_serial(struct fl_core_walk *w, const struct fl_core_block *block)
{
	keep_text(w, block, &w->dump->identity.device_serial, "device serial");
}

static void keep_old_version(struct fl_core_walk *w, const struct fl_core_block *block)
{
	keep_text(w, block, &w->old_version, "firmware version");
}

static void keep_hardware(struct fl_core_walk *w, const struct fl_core_block *block)
{
	keep_text(w, block, &w->dump->identity.hardware_version, "hardware version");
}

static void keep_version(struct fl_core_walk *w, const struct fl_core_block *block)
{
	keep_text(w, block, &w->dump->identity.software_version, "software version");
}

static void keep_type(struct fl_core_walk *w, const struct fl_core_block *block)
{
	keep_text(w, block, &w->dump->identity.software_type, "software type");
}

static void keep_reason(struct fl_core_walk *w, const struct fl_core_block *block)
{
	struct fl_dump_identity *identity = &w->dump->identity;
	if (too_short(w, block, 4, "reboot reason"))
		return;
	uint32_t reason = block_u32(block, 0);
	if (identity->has_reason) {
		if (identity->reason != reason)
			conflict(w, block, "reboot reason");
		return;
	}
	identity->has_reason = true;
	identity->reason = reason;
}

static void keep_machine(struct fl_core_walk *w, const struct fl_core_block *block)
{
	if (too_short(w, block, 4, "machine type"))
		return;
	uint32_t machine = block_u32(block, 0);
	if (w->has_machine) {
		if (w->dump->facts.machine != machine)
			conflict(w, block, "machine type");
		return;
	}
	w->has_machine = true;
	w->machine_off = block->off;
	w->dump->facts.machine = machine;
}

static void keep_build_id(struct fl_core_walk *w, const struct fl_core_block *block)
{
	struct fl_dump_identity *identity = &w->dump->identity;
	if (too_short(w, block, BUILD_ID_SIZE, "build id"))
		return;
	if (!identity->build_id_size) {
		memcpy(identity->build_id, block->payload, BUILD_ID_SIZE);
		identity->build_id_size = BUILD_ID_SIZE;
	} else if (memcmp(identity->build_id, block->payload, BUILD_ID_SIZE)) {
		conflict(w, block, "build id");
	}
}

static void keep_mpu(struct fl_core_walk *w, const struct fl_core_block *block)
{
	struct fl_dump *dump = w->dump;
	size_t count = (block->size < MPU_MAX_SIZE ? block->size : MPU_MAX_SIZE) / 4;
	if (dump->mpu || count < 2)
		return;
	dump->mpu = fl_arena_array(&dump->arena, count, sizeof(*dump->mpu));
	if (!dump->mpu) {
		w->out_of_memory = true;
		return;
	}
	struct fl_reader r = fl_reader("MPU block", block->payload, block->size, block->off);
	for (size_t i = 0; i < count; i++)
		dump->mpu[i] = fl_read_u32(&r);
	dump->mpu_count = count;
}

static void keep_nothing(struct fl_core_walk *w, const struct fl_core_block *block)
{
	(void)w, (void)block;
}

static void keep_vendor(struct fl_core_walk *w, const struct fl_core_block *block)
{
	FL_CORE_NOTE(w, FL_NOTE, FL_EUNSUPPORTED, block->off,
		     "a coredump of another format lies inside, %zu bytes, and was ignored",
		     block->size);
}

static void keep_unknown(struct fl_core_walk *w, const struct fl_core_block *block)
{
	if (!w->unknown_seen)
		FL_CORE_NOTE(w, FL_NOTE, FL_EUNSUPPORTED, block->off,
			     "a block of unknown type %u, %zu bytes, was skipped", block->type,
			     block->size);
	w->unknown_seen = true;
}

void fl_core_block_keep(struct fl_core_walk *w, const struct fl_core_block *block)
{
	static void (*const keep[])(struct fl_core_walk *, const struct fl_core_block *) = {
		[0] = keep_registers,   [1] = keep_memory,   [2] = keep_serial,
		[3] = keep_old_version, [4] = keep_hardware, [5] = keep_reason,
		[6] = keep_nothing,     [7] = keep_machine,  [8] = keep_vendor,
		[9] = keep_mpu,         [10] = keep_version, [11] = keep_type,
		[12] = keep_build_id,
	};
	if (block->type < sizeof(keep) / sizeof(keep[0]))
		keep[block->type](w, block);
	else
		keep_unknown(w, block);
}

static enum fl_code unsupported(const char *name, uint64_t off, struct fl_error *err)
{
	return fl_fail(err, FL_EUNSUPPORTED, FL_AT_FILE_OFFSET, off,
		       "a coredump of %s; only Cortex-M is supported", name);
}

/* A dump that names no machine is Arm unless its registers are another machine's. */
static enum fl_code check_machine(const struct fl_core_walk *w, struct fl_error *err)
{
	uint32_t machine = w->dump->facts.machine;
	char buf[32];
	if (machine == FL_MACHINE_ARM)
		return FL_OK;
	if (machine != FL_MACHINE_NONE)
		return unsupported(fl_machine_name(machine, buf), w->machine_off, err);
	const struct fl_core_block *first = w->registers;
	const char *other = w->register_count ? fl_machine_of_block(first->size) : NULL;
	return other && !first->cut ? unsupported(other, first->off, err) : FL_OK;
}

/* A block that is neither long enough nor cut short is nobody's. */
static bool is_register_block(struct fl_core_walk *w, const struct fl_core_block *block)
{
	bool last_of_truncated = w->dump->facts.truncated && block->off == w->last_off;
	if (block->size < REGISTERS_MIN_SIZE && !last_of_truncated) {
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, block->off,
			     "a register block of %zu bytes is too short and was ignored",
			     block->size);
		return false;
	}
	if (block->size % 4 && !block->cut)
		FL_CORE_NOTE(w, FL_WARNING, FL_EFORMAT, block->off,
			     "a register block of %zu bytes is no number of words", block->size);
	return block->size >= 4;
}

enum fl_code fl_core_registers(struct fl_core_walk *w, struct fl_error *err)
{
	struct fl_dump *dump = w->dump;
	if (w->register_count > FL_LIMIT_CONTEXTS)
		w->register_count = FL_LIMIT_CONTEXTS;
	enum fl_code code = check_machine(w, err);
	if (code)
		return code;
	dump->contexts = fl_arena_array(&dump->arena, w->register_count, sizeof(*dump->contexts));
	if (!dump->contexts)
		return FL_ENOMEM;
	for (size_t i = 0; i < w->register_count; i++) {
		const struct fl_core_block *block = &w->registers[i];
		if (is_register_block(w, block))
			fl_machine_registers(block->payload, block->size,
					     &dump->contexts[dump->context_count++]);
	}
	return FL_OK;
}
