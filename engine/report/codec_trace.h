/* SPDX-License-Identifier: Apache-2.0 */
/** @file The sections of the binary form: which field of a trace lies where. */
#ifndef REPORT_CODEC_TRACE_H
#define REPORT_CODEC_TRACE_H

#include "base/limits.h"
#include "model/trace.h"
#include "report/codec_io.h"

/** Numbers are for ever; a reader skips those it does not know. */
enum fl_section {
	FL_SECTION_STRINGS = 1, /**< always first */
	FL_SECTION_DUMP = 2,
	FL_SECTION_REGIONS = 3,
	FL_SECTION_MODULES = 4,
	FL_SECTION_FAULT = 5,
	FL_SECTION_CAUSE = 6,
	FL_SECTION_THREADS = 7,
	FL_SECTION_SIGNATURE = 8,
	FL_SECTION_FINDINGS = 9,
	FL_SECTION_EVENT = 10,     /**< since version 1.1 */
	FL_SECTION_KERNEL = 11,    /**< since 1.2: the kernel, and which threads the verdict is
				    about; in 1.x more about each thread, too */
	FL_SECTION_REGISTERS = 12, /**< 1.2 only: those of the frames */
	FL_SECTION_END
};

enum { FL_CODEC_FRAMES = FL_LIMIT_FRAMES * (FL_LIMIT_INLINE_DEPTH + 1) /**< of one thread */ };

/** Write or read section @p id (not FL_SECTION_STRINGS) of @p trace. */
void fl_codec_section(struct fl_codec *c, enum fl_section id, struct fl_trace *trace);

/** Sections of the threads; the second needs what the first has read. */
void fl_codec_threads(struct fl_codec *c, struct fl_trace *trace);
void fl_codec_kernel(struct fl_codec *c, struct fl_trace *trace);

#endif
