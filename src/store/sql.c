/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

/* hex(NULL) is ''. */
#define HEX(column) "nullif(lower(hex(" column ")), '')"

/* Columns of an fl_issue_row, in its order. */
#define ISSUE_COLUMNS \
	"i.id, i.title, i.state, i.trace_count," \
	" (SELECT count(DISTINCT device_id) FROM traces WHERE issue_id = i.id)," \
	" i.first_seen, i.last_seen, nullif(v.version, '')" \
	" FROM issues i LEFT JOIN software_versions v ON v.id = i.last_version_id"

/* Columns of an fl_trace_row, in its order. Who holds a dump is the queue's affair. */
#define TRACE_COLUMNS \
	"t.id, d.id, t.issue_id, CASE d.state WHEN 'claimed' THEN 'queued' ELSE d.state END AS s," \
	" t.title, v.serial, nullif(w.type, ''), nullif(w.version, '')," \
	" coalesce(t.hardware_version, d.hardware_version), " HEX( \
		"t.build_id") ", d.source," \
			      " d.reason, d.backtrace, d.received_at, d.attempts, d.duplicates"
#define TRACE_NOUNS \
	" LEFT JOIN devices v ON v.id = d.device_id" \
	" LEFT JOIN software_versions w" \
	"  ON w.id = coalesce(t.software_version_id, d.software_version_id)"

/* What fl_symbol_choice needs. With one build id the file with debug information is the better
 * one, then the newer. */
#define CHOICE_COLUMNS "SELECT id, hash, name, build_id FROM symbol_files"
#define CHOICE_ORDER   " ORDER BY has_debug_info DESC, id DESC"

const char *const fl_sql_text[FL_SQL_COUNT] = {
	[FL_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[FL_SQL_COMMIT] = "COMMIT",
	[FL_SQL_ROLLBACK] = "ROLLBACK",
	[FL_SQL_SAVEPOINT] = "SAVEPOINT call",
	[FL_SQL_SAVEPOINT_RELEASE] = "RELEASE call",
	[FL_SQL_SAVEPOINT_ROLLBACK] = "ROLLBACK TO call",

	[FL_SQL_DEVICE_FIND] = "SELECT id FROM devices WHERE serial = ?1",
	[FL_SQL_DEVICE_ADD] = "INSERT INTO devices (serial) VALUES (?1) RETURNING id",
	[FL_SQL_DEVICE_COHORT] =
		"UPDATE devices SET cohort = ?2 WHERE id = ?1 AND cohort IS NOT ?2",
	[FL_SQL_VERSION_FIND] = "SELECT id FROM software_versions WHERE version = ?2 AND type = ?1",
	[FL_SQL_VERSION_ADD] =
		"INSERT INTO software_versions (type, version) VALUES (?1, ?2) RETURNING id",

	[FL_SQL_SYMBOLS_FIND] = "SELECT id, software_version_id FROM symbol_files WHERE hash = ?1",
	[FL_SQL_SYMBOLS_ADD] =
		"INSERT INTO symbol_files (hash, name, size, build_id, software_version_id,"
		" has_debug_info, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
		" (SELECT coalesce(max(revision), 0) + 1 FROM symbol_files)) RETURNING id",
	[FL_SQL_SYMBOLS_CHANGE] =
		"UPDATE symbol_files SET software_version_id = coalesce(?2, software_version_id),"
		" revision = (SELECT max(revision) + 1 FROM symbol_files) WHERE id = ?1",
	[FL_SQL_SYMBOLS_MODULE] =
		"INSERT INTO symbol_modules (symbol_file_id, position, name, build_id, has_debug_info,"
		" has_unwind_info, has_symbol_table, function_count)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[FL_SQL_SYMBOLS_REVISION] = "SELECT coalesce(max(revision), 0) FROM symbol_files",
	[FL_SQL_SYMBOLS_IN_USE] =
		"SELECT 1 FROM symbol_files WHERE id = ?1 AND superseded_by IS NULL",
	[FL_SQL_SYMBOLS_BY_BUILD_ID] =
		CHOICE_COLUMNS " WHERE build_id = ?1" CHOICE_ORDER " LIMIT 1",
	[FL_SQL_SYMBOLS_BY_VERSION] = CHOICE_COLUMNS
	" WHERE software_version_id = ?1 AND (?2 IS NULL OR build_id IS NULL)"
	" AND EXISTS (SELECT 1 FROM software_versions"
	"  WHERE id = ?1 AND version <> '')" CHOICE_ORDER,
	[FL_SQL_SYMBOLS_LIST] = "SELECT f.id, f.name, " HEX(
		"f.build_id") ", nullif(v.type, ''),"
			      " nullif(v.version, ''), f.size,"
			      " (SELECT count(*) FROM symbol_modules WHERE symbol_file_id = f.id), f.has_debug_info"
			      " FROM symbol_files f LEFT JOIN software_versions v ON v.id = f.software_version_id"
			      " ORDER BY f.id",
	[FL_SQL_WAITING_IDENTITIES] =
		"SELECT DISTINCT t.build_id, t.software_version_id"
		" FROM dumps d INDEXED BY dumps_waiting JOIN traces t ON t.dump_id = d.id"
		" WHERE d.state = 'waiting'",
	[FL_SQL_WAITING_REQUEUE] =
		"UPDATE dumps SET state = 'queued', attempts = 0, reason = NULL WHERE id IN"
		" (SELECT d.id FROM dumps d INDEXED BY dumps_waiting JOIN traces t ON t.dump_id = d.id"
		"  WHERE d.state = 'waiting' AND t.build_id IS ?1 AND t.software_version_id IS ?2)",
	[FL_SQL_MISSING_LIST] = "SELECT " HEX(
		"t.build_id") ", nullif(v.type, ''), nullif(v.version, ''), count(*),"
			      " count(DISTINCT t.device_id)"
			      " FROM dumps d INDEXED BY dumps_waiting JOIN traces t ON t.dump_id = d.id"
			      " LEFT JOIN software_versions v ON v.id = t.software_version_id"
			      " WHERE d.state = 'waiting' GROUP BY t.build_id, t.software_version_id"
			      " ORDER BY count(*) DESC, t.build_id, t.software_version_id",

	[FL_SQL_CONTENT_KEYS] = "SELECT id, hash FROM dump_contents INDEXED BY dump_contents_keys"
				" WHERE id > ?1 ORDER BY id",
	[FL_SQL_CONTENT_READ] = "SELECT hash, size, compressed FROM dump_contents WHERE id = ?1",
	[FL_SQL_CONTENT_ADD] =
		"INSERT INTO dump_contents (hash, size, compressed) VALUES (?1, ?2, ?3) RETURNING id",

	[FL_SQL_DUMP_ADD] =
		"INSERT INTO dumps (content_id, received_at, received_at_is_mtime, device_id,"
		" device_from_upload, software_version_id, hardware_version, upload_id, source)"
		" VALUES (?1, ?2, ?3, ?4, ?4 IS NOT NULL, ?5, ?6, ?7, ?8) RETURNING id",
	[FL_SQL_DUMP_DUPLICATE] =
		"SELECT coalesce(duplicate_of, id) FROM dumps WHERE content_id = ?1"
		" AND device_id IS ?2 AND upload_id IS ?3 ORDER BY id LIMIT 1",
	[FL_SQL_DUMP_DUPLICATE_FILED] =
		"SELECT d.id, t.id, t.issue_id FROM dumps d JOIN traces t ON t.dump_id = d.id"
		" WHERE d.content_id = ?1 AND d.device_id IS ?2 AND d.upload_id IS ?3"
		" ORDER BY d.id LIMIT 1",
	[FL_SQL_DUMP_COUNT_DUPLICATES] =
		"UPDATE dumps SET duplicates = duplicates + 1"
		" + coalesce((SELECT duplicates FROM dumps WHERE id = ?2), 0) WHERE id = ?1",
	[FL_SQL_DUMP_IS_DUPLICATE] =
		"UPDATE dumps SET state = 'duplicate', duplicate_of = ?2, duplicates = 0,"
		" device_id = ?3, lease_owner = NULL, lease_until = NULL, reason = NULL,"
		" backtrace = NULL WHERE id = ?1",
	[FL_SQL_DUMP_NEXT] =
		"SELECT id FROM dumps INDEXED BY dumps_in_work WHERE state IN ('queued', 'claimed')"
		" AND (state = 'queued' OR lease_until <= ?1) ORDER BY id LIMIT 1",
	[FL_SQL_DUMP_CLAIM] =
		"UPDATE dumps SET state = 'claimed', attempts = attempts + 1, lease_owner = ?2,"
		" lease_until = ?3,"
		" symbols_seen = (SELECT coalesce(max(revision), 0) FROM symbol_files) WHERE id = ?1",
	[FL_SQL_DUMP_READ] =
		"SELECT d.attempts, CASE WHEN d.device_from_upload THEN v.serial END,"
		" nullif(w.type, ''), nullif(w.version, ''), d.hardware_version, d.received_at,"
		" c.size, c.compressed"
		" FROM dumps d JOIN dump_contents c ON c.id = d.content_id"
		" LEFT JOIN devices v ON v.id = d.device_id"
		" LEFT JOIN software_versions w ON w.id = d.software_version_id WHERE d.id = ?1",
	[FL_SQL_DUMP_IDENTITY] =
		"SELECT d.state, t.id, t.issue_id, o.id, o.issue_id, d.content_id,"
		" CASE WHEN d.device_from_upload THEN d.device_id END, d.upload_id, w.type, w.version,"
		" d.hardware_version, d.received_at, d.symbols_seen"
		" FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id"
		" LEFT JOIN traces o ON o.dump_id = d.duplicate_of"
		" LEFT JOIN software_versions w ON w.id = d.software_version_id WHERE d.id = ?1",
	[FL_SQL_DUMP_FINISH] =
		"UPDATE dumps SET state = ?2, device_id = ?3, reason = ?4, backtrace = NULL,"
		" attempts = CASE ?2 WHEN 'queued' THEN 0 ELSE attempts END,"
		" lease_owner = NULL, lease_until = NULL WHERE id = ?1",
	[FL_SQL_DUMP_QUARANTINE] =
		"UPDATE dumps SET state = 'quarantined', reason = ?2, backtrace = ?3,"
		" lease_owner = NULL, lease_until = NULL"
		" WHERE id = ?1 AND state NOT IN ('done', 'duplicate') RETURNING id",
	[FL_SQL_DUMP_RELEASE] =
		"UPDATE dumps SET state = 'queued', attempts = max(attempts - 1, 0),"
		" lease_owner = NULL, lease_until = NULL WHERE id = ?1 AND state = 'claimed'",
	[FL_SQL_DUMP_RETRY] =
		"UPDATE dumps SET state = 'queued', attempts = 0, reason = NULL, backtrace = NULL"
		" WHERE state = 'quarantined' AND (?1 = 0 OR id = ?1) RETURNING id",
	[FL_SQL_DUMP_EXISTS] = "SELECT 1 FROM dumps WHERE id = ?1",
	[FL_SQL_DUMP_COUNTS] = "SELECT state, count(*), sum(duplicates) FROM dumps GROUP BY state",
	[FL_SQL_DUMPS_DONE] = "SELECT d.id FROM dumps d JOIN traces t ON t.dump_id = d.id"
			      " LEFT JOIN software_versions v ON v.id = t.software_version_id"
			      " WHERE d.state = 'done' AND (?1 IS NULL OR t.issue_id = ?1)"
			      " AND (?2 IS NULL OR v.version = ?2) ORDER BY d.id",

	[FL_SQL_TRACE_PUT] =
		"INSERT INTO traces (dump_id, issue_id, received_at, software_version_id, device_id,"
		" hardware_version, build_id, title, engine_version, signature_version, rules_hash,"
		" report) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
		" ON CONFLICT (dump_id) DO UPDATE SET issue_id = ?2, software_version_id = ?4,"
		" device_id = ?5, hardware_version = ?6, build_id = ?7, title = ?8,"
		" engine_version = ?9, signature_version = ?10, rules_hash = ?11, report = ?12"
		" RETURNING id",
	[FL_SQL_TRACE_OLD] = "SELECT t.title, t.report = ?2, i.title, i.trace_count"
			     " FROM traces t JOIN issues i ON i.id = t.issue_id WHERE t.id = ?1",
	[FL_SQL_TRACE_REPORT] = "SELECT report FROM traces WHERE id = ?1",
	[FL_SQL_TRACES_LIST] =
		"SELECT " TRACE_COLUMNS
		" FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id" TRACE_NOUNS
		" WHERE d.state <> 'duplicate' AND (?1 IS NULL OR s = ?1) ORDER BY d.id DESC",
	[FL_SQL_TRACES_OF_ISSUE] = "SELECT " TRACE_COLUMNS
				   " FROM traces t JOIN dumps d ON d.id = t.dump_id" TRACE_NOUNS
				   " WHERE t.issue_id = ?2 AND (?1 IS NULL OR s = ?1)"
				   " ORDER BY t.received_at DESC, t.id DESC",

	[FL_SQL_FINGERPRINT_FIND] =
		"SELECT issue_id FROM fingerprints WHERE hash = ?1 AND kind = ?2 AND joins",
	[FL_SQL_FINGERPRINT_ADD] =
		"INSERT INTO fingerprints (hash, kind, joins, issue_id, signature_version, preimage)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (hash, kind) DO UPDATE"
		" SET joins = 1, issue_id = excluded.issue_id WHERE excluded.joins AND NOT joins",
	[FL_SQL_ISSUE_ADD] = "INSERT INTO issues (title) VALUES (?1) RETURNING id",
	[FL_SQL_ISSUE_TITLE] = "UPDATE issues SET title = ?2 WHERE id = ?1",
	[FL_SQL_ISSUE_COUNT] =
		"UPDATE issues SET trace_count = trace_count + ?2,"
		" first_seen = (SELECT min(received_at) FROM traces WHERE issue_id = ?1),"
		" last_seen = (SELECT max(received_at) FROM traces WHERE issue_id = ?1),"
		" last_version_id = (SELECT software_version_id FROM traces WHERE issue_id = ?1"
		"  ORDER BY received_at DESC, software_version_id DESC LIMIT 1) WHERE id = ?1",
	[FL_SQL_ISSUES_LIST] = "SELECT " ISSUE_COLUMNS
			       " WHERE i.trace_count > 0 ORDER BY i.last_seen DESC, i.id DESC",
	[FL_SQL_ISSUE_READ] = "SELECT " ISSUE_COLUMNS " WHERE i.id = ?1",
	[FL_SQL_ISSUE_VERSIONS] =
		"SELECT nullif(v.version, '') AS name, count(*),"
		" count(DISTINCT t.device_id)"
		" FROM traces t LEFT JOIN software_versions v ON v.id = t.software_version_id"
		" WHERE t.issue_id = ?1 GROUP BY name"
		" ORDER BY min(t.received_at) DESC, max(v.id) DESC",

	[FL_SQL_SETTING_GET] = "SELECT value FROM settings WHERE name = ?1",
	[FL_SQL_SETTING_SET] = "INSERT INTO settings (name, value) VALUES (?1, ?2)"
			       " ON CONFLICT (name) DO UPDATE SET value = excluded.value",

	[FL_SQL_HISTORY_ADD] =
		"INSERT INTO trace_history (trace_id, at, what, old_issue_id, new_issue_id, detail)"
		" VALUES (?1, ?2, ?3, ?4, ?5,"
		" coalesce(?6, (SELECT name FROM symbol_files WHERE id = ?7)))",
	[FL_SQL_HISTORY_LIST] = "SELECT at, what, old_issue_id, new_issue_id, detail"
				" FROM trace_history WHERE trace_id = ?1 ORDER BY id",

	/* left_over 1: whoever began it has not said yet how many they are */
	[FL_SQL_BULK_ADD] =
		"INSERT INTO bulks (what, at, traces, left_over) VALUES (?1, ?2, 0, 1) RETURNING id",
	[FL_SQL_BULK_QUEUED] = "UPDATE bulks SET traces = ?2, left_over = ?2 WHERE id = ?1",
	[FL_SQL_BULK_OF_DUMP] =
		"SELECT b.id, b.what FROM dumps d JOIN bulks b ON b.id = d.bulk_id WHERE d.id = ?1",
	[FL_SQL_BULK_COUNT] =
		"UPDATE bulks SET left_over = left_over - NOT ?6, traces = traces + ?6,"
		" new_issues = new_issues + ?2, moved = moved + ?3, waiting = waiting + ?4,"
		" quarantined = quarantined + ?5 WHERE id = ?1 RETURNING left_over",
	[FL_SQL_BULK_LEAVE] = "UPDATE dumps SET bulk_id = NULL WHERE id = ?1",
	[FL_SQL_BULK_FORGET] = "DELETE FROM bulks WHERE id = ?1"
			       " AND NOT EXISTS (SELECT 1 FROM notices WHERE bulk_id = ?1)"
			       " AND NOT EXISTS (SELECT 1 FROM dumps WHERE bulk_id = ?1)",

	[FL_SQL_NOTICE_ADD] = "INSERT INTO notices (kind, at, issue_id, trace_id, bulk_id, next_at)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, 0)",
	[FL_SQL_NOTICE_COUNT] = "SELECT count(*) FROM notices",
	[FL_SQL_NOTICES_DUE] =
		"SELECT n.id, n.kind, n.at, n.issue_id, n.trace_id, coalesce(i.title, t.title),"
		" v.serial, nullif(w.type, ''), nullif(w.version, ''),"
		" coalesce(t.hardware_version, d.hardware_version), v.cohort,"
		" nullif(lower(hex(t.build_id)), ''), d.reason, n.attempts, b.what, b.traces,"
		" b.new_issues, b.moved, b.waiting, b.quarantined"
		" FROM notices n LEFT JOIN issues i ON i.id = n.issue_id"
		" LEFT JOIN traces t ON t.id = n.trace_id LEFT JOIN dumps d ON d.id = t.dump_id"
		" LEFT JOIN devices v ON v.id = t.device_id"
		" LEFT JOIN software_versions w ON w.id = t.software_version_id"
		" LEFT JOIN bulks b ON b.id = n.bulk_id"
		" WHERE n.next_at <= ?1 ORDER BY n.id LIMIT ?2",
	[FL_SQL_NOTICE_BULK] = "SELECT bulk_id FROM notices WHERE id = ?1",
	[FL_SQL_NOTICE_DONE] = "DELETE FROM notices WHERE id = ?1",
	[FL_SQL_NOTICE_FAILED] = "UPDATE notices SET attempts = attempts + 1, next_at = ?2,"
				 " failure = ?3 WHERE id = ?1 RETURNING id",
	[FL_SQL_MISSING_TOLD] =
		"INSERT INTO missing_told (build_id, software_version_id)"
		" SELECT coalesce(build_id, X''), coalesce(software_version_id, 0) FROM traces"
		" WHERE id = ?1 ON CONFLICT DO NOTHING RETURNING 1",
	[FL_SQL_MISSING_UNTELL] = "DELETE FROM missing_told WHERE build_id = coalesce(?1, X'')"
				  " AND software_version_id = coalesce(?2, 0)",
};
