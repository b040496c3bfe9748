/* SPDX-License-Identifier: Apache-2.0 */
/** @file What is queued again when symbol files come and go: one bulk per change. */
#ifndef STORE_SYMBOL_QUEUE_H
#define STORE_SYMBOL_QUEUE_H

#include "store/settled.h"
#include "store/symbol_match.h"

/** A change of the symbol files, inside one transaction. */
struct fl_symbol_change {
	struct fl_store *store;
	int64_t bulk_id;
	struct fl_vec waiting;    /**< identities that wait, and what they would have got before */
	uint64_t dumps_requeued;  /**< that waited */
	uint64_t traces_requeued; /**< that were analysed */
};

/** Before anything is changed. @param what FL_BULK_ADDED, FL_BULK_REMOVED. */
FL_MUST_CHECK enum fl_code fl_symbol_change_begin(struct fl_store *store, const char *what,
						  struct fl_symbol_change *ret,
						  struct fl_error *err);
void fl_symbol_change_deinit(struct fl_symbol_change *change);
#define FL_AUTO_SYMBOL_CHANGE \
	__attribute__((__cleanup__(fl_symbol_change_deinit))) struct fl_symbol_change

/** Queue the finished traces that were analysed with a file. Those without bytes stay. */
FL_MUST_CHECK enum fl_code fl_symbol_change_requeue(struct fl_symbol_change *change,
						    int64_t symbol_file_id, struct fl_error *err);

/**
 * When everything is changed: queue the dumps whose answer is another one now, or is
 * @p fresh_id; say how many there are.
 */
FL_MUST_CHECK enum fl_code
fl_symbol_change_end(struct fl_symbol_change *change, int64_t fresh_id, struct fl_error *err);

/** Which of a build's files are superseded, after one came or went. */
FL_MUST_CHECK enum fl_code
fl_symbols_supersede(struct fl_store *store, const struct fl_vec *build, struct fl_error *err);

/** Whether the poorer file has nothing that the richer one lacks: else it is its companion. */
bool fl_symbols_covers(const struct fl_symbol_fit *richer, const struct fl_symbol_fit *poorer);

#endif
