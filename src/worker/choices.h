/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * ELF files that were chosen lately, open: the next dump is likely to be of the same build.
 *
 * A choice is the store's and holds for the batch in which it was made; a later one has it made
 * again, and may open another file. Until then an old choice is good for a guess.
 */
#ifndef WORKER_CHOICES_H
#define WORKER_CHOICES_H

#include "store/store.h"

enum { FL_CHOICES_MAX = 8 };

struct fl_chosen {
	uint64_t batch; /**< when the store was asked */
	uint64_t used;
	uint8_t build_id[20];
	uint8_t build_id_size;
	char *software_type, *software_version;
	struct fl_symbol_choice choice; /**< its descriptors are closed with it */
};

/** Zero-initialised is empty. */
struct fl_choices {
	uint64_t batch, clock;
	struct fl_chosen chosen[FL_CHOICES_MAX];
	size_t count;
};
void fl_choices_deinit(struct fl_choices *choices);

/** Before a batch: from now on the store is asked again. */
void fl_choices_renew(struct fl_choices *choices);

/**
 * What fl_store_find_symbols() answers, or answered in this batch.
 * @param ret valid until the next call.
 * @param why the store's fl_symbol_choice::ambiguous, when it finds none.
 */
FL_MUST_CHECK enum fl_code fl_choices_find(struct fl_choices *choices, struct fl_store *store,
					   const struct fl_report_facts *facts,
					   const struct fl_symbol_choice **ret, bool *ambiguous_ret,
					   struct fl_error *err);

struct fl_sandbox;

/**
 * After a request with the ELFs of a choice: the indexes that were missing, or no good as
 * fl_sandbox_refused() says, are made and kept in the store. What was no good or cannot be kept
 * gets a line on stderr, and the latter is not tried again with this ELF.
 */
void fl_choices_keep_indexes(struct fl_choices *choices, struct fl_store *store,
			     struct fl_sandbox *sandbox, const struct fl_symbol_choice *choice);

/**
 * The ELF that a dump is probably of: one whose build id is somewhere in the bytes. Nothing else is
 * made of them. NULL: no idea. To be confirmed by fl_choices_find(), after which it may be gone.
 */
const struct fl_symbol_choice *
fl_choices_guess(struct fl_choices *choices, const void *bytes, size_t size);

#endif
