/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * The engine with a memory for compiled ELFs: what the child runs, and with FL_SANDBOX_OFF the
 * caller itself.
 */
#ifndef SANDBOX_ENGINE_H
#define SANDBOX_ENGINE_H

#include "sandbox/sandbox.h"
#include "sandbox/wire.h"

#include <faultline/analyze.h>

/** An ELF file to compile, unless its key is known. */
struct fl_image_input {
	int fd;
	uint64_t size;
	const char *name;
	const uint8_t *key; /**< 16 bytes; NULL: never kept */
	struct fl_symbols_origin origin;
	int index_fd; /**< instead of compiling it, if it is sound; -1 = none */
	uint64_t index_size;
	bool verify; /**< and the ELF's hash is the one in it */
};

struct fl_engine_image;

struct fl_engine {
	const struct fl_rules *rules; /**< borrowed */
	const char *sandbox;          /**< for the reports; static */
	struct fl_engine_image *images;
	size_t count;
	size_t kept; /**< images that stay after a request */
	uint64_t clock;
	uint32_t refused;  /**< bit i: the index of input i of the last request was no good */
	char refusal[200]; /**< why, of the first */
};

/** @param kept compiled ELFs to remember between requests, least recently used go first. */
FL_MUST_CHECK enum fl_code fl_engine_init(struct fl_engine *engine, const struct fl_rules *rules,
					  const char *sandbox, size_t kept, struct fl_error *err);
void fl_engine_deinit(struct fl_engine *engine);

/** Whether all of them are in memory, and stay there during the next call. */
bool fl_engine_has(struct fl_engine *engine, const struct fl_image_input *inputs, size_t count);

/** @param count at most FL_WIRE_ELFS. Errors of an ELF carry its name. */
FL_MUST_CHECK enum fl_code fl_engine_analyze(struct fl_engine *engine, enum fl_wire_input kind,
					     const void *bytes, size_t size,
					     const struct fl_image_input *inputs, size_t count,
					     struct fl_report **ret, struct fl_error *err);

/** What compiling it yields as a file, with the input's origin. */
FL_MUST_CHECK enum fl_code fl_engine_encode(struct fl_engine *engine,
					    const struct fl_image_input *input,
					    struct fl_buffer *ret, struct fl_error *err);

/** fl_places_pack() of @p addr_count addresses; errors of an ELF carry its name. */
FL_MUST_CHECK enum fl_code
fl_engine_lookup(struct fl_engine *engine, const struct fl_image_input *inputs, size_t count,
		 enum fl_sandbox_names names, const uint32_t *addrs, size_t addr_count,
		 struct fl_buffer *ret, struct fl_error *err);

/** @p ret lives until the next call. */
FL_MUST_CHECK enum fl_code fl_engine_inspect(struct fl_engine *engine,
					     const struct fl_image_input *input,
					     const struct fl_symbols **ret, struct fl_error *err);

#endif
