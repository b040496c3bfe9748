/* SPDX-License-Identifier: Apache-2.0 */
#include "report/threads.h"

#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fl_report_has_kernel(const struct fl_trace *trace)
{
	const struct fl_kernel_facts *k = &trace->kernel;
	return k->name || k->has_running || k->has_tick || k->has_thread_count;
}

const struct fl_thread *fl_report_thread_at(const struct fl_trace *trace, uint32_t block)
{
	for (size_t i = 0; i < trace->thread_count; i++)
		if (trace->threads[i].has_block && trace->threads[i].block == block)
			return &trace->threads[i];
	return NULL;
}

const struct fl_thread *fl_report_holder(const struct fl_trace *trace, const struct fl_wait *wait)
{
	return wait->has_holder ? fl_report_thread_at(trace, wait->holder) : NULL;
}

/* Names as they are shown: what the binary form would keep. */
static bool has_name(const struct fl_thread *thread, const char *wanted)
{
	char clean[256];
	if (!thread->name)
		return false;
	fl_utf8_clean(thread->name, strlen(thread->name), clean, sizeof(clean));
	return !strcmp(clean, wanted);
}

static bool has_address(const struct fl_thread *thread, const char *wanted)
{
	char *end;
	if (!thread->has_block || strncmp(wanted, "0x", 2) != 0)
		return false;
	unsigned long long address = strtoull(wanted + 2, &end, 16);
	return end > wanted + 2 && !*end && address == thread->block;
}

static bool means_all(const char *wanted)
{
	return !wanted || !strcmp(wanted, "all");
}

bool fl_report_wants_thread(const struct fl_thread *thread, const char *wanted)
{
	if (means_all(wanted))
		return true;
	if (!strcmp(wanted, "crashed"))
		return thread->crashed;
	return has_name(thread, wanted) || has_address(thread, wanted);
}

/* "uart_rx, logger, 0x20004200, ...": each name once. */
static void list_names(const struct fl_trace *trace, char *buf, size_t size)
{
	enum { ROOM_FOR_REST = sizeof(", ...") };
	size_t used = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < trace->thread_count; i++) {
		const struct fl_thread *thread = &trace->threads[i];
		char name[64];
		if (thread->name && *thread->name)
			fl_utf8_clean(thread->name, strlen(thread->name), name, sizeof(name));
		else if (thread->has_block)
			snprintf(name, sizeof(name), "0x%08" PRIx32, thread->block);
		else
			continue;
		bool again = false;
		for (size_t k = 0; k < i && !again; k++)
			again = has_name(&trace->threads[k], name);
		if (again)
			continue;
		bool fits = used + strlen(name) + ROOM_FOR_REST + 2 < size;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? ", " : "",
					 fits ? name : "...");
		if (!fits)
			return;
	}
}

enum fl_code
fl_report_check_thread(const struct fl_trace *trace, const char *wanted, struct fl_error *err)
{
	char names[120];
	if (means_all(wanted))
		return FL_OK;
	for (size_t i = 0; i < trace->thread_count; i++)
		if (fl_report_wants_thread(&trace->threads[i], wanted))
			return FL_OK;
	list_names(trace, names, sizeof(names));
	if (!names[0])
		return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "no thread '%.40s': %s", wanted,
			       trace->thread_count ? "none has a name" : "there is none");
	return fl_fail(err, FL_ENOTFOUND, FL_AT_NONE, 0, "no thread '%.40s'; there are: %s", wanted,
		       names);
}
