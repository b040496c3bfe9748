/* SPDX-License-Identifier: Apache-2.0 */
/** @file Names as they are compared and hashed: the same in every build of the same source. */
#ifndef SIGNATURE_NORMALISE_H
#define SIGNATURE_NORMALISE_H

enum { FL_NAME_SIZE = 512 /**< of a normalised name, NUL included; longer ones are cut */ };

/**
 * Function name -> the form that is matched and hashed. Gone are clone suffixes (`.constprop.0`,
 * `[clone .part.1]`), `__wrap_` and `__real_`, Rust hashes, template arguments, parameter lists,
 * return types, qualifiers and the numbers of lambdas and closures; anonymous namespaces are
 * spelled one way. Never empty unless @p name is. docs/signature.md shows examples.
 */
void fl_normalise(const char *name, char out[FL_NAME_SIZE]);

/**
 * Thread name -> the form that is hashed: an id after a separator is dropped ("worker-3" ->
 * "worker"). Empty when the name is nothing but an id or an address: such a thread counts as
 * unnamed.
 */
void fl_normalise_thread(const char *name, char out[FL_NAME_SIZE]);

/** @p name without leading underscores; @p name itself when it has nothing else. */
const char *fl_without_underscores(const char *name);

#endif
