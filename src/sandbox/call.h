/* SPDX-License-Identifier: Apache-2.0 */
/** @file One request as the parent puts it together: checked inputs, descriptors, answer. */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include "sandbox/engine.h"
#include "sandbox/sandbox.h"

struct fl_call {
	struct fl_wire_request request;
	int fds[FL_WIRE_FDS]; /**< a large input's memfd first; the others are borrowed */
	size_t fd_count;
	const struct fl_sandbox_elf *elfs; /**< request.elf_count of them; borrowed */
	bool without_indexes;
	bool stored;       /**< the ELFs have no origin: they are known by their contents */
	const void *input; /**< request.input_size bytes for the window; borrowed */
	struct fl_wire_reply reply;
	void *result; /**< reply.size bytes of the child, copied */
};

/** Zero-initialised is empty. */
void fl_call_deinit(struct fl_call *call);

/**
 * Dump or event, before fl_call_give_elfs(). What is too large for the window is copied to a sealed
 * memfd.
 */
FL_MUST_CHECK enum fl_code fl_call_add_input(struct fl_call *call, enum fl_wire_input kind,
					     const void *bytes, size_t size, struct fl_error *err);

/**
 * Their keys and names; @p elfs must outlive @p call.
 * @retval FL_ELIMIT more than FL_WIRE_ELFS.
 */
FL_MUST_CHECK enum fl_code fl_call_name_elfs(struct fl_call *call,
					     const struct fl_sandbox_elf *elfs, size_t count,
					     struct fl_error *err);

/**
 * And their descriptors, with those of their indexes.
 * @retval FL_EINVALID one is not a regular file open for reading only.
 */
FL_MUST_CHECK enum fl_code fl_call_give_elfs(struct fl_call *call, struct fl_error *err);

/**
 * Go on without indexes, and without descriptors until they are given again.
 * @return bit i: ELF i had one. 0 when they were dropped before.
 */
uint32_t fl_call_drop_indexes(struct fl_call *call);

/** The ELFs as the engine wants them. @p fds: theirs, then those of their indexes. */
size_t fl_call_inputs(const struct fl_wire_request *request, const int *fds,
		      struct fl_image_input ret[FL_WIRE_ELFS]);

#endif
