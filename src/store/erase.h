/* SPDX-License-Identifier: Apache-2.0 */
/** @file Dumps and events that go wholly: with their traces, their past and their bytes. */
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "store/internal.h"

#include "base/vec.h"

/** What went so far; everything inside one transaction. */
struct fl_erasure {
	struct fl_store *store;
	struct fl_vec issues; /**< that lost a trace, with repetitions */
	uint64_t dumps, traces;
	uint64_t issues_emptied; /**< set by fl_erasure_end() */
};

struct fl_erasure fl_erasure_begin(struct fl_store *store);
void fl_erasure_deinit(struct fl_erasure *erasure);
#define FL_AUTO_ERASURE __attribute__((__cleanup__(fl_erasure_deinit))) struct fl_erasure

/** A dump or event and whatever is a duplicate of it. One that is gone already is no error. */
FL_MUST_CHECK enum fl_code
fl_erase_dump(struct fl_erasure *erasure, int64_t dump_id, struct fl_error *err);

/** Set the counts of the issues right. Before the commit. */
FL_MUST_CHECK enum fl_code fl_erasure_end(struct fl_erasure *erasure, struct fl_error *err);

#endif
