/* SPDX-License-Identifier: Apache-2.0 */
#include "store/invariants.h"

#include "store/internal.h"
#include "support/cmocka.h"

/* Each question counts violations: the answer must be 0. */
static const struct {
	const char *sentence;
	const char *violations;
} invariants[] = {
	{ "the file is sound", "SELECT count(*) FROM pragma_integrity_check"
			       " WHERE integrity_check <> 'ok'" },
	{ "every reference has its row", "SELECT count(*) FROM pragma_foreign_key_check" },
	{ "a dump has at most one trace",
	  "SELECT count(*) FROM (SELECT dump_id FROM traces GROUP BY dump_id HAVING count(*) > 1)" },
	{ "a finished dump has a trace in an issue",
	  "SELECT count(*) FROM dumps d WHERE state = 'done' AND NOT EXISTS"
	  " (SELECT 1 FROM traces WHERE dump_id = d.id AND issue_id IS NOT NULL)" },
	{ "a trace in an issue belongs to a finished dump",
	  "SELECT count(*) FROM traces t JOIN dumps d ON d.id = t.dump_id"
	  " WHERE t.issue_id IS NOT NULL AND d.state <> 'done'" },
	{ "a waiting dump has a trace",
	  "SELECT count(*) FROM dumps d WHERE state = 'waiting' AND NOT EXISTS"
	  " (SELECT 1 FROM traces WHERE dump_id = d.id)" },
	{ "a duplicate has no trace of its own, and its original has one",
	  "SELECT count(*) FROM dumps d WHERE state = 'duplicate' AND"
	  " (EXISTS (SELECT 1 FROM traces WHERE dump_id = d.id)"
	  "  OR NOT EXISTS (SELECT 1 FROM traces WHERE dump_id = d.duplicate_of))" },
	{ "an issue's counts are those of its traces",
	  "SELECT count(*) FROM issues i WHERE"
	  " trace_count <> (SELECT count(*) FROM traces WHERE issue_id = i.id)"
	  " OR first_seen IS NOT (SELECT min(received_at) FROM traces WHERE issue_id = i.id)"
	  " OR last_seen IS NOT (SELECT max(received_at) FROM traces WHERE issue_id = i.id)" },
	{ "a content is stored once",
	  "SELECT count(*) FROM (SELECT hash FROM dump_contents GROUP BY hash"
	  " HAVING count(*) > 1)" },
	{ "a content belongs to a dump", "SELECT count(*) FROM dump_contents c WHERE NOT EXISTS"
					 " (SELECT 1 FROM dumps WHERE content_id = c.id)" },
	{ "a known device has a content and upload id once",
	  "SELECT count(*) FROM (SELECT 1 FROM dumps WHERE duplicate_of IS NULL"
	  " AND device_from_upload GROUP BY content_id, device_id, coalesce(upload_id, '')"
	  " HAVING count(*) > 1)" },
};

void assert_invariants(struct fl_store *store)
{
	for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]); i++) {
		sqlite3_stmt *stmt = NULL;
		if (sqlite3_prepare_v2(store->db, invariants[i].violations, -1, &stmt, NULL))
			fail_msg("%s: %s", invariants[i].sentence, sqlite3_errmsg(store->db));
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		int violations = sqlite3_column_int(stmt, 0);
		sqlite3_finalize(stmt);
		if (violations)
			fail_msg("not true %d times: %s", violations, invariants[i].sentence);
	}
}
