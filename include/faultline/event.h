/* SPDX-License-Identifier: Apache-2.0 */
/** @file A reboot event or trace event: one CBOR map (docs/formats.md, "Events"). */
#ifndef FAULTLINE_EVENT_H
#define FAULTLINE_EVENT_H

#include "auto.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fl_event_kind {
	FL_EVENT_REBOOT, /**< the device restarted: has a reason */
	FL_EVENT_TRACE,  /**< the software reported something and went on: has a trace reason */
	FL_EVENT_OTHER,  /**< heartbeat, log, recording, or of an unknown type */
};

enum fl_log_argument_kind {
	FL_LOG_INT32, /**< of a 32-bit type, signed or not */
	FL_LOG_INT64, /**< of a 64-bit type; an unsigned one is kept bit by bit */
	FL_LOG_DOUBLE,
	FL_LOG_TEXT,
};

struct fl_log_argument {
	enum fl_log_argument_kind kind;
	int64_t integer;
	double number;
	const char *text; /**< clean UTF-8 */
};

/** A log line as a device sends it: where its format lies in the ELF, and the arguments. */
struct fl_compact_log {
	uint32_t offset;        /**< of the format, from the beginning of section log_fmt */
	bool too_long;          /**< the device had no room for the arguments */
	uint32_t original_size; /**< too_long: bytes it would have needed */
	size_t argument_count;
	struct fl_log_argument arguments[15];
};

/** Strings are clean UTF-8, NULL where the event has none. */
struct fl_event_facts {
	enum fl_event_kind kind;
	uint32_t type; /**< as in the map: 1 heartbeat, 2 trace, 4 and 6 logs, 5 recording */
	bool has_captured_at;
	uint32_t captured_at; /**< Unix seconds by the device's clock */
	const char *device_serial, *software_type, *software_version, *hardware_version;
	uint8_t build_id[20];
	uint8_t build_id_size; /**< 0, or 5 to 20: usually a prefix */
	bool has_reason;       /**< reboot reason, docs/formats.md */
	uint32_t reason;
	bool has_pc, has_lr;
	uint32_t pc, lr; /**< as sent: of an assert or trace event pc is the instruction + 4 */
	bool has_reset_register;
	uint32_t reset_register; /**< the MCU's own, raw */
	bool coredump_saved;     /**< a dump of the same crash should arrive */
	bool has_trace_reason;
	uint32_t trace_reason; /**< index into the ELF's MfltTraceReasonUser */
	bool has_status;
	int64_t status;
	const char *log;
	const uint8_t *compact_log; /**< the CBOR array, not decoded; NULL = none */
	size_t compact_log_size;
	const struct fl_compact_log
		*compact; /**< the same, decoded; NULL = none, or not decodable */
};

struct fl_event;

/**
 * Decode one event. What has another type than it should is taken as not said; of what is said
 * twice the first counts. Logs (types 4 and 6) may end early: devices are known to announce more
 * lines than they send.
 * @param bytes borrowed until fl_event_close().
 * @retval FL_EFORMAT not one CBOR map of an event; `at` is the offset.
 * @retval FL_ELIMIT  nested too deep.
 * @retval FL_ENOMEM
 */
FL_API FL_MUST_CHECK enum fl_code
fl_event_open(const void *bytes, size_t size, struct fl_event **ret, struct fl_error *err);
/** Release an event. NULL is allowed. */
FL_API void fl_event_close(struct fl_event *event);
FL_OWNED(fl_event, fl_event_close)

/** Lives until fl_event_close(). */
FL_API const struct fl_event_facts *fl_event_facts(const struct fl_event *event);

#ifdef __cplusplus
}
#endif

#endif
