/* SPDX-License-Identifier: Apache-2.0 */
/** @file The parent's end of a child: start it, ask it, see how it died. */
#ifndef SANDBOX_PROCESS_H
#define SANDBOX_PROCESS_H

#include "sandbox/death.h"
#include "sandbox/wire.h"

#include <faultline/rules.h>

#include <sys/types.h>

enum { FL_PROCESS_KEYS = 16 };

/** Zero-initialised (but FL_PROCESS_NONE): not running. */
struct fl_process {
	pid_t pid; /**< 0: not running */
	int socket;
	int result;
	int words;
	struct fl_death_record *record; /**< shared with the child */
	void *window;         /**< FL_WIRE_WINDOW bytes for the dump of the next request */
	void *answer;         /**< FL_WIRE_ANSWER bytes; the child writes them whenever it likes */
	unsigned patience_ms; /**< after which the socket gives up waiting; 0: never */
	bool greeted;         /**< it is confined, as far as @ref isolation says */
	enum fl_isolation isolation;
	unsigned served;                   /**< requests it has answered */
	uint8_t keys[FL_PROCESS_KEYS][16]; /**< of ELFs it was given, the oldest overwritten */
	size_t key_count;                  /**< that there ever were */
};

struct fl_process_options {
	bool filter;
	size_t memory_limit;
	size_t cached_images;
	const struct fl_rules *rules;
};

/**
 * Fork a child, which confines itself.
 * @retval FL_ENOMEM too many processes, or not the memory for one more.
 * @retval FL_EIO
 */
FL_MUST_CHECK enum fl_code fl_process_start(struct fl_process *process,
					    const struct fl_process_options *options,
					    struct fl_error *err);

/**
 * Wait until it is confined; before that it reads no request. One that fails is stopped.
 * @param missing_ret why there is no filter although one was wanted; "" otherwise.
 * @retval FL_ENOMEM it was killed from outside.
 * @retval FL_EIO    it says why, or does not start.
 */
FL_MUST_CHECK enum fl_code
fl_process_greet(struct fl_process *process, char missing_ret[200], struct fl_error *err);

/** Kill and reap it. Fine on one that is not running. */
void fl_process_stop(struct fl_process *process);

/** Whether it probably still has all ELFs of @p request compiled. It says so if it has not. */
bool fl_process_knows(const struct fl_process *process, const struct fl_wire_request *request);

/** It was given them. */
void fl_process_note(struct fl_process *process, const struct fl_wire_request *request);

/** Let it end while the caller goes on; fl_process_stop() reaps it. */
void fl_process_dismiss(const struct fl_process *process);

/** How a question ended. */
enum fl_answer {
	FL_ANSWERED,
	FL_STALLED, /**< the deadline passed */
	FL_DIED,    /**< hung up, or sent something that is no answer */
};

/**
 * Send a request and wait for the answer. After FL_STALLED or FL_DIED the child is gone and
 * @p facts says how.
 */
enum fl_answer fl_process_ask(struct fl_process *process, const struct fl_wire_request *request,
			      const int *fds, size_t fd_count, unsigned deadline_ms,
			      struct fl_wire_reply *ret, struct fl_death_facts *facts);

/**
 * Stop it; its last result, of @p size bytes, becomes a file that nobody can write.
 * @return a descriptor; -1: there are not so many, or none.
 */
int fl_process_finish(struct fl_process *process, uint64_t size);

/**
 * Copy the first @p size bytes of the result, before they are looked at: the child can change them
 * for as long as it lives. False when they are not there.
 */
FL_MUST_CHECK bool fl_process_result(const struct fl_process *process, void *bytes, size_t size);

/** End a child that gave a bad answer; fills @p facts like a death. */
void fl_process_condemn(struct fl_process *process, const char *protocol,
			struct fl_death_facts *facts);

#endif
