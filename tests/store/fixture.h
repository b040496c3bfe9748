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

/** Numbers of a trace, as text: "stack=a>b" (joins) or "~address=x" (does not). */
struct report_spec {
	const char *serial, *hardware, *type, *version;
	uint8_t build; /**< every byte of the build id; 0 = none */
	const char *title;
	const char *fingerprints[6]; /**< finest first, up to NULL */
	enum fl_symbol_match match;
};

/** Build a report; fl_report_close() releases it. */
struct fl_report *report_make(const struct report_spec *spec);

/** Bytes of a dump that differ from those of any other text. */
int64_t enqueue(struct fl_store *store, const char *bytes, const char *device);
/** enqueue() + fl_store_file(). */
struct fl_filed file_one(struct fl_store *store, const char *bytes, const struct report_spec *spec);

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
