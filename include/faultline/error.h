/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Status codes and the error record every fallible call can fill in.
 *
 * Two channels, never mixed:
 *  - a *failure* means the call produced nothing: non-zero code, @ref fl_error;
 *  - a *finding* means the result is usable but poorer than it should be (region
 *    not in the dump, no line table): it goes into the report, not into an error.
 */
#ifndef FAULTLINE_ERROR_H
#define FAULTLINE_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FL_API          __attribute__((__visibility__("default")))
#define FL_MUST_CHECK   __attribute__((__warn_unused_result__))
#define FL_PRINTF(f, a) __attribute__((__format__(__printf__, f, a)))

enum fl_code {
	FL_OK = 0,
	FL_ENOMEM,       /**< allocation failed */
	FL_EIO,          /**< the host could not read or write a file */
	FL_EFORMAT,      /**< the input contradicts its own format */
	FL_EUNMAPPED,    /**< target address not captured in the dump */
	FL_ENOTFOUND,    /**< a lookup had no answer; often not fatal */
	FL_EUNSUPPORTED, /**< valid input this version does not handle */
	FL_ELIMIT,       /**< a configured bound (frames, depth, bytes) was hit */
	FL_EINVALID,     /**< the caller's arguments contradict each other */
	FL_ECHILD,       /**< the sandboxed child died or stalled on this input */
};

/** What @ref fl_error::at counts. */
enum fl_at { FL_AT_NONE, FL_AT_FILE_OFFSET, FL_AT_TARGET_ADDRESS };

/**
 * Filled by a call that fails; untouched by one that succeeds.
 *
 * Lives in the caller's frame: recording an error never allocates, never fails
 * and needs no destructor. Zero-initialise it.
 */
struct fl_error {
	enum fl_code code;
	enum fl_at at_kind;
	uint64_t at;
	char message[200]; /**< one line, no trailing newline or full stop */
};

/**
 * Record a failure and return @p code, so that `return fl_fail(...)` is the
 * whole error path. @p err may be NULL.
 */
FL_API enum fl_code fl_fail(struct fl_error *err, enum fl_code code, enum fl_at at_kind,
			    uint64_t at, const char *format, ...) FL_PRINTF(5, 6);

/** Static lower-case name of a code: "format", "not found". Never NULL. */
FL_API const char *fl_code_name(enum fl_code code);

#ifdef __cplusplus
}
#endif

#endif
