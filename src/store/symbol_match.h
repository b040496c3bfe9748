/* SPDX-License-Identifier: Apache-2.0 */
/** @file Which symbol files have to do with an identity, and which of them is the right one. */
#ifndef STORE_SYMBOL_MATCH_H
#define STORE_SYMBOL_MATCH_H

#include "store/internal.h"

#include "base/vec.h"

/** What a dump or event is looked up by; a pair of columns of its trace. */
struct fl_symbol_identity {
	uint8_t build_id[20];
	size_t build_id_size; /**< 0 = unknown; fewer than the file's: its first bytes */
	int64_t version_id;   /**< 0 = unknown */
};

/** A file as far as it can be judged. */
struct fl_symbol_fit {
	int64_t id;
	uint8_t hash[16];
	uint8_t build_id[20];
	size_t build_id_size;
	bool has_debug_info, has_code_bytes;
	uint64_t modules, functions;
	bool same_version;
	enum fl_symbol_reason reason;
	bool chosen;
	char name[FL_SYMBOL_NAME_SIZE];
};

/** What fl_store_find_symbols() answers, before files are opened. */
struct fl_symbol_pick {
	bool ambiguous; /**< nothing is picked: several builds fit equally well */
	struct fl_symbol_fit file;
	struct fl_symbol_fit companion; /**< id 0 = none */
};

/**
 * @param all_ret optional vector of struct fl_symbol_fit: everything that was considered, the
 * richest first.
 * @retval FL_ENOTFOUND none is right; @p err says why, when there is more to say than that.
 */
FL_MUST_CHECK enum fl_code
fl_symbols_pick(struct fl_store *store, const struct fl_symbol_identity *identity,
		struct fl_symbol_pick *ret, struct fl_vec *all_ret, struct fl_error *err);

/** Whether both are of one build; without build ids only a file is like itself. */
bool fl_symbols_same_build(const struct fl_symbol_fit *a, const struct fl_symbol_fit *b);

/** Three-way: debug information, then code, then embedded ELFs, then functions. */
int fl_symbols_compare(const struct fl_symbol_fit *a, const struct fl_symbol_fit *b);

/** All files of a build, the richest first. */
FL_MUST_CHECK enum fl_code fl_symbols_of_build(struct fl_store *store, const uint8_t *build_id,
					       size_t size, struct fl_vec *ret,
					       struct fl_error *err);

/** A row of CHOICE_COLUMNS. */
FL_MUST_CHECK enum fl_code
fl_symbol_fit_read(struct fl_query *query, struct fl_symbol_fit *ret, struct fl_error *err);

#endif
