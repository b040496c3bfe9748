/* SPDX-License-Identifier: Apache-2.0 */
/** @file One analysed occurrence: what a report encodes and renders. */
#ifndef MODEL_TRACE_H
#define MODEL_TRACE_H

#include "model/fault.h"
#include "model/finding.h"
#include "model/memory.h"
#include "model/signature.h"
#include "model/thread.h"

#include <faultline/dump.h>
#include <faultline/report.h>

/** What the dump itself is. */
struct fl_dump_facts {
	const char *format; /**< "memfault" */
	uint32_t version;   /**< of the container */
	uint64_t size;      /**< bytes of the file */
	uint8_t hash[16];   /**< XXH3-128 of the file */
	bool truncated;
	uint32_t machine; /**< docs/formats.md */
	bool has_capture_time;
	uint32_t capture_time; /**< Unix seconds */
	size_t context_count;  /**< register blocks */
};

/** A region as it lies in the file, for the report's `memory`. */
struct fl_region {
	uint32_t addr;
	uint32_t size;
};

/** One module used, and how well it fits the dump. */
struct fl_module_facts {
	const char *name;
	uint8_t build_id[20];
	uint8_t build_id_size;
	bool has_debug_info;
	bool has_unwind_info;
	enum fl_symbol_match match;
	uint64_t bytes_compared; /**< captured bytes in read-only ranges of the ELF */
	uint64_t bytes_equal;
	bool has_mismatch;
	uint32_t mismatch_addr;  /**< lowest differing byte */
	uint32_t calls_compared; /**< return addresses on the stack */
	uint32_t calls_equal;    /**< ... with a call instruction before them in the ELF */
};

struct fl_reason {
	bool known;
	uint32_t code;    /**< docs/formats.md */
	const char *name; /**< "HardFault"; for an unassigned code "0x1234" */
	bool expected;    /**< 0x0001..0x7fff */
};

/**
 * What a reboot or trace event said beside its reason (docs/formats.md, "Events"). Of a dump: pc
 * and lr as a reboot event of the same crash would say them, where they can be told.
 */
struct fl_event_report {
	bool has_captured_at;
	uint32_t captured_at; /**< Unix seconds by the device's clock */
	uint8_t build_id[20]; /**< as sent: usually a prefix */
	uint8_t build_id_size;
	bool has_pc, has_lr;
	uint32_t pc, lr; /**< as sent */
	bool has_reset_register;
	uint32_t reset_register; /**< the MCU's own reset cause, raw */
	bool coredump_saved;
	bool has_trace_reason;
	uint32_t trace_reason;
	const char *trace_reason_name; /**< from the ELF's enumerators; NULL = unknown */
	bool has_status;
	int64_t status;
	const char *log; /**< NULL = none */
};

struct fl_trace {
	enum fl_report_kind kind;
	struct fl_event_report event; /**< for a dump pc and lr at most */
	struct fl_dump_facts dump;    /**< all zero for an event but size and hash */
	struct fl_dump_identity identity;
	enum fl_arch arch;
	struct fl_reason reason;
	struct fl_region *regions;
	size_t region_count;
	struct fl_module_facts *modules; /**< primary first */
	size_t module_count;
	enum fl_symbol_match match; /**< of the primary */
	bool build_id_conflict;     /**< dump and primary ELF both have one and they differ */
	struct fl_fault fault;
	struct fl_cause cause;
	struct fl_kernel_facts kernel;
	struct fl_thread *threads; /**< the crashed one first */
	size_t thread_count;
	struct fl_signature signature;
	struct fl_finding *findings;
	size_t finding_count;
	const char *engine_version;
	const char *sandbox; /**< "seccomp", "none", ... */
};

/** "dump", "reboot", "trace" */
const char *fl_report_kind_name(enum fl_report_kind kind);

/** "SensorTimeout", or "trace reason 3" where no ELF names it; cut to @p size bytes. */
void fl_event_reason_text(const struct fl_event_report *event, char *buf, size_t size);

/** The crashed thread, or NULL. */
const struct fl_thread *fl_trace_crashed(const struct fl_trace *trace);

#endif
