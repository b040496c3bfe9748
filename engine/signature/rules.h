/* SPDX-License-Identifier: Apache-2.0 */
/** @file Rule lists, parsed: which list and line has something to say about a name. */
#ifndef SIGNATURE_RULES_H
#define SIGNATURE_RULES_H

#include "base/arena.h"
#include "base/vec.h"

#include <faultline/rules.h>

#include <stdbool.h>
#include <stdint.h>

/** What a list is for; where several fit a name, the first kind wins. */
enum fl_rule_kind {
	FL_RULE_IRRELEVANT, /**< the frame may as well not be there: veneers, outlined code */
	FL_RULE_SENTINEL,   /**< the frame and all that it called is error handling */
	FL_RULE_PLUMBING,   /**< never names an issue, never enters a fingerprint */
	FL_RULE_ENTRY,      /**< where a stack begins: nothing further out counts */
	FL_RULE_PREFIX,     /**< a library function: its caller names the issue */
	FL_RULE_CATEGORY,   /**< patterns of causes, not of frames */
	FL_RULE_KIND_COUNT
};

/** What a line of `category` asks for. */
enum fl_rule_start {
	FL_START_INNERMOST,
	FL_START_CALLER,      /**< frame 0 is where a branch went, not where it came from */
	FL_START_INTERRUPTED, /**< the handler on top only noticed */
};

/** What a category needs beside its name to tell bugs apart. */
enum fl_rule_detail {
	FL_DETAIL_NONE,
	FL_DETAIL_REASON,     /**< the name of the reboot reason */
	FL_DETAIL_PANIC_CODE, /**< the code that the cause's title ends with */
};

struct fl_rule {
	enum fl_rule_kind kind;
	const char *list;    /**< "plumbing/zephyr" */
	uint32_t line;       /**< from 1 */
	const char *pattern; /**< as written */
	const char *bare;    /**< the same without leading underscores */
	uint64_t letters;    /**< fl_glob_letters() of a pattern with a star */
	const char *module;  /**< glob, or NULL */
	const char *under;   /**< glob for the frame that this one called, or NULL */
	const char *cause;   /**< glob for the category, or NULL */
	const char *word;    /**< category: "at", "in", ...; or NULL */
	bool by_thread;      /**< category: a named thread is the key */
	bool by_parties;     /**< category: all threads that the verdict is about are */
	enum fl_rule_start start;
	enum fl_rule_detail detail;
	const struct fl_rule *next; /**< in its list of struct fl_rules; NULL: the last */
};

enum { FL_RULE_BUCKETS = 256 };

/** Lists are in the one order of all rules: kind, list, line. */
struct fl_rules {
	struct fl_arena arena;
	struct fl_vec all;                            /**< struct fl_rule, as they were parsed */
	const struct fl_rule *exact[FL_RULE_BUCKETS]; /**< by the hash of the bare name */
	const struct fl_rule *wild;
	char hash[33]; /**< hex */
};

/** The lists compiled into the library, sorted by name. */
extern const struct fl_rules_file fl_builtin_rules[];
extern const size_t fl_builtin_rule_count;

/**
 * Parse exactly these lists, without the built-in ones. Sorts @p files by name; they need not
 * outlive the call. fl_rules_close() releases the result.
 * @retval FL_EFORMAT, FL_ENOMEM
 */
FL_MUST_CHECK enum fl_code fl_rules_build(struct fl_rules_file *files, size_t count,
					  struct fl_rules **ret, struct fl_error *err);

struct fl_rule_query {
	const char *name;   /**< normalised; not NULL */
	const char *module; /**< may be NULL */
	const char *callee; /**< normalised name of the frame further in; may be NULL */
	const char *cause;  /**< category; may be NULL */
};

/** The rule that decides about a frame, or NULL. */
const struct fl_rule *
fl_rules_match(const struct fl_rules *rules, const struct fl_rule_query *query);

/** The line of `category` for a cause, or NULL. */
const struct fl_rule *fl_rules_category(const struct fl_rules *rules, const char *cause);

#endif
