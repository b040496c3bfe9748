/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * ELFs compiled in a child of their own, which ends: compiling takes several times the memory of
 * what it yields, and the child that stays would keep it.
 */
#ifndef SANDBOX_APART_H
#define SANDBOX_APART_H

#include "sandbox/process.h"
#include "sandbox/sandbox.h"

/** An index in a sealed memfd. */
struct fl_apart_index {
	int fd;
	uint64_t size;
	uint64_t used;
	uint8_t key[16];
	char name[FL_WIRE_NAME];
};

enum { FL_APART_INDEXES = 4 };

/** The last ones. Zero-initialised is empty. */
struct fl_apart {
	struct fl_apart_index indexes[FL_APART_INDEXES];
	size_t count;
	uint64_t clock;
};
void fl_apart_deinit(struct fl_apart *apart);

/** Whether this ELF may be: one that the store knows by its contents, named as in its index. */
bool fl_apart_can(const struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf);

/**
 * Its index: made lately, or now, as fl_sandbox_encode_elf() does of an ELF that is known by its
 * contents.
 * @param answer_ret FL_STALLED, FL_DIED: the child that made it is gone, @p facts says how.
 * @return NULL: there is none. Whoever compiles the ELF himself will see why.
 */
const struct fl_apart_index *
fl_apart_index(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
	       enum fl_answer *answer_ret, struct fl_death_facts *facts);

/** Copy it. False: it cannot be read, or memory is out. */
FL_MUST_CHECK bool fl_apart_read(const struct fl_apart_index *index, struct fl_buffer *ret);

#endif
