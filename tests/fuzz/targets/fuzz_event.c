/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal says what and where; facts are clean, bounded and consistent. */
#include "base/limits.h"

#include <faultline/event.h>

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

static void check_text(const char *text, size_t limit)
{
	if (!text)
		return;
	require(strlen(text) <= limit);
	for (; *text; text++)
		require((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_compact(const struct fl_compact_log *log)
{
	require(log->argument_count <= 15);
	require(!log->too_long || !log->argument_count);
	for (size_t i = 0; i < log->argument_count; i++) {
		const struct fl_log_argument *a = &log->arguments[i];
		if (a->kind == FL_LOG_INT32)
			require(a->integer >= INT32_MIN && a->integer <= INT32_MAX);
		if (a->kind == FL_LOG_TEXT)
			check_text(a->text, FL_LIMIT_LOG);
		require((a->kind == FL_LOG_TEXT) == (a->text != NULL));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FL_AUTO(fl_event) event = NULL;
	struct fl_error err = { 0 };
	enum fl_code code = fl_event_open(data, size, &event, &err);
	if (code) {
		require(!event && err.code == code && err.message[0] && err.at <= size);
		require(code == FL_EFORMAT || code == FL_ELIMIT);
		return 0;
	}
	const struct fl_event_facts *f = fl_event_facts(event);
	check_text(f->device_serial, FL_LIMIT_STRING);
	check_text(f->software_type, FL_LIMIT_STRING);
	check_text(f->software_version, FL_LIMIT_STRING);
	check_text(f->hardware_version, FL_LIMIT_STRING);
	check_text(f->log, FL_LIMIT_LOG);
	require(!f->build_id_size || (f->build_id_size >= 5 && f->build_id_size <= 20));
	require((f->kind == FL_EVENT_OTHER) == (f->type != 2));
	require((f->kind == FL_EVENT_REBOOT) == f->has_reason);
	if (f->kind == FL_EVENT_OTHER)
		require(!f->has_pc && !f->has_status && !f->log && !f->compact_log);
	require((f->compact_log != NULL) == (f->compact_log_size > 0));
	require(!f->compact || f->compact_log);
	if (f->compact_log)
		require(f->compact_log > data &&
			f->compact_log + f->compact_log_size <= data + size);
	if (f->compact)
		check_compact(f->compact);
	return 0;
}
