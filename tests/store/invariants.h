/* SPDX-License-Identifier: Apache-2.0 */
/** @file What must be true of every database at every moment. */
#ifndef STORE_INVARIANTS_H
#define STORE_INVARIANTS_H

struct fl_store;

/** Fails the test with the sentence that does not hold. */
void assert_invariants(struct fl_store *store);

#endif
