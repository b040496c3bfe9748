/* SPDX-License-Identifier: Apache-2.0 */
/** @file Reboot and trace events as a device writes them (docs/formats.md, "Events"). */
#ifndef SUPPORT_EVENT_WRITER_H
#define SUPPORT_EVENT_WRITER_H

#include "support/cbor_writer.h"

#include <faultline/analyze.h>

#include <stdbool.h>
/** What is 0, NULL or false is left out, as the SDK does; but coredump_saved of a reboot. */
struct event {
	bool trace;
	uint32_t reason, pc, lr, reset_register;
	bool coredump_saved;
	bool has_status;
	int32_t status;
	const char *log;
	const uint8_t *build_id;
	size_t build_id_size;
	uint32_t captured_at;
};

void event_write(const struct event *e, struct bytes *out);

/** Its report; @p symbols may be NULL. Fails the test when there is none. */
struct fl_report *event_analyze(const struct event *e, const struct fl_symbols *symbols);

#endif
