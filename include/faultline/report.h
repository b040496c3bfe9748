/* SPDX-License-Identifier: Apache-2.0 */
/** @file The result of an analysis: one model, rendered as text, JSON or bytes for a store. */
#ifndef FAULTLINE_REPORT_H
#define FAULTLINE_REPORT_H

#include "auto.h"
#include "buffer.h"
#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything that was found out about one dump. Immutable. */
struct fl_report;

/** Release a report. NULL is allowed. */
FL_API void fl_report_close(struct fl_report *report);
FL_OWNED(fl_report, fl_report_close)

/** The version of the binary form that fl_report_encode() writes. */
enum { FL_REPORT_MAJOR = 2, FL_REPORT_MINOR = 0 };

/**
 * The binary form: versioned, little-endian, what a store keeps.
 * Same report, same bytes. @p ret is filled on success only.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_report_encode(const struct fl_report *report, struct fl_buffer *ret, struct fl_error *err);

/**
 * Read the binary form back. Safe on hostile bytes.
 * @retval FL_EFORMAT      not an encoded report, or damaged; `at` is the offset.
 * @retval FL_EUNSUPPORTED written by a newer version.
 */
FL_API FL_MUST_CHECK enum fl_code
fl_report_decode(const void *bytes, size_t size, struct fl_report **ret, struct fl_error *err);

/**
 * The same for who keeps the bytes and needs only fl_report_facts() for now: what is accepted, and
 * what is refused with which words, is the same, but the report has no threads.
 */
FL_API FL_MUST_CHECK enum fl_code fl_report_decode_facts(const void *bytes, size_t size,
							 struct fl_report **ret,
							 struct fl_error *err);

/** JSON text with the keys of docs/report-schema.md, newline at the end. */
FL_API FL_MUST_CHECK enum fl_code
fl_report_json(const struct fl_report *report, struct fl_buffer *ret, struct fl_error *err);

struct fl_text_options {
	size_t size;     /**< sizeof(struct fl_text_options), for later additions */
	unsigned width;  /**< columns; 0 means 80 */
	bool color;      /**< ANSI colours */
	bool all_frames; /**< do not fold long recursions */
	/**
	 * Optional: the text of source line @p line of @p file (as the ELF names it), without
	 * newline, valid until the next call; NULL when it cannot be had.
	 */
	const char *(*source_line)(void *context, const char *file, uint32_t line);
	void *context;
	/** Whose backtraces: a thread's name, "crashed", or "all"; NULL means all. */
	const char *thread;
};

/** Text for a person. @p options may be NULL. */
FL_API FL_MUST_CHECK enum fl_code fl_report_text(const struct fl_report *report,
						 const struct fl_text_options *options,
						 struct fl_buffer *ret, struct fl_error *err);

/** How well the ELF fits the dump. */
enum fl_symbol_match {
	FL_MATCH_NO_SYMBOLS,  /**< analysed without an ELF */
	FL_MATCH_UNKNOWN,     /**< neither build ids nor captured bytes could decide */
	FL_MATCH_SAME,        /**< build ids or captured bytes agree */
	FL_MATCH_OTHER_BUILD, /**< another build of similar firmware */
	FL_MATCH_UNRELATED,   /**< nothing agrees */
};

/** One hash under which the trace may be found again, with what was hashed. */
struct fl_fingerprint {
	const char *kind;     /**< "stack", "top", "cause", "address", ... */
	const char *preimage; /**< the text that was hashed */
	uint8_t hash[16];     /**< XXH3-128, big-endian */
	bool joins;           /**< an equal hash of the same kind decides the issue */
	/**
	 * Others find this trace's issue by it, but it does not decide for this trace: unless its
	 * issue has none but events yet.
	 */
	bool leads;
};

/** What was analysed. */
enum fl_report_kind {
	FL_REPORT_DUMP,
	FL_REPORT_REBOOT, /**< a reboot event */
	FL_REPORT_TRACE,  /**< a trace event */
	FL_REPORT_KIND_COUNT
};

/** The facts a store or a queue needs. Strings live as long as the report; NULL = unknown. */
struct fl_report_facts {
	const char *device_serial;
	const char *hardware_version;
	const char *software_type;
	const char *software_version;
	uint8_t build_id[20];
	uint8_t build_id_size;
	bool has_reason;
	uint32_t reason;
	const char *reason_name;
	enum fl_symbol_match match;
	bool build_id_conflict; /**< both build ids are known and differ */
	const char *category;   /**< cause category, e.g. "Null Pointer" */
	const char *cause;      /**< cause title, one sentence */
	const char *title;      /**< issue title: "<Category> at <function>" */
	const char *function;   /**< the function that names the issue */
	const char *engine_version;
	uint32_t signature_version;                /**< algorithm version */
	const char *rules_hash;                    /**< hex; which rules named it */
	const struct fl_fingerprint *fingerprints; /**< finest first */
	size_t fingerprint_count;
	size_t finding_count;
	bool truncated;
	enum fl_report_kind kind;
	bool expected; /**< a reboot that is no crash: belongs to no issue */
	/**
	 * Where it happened, as a reboot event of it would say. What is false cannot be told (of an
	 * assert's dump often, without its ELF always): it speaks neither for nor against a pair.
	 */
	bool has_pc, has_lr;
	uint32_t pc, lr;
	bool coredump_saved;  /**< an event: a dump of the same crash should arrive */
	bool needs_symbols;   /**< it holds an address or a number that only an ELF can name */
	bool has_captured_at; /**< by the device's clock */
	uint32_t captured_at; /**< Unix seconds */
};

FL_API struct fl_report_facts fl_report_facts(const struct fl_report *report);

/**
 * "Why here": the signature's rule trace as text (frame, list, line, verdict; fingerprints with
 * their pre-images).
 */
FL_API FL_MUST_CHECK enum fl_code
fl_report_explain(const struct fl_report *report, struct fl_buffer *ret, struct fl_error *err);

#ifdef __cplusplus
}
#endif

#endif
