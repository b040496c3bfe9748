/* SPDX-License-Identifier: Apache-2.0 */
/** @file Frames and registers in the binary form: as differences to those before them. */
#ifndef REPORT_CODEC_FRAMES_H
#define REPORT_CODEC_FRAMES_H

#include "model/thread.h"
#include "report/codec_io.h"

/** What the next frame is probably like; goes on from thread to thread. */
struct fl_trail {
	struct fl_frame frames[2];  /**< by turns */
	struct fl_frame *last;      /**< the one of them that was before; at first empty */
	struct fl_registers regs;   /**< of the next frame */
	struct fl_registers thread; /**< of the thread before */
};

/** A thread's registers: those that the thread before has otherwise. */
void fl_codec_context(struct fl_codec *c, struct fl_trail *trail, struct fl_registers *regs);

/** The frames of @p thread, behind its registers. */
void fl_codec_frames(struct fl_codec *c, struct fl_trail *trail, struct fl_thread *thread);

/** A set of registers as the difference to @p guess. */
void fl_codec_registers(struct fl_codec *c, const struct fl_registers *guess,
			struct fl_registers *regs);

#endif
