/* SPDX-License-Identifier: Apache-2.0 */
/** @file Symbol files and their comings and goings, as the tests of the store write them. */
#ifndef STORE_KEEPER_H
#define STORE_KEEPER_H

#include "store/fixture.h"

/** An ELF as the store sees it: bytes, and what was found in them. */
struct elf {
	const char *bytes; /**< also its name */
	uint8_t build;     /**< every byte of the build id; 0 = none */
	uint8_t tail;      /**< its last byte, where that differs */
	bool debug, code;
	unsigned embedded;  /**< further modules */
	unsigned functions; /**< of the outer one */
	const char *type, *version;
};
struct fl_symbol_added elf_add(struct fl_store *store, const struct elf *elf);

/** A build id of @p size bytes. */
struct fl_report_facts facts_of(uint8_t build, size_t size, const char *type, const char *version);

/** Names of the files that fl_store_find_symbols() answers: "file", "file+companion", "-". */
const char *found(struct fl_store *store, const struct fl_report_facts *facts);

/** What the next one in the queue is, 0 = it is empty; a claim. */
int64_t claim_next(struct fl_store *store);

/** File what is queued, all of it, with a symbol file: the number of dumps. */
unsigned file_queued(struct fl_store *store, const struct report_spec *spec, int64_t symbols);

/** A dump that is analysed with a symbol file. */
struct fl_filed file_with(struct fl_store *store, const char *bytes, const char *device,
			  const struct report_spec *spec, int64_t symbols);

/** "what old>new detail; ..." of a trace. */
const char *history(struct fl_store *store, int64_t trace_id);
/** "id:traces " of every issue with traces, by id. */
const char *issues_of(struct fl_store *store);
/** State of a dump's trace. */
const char *state_of(struct fl_store *store, int64_t dump_id);

/** Run SQL that no function of the store would. */
void sabotage(struct fl_store *store, const char *sql);
/** What a question with one number answers. */
int64_t ask_number(struct fl_store *store, const char *sql);

/** Problems that fl_store_verify() finds, one a line. */
const char *problems(struct fl_store *store);

#endif
