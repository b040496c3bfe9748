/* SPDX-License-Identifier: Apache-2.0 */
/** @file Stacks laid out by hand for tests/unwind/data/odd.S, and the chains that come of them. */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include "support/target_memory.h"
#include "unwind/unwind.h"

/* Addresses in odd.elf: `arm-none-eabi-objdump -d`. R_x is the return address of a call, with its
 * Thumb bit. */
enum {
	RESET = 0x08000100,
	R_TOP = 0x08000107, /* Reset_Handler, after top */
	TOP = 0x08000108,
	R_USER = 0x0800010f,       /* top, after user */
	R_OTHER_USER = 0x08000113, /* top, after other_user */
	R_TOP_BLX = 0x08000115,    /* top, after blx r4 */
	R_DIE = 0x0800012f,        /* fail, after die */
	DIE = 0x08000130,
	OUTERMOST = 0x08000134,
	R_OUTERMOST_BLX = 0x08000139,
	R_OPAQUE = 0x0800014b, /* opaque, after handle */
	R_SHIM = 0x08000153,   /* shim, after handle */
	HANDLE_BODY = 0x08000156,
	TASK_EXIT = 0x0800015d, /* prvTaskExitError */
	R_TASK_BLX = 0x08000165,
	R_CALLS_OPAQUE = 0x0800016f, /* calls_opaque, after opaque */
	FRAMED_BODY = 0x08000174,
	R_FOREVER = 0x0800017d,    /* forever, after handle */
	BEHIND_STORE = 0x08000186, /* yields, behind what reads like SVC */
	BEHIND_SVC = 0x0800018a,   /* yields, behind its last instruction */
	R_ROOMY = 0x08000199,      /* roomy, after handle */
	FRAME_IN_FLASH = 0x0800019c,
	SP = 0x20001000,
	PSP = 0x20003000,
	THUMB = 0x01000000,
};

struct scene {
	struct fl_registers regs;
	struct target_memory stack; /**< MSP, then PSP where there is one */
	struct fl_memory memory;
	struct fl_arena arena;
	struct fl_findings findings;
	struct fl_unwind_result result;
	struct fl_unwind_input in; /**< what is beside the registers */
	char text[1024];           /**< the chain: function~trust, innermost first; why it ends */
};

/** The image that all scenes are about, odd.elf; for cmocka's group fixtures. */
int scene_load(const char *path);
int scene_unload(void **state);

void scene_free(struct scene *s);
#define SCENE __attribute__((__cleanup__(scene_free))) struct scene

/** A thread on the main stack. */
void set_context(struct scene *s, uint32_t pc, uint32_t lr);
void set_handler(struct scene *s, uint32_t pc, uint32_t lr, uint32_t number);
/** A thread on the process stack [start, end), its stack pointer at PSP; from the block, or @p
 * saved. */
void set_thread(struct scene *s, uint32_t pc, uint32_t lr, bool saved);
void set_bounds(struct scene *s, uint32_t start, uint64_t end);

/** Words from SP upwards; from PSP upwards. */
#define STACK(scene, ...)         TARGET_WORDS(&(scene)->stack, SP, __VA_ARGS__)
#define PROCESS_STACK(scene, ...) TARGET_WORDS(&(scene)->stack, PSP, __VA_ARGS__)
/** What the core stacks. */
#define FRAME(pc, lr) 0, 1, 2, 3, 12, lr, pc, THUMB

void scene_unwind(struct scene *s);
/** Unwind, and compare the chain. */
void expect(struct scene *s, const char *chain);
/** @p words in the text of some finding. */
void expect_finding(const struct scene *s, const char *words);

#endif
