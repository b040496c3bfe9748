/* SPDX-License-Identifier: Apache-2.0 */
/** @file A database in a folder of its own, and reports to put into it. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "support/cmocka.h"

#include "report/report.h"
#include "store/store.h"

#include <string.h>

enum { NOON = 1700000000 };

struct fixture {
	char dir[64];
	char path[96];          /**< of the database */
	struct fl_store *store; /**< open */
};

/** cmocka setup and teardown; `*state` is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/** A second handle to the same database. */
struct fl_store *fixture_open(const struct fixture *f);
/** Close and open again. */
void fixture_reopen(struct fixture *f);
/** Path of a file in the fixture's folder; one static buffer. */
const char *fixture_path(const struct fixture *f, const char *name);

/** Numbers of a trace, as text: "stack=a>b" (joins), "^site=x" (leads) or "~address=x" (neither).
 */
struct report_spec {
	const char *serial, *hardware, *type, *version;
	uint8_t build; /**< every byte of the build id; 0 = none */
	const char *title;
	const char *fingerprints[6]; /**< finest first, up to NULL */
	enum fl_symbol_match match;
	enum fl_report_kind kind;
	uint32_t reason; /**< 0 = none */
	const char *reason_name;
	uint32_t pc, lr;      /**< 0 = none */
	uint8_t build_size;   /**< of an event's build id; 0 = all 20 */
	bool coredump_saved;  /**< an event's */
	uint32_t captured_at; /**< 0 = not known */
};

/** Build a report; fl_report_close() releases it. */
struct fl_report *report_make(const struct report_spec *spec);

/** Bytes of a dump that differ from those of any other text. */
int64_t enqueue(struct fl_store *store, const char *bytes, const char *device);
/** The same of a kind, at NOON + @p after; 0 where it was limited. */
int64_t enqueue_kind(struct fl_store *store, const char *bytes, const char *device,
		     enum fl_report_kind kind, int after);
/** fl_store_file() or, with @p waits, fl_store_wait(). */
struct fl_filed
settle_one(struct fl_store *store, int64_t dump_id, const struct report_spec *spec, bool waits);
/** enqueue() + fl_store_file(). */
struct fl_filed file_one(struct fl_store *store, const char *bytes, const struct report_spec *spec);

/** The one number that a question answers. */
int64_t fixture_count(struct fl_store *store, const char *sql);

/** Assert success and show the message otherwise. */
#define assert_ok(call, err) \
	do { \
		if (call) \
			fail_msg("%s: %s", #call, (err).message); \
	} while (0)

/** One cmocka test with a fixture. */
#define store_test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

#endif
