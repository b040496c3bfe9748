/* SPDX-License-Identifier: Apache-2.0 */
/** @file The seam for dump formats: one file and one table line each (docs/extending.md). */
#ifndef DUMP_FORMAT_H
#define DUMP_FORMAT_H

#include "dump/dump.h"

/** A dump under construction: a format fills it, dump.c owns it. Everything lives in the arena. */
struct fl_dump {
	struct fl_arena arena;
	const uint8_t *bytes; /**< borrowed: the whole file */
	size_t size;
	struct fl_dump_identity identity;
	struct fl_dump_facts facts;
	struct fl_findings findings;
	struct fl_span *spans;
	size_t span_count;
	struct fl_registers *contexts;
	size_t context_count;
	uint32_t *mpu;
	size_t mpu_count;
	struct fl_memory memory; /**< the spans as one view, for fl_dump_read() */
};

struct fl_dump_format {
	const char *name;
	/** Whether the first bytes look like this format; @p size may be 0. */
	bool (*matches)(const uint8_t *bytes, size_t size);
	enum fl_code (*parse)(struct fl_dump *dump, struct fl_error *err);
};

extern const struct fl_dump_format fl_dump_format_memfault;

#endif
