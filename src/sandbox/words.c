/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of a death: signal, address and raw PCs in words. */
#include "sandbox/death.h"
#include "sandbox/filter.h"
#include "sandbox/own_names.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void fl_death_clean_text(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static void format_frame(char *line, size_t room, uint32_t index, uint64_t pc)
{
	/* A return address may be the first byte of the next function: its call is one before. */
	uint64_t lookup = index && pc ? pc - 1 : pc;
	struct fl_own_name name;
	int used = snprintf(line, room, "#%-2" PRIu32 " 0x%016" PRIx64, index, pc);
	if (used < 0 || (size_t)used >= room || !fl_own_name(lookup, &name))
		return;
	if (name.function[0])
		used += snprintf(line + used, room - (size_t)used, " %s+0x%" PRIx64, name.function,
				 name.offset + (pc - lookup));
	const char *slash = strrchr(name.file, '/');
	if ((size_t)used < room)
		snprintf(line + used, room - (size_t)used, " (%s+0x%" PRIx64 ")",
			 slash ? slash + 1 : name.file, pc - name.file_addr);
	fl_death_clean_text(line);
}

static void format_backtrace(const struct fl_death_record *record, char *text, size_t room)
{
	uint32_t count = record->count < FL_DEATH_FRAMES ? record->count : FL_DEATH_FRAMES;
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		char line[512];
		format_frame(line, sizeof(line), i, record->pcs[i]);
		size_t size = strlen(line);
		if (used + size + 2 > room)
			return;
		memcpy(text + used, line, size);
		text[used + size] = '\n';
		used += size + 1;
		text[used] = '\0';
	}
}

static const char *signal_text(uint32_t number, char *room, size_t size)
{
	const char *name = number < 65 ? sigabbrev_np((int)number) : NULL;
	if (name)
		snprintf(room, size, "SIG%s", name);
	else
		snprintf(room, size, "signal %" PRIu32, number);
	return room;
}

/* Pushing below the end of the stack faults close to the stack pointer. */
static bool near_stack_pointer(const struct fl_death_record *record)
{
	const uint64_t near = 64 << 10;
	uint64_t distance = record->address > record->stack ? record->address - record->stack
							    : record->stack - record->address;
	return record->stack && distance < near;
}

static void describe_record(const struct fl_death_facts *facts, char *text, size_t room)
{
	const struct fl_death_record *record = &facts->record;
	char name[32];
	signal_text(record->signal, name, sizeof(name));
	if (record->signal == SIGSYS)
		fl_filter_describe(record->syscall, text, room);
	else if (record->signal == SIGABRT && facts->words[0])
		snprintf(text, room, "killed by %s: %.100s", name, facts->words);
	else if (record->signal == SIGABRT || record->signal == SIGTRAP || record->code == SI_USER)
		snprintf(text, room, "killed by %s", name);
	else if (record->code == SI_KERNEL) /* x86: no address for a non-canonical pointer */
		snprintf(text, room, "killed by %s at an impossible address", name);
	else
		snprintf(text, room, "killed by %s at 0x%" PRIx64 "%s", name, record->address,
			 record->signal == SIGSEGV && near_stack_pointer(record)
				 ? " (stack overflow)"
				 : "");
}

static void describe_status(const struct fl_death_facts *facts, char *text, size_t room)
{
	char name[32];
	if (!facts->has_status)
		snprintf(text, room, "ended");
	else if (WIFSIGNALED(facts->status))
		snprintf(text, room, "killed by %s%s",
			 signal_text((uint32_t)WTERMSIG(facts->status), name, sizeof(name)),
			 WTERMSIG(facts->status) == SIGKILL ? " (out of memory?)" : "");
	else
		snprintf(text, room, "ended with status %d", WEXITSTATUS(facts->status));
}

void fl_death_describe(const struct fl_death_facts *facts, struct fl_sandbox_death *ret)
{
	if (facts->stalled)
		snprintf(ret->reason, sizeof(ret->reason), "no answer within %u ms",
			 facts->deadline_ms);
	else if (facts->protocol)
		snprintf(ret->reason, sizeof(ret->reason), "%s", facts->protocol);
	else if (facts->record.signal)
		describe_record(facts, ret->reason, sizeof(ret->reason));
	else
		describe_status(facts, ret->reason, sizeof(ret->reason));
	fl_death_clean_text(ret->reason);
	format_backtrace(&facts->record, ret->backtrace, sizeof(ret->backtrace));
}
