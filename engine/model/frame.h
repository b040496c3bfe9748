/* SPDX-License-Identifier: Apache-2.0 */
/** @file Frames: as the unwinder found them, and as the report shows them. */
#ifndef MODEL_FRAME_H
#define MODEL_FRAME_H

#include "model/registers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How a frame was found, worst to best: compare with < and >. */
enum fl_trust {
	FL_TRUST_SCAN,            /**< a word on the stack that follows a call */
	FL_TRUST_PROLOGUE,        /**< the function's prologue was decoded */
	FL_TRUST_LR,              /**< return address still in LR */
	FL_TRUST_EXIDX,           /**< .ARM.exidx, not asynchronous */
	FL_TRUST_CFI,             /**< DWARF call frame information for this very pc */
	FL_TRUST_EXCEPTION_FRAME, /**< registers the core itself stacked */
	FL_TRUST_CONTEXT,         /**< the dump's register block */
	FL_TRUST_COUNT
};

/** "scan", "prologue", "lr", "exidx", "cfi", "exception-frame", "context" */
const char *fl_trust_name(enum fl_trust trust);

enum fl_frame_kind {
	FL_FRAME_CODE,
	FL_FRAME_EXCEPTION, /**< boundary between a handler and what it interrupted; no code */
};

/** A physical frame, the unwinder's output. */
struct fl_unwound_frame {
	enum fl_frame_kind kind;
	enum fl_trust trust;
	uint32_t pc;   /**< bit 0 clear; for an exception boundary its EXC_RETURN */
	bool pc_known; /**< false only for an exception boundary whose EXC_RETURN is not known */
	uint32_t lookup_pc; /**< the address to symbolise, docs/formats.md; unused for a boundary */
	uint32_t cfa;       /**< stack pointer of the caller */
	bool cfa_known;
	struct fl_registers regs; /**< as they were in this frame; unknown where not recovered */
	uint16_t exception; /**< boundary: number of the exception that was taken; 0 = unknown */
};

/** Why the stack ends where it does. */
enum fl_stop {
	FL_STOP_NONE,
	FL_STOP_ENTRY, /**< reached an entry function, or LR held the reset value: complete */
	FL_STOP_NOT_CAPTURED, /**< the next stack word is not in the dump: normal for short captures
			       */
	FL_STOP_NO_METHOD,    /**< no method could find a caller */
	FL_STOP_NOT_CODE,     /**< the return address is outside every executable range */
	FL_STOP_NOT_A_CALL,   /**< no call instruction precedes the return address */
	FL_STOP_NO_PROGRESS,  /**< the stack pointer did not advance */
	FL_STOP_UNDEFINED,    /**< the unwind information says this is the outermost frame */
	FL_STOP_BAD_EXCEPTION_FRAME, /**< the words at the exception frame cannot be one */
	FL_STOP_SECURE,          /**< the caller lies on the other side of the security boundary */
	FL_STOP_STACKING_FAILED, /**< the exception frame was never written */
	FL_STOP_LOCKUP,          /**< pc was a lockup address */
	FL_STOP_LIMIT,           /**< FL_LIMIT_FRAMES */
	FL_STOP_NO_REGISTERS,    /**< the dump holds no registers */
	FL_STOP_STACK_END, /**< a caller's frame would lie above the end of the thread's stack */
	FL_STOP_COUNT
};

/** Stable slug for JSON: "entry", "not-captured", ... */
const char *fl_stop_name(enum fl_stop stop);

/** A frame of the report: physical or inlined. Strings live in the trace's arena. */
struct fl_frame {
	enum fl_frame_kind kind;
	enum fl_trust trust;
	bool inlined; /**< precedes its physical frame and shares its pc */
	bool pc_known;
	uint32_t pc;
	uint32_t lookup_pc;
	uint32_t cfa;
	bool cfa_known;
	uint16_t exception;
	const char *function; /**< qualified, without parameters; NULL = unknown; boundary: handler
				 name or NULL */
	const char *linkage_name; /**< NULL when there is none or it equals function */
	const char *module;       /**< NULL when pc lies in no module */
	const char *file;         /**< as DWARF names it; NULL = unknown */
	uint32_t line;            /**< 0 = unknown */
	uint32_t column;          /**< 0 = unknown */
	uint32_t function_addr;   /**< start of the physical function; valid when function_known */
	bool function_known;
	uint32_t module_off;      /**< lookup_pc minus the module's lowest code address */
	struct fl_registers regs; /**< physical frames only; known == 0 otherwise */
};

#endif
