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
	{ "what is finished has a trace in an issue, or was an expected reboot",
	  "SELECT count(*) FROM dumps d WHERE state = 'done' AND NOT EXISTS"
	  " (SELECT 1 FROM traces WHERE dump_id = d.id AND issue_id IS NOT NULL)"
	  " AND NOT EXISTS (SELECT 1 FROM traces t JOIN reboots r USING (dump_id)"
	  "  WHERE t.dump_id = d.id AND t.kind = 1 AND r.expected)" },
	{ "an event of a dump is a duplicate of that dump",
	  "SELECT count(*) FROM dumps d WHERE paired_id IS NOT NULL AND NOT EXISTS"
	  " (SELECT 1 FROM dumps WHERE id = d.paired_id AND duplicate_of = d.id AND kind = 1)" },
	{ "an event is a duplicate of its own dump only, or of the event that is",
	  "SELECT count(*) FROM dumps e JOIN dumps d ON d.id = e.duplicate_of"
	  " JOIN dumps p ON p.id = coalesce(d.paired_id, d.id)"
	  " WHERE e.kind <> d.kind AND e.content_id <> p.content_id" },
	{ "what is paired looks for nothing",
	  "SELECT count(*) FROM dumps d JOIN traces t ON t.dump_id = d.id"
	  " WHERE d.paired_id IS NOT NULL AND t.unpaired" },
	{ "a reboot is told once",
	  "SELECT count(*) FROM dumps d JOIN reboots r ON r.dump_id = d.id"
	  " WHERE d.paired_id IS NOT NULL OR (d.state = 'duplicate' AND NOT EXISTS"
	  "  (SELECT 1 FROM dumps WHERE paired_id = d.id))" },
	{ "a reboot event that was read has its row",
	  "SELECT count(*) FROM dumps d WHERE d.kind = 1 AND NOT EXISTS"
	  " (SELECT 1 FROM reboots WHERE dump_id = d.id) AND (EXISTS"
	  " (SELECT 1 FROM traces WHERE dump_id = d.id AND kind = 1)"
	  " OR EXISTS (SELECT 1 FROM dumps WHERE paired_id = d.id))" },
	{ "what was pruned has no bytes",
	  "SELECT count(*) FROM dump_contents WHERE pruned <> (length(compressed) = 0)" },
	{ "no turn is larger than the last",
	  "SELECT count(*) FROM dumps WHERE turn > (SELECT seq FROM sqlite_sequence"
	  " WHERE name = 'dumps') + coalesce((SELECT value FROM settings WHERE name = 'placed'), 0)" },
	{ "a trace in an issue belongs to a dump that was finished once",
	  "SELECT count(*) FROM traces t JOIN dumps d ON d.id = t.dump_id"
	  " WHERE t.issue_id IS NOT NULL AND d.state IN ('waiting', 'duplicate')" },
	{ "bulk work knows how much of it is left",
	  "SELECT count(*) FROM bulks b WHERE what <> 'reanalysed' AND"
	  " left_over <> (SELECT count(*) FROM dumps WHERE bulk_id = b.id)" },
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
	  "SELECT count(*) FROM (SELECT 1 FROM dumps d WHERE (duplicate_of IS NULL OR EXISTS"
	  "  (SELECT 1 FROM dumps WHERE paired_id = d.id))"
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
