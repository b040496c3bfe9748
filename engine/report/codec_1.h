/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * What major version 1 of the binary form told otherwise: read, and not written any more. Its
 * threads lay in three sections, the first as old as the format: what was added since lay beside
 * it, so that an older program still read all that it knew.
 */
#ifndef REPORT_CODEC_1_H
#define REPORT_CODEC_1_H

#include "model/trace.h"
#include "report/codec_io.h"

/** All strings, each with its size before it. */
void fl_codec_strings_1(struct fl_codec *c);

/** The frames of a thread, all of each. */
void fl_codec_frames_1(struct fl_codec *c, struct fl_thread *thread);

/** FL_SECTION_REGISTERS, since 1.2: those of all frames. */
void fl_codec_registers_1(struct fl_codec *c, struct fl_trace *trace);

#endif
