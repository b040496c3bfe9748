/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/elf_match.h"

#include "target/thumb.h"

#include <inttypes.h>
#include <string.h>

/*
 * Devices rarely capture flash, so most dumps are judged by their stack: a stacked return address
 * of the right build stands behind a call instruction, one of another build stands anywhere. Stale
 * words and function pointers dilute both. Measured over the recorded corpus (142 dumps with their
 * own ELF, 852 pairs with another build of the same firmware): own ELF 50 to 100 % of the words,
 * other builds under 30 % in 88 % of the pairs; field dumps of deep Rust stacks go down to 35 %
 * with their own ELF. Hence the gap between the two thresholds, in which nothing is claimed.
 */
enum {
	STACK_BYTES = 1024,     /* looked at above the stack pointer */
	BYTES_NEEDED = 16,      /* compared bytes that decide by themselves */
	CALLS_NEEDED = 3,       /* candidates on the stack that may decide */
	SAME_PERCENT = 60,      /* of them behind a call: this build */
	OTHER_PERCENT = 30,     /* fewer: another one */
	PATCHED_BYTES_MAX = 16, /* a breakpoint or a patched constant, not another build */
	BUILD_ID_MIN = 5,       /* of the prefix that an event sends (docs/formats.md) */
};

struct module_bytes {
	const struct fl_span *spans;
	size_t count;
	uint32_t code_addr; /* all code lies in between */
	uint64_t code_size;
};

/* Half-word of the ELF itself, whatever the dump says. */
static bool elf_u16(const struct module_bytes *elf, uint32_t addr, uint16_t *ret)
{
	for (size_t i = 0; i < elf->count; i++) {
		const struct fl_span *span = &elf->spans[i];
		if (addr < span->addr || span->size < 2 || addr - span->addr > span->size - 2)
			continue;
		const uint8_t *p = span->bytes + (addr - span->addr);
		*ret = (uint16_t)(p[0] | (unsigned)p[1] << 8);
		return true;
	}
	return false;
}

static void compare_overlap(const struct fl_span *dump, const struct fl_span *elf,
			    struct fl_module_facts *facts)
{
	uint64_t start = dump->addr > elf->addr ? dump->addr : elf->addr;
	uint64_t dump_end = (uint64_t)dump->addr + dump->size;
	uint64_t elf_end = (uint64_t)elf->addr + elf->size;
	uint64_t end = dump_end < elf_end ? dump_end : elf_end;
	if (start >= end)
		return;
	const uint8_t *a = dump->bytes + (start - dump->addr);
	const uint8_t *b = elf->bytes + (start - elf->addr);
	facts->bytes_compared += end - start;
	for (uint64_t i = 0; i < end - start; i++) {
		if (a[i] == b[i]) {
			facts->bytes_equal++;
			continue;
		}
		uint32_t at = (uint32_t)(start + i);
		if (!facts->has_mismatch || at < facts->mismatch_addr)
			facts->mismatch_addr = at;
		facts->has_mismatch = true;
	}
}

static void compare_bytes(const struct fl_elf_match_input *input, const struct module_bytes *elf,
			  struct fl_module_facts *facts)
{
	for (size_t i = 0; i < input->dump_span_count; i++)
		for (size_t k = 0; k < elf->count; k++)
			compare_overlap(&input->dump_spans[i], &elf->spans[k], facts);
}

/* Of most words this is enough to know. */
static bool may_be_return_address(const struct module_bytes *elf, uint32_t value)
{
	return value & 1 && value - 1 - elf->code_addr < elf->code_size;
}

static void judge_return_address(const struct fl_elf_match_input *input,
				 const struct module_bytes *elf, uint32_t value,
				 struct fl_module_facts *facts)
{
	uint32_t addr = value & ~UINT32_C(1);
	if (!fl_module_is_code(input->module, addr))
		return;
	uint16_t minus4 = 0;
	uint16_t minus2;
	(void)elf_u16(elf, addr - 4, &minus4);
	if (!elf_u16(elf, addr - 2, &minus2))
		return;
	facts->calls_compared++;
	facts->calls_equal += fl_thumb_call_before(minus4, minus2);
}

static void compare_calls(const struct fl_elf_match_input *input, const struct module_bytes *elf,
			  struct fl_module_facts *facts)
{
	uint32_t value;
	uint32_t sp;
	if (!fl_reg_get(input->regs, FL_SP, &sp))
		return;
	if (fl_reg_get(input->regs, FL_LR, &value) && may_be_return_address(elf, value))
		judge_return_address(input, elf, value, facts);
	for (uint32_t off = 0; off < STACK_BYTES; off += 4)
		if (sp <= UINT32_MAX - off && fl_memory_u32(input->memory, sp + off, &value) &&
		    may_be_return_address(elf, value))
			judge_return_address(input, elf, value, facts);
}

/* Share of equals, in percent. */
static unsigned percent(uint64_t equal, uint64_t compared)
{
	return compared ? (unsigned)(equal * 100 / compared) : 0;
}

/* Neither where it stopped nor where it came from lies in this ELF's code. */
static bool runs_elsewhere(const struct fl_elf_match_input *input)
{
	uint32_t pc;
	uint32_t lr;
	return fl_reg_get(input->regs, FL_PC, &pc) && fl_reg_get(input->regs, FL_LR, &lr) && pc &&
	       lr & 1 && lr < UINT32_C(0xfe000000) /* EXC_RETURN, FNC_RETURN, reset */ &&
	       !fl_module_is_code(input->module, pc & ~UINT32_C(1)) &&
	       !fl_module_is_code(input->module, lr & ~UINT32_C(1));
}

static enum fl_symbol_match judge_bytes(const struct fl_module_facts *facts)
{
	uint64_t different = facts->bytes_compared - facts->bytes_equal;
	if (different <= PATCHED_BYTES_MAX && different * 100 <= facts->bytes_compared)
		return FL_MATCH_SAME;
	return percent(facts->bytes_equal, facts->bytes_compared) >= 50 ? FL_MATCH_OTHER_BUILD
									: FL_MATCH_UNRELATED;
}

static enum fl_symbol_match judge_calls(const struct fl_module_facts *facts)
{
	unsigned share = percent(facts->calls_equal, facts->calls_compared);
	if (facts->calls_compared < CALLS_NEEDED)
		return FL_MATCH_UNKNOWN;
	return share >= SAME_PERCENT   ? FL_MATCH_SAME
	       : share < OTHER_PERCENT ? FL_MATCH_OTHER_BUILD
				       : FL_MATCH_UNKNOWN;
}

/* An event sends the first bytes of the id; a dump sends all of them. */
static bool ids_known(const struct fl_dump_identity *identity, const struct fl_module_facts *module)
{
	return identity && identity->build_id_size >= BUILD_ID_MIN &&
	       identity->build_id_size <= sizeof(identity->build_id) &&
	       module->build_id_size >= identity->build_id_size;
}

bool fl_build_id_conflict(const struct fl_dump_identity *identity,
			  const struct fl_module_facts *module)
{
	return ids_known(identity, module) &&
	       memcmp(module->build_id, identity->build_id, identity->build_id_size) != 0;
}

/* Captured code decides; a build id where there is none; the stack where there is neither. */
static enum fl_symbol_match
judge(const struct fl_elf_match_input *input, const struct fl_module_facts *facts)
{
	if (facts->bytes_compared >= BYTES_NEEDED)
		return judge_bytes(facts);
	const struct fl_dump_identity *identity = input->identity;
	bool ids = ids_known(identity, facts);
	if (ids && !fl_build_id_conflict(identity, facts))
		return FL_MATCH_SAME;
	if (!facts->calls_compared && runs_elsewhere(input))
		return FL_MATCH_UNRELATED;
	return ids ? FL_MATCH_OTHER_BUILD : judge_calls(facts);
}

static void report(const struct fl_elf_match_input *input, struct fl_findings *findings,
		   const struct fl_module_facts *facts)
{
	const char *name = facts->name;
	bool conflict = fl_build_id_conflict(input->identity, facts);
	if (conflict)
		fl_finding_add(findings, FL_STAGE_INSPECT, FL_ALARM, FL_EFORMAT, FL_AT_NONE, 0,
			       "%s has another build id than the %s: names and lines below may "
			       "be wrong",
			       name, input->what);
	if (facts->has_mismatch)
		fl_finding_add(findings, FL_STAGE_INSPECT,
			       facts->match == FL_MATCH_SAME ? FL_WARNING : FL_ALARM, FL_EFORMAT,
			       FL_AT_TARGET_ADDRESS, facts->mismatch_addr,
			       "%" PRIu64 " of %" PRIu64
			       " captured read-only bytes differ from %s, "
			       "first at 0x%08" PRIx32,
			       facts->bytes_compared - facts->bytes_equal, facts->bytes_compared,
			       name, facts->mismatch_addr);
	if (facts->match == FL_MATCH_UNRELATED && !facts->has_mismatch)
		fl_finding_add(findings, FL_STAGE_INSPECT, FL_ALARM, FL_EFORMAT, FL_AT_NONE, 0,
			       "%s has no code where the device was running: another firmware",
			       name);
	if (facts->match == FL_MATCH_OTHER_BUILD && !conflict && !facts->has_mismatch)
		fl_finding_add(findings, FL_STAGE_INSPECT, FL_ALARM, FL_EFORMAT, FL_AT_NONE, 0,
			       "%s is probably another build: only %" PRIu32 " of %" PRIu32
			       " return addresses on the stack stand behind a call in it",
			       name, facts->calls_equal, facts->calls_compared);
	/* Equal build ids and a stack that contradicts them: the id was not updated, or the stack
	 * is broken. */
	if (facts->match == FL_MATCH_SAME && facts->calls_compared >= 8 &&
	    facts->bytes_compared < BYTES_NEEDED &&
	    percent(facts->calls_equal, facts->calls_compared) < 25)
		fl_finding_add(findings, FL_STAGE_INSPECT, FL_WARNING, FL_EFORMAT, FL_AT_NONE, 0,
			       "the build id of %s is the dump's, but only %" PRIu32 " of %" PRIu32
			       " return addresses on the stack stand behind a call in it",
			       name, facts->calls_equal, facts->calls_compared);
}

void fl_elf_match(const struct fl_elf_match_input *input, struct fl_findings *findings,
		  struct fl_module_facts *ret)
{
	struct fl_module_info info = fl_module_info(input->module);
	struct module_bytes elf = { .code_addr = info.code_addr,
				    .code_size = info.code_end - info.code_addr };
	elf.spans = fl_module_spans(input->module, &elf.count);
	*ret = (struct fl_module_facts){
		.name = info.name,
		.build_id_size = info.build_id_size,
		.has_debug_info = info.has_debug_info,
		.has_unwind_info = info.has_unwind_info,
	};
	memcpy(ret->build_id, info.build_id, sizeof(ret->build_id));
	compare_bytes(input, &elf, ret);
	compare_calls(input, &elf, ret);
	ret->match = judge(input, ret);
	/* The program may be running in another part than this one: only bytes convict it. */
	if (!input->identity && ret->match >= FL_MATCH_OTHER_BUILD && !ret->bytes_compared)
		ret->match = FL_MATCH_UNKNOWN;
	report(input, findings, ret);
}
