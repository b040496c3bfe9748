/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * How a child dies: it writes down raw facts, its parent puts them into words.
 *
 * The child can walk its own stack, but naming a function opens files, which the filter forbids.
 * The parent can name them: both are the same program at the same addresses.
 */
#ifndef SANDBOX_DEATH_H
#define SANDBOX_DEATH_H

#include "sandbox/sandbox.h"

enum {
	FL_DEATH_FRAMES = 64,
	FL_DEATH_STATUS = 86,       /**< exit status of a child whose record is complete */
	FL_DEATH_SIGNAL_STALL = 14, /**< SIGALRM: "say where you are, and end" */
};

/** Lies in memory shared by both; hostile once the child has read an input. */
struct fl_death_record {
	uint32_t signal; /**< 0: nothing happened */
	int32_t code;    /**< si_code */
	uint32_t syscall;
	uint32_t count;
	uint64_t address; /**< si_addr */
	uint64_t stack;   /**< stack pointer */
	uint64_t pcs[FL_DEATH_FRAMES];
};

/** In the child: from now on a deadly signal fills @p record and ends the process. */
FL_MUST_CHECK bool fl_death_watch(struct fl_death_record *record);

/** What the parent saw. */
struct fl_death_facts {
	bool stalled; /**< the deadline passed */
	unsigned deadline_ms;
	const char *protocol; /**< what was wrong with its answer; NULL: it died */
	bool has_status;
	int status; /**< of waitpid() */
	struct fl_death_record record;
	char words[128]; /**< last line on its stderr; may be empty */
};

/** In the parent: put it into words. */
void fl_death_describe(const struct fl_death_facts *facts, struct fl_sandbox_death *ret);

/** Replace control characters, so that text from the child can go to a terminal or a log. */
void fl_death_clean_text(char *text);

#endif
