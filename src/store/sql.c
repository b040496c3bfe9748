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
			      " d.reason, d.backtrace, d.received_at, d.attempts, d.duplicates," \
			      " CASE d.kind WHEN 0 THEN 'dump' WHEN 1 THEN 'reboot' ELSE 'trace' END AS k," \
			      " v.cohort, c.pruned, d.paired_id IS NOT NULL"
#define TRACE_NOUNS \
	" JOIN dump_contents c ON c.id = d.content_id LEFT JOIN devices v ON v.id = d.device_id" \
	" LEFT JOIN software_versions w" \
	"  ON w.id = coalesce(t.software_version_id, d.software_version_id)"

#define TRACE_FILTER \
	"(?1 IS NULL OR s = ?1) AND (?3 IS NULL OR k = ?3)" \
	" AND (?4 IS NULL OR v.serial = ?4)"

/*
 * The turn at the head of the queue. In an empty queue one that is larger than all before it, so
 * that a turn which a device had in a longer queue does not count against it now: no turn is larger
 * than the newest id, but for what bulk work was placed at.
 */
#define LAST_TURN \
	"coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'dumps'), 0)" \
	" + coalesce((SELECT value FROM settings WHERE name = 'placed'), 0)"
#define HEAD_TURN_WHERE(which) \
	"coalesce((SELECT turn FROM dumps INDEXED BY dumps_in_work" \
	" WHERE state IN ('queued', 'claimed')" which " ORDER BY turn, id LIMIT 1), " LAST_TURN \
	" + 1)"
#define HEAD_TURN HEAD_TURN_WHERE("")

/* The first ?2 of what may be claimed at ?1. */
#define DUMPS_NEXT \
	" FROM dumps INDEXED BY dumps_in_work WHERE state IN ('queued', 'claimed')" \
	" AND (state = 'queued' OR lease_until <= ?1) ORDER BY turn, id LIMIT ?2"

/* ?1 the device, ?2 when it was heard of, ?3 and ?4 the versions that it then said it had, ?5 1
 * where what comes later at the same time is newer. */
#define DEVICE_SAYS "(?2 + ?5 > coalesce(identity_at, ?2 - 1))"
#define DEVICE_SET \
	"UPDATE devices SET software_version_id = CASE WHEN " DEVICE_SAYS \
	" THEN coalesce(?3, software_version_id) ELSE software_version_id END," \
	" hardware_version = CASE WHEN " DEVICE_SAYS \
	" THEN coalesce(?4, hardware_version) ELSE hardware_version END," \
	" identity_at = CASE WHEN ?3 IS NULL AND ?4 IS NULL THEN identity_at" \
	"  ELSE max(coalesce(identity_at, ?2), ?2) END," \
	" first_seen = min(coalesce(first_seen, ?2), ?2)," \
	" last_seen = max(coalesce(last_seen, ?2), ?2)"

/* Whether the build id of a trace and ?6 may be of one build: one may be cut short, or unknown. */
#define SHORTER_ID "min(length(t.build_id), length(?6))"
#define SAME_BUILD \
	"(?6 IS NULL OR t.build_id IS NULL OR" \
	" substr(t.build_id, 1, " SHORTER_ID ") = substr(?6, 1, " SHORTER_ID "))"

/* The same, or one is the beginning of the other; X'' is not known. */
#define ONE_BUILD(a, b) \
	"(" a " = " b " OR (min(length(" a "), length(" b ")) > 0" \
	" AND substr(" a ", 1, length(" b ")) = substr(" b ", 1, length(" a "))))"

/* What an fl_symbol_fit is made of, in its order; ?3 is the version that is asked for. */
#define FIT_COLUMNS \
	"SELECT f.id, f.hash, f.name, f.build_id, f.has_debug_info, f.has_code_bytes," \
	" (SELECT count(*) FROM symbol_modules WHERE symbol_file_id = f.id) AS modules," \
	" (SELECT coalesce(sum(function_count), 0) FROM symbol_modules" \
	"  WHERE symbol_file_id = f.id) AS functions,"

/* Grows with every change of the symbol files; a row that went leaves its number in settings. */
#define REVISION \
	"(SELECT max(coalesce((SELECT value FROM settings WHERE name = 'symbols_revision'), 0)," \
	" coalesce((SELECT max(revision) FROM symbol_files), 0)))"

/*
 * Which build says it is which version. Where nobody said that of a file, its traces do: the newest
 * that was read with it. A file without build id is a build of its own.
 */
#define CLAIMS \
	"claims (id, build, version) AS MATERIALIZED (SELECT f.id," \
	" CASE WHEN f.build_id IS NULL THEN f.id ELSE hex(f.build_id) END," \
	" coalesce(f.software_version_id, (SELECT t.software_version_id FROM traces t" \
	"  WHERE t.symbol_file_id = f.id AND t.software_version_id IS NOT NULL" \
	"  ORDER BY t.id DESC LIMIT 1)) FROM symbol_files f)"

/* The traces of the issues ?1 to ?2. */
#define COUNTS(key, nouns, order) \
	"SELECT " key \
	" AS key, count(*) AS traces, count(DISTINCT t.device_id) FROM traces t" nouns \
	" WHERE t.issue_id BETWEEN ?1 AND ?2 GROUP BY key ORDER BY " order
#define VERSION_NOUN " LEFT JOIN software_versions v ON v.id = t.software_version_id"
#define DEVICE_NOUN  " LEFT JOIN devices v ON v.id = t.device_id"
#define MOST_FIRST   "traces DESC, key"

/*
 * traces_by_device is a piece for each 16,384 traces, so that a trace is added to pages that others
 * were just added to. Whoever wants all of a device looks into each of them.
 */
#define PIECE        "id >> 14"
#define NEWEST_PIECE "((SELECT max(id) FROM traces) >> 14)"
#define PIECES \
	"pieces (n) AS MATERIALIZED (SELECT " NEWEST_PIECE \
	" UNION ALL SELECT n - 1 FROM pieces WHERE n > 0)"
#define OF_DEVICE(device) \
	"pieces CROSS JOIN traces t INDEXED BY traces_by_device" \
	" WHERE t." PIECE " = pieces.n AND t.device_id = " device

/* ?1 the device, ?2 the reason, ?3 lr, ?4 pc, NULL: a dump that does not tell its own, ?5 how far
 * theirs may be from it, ?6 the build id, ?7 when it was received. */
#define SAME_PC "(?4 IS NULL OR t.pc IS NULL OR t.pc BETWEEN ?4 - ?5 AND ?4 + ?5)"
#define PAIR_NEAREST(ids) \
	"SELECT t.id, t.dump_id, t.issue_id FROM (" ids ") c JOIN traces t ON t.id = c.id" \
	" JOIN dumps d ON d.id = t.dump_id" \
	" WHERE " SAME_PC " AND " SAME_BUILD " AND d.state <> 'quarantined'" \
	" ORDER BY max(t.received_at - ?7, ?7 - t.received_at), t.id LIMIT 1"
#define PAIR_NEWEST " ORDER BY id DESC LIMIT 64"
#define PAIR_EVENTS \
	" FROM traces INDEXED BY traces_events" \
	" WHERE device_id = ?1 AND unpaired = 1 AND kind = 1 AND reason = ?2"
#define PAIR_DUMPS(piece) \
	" FROM traces INDEXED BY traces_by_device WHERE " PIECE " = " piece \
	" AND device_id = ?1 AND unpaired = 1 AND kind = 0 AND reason = ?2 AND lr = ?3"
/* The newest piece that has any, of a million traces. */
#define PAIR_PIECES \
	"back (n, found) AS (SELECT " NEWEST_PIECE " + 1, 0 UNION ALL" \
	" SELECT n - 1, EXISTS (SELECT 1" PAIR_DUMPS( \
		"n - 1") ") FROM back" \
			 " WHERE NOT found AND n > 0 LIMIT 65)"

/* Of the dump with that id nothing is kept but its trace. */
#define PRUNED(dump) \
	"EXISTS (SELECT 1 FROM dumps p JOIN dump_contents c ON c.id = p.content_id" \
	" WHERE p.id = " dump " AND c.pruned)"

/* Trace t was read with what trace m was read with, as far as that can be told afterwards. */
#define ALIKE \
	"t.kind = m.kind AND t.build_id IS m.build_id" \
	" AND t.software_version_id IS m.software_version_id"

#define NEXT_LINE(trace) \
	"(SELECT coalesce(max(line), 0) + 1 FROM trace_history WHERE trace_id = " trace ")"

const char *const fl_sql_text[FL_SQL_COUNT] = {
	[FL_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[FL_SQL_BEGIN_READING] = "BEGIN DEFERRED",
	[FL_SQL_COMMIT] = "COMMIT",
	[FL_SQL_ROLLBACK] = "ROLLBACK",
	[FL_SQL_SAVEPOINT] = "SAVEPOINT call",
	[FL_SQL_SAVEPOINT_RELEASE] = "RELEASE call",
	[FL_SQL_SAVEPOINT_ROLLBACK] = "ROLLBACK TO call",

	[FL_SQL_DEVICE_FIND] = "SELECT id FROM devices WHERE serial = ?1",
	[FL_SQL_DEVICE_ADD] = "INSERT INTO devices (serial) VALUES (?1) RETURNING id",
	[FL_SQL_DEVICE_COHORT] =
		"UPDATE devices SET cohort = ?2 WHERE id = ?1 AND cohort IS NOT ?2",
	[FL_SQL_DEVICE_RATE] = "SELECT rate_from, rate_count FROM devices WHERE id = ?1",
	[FL_SQL_DEVICE_SEEN] = DEVICE_SET
	", turn = max(turn, coalesce(?6, 0)), rate_from = coalesce(?7, rate_from),"
	" rate_count = coalesce(?8, rate_count), limited = limited + coalesce(?9, 0)"
	" WHERE id = ?1",
	[FL_SQL_DEVICE_FILED] = DEVICE_SET
	" WHERE id = ?1 AND (first_seen IS NULL OR ?2 < first_seen OR ?2 > last_seen"
	" OR ((?3 IS NOT NULL OR ?4 IS NOT NULL) AND " DEVICE_SAYS "))",
	[FL_SQL_VERSION_FIND] = "SELECT id FROM software_versions WHERE version = ?2 AND type = ?1",
	[FL_SQL_VERSION_ADD] =
		"INSERT INTO software_versions (type, version) VALUES (?1, ?2) RETURNING id",

	[FL_SQL_SYMBOLS_FIND] = "SELECT id, software_version_id FROM symbol_files WHERE hash = ?1",
	[FL_SQL_SYMBOLS_ADD] =
		"INSERT INTO symbol_files (hash, name, size, build_id, software_version_id,"
		" has_debug_info, has_code_bytes, revision)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, " REVISION " + 1) RETURNING id",
	[FL_SQL_SYMBOLS_CHANGE] =
		"UPDATE symbol_files SET software_version_id = coalesce(?2, software_version_id),"
		" revision = " REVISION " + 1 WHERE id = ?1",
	[FL_SQL_SYMBOLS_MODULE] =
		"INSERT INTO symbol_modules (symbol_file_id, position, name, build_id, has_debug_info,"
		" has_unwind_info, has_symbol_table, function_count, has_code_bytes)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[FL_SQL_SYMBOLS_REVISION] = "SELECT " REVISION,
	[FL_SQL_SYMBOLS_REVISION_KEEP] =
		"INSERT INTO settings (name, value) VALUES ('symbols_revision', " REVISION " + 1)"
		" ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	[FL_SQL_SYMBOLS_IN_USE] =
		"SELECT 1 FROM symbol_files WHERE id = ?1 AND superseded_by IS NULL",
	[FL_SQL_SYMBOLS_FITTING] = FIT_COLUMNS
	" f.software_version_id IS ?3 AND coalesce(v.version, '') <> ''"
	" FROM symbol_files f LEFT JOIN software_versions v ON v.id = f.software_version_id"
	" WHERE f.id IN (SELECT id FROM symbol_files WHERE build_id >= ?1 AND build_id <= ?2"
	"  UNION SELECT id FROM symbol_files WHERE software_version_id = ?3)"
	" ORDER BY f.has_debug_info DESC, f.has_code_bytes DESC, modules DESC, functions DESC,"
	" f.id DESC",
	[FL_SQL_SYMBOLS_READ] = FIT_COLUMNS " 0 FROM symbol_files f WHERE f.id = ?1",
	[FL_SQL_SYMBOLS_TEXTS] = "SELECT f.name, " HEX(
		"f.build_id") ", nullif(v.type, ''), nullif(v.version, '') FROM symbol_files f"
			      " LEFT JOIN software_versions v ON v.id = f.software_version_id"
			      " WHERE f.id = ?1",
	[FL_SQL_SYMBOLS_SUPERSEDE] =
		"UPDATE symbol_files SET superseded_by = ?2 WHERE id = ?1 AND superseded_by IS NOT ?2",
	[FL_SQL_SYMBOLS_SUPERSEDED_BY] = "SELECT superseded_by FROM symbol_files WHERE id = ?1",
	[FL_SQL_SYMBOLS_NOT_SUPERSEDING] =
		"UPDATE symbol_files SET superseded_by = NULL WHERE superseded_by = ?1",
	/* ?2 the bulk: what waited for the file says its version, too */
	[FL_SQL_SYMBOLS_CONFLICTS] =
		"WITH " CLAIMS ", own (build, version) AS (SELECT c.build, coalesce(c.version,"
		" (SELECT t.software_version_id FROM symbol_files f CROSS JOIN dumps d"
		"  JOIN traces t ON t.dump_id = d.id WHERE f.id = c.id AND d.bulk_id = ?2"
		"  AND t.build_id = f.build_id AND t.software_version_id IS NOT NULL"
		"  ORDER BY d.id DESC LIMIT 1)) FROM claims c WHERE c.id = ?1)"
		" SELECT count(*) FROM own n JOIN claims o ON o.version = n.version"
		" AND o.build <> n.build JOIN software_versions w ON w.id = n.version"
		" WHERE w.version <> ''",
	[FL_SQL_SYMBOLS_ISSUES] =
		"SELECT issue_id, count(*) FROM traces WHERE symbol_file_id = ?1"
		" AND issue_id IS NOT NULL AND NOT " PRUNED("dump_id") " GROUP BY issue_id",
	[FL_SQL_SYMBOLS_HISTORY] =
		"INSERT INTO trace_history"
		" (trace_id, line, at, what, old_issue_id, new_issue_id, detail)"
		" SELECT id, " NEXT_LINE(
			"s.id") ", ?2, 'symbols removed', issue_id,"
				" CASE WHEN pruned THEN issue_id END,"
				" CASE WHEN pruned THEN ?3 || ' (bytes not kept, cannot be analysed again)' ELSE ?3 END"
				" FROM (SELECT id, issue_id, " PRUNED(
					"dump_id") " AS pruned FROM traces"
						   "  WHERE symbol_file_id = ?1) s ORDER BY id",
	[FL_SQL_SYMBOLS_PRUNED] = "UPDATE traces SET symbol_file_id = NULL"
				  " WHERE symbol_file_id = ?1 AND " PRUNED("dump_id"),
	[FL_SQL_SYMBOLS_FORGET] =
		"UPDATE traces SET left_issue_id = coalesce(issue_id, left_issue_id), issue_id = NULL,"
		" symbol_file_id = NULL WHERE symbol_file_id = ?1",
	[FL_SQL_SYMBOLS_MODULES_DELETE] = "DELETE FROM symbol_modules WHERE symbol_file_id = ?1",
	[FL_SQL_SYMBOLS_DELETE] = "DELETE FROM symbol_files WHERE id = ?1",
	[FL_SQL_SYMBOLS_LIST] =
		"WITH " CLAIMS ", contested (version) AS MATERIALIZED"
		" (SELECT c.version FROM claims c JOIN software_versions w ON w.id = c.version"
		"  WHERE w.version <> '' GROUP BY c.version HAVING count(DISTINCT c.build) > 1)"
		" SELECT f.id, f.name, " HEX(
			"f.build_id") ", nullif(v.type, ''),"
				      " nullif(v.version, ''), f.size,"
				      " (SELECT count(*) FROM symbol_modules WHERE symbol_file_id = f.id),"
				      " f.has_debug_info,"
				      " (SELECT count(*) FROM traces WHERE symbol_file_id = f.id)"
				      " + (SELECT count(*) FROM symbol_files b JOIN traces ON symbol_file_id = b.id"
				      "  WHERE b.build_id = f.build_id AND NOT b.has_code_bytes AND b.superseded_by IS NULL AND f.id ="
				      "   (SELECT c.id FROM symbol_files c WHERE c.build_id = f.build_id"
				      "    AND c.has_code_bytes ORDER BY c.has_debug_info DESC,"
				      "    (SELECT count(*) FROM symbol_modules WHERE symbol_file_id = c.id) DESC,"
				      "    (SELECT sum(function_count) FROM symbol_modules"
				      "     WHERE symbol_file_id = c.id) DESC, c.id DESC LIMIT 1)),"
				      " f.superseded_by, k.version IN (SELECT version FROM contested)"
				      " FROM symbol_files f JOIN claims k ON k.id = f.id"
				      " LEFT JOIN software_versions v ON v.id = k.version"
				      " ORDER BY f.id",
	[FL_SQL_SYMBOLS_MODULES] =
		"SELECT name, build_id, has_debug_info, has_unwind_info, has_symbol_table,"
		" has_code_bytes, function_count FROM symbol_modules WHERE symbol_file_id = ?1"
		" ORDER BY position",
	[FL_SQL_WAITING_IDENTITIES] =
		"SELECT DISTINCT t.build_id, t.software_version_id"
		" FROM dumps d INDEXED BY dumps_waiting JOIN traces t ON t.dump_id = d.id"
		" WHERE d.state = 'waiting'",
	[FL_SQL_WAITING_REQUEUE] =
		"UPDATE dumps SET state = 'queued', attempts = 0, reason = NULL, bulk_id = ?3 WHERE id IN"
		" (SELECT d.id FROM dumps d INDEXED BY dumps_waiting JOIN traces t ON t.dump_id = d.id"
		"  WHERE d.state = 'waiting' AND t.build_id IS ?1 AND t.software_version_id IS ?2)",
	[FL_SQL_TRACES_REQUEUE] =
		"UPDATE dumps SET state = 'queued', attempts = 0, reason = NULL, backtrace = NULL,"
		" bulk_id = ?2 WHERE state = 'done'"
		" AND id IN (SELECT dump_id FROM traces WHERE symbol_file_id = ?1)"
		" AND NOT EXISTS (SELECT 1 FROM dump_contents c"
		"  WHERE c.id = dumps.content_id AND c.pruned)",
	[FL_SQL_PRUNED_OF_BUILD] =
		"SELECT count(*) FROM symbol_files n JOIN symbol_files f ON f.build_id = n.build_id"
		" JOIN traces t ON t.symbol_file_id = f.id"
		" WHERE n.id = ?1 AND f.id <> n.id AND " PRUNED("t.dump_id"),
	[FL_SQL_PRUNED_OF_BULK] =
		"SELECT count(*) FROM (SELECT DISTINCT coalesce(t.issue_id, t.left_issue_id) AS issue_id,"
		" t.kind, t.build_id, t.software_version_id FROM dumps d"
		" JOIN traces t ON t.dump_id = d.id WHERE d.bulk_id = ?1) m"
		" CROSS JOIN traces t WHERE t.issue_id = m.issue_id AND " ALIKE
		" AND t.symbol_file_id IS NULL AND " PRUNED("t.dump_id"),
	/* ?1 the trace that moved, ?2 from, ?3 to; LATER: others will, NEVER: others did not */
	[FL_SQL_FOLLOW_LATER] =
		"SELECT 1 FROM traces m CROSS JOIN dumps d CROSS JOIN traces t WHERE m.id = ?1"
		" AND d.bulk_id = (SELECT bulk_id FROM dumps WHERE id = m.dump_id)"
		" AND t.dump_id = d.id AND t.id <> m.id"
		" AND coalesce(t.issue_id, t.left_issue_id) = ?2 AND " ALIKE " LIMIT 1",
	[FL_SQL_FOLLOW_NEVER] =
		"SELECT 1 FROM traces m WHERE m.id = ?1 AND (EXISTS (SELECT 1 FROM traces t"
		"  WHERE t.left_issue_id = ?2 AND t.issue_id IS NOT ?3 AND " ALIKE
		" AND NOT " PRUNED(
			"t.dump_id") ") OR EXISTS (SELECT 1 FROM traces t WHERE t.issue_id = ?2 AND " ALIKE
				     " AND NOT " PRUNED("t.dump_id") "))",
	[FL_SQL_FOLLOW_HISTORY] =
		"INSERT INTO trace_history"
		" (trace_id, line, at, what, old_issue_id, new_issue_id, detail)"
		" SELECT t.id, " NEXT_LINE(
			"t.id") ", ?4, coalesce((SELECT b.what FROM dumps d"
				"  JOIN bulks b ON b.id = d.bulk_id WHERE d.id = m.dump_id AND b.what = 'symbols added'),"
				" 'filed'), ?2, ?3, 'bytes not kept: follows those that were analysed again'"
				" FROM traces m CROSS JOIN traces t WHERE m.id = ?1 AND t.issue_id = ?2 AND " ALIKE
				" AND " PRUNED("t.dump_id") " ORDER BY t.id",
	[FL_SQL_FOLLOW_MOVE] =
		"UPDATE traces AS t SET issue_id = ?3 WHERE issue_id = ?2 AND " PRUNED(
			"t.dump_id") " AND EXISTS (SELECT 1 FROM traces m WHERE m.id = ?1 AND " ALIKE
				     ")",
	[FL_SQL_FOLLOW_COUNT] =
		"UPDATE bulks SET moved = moved + ?2 WHERE id = (SELECT d.bulk_id FROM traces t"
		" JOIN dumps d ON d.id = t.dump_id WHERE t.id = ?1)",
	/* An event says the beginning of its build id: that is the build of the one whole id beside
	 * it that begins so. */
	[FL_SQL_MISSING_LIST] =
		"WITH waiting (id, version, device) AS MATERIALIZED (SELECT t.build_id,"
		"  t.software_version_id, t.device_id"
		"  FROM dumps d INDEXED BY dumps_waiting JOIN traces t ON t.dump_id = d.id"
		"  WHERE d.state = 'waiting'),"
		" ids (id, version) AS MATERIALIZED (SELECT DISTINCT id, version FROM waiting),"
		" owners (id, version, whole) AS MATERIALIZED (SELECT s.id, s.version, max(f.id)"
		"  FROM ids s JOIN ids f ON f.version IS s.version AND length(f.id) = 20"
		"   AND substr(f.id, 1, length(s.id)) = s.id"
		"  WHERE length(s.id) BETWEEN 1 AND 19 GROUP BY s.id, s.version HAVING count(*) = 1),"
		" builds (id, version, device) AS (SELECT coalesce(o.whole, w.id), w.version, w.device"
		"  FROM waiting w LEFT JOIN owners o ON o.id = w.id AND o.version IS w.version)"
		" SELECT " HEX(
			"b.id") ", nullif(v.type, ''), nullif(v.version, ''), count(*),"
				" count(DISTINCT b.device)"
				" FROM builds b LEFT JOIN software_versions v ON v.id = b.version"
				" GROUP BY b.id, b.version ORDER BY count(*) DESC, b.id, b.version",

	[FL_SQL_CONTENT_KEYS] = "SELECT id, hash FROM dump_contents INDEXED BY dump_contents_keys"
				" WHERE id > ?1 ORDER BY id",
	[FL_SQL_CONTENT_READ] =
		"SELECT hash, size, compressed, pruned FROM dump_contents WHERE id = ?1",
	[FL_SQL_CONTENT_RESTORE] =
		"UPDATE dump_contents SET pruned = 0, compressed = ?2 WHERE id = ?1",
	[FL_SQL_CONTENT_ADD] =
		"INSERT INTO dump_contents (hash, size, compressed) VALUES (?1, ?2, ?3) RETURNING id",

	[FL_SQL_DUMP_ADD] =
		"INSERT INTO dumps (content_id, received_at, received_at_is_mtime, device_id,"
		" device_from_upload, software_version_id, hardware_version, upload_id, source, kind,"
		" turn) VALUES (?1, ?2, ?3, ?4, ?4 IS NOT NULL, ?5, ?6, ?7, ?8, ?9, max(" HEAD_TURN
		","
		" coalesce((SELECT turn + 1 FROM devices WHERE id = ?4), 0))) RETURNING id, turn",
	[FL_SQL_DUMP_DUPLICATE] =
		"SELECT CASE o.kind WHEN d.kind THEN o.id ELSE d.id END"
		" FROM dumps d JOIN dumps o ON o.id = coalesce(d.duplicate_of, d.id)"
		" WHERE d.content_id = ?1 AND d.device_id IS ?2 AND d.upload_id IS ?3 AND d.kind = ?4"
		" ORDER BY d.id LIMIT 1",
	[FL_SQL_DUMP_DUPLICATE_FILED] =
		"SELECT CASE o.kind WHEN d.kind THEN o.id ELSE d.id END, o.id, t.id, t.issue_id"
		" FROM dumps d JOIN dumps o ON o.id = coalesce(d.duplicate_of, d.id)"
		" JOIN traces t ON t.dump_id = o.id"
		" WHERE d.content_id = ?1 AND d.device_id IS ?2 AND d.upload_id IS ?3 AND d.kind = ?4"
		" ORDER BY d.id LIMIT 1",
	[FL_SQL_DUMP_COUNT_DUPLICATES] =
		"UPDATE dumps SET duplicates = duplicates + 1"
		" + coalesce((SELECT duplicates FROM dumps WHERE id = ?2), 0) WHERE id = ?1",
	[FL_SQL_DUMP_IS_DUPLICATE] =
		"UPDATE dumps SET state = 'duplicate', duplicate_of = ?2, duplicates = 0,"
		" device_id = ?3, lease_owner = NULL, lease_until = NULL, reason = NULL,"
		" backtrace = NULL WHERE id = ?1",
	[FL_SQL_DUMP_IS_PAIRED] =
		"UPDATE dumps SET state = 'duplicate', duplicate_of = ?2, device_id = ?3,"
		" lease_owner = NULL, lease_until = NULL, reason = NULL, backtrace = NULL WHERE id = ?1",
	[FL_SQL_DUMP_NEXT] = "SELECT id, attempts" DUMPS_NEXT,
	[FL_SQL_DUMP_CLAIMABLE] = "SELECT count(*) FROM (SELECT id" DUMPS_NEXT ") c",
	[FL_SQL_DUMP_CLAIM] =
		"UPDATE dumps SET state = 'claimed', attempts = attempts + 1, lease_owner = ?3,"
		" lease_until = ?4,"
		" symbols_seen = ?5 WHERE id IN (SELECT id" DUMPS_NEXT ")",
	[FL_SQL_DUMP_READ] =
		"SELECT d.attempts, CASE WHEN d.device_from_upload THEN v.serial END,"
		" nullif(w.type, ''), nullif(w.version, ''), d.hardware_version, d.received_at,"
		" c.size, c.compressed, d.kind, c.pruned"
		" FROM dumps d JOIN dump_contents c ON c.id = d.content_id"
		" LEFT JOIN devices v ON v.id = d.device_id"
		" LEFT JOIN software_versions w ON w.id = d.software_version_id WHERE d.id = ?1",
	[FL_SQL_DUMP_IDENTITY] =
		"SELECT d.state, t.id, t.issue_id, o.id, o.issue_id, d.content_id,"
		" CASE WHEN d.device_from_upload THEN d.device_id END, d.upload_id, w.type, w.version,"
		" d.hardware_version, d.received_at, d.symbols_seen, d.kind, d.paired_id, p.kind,"
		" t.left_issue_id, d.bulk_id"
		" FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id"
		" LEFT JOIN traces o ON o.dump_id = d.duplicate_of"
		" LEFT JOIN dumps p ON p.id = d.duplicate_of"
		" LEFT JOIN software_versions w ON w.id = d.software_version_id WHERE d.id = ?1",
	[FL_SQL_DUMP_FINISH] = "UPDATE dumps SET state = ?2, reason = ?3, backtrace = NULL,"
			       " attempts = CASE ?2 WHEN 'queued' THEN 0 ELSE attempts END,"
			       " lease_owner = NULL, lease_until = NULL WHERE id = ?1",
	[FL_SQL_DUMP_DEVICE] =
		"UPDATE dumps SET device_id = ?2 WHERE id = ?1 AND device_id IS NOT ?2",
	[FL_SQL_DUMP_QUARANTINE] =
		"UPDATE dumps SET state = 'quarantined', reason = ?2, backtrace = ?3,"
		" lease_owner = NULL, lease_until = NULL"
		" WHERE id = ?1 AND state NOT IN ('done', 'duplicate') RETURNING id",
	[FL_SQL_DUMP_RELEASE] =
		"UPDATE dumps SET state = 'queued', attempts = max(attempts - 1, 0),"
		" lease_owner = NULL, lease_until = NULL WHERE id = ?1 AND state = 'claimed'",
	[FL_SQL_DUMP_RETRY] =
		"UPDATE dumps SET state = 'queued', attempts = 0, reason = NULL, backtrace = NULL,"
		" turn = max(turn, " HEAD_TURN ")"
		" WHERE state = 'quarantined' AND (?1 = 0 OR id = ?1) RETURNING id",
	/* In the order they had, one flow from the head of the queue on. */
	[FL_SQL_QUEUE_PLACE] =
		"UPDATE dumps SET turn = p.turn FROM (SELECT id, row_number() OVER (ORDER BY turn, id)"
		" - 1 + " HEAD_TURN_WHERE(
			" AND bulk_id IS NOT ?1") " AS turn FROM dumps WHERE bulk_id = ?1 AND state = 'queued') p WHERE dumps.id = p.id",
	[FL_SQL_QUEUE_PLACED] = "INSERT INTO settings (name, value) VALUES ('placed', ?1)"
				" ON CONFLICT (name) DO UPDATE SET value = value + ?1",
	[FL_SQL_DUMP_EXISTS] = "SELECT 1 FROM dumps WHERE id = ?1",
	[FL_SQL_DUMP_COUNTS] = "SELECT state, count(*), sum(duplicates) FROM dumps GROUP BY state",
	[FL_SQL_DUMPS_DONE] = "SELECT d.id FROM dumps d JOIN traces t ON t.dump_id = d.id"
			      " LEFT JOIN software_versions v ON v.id = t.software_version_id"
			      " WHERE d.state = 'done' AND (?1 IS NULL OR t.issue_id = ?1)"
			      " AND (?2 IS NULL OR v.version = ?2) ORDER BY d.id",

	[FL_SQL_TRACE_ADD] =
		"INSERT INTO traces (dump_id, issue_id, received_at, software_version_id, device_id,"
		" hardware_version, build_id, title, engine_version, signature_version, rules_hash,"
		" report, kind, symbol_file_id, reason, pc, lr, unpaired)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
	[FL_SQL_TRACE_CHANGE] =
		"UPDATE traces SET issue_id = ?2, software_version_id = ?4,"
		" device_id = ?5, hardware_version = ?6, build_id = ?7, title = ?8,"
		" engine_version = ?9, signature_version = ?10, rules_hash = ?11, report = ?12,"
		" kind = ?13, symbol_file_id = ?14, reason = ?15, pc = ?16, lr = ?17, unpaired = ?18"
		" WHERE dump_id = ?1",
	[FL_SQL_TRACE_DELETE] = "DELETE FROM traces WHERE id = ?1",
	[FL_SQL_TRACE_MOVE] = "UPDATE traces SET issue_id = ?2 WHERE id = ?1",
	[FL_SQL_TRACE_LEFT] = "UPDATE traces SET left_issue_id = ?2 WHERE id = ?1",
	[FL_SQL_TRACE_OLD] = "SELECT t.title, t.report = ?2, i.title, i.trace_count"
			     " FROM traces t JOIN issues i ON i.id = t.issue_id WHERE t.id = ?1",
	[FL_SQL_TRACE_REPORT] = "SELECT report FROM traces WHERE id = ?1",
	[FL_SQL_TRACES_LIST] =
		"SELECT " TRACE_COLUMNS
		" FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id" TRACE_NOUNS
		" WHERE d.state <> 'duplicate' AND " TRACE_FILTER
		" AND (?5 OR d.state <> 'done' OR t.issue_id IS NOT NULL) ORDER BY d.id DESC",
	[FL_SQL_TRACES_OF_ISSUE] = "SELECT " TRACE_COLUMNS
				   " FROM traces t JOIN dumps d ON d.id = t.dump_id" TRACE_NOUNS
				   " WHERE t.issue_id = ?2 AND " TRACE_FILTER
				   " ORDER BY t.received_at DESC, t.id DESC",

	[FL_SQL_FINGERPRINT_FIND] =
		"SELECT issue_id FROM fingerprints WHERE hash = ?1 AND kind = ?2 AND joins",
	[FL_SQL_FINGERPRINT_ADD] =
		"INSERT INTO fingerprints (hash, kind, joins, issue_id, signature_version, preimage)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (hash, kind) DO UPDATE"
		" SET joins = 1, issue_id = excluded.issue_id WHERE excluded.joins AND NOT joins",
	[FL_SQL_FINGERPRINT_MOVE] =
		"UPDATE fingerprints SET issue_id = ?3 WHERE hash = ?1 AND kind = ?2",
	[FL_SQL_ISSUE_HAS_DUMPS] =
		"SELECT 1 FROM traces WHERE issue_id = ?1 AND kind = 0 AND id <> ?2 LIMIT 1",
	[FL_SQL_ISSUE_REPORTS] = "SELECT id, report FROM traces WHERE issue_id = ?1 AND kind <> 0",
	[FL_SQL_ISSUE_ADD] = "INSERT INTO issues (title) VALUES (?1) RETURNING id",
	[FL_SQL_ISSUE_TITLE] = "UPDATE issues SET title = ?2 WHERE id = ?1",
	[FL_SQL_ISSUE_REOPEN] = "UPDATE issues SET state = 'open'"
				" WHERE id = ?1 AND state = 'resolved' RETURNING id",
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

	[FL_SQL_PAIR_ANY_EVENT] = "SELECT 1" PAIR_EVENTS " LIMIT 1",
	/* The newest that have reason and lr in common, of those the nearest in time. */
	[FL_SQL_PAIR_FIND_EVENT] = PAIR_NEAREST("SELECT id" PAIR_EVENTS " AND lr = ?3" PAIR_NEWEST),
	[FL_SQL_PAIR_FIND_EVENT_ANY_LR] = PAIR_NEAREST("SELECT id" PAIR_EVENTS PAIR_NEWEST),
	[FL_SQL_PAIR_FIND_DUMP] = "WITH " PAIR_PIECES " " PAIR_NEAREST(
		"SELECT id" PAIR_DUMPS("(SELECT n FROM back WHERE found)") PAIR_NEWEST),
	[FL_SQL_PAIR_DUMP] = "UPDATE dumps SET paired_id = ?2 WHERE id = ?1",
	[FL_SQL_PAIR_TRACE] = "UPDATE traces SET unpaired = 0 WHERE dump_id = ?1",
	[FL_SQL_REBOOT_PUT] =
		"INSERT INTO reboots (dump_id, device_id, software_version_id, hardware_version, code,"
		" name, expected, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
		" ON CONFLICT (dump_id) DO UPDATE SET device_id = ?2, software_version_id = ?3,"
		" hardware_version = ?4, code = ?5, name = ?6, expected = ?7, at = ?8",
	[FL_SQL_REBOOT_NAME] = "UPDATE reboots SET name = ?3"
			       " WHERE dump_id = ?1 AND code = ?2 AND name <> ?3",
	[FL_SQL_REBOOT_DELETE] = "DELETE FROM reboots WHERE dump_id = ?1",
	[FL_SQL_PAST_NEXT] =
		"SELECT id, dump_id, device_id, software_version_id, hardware_version, received_at,"
		" report FROM traces WHERE id > ?1 ORDER BY id LIMIT 1",
	[FL_SQL_PAST_PLACE] =
		"UPDATE traces SET reason = ?2, pc = ?3, lr = ?4, unpaired = ?5 WHERE id = ?1",
	[FL_SQL_SAMPLES_COUNT] =
		"SELECT count(*) FROM traces t INDEXED BY traces_samples"
		" JOIN dumps d ON d.id = t.dump_id JOIN dump_contents c ON c.id = d.content_id"
		" WHERE t.issue_id = ?1 AND t.software_version_id IS ?2 AND t.sample AND NOT c.pruned",
	[FL_SQL_SAMPLE_ADD] = "UPDATE traces SET sample = 1 WHERE id = ?1",
	[FL_SQL_CONTENT_NEEDED] =
		"SELECT 1 FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id WHERE d.content_id = ?1"
		" AND (d.state NOT IN ('done', 'duplicate') OR t.sample) LIMIT 1",
	[FL_SQL_CONTENT_PRUNE] =
		"UPDATE dump_contents SET pruned = 1, compressed = X'' WHERE id = ?1",

	[FL_SQL_PARTIAL_GET] = "SELECT state FROM partials WHERE device_id ="
			       " (SELECT id FROM devices WHERE serial = ?1)",
	[FL_SQL_PARTIAL_PUT] =
		"INSERT INTO partials (device_id, state, pending, touched_at) VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (device_id) DO UPDATE SET state = ?2, pending = ?3, touched_at = ?4",
	[FL_SQL_PARTIAL_DELETE] = "DELETE FROM partials WHERE device_id = ?1",
	[FL_SQL_PARTIALS_EXPIRED] =
		"SELECT device_id, state, pending FROM partials WHERE touched_at < ?1",
	[FL_SQL_TRANSPORT_ADD] =
		"INSERT INTO transport_counts (device_id, name, events, bytes) VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (device_id, name) DO UPDATE SET events = events + ?3, bytes = bytes + ?4",
	[FL_SQL_TRANSPORT_SUM] =
		"SELECT name, sum(events), sum(bytes) FROM transport_counts WHERE ?1 IS NULL"
		" OR device_id = (SELECT id FROM devices WHERE serial = ?1) GROUP BY name",
	[FL_SQL_KEPT_SAME] = "SELECT id, size, compressed FROM kept"
			     " WHERE device_id = ?1 AND hash = ?2 AND kind = ?3 ORDER BY id",
	[FL_SQL_KEPT_AGAIN] = "UPDATE kept SET duplicates = duplicates + 1 WHERE id = ?1",
	[FL_SQL_KEPT_ADD] =
		"INSERT INTO kept (kind, device_id, software_version_id, hardware_version, source,"
		" text, received_at, captured_at, hash, size, compressed)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[FL_SQL_KEPT_LIST] =
		"SELECT kind, count(*), sum(size) FROM kept GROUP BY kind ORDER BY kind",

	/* most: the most unexpected reboots in one window; ?4 the window */
	[FL_SQL_DEVICES_LIST] =
		"WITH " PIECES
		", told (device_id, at, expected) AS (SELECT device_id, at, expected FROM reboots"
		"  WHERE device_id IS NOT NULL"
		"   AND (?1 IS NULL OR device_id = (SELECT id FROM devices WHERE serial = ?1))),"
		" windows (device_id, count) AS (SELECT device_id, count(*) OVER"
		"  (PARTITION BY device_id ORDER BY at RANGE BETWEEN CURRENT ROW AND ?4 FOLLOWING)"
		"  FROM told WHERE NOT expected),"
		" most (device_id, count) AS (SELECT device_id, max(count) FROM windows GROUP BY device_id),"
		" sums (device_id, expected, unexpected) AS (SELECT device_id, sum(expected),"
		"  sum(NOT expected) FROM told GROUP BY device_id)"
		" SELECT v.serial, v.cohort, nullif(w.type, ''), nullif(w.version, ''),"
		" v.hardware_version, v.first_seen, v.last_seen,"
		" (SELECT count(*) FROM " OF_DEVICE(
			"v.id") " AND NOT EXISTS"
				"  (SELECT 1 FROM reboots WHERE dump_id = t.dump_id AND expected AND t.kind = 1)),"
				" (SELECT count(DISTINCT issue_id) FROM " OF_DEVICE(
					"v.id") "),"
						" coalesce(s.expected, 0), coalesce(s.unexpected, 0),"
						" coalesce(m.count, 0), v.limited, coalesce(p.pending, 0)"
						" FROM devices v LEFT JOIN software_versions w ON w.id = v.software_version_id"
						" LEFT JOIN most m ON m.device_id = v.id LEFT JOIN sums s ON s.device_id = v.id"
						" LEFT JOIN partials p ON p.device_id = v.id"
						" WHERE (?1 IS NULL OR v.serial = ?1) AND (?2 IS NULL OR v.cohort = ?2)"
						" AND coalesce(m.count, 0) >= ?3 ORDER BY v.serial",
	[FL_SQL_REBOOTS_LIST] =
		"SELECT nullif(w.type, ''), nullif(w.version, ''), r.code, r.name, r.expected, count(*),"
		" count(DISTINCT r.device_id), min(r.at), max(r.at)"
		" FROM reboots r LEFT JOIN software_versions w ON w.id = r.software_version_id"
		" WHERE ?1 IS NULL OR r.device_id = (SELECT id FROM devices WHERE serial = ?1)"
		" GROUP BY r.software_version_id, r.code, r.name, r.expected"
		" ORDER BY count(*) DESC, max(r.at) DESC, r.code",

	[FL_SQL_COUNTS_BY_TYPE] = COUNTS("nullif(v.type, '')", VERSION_NOUN, MOST_FIRST),
	[FL_SQL_COUNTS_BY_VERSION] = COUNTS("nullif(v.version, '')", VERSION_NOUN, MOST_FIRST),
	[FL_SQL_COUNTS_BY_HARDWARE] = COUNTS("t.hardware_version", "", MOST_FIRST),
	[FL_SQL_COUNTS_BY_COHORT] = COUNTS("v.cohort", DEVICE_NOUN, MOST_FIRST),
	[FL_SQL_COUNTS_BY_DEVICE] = COUNTS("v.serial", DEVICE_NOUN, MOST_FIRST),
	[FL_SQL_COUNTS_BY_DAY] = COUNTS("date(t.received_at, 'unixepoch')", "", "key"),

	[FL_SQL_SETTING_GET] = "SELECT value FROM settings WHERE name = ?1",
	[FL_SQL_SETTING_SET] = "INSERT INTO settings (name, value) VALUES (?1, ?2)"
			       " ON CONFLICT (name) DO UPDATE SET value = excluded.value",

	[FL_SQL_HISTORY_ADD] =
		"INSERT INTO trace_history (trace_id, line, at, what, old_issue_id, new_issue_id, detail)"
		" VALUES (?1, coalesce(?8, " NEXT_LINE(
			"?1") "), ?2, ?3, ?4, ?5,"
			      " coalesce(?6, (SELECT name FROM symbol_files WHERE id = ?7)))",
	[FL_SQL_HISTORY_LIST] = "SELECT at, what, old_issue_id, new_issue_id, detail"
				" FROM trace_history WHERE trace_id = ?1 ORDER BY line",

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
		" SELECT build, version FROM (SELECT coalesce(build_id, X'') AS build,"
		"  coalesce(software_version_id, 0) AS version FROM traces WHERE id = ?1)"
		" WHERE NOT EXISTS (SELECT 1 FROM missing_told"
		"  WHERE software_version_id = version AND " ONE_BUILD("build_id",
								       "build") ")"
										" RETURNING 1",
	[FL_SQL_MISSING_UNTELL] =
		"DELETE FROM missing_told WHERE software_version_id = coalesce(?2, 0)"
		" AND " ONE_BUILD("build_id", "coalesce(?1, X'')"),

	[FL_SQL_ERASE_READ] = "SELECT t.id, t.issue_id, d.content_id FROM dumps d"
			      " LEFT JOIN traces t ON t.dump_id = d.id WHERE d.id = ?1",
	[FL_SQL_ERASE_DUPLICATES] = "SELECT id FROM dumps WHERE duplicate_of = ?1",
	[FL_SQL_ERASE_NOTICES] = "DELETE FROM notices WHERE trace_id ="
				 " (SELECT id FROM traces WHERE dump_id = ?1)",
	[FL_SQL_ERASE_TRACE] = "DELETE FROM traces WHERE dump_id = ?1",
	[FL_SQL_ERASE_REBOOT] = "DELETE FROM reboots WHERE dump_id = ?1",
	[FL_SQL_ERASE_PAIR] = "UPDATE dumps SET paired_id = NULL WHERE paired_id = ?1",
	[FL_SQL_ERASE_DUMP] = "DELETE FROM dumps WHERE id = ?1",
	[FL_SQL_ERASE_CONTENT] = "DELETE FROM dump_contents WHERE id = ?1"
				 " AND NOT EXISTS (SELECT 1 FROM dumps WHERE content_id = ?1)",
	[FL_SQL_ISSUE_IS_EMPTY] = "SELECT 1 FROM issues WHERE id = ?1 AND trace_count = 0",
	[FL_SQL_FORGET_DUMPS] =
		"WITH " PIECES " SELECT id FROM dumps WHERE device_id = ?1"
		" UNION SELECT dump_id FROM " OF_DEVICE(
			"?1") " UNION SELECT dump_id FROM reboots WHERE device_id = ?1",
	[FL_SQL_FORGET_COUNT] =
		"SELECT (SELECT count(*) FROM kept WHERE device_id = ?1),"
		" (SELECT count(*) FROM reboots WHERE device_id = ?1),"
		" (SELECT coalesce(sum(pending), 0) FROM partials WHERE device_id = ?1)",
	[FL_SQL_FORGET_KEPT] = "DELETE FROM kept WHERE device_id = ?1",
	[FL_SQL_FORGET_REBOOTS] = "DELETE FROM reboots WHERE device_id = ?1",
	[FL_SQL_FORGET_PARTIALS] = "DELETE FROM partials WHERE device_id = ?1",
	[FL_SQL_FORGET_TRANSPORT] = "DELETE FROM transport_counts WHERE device_id = ?1",
	[FL_SQL_FORGET_DEVICE] = "DELETE FROM devices WHERE id = ?1",

	/* length() of a blob does not read it */
	[FL_SQL_GC_CONTENTS] = "SELECT c.id, length(c.compressed), max(d.received_at) AS newest,"
			       " min(d.state IN ('done', 'duplicate')) FROM dump_contents c"
			       " JOIN dumps d ON d.content_id = c.id WHERE NOT c.pruned"
			       " GROUP BY c.id ORDER BY newest, c.id",
	[FL_SQL_GC_CONTENT] =
		"UPDATE dump_contents SET pruned = 1, compressed = X'' WHERE id = ?1 AND NOT pruned"
		" AND NOT EXISTS (SELECT 1 FROM dumps WHERE content_id = ?1"
		"  AND state NOT IN ('done', 'duplicate'))",
	[FL_SQL_GC_KEPT] = "SELECT id, length(compressed), received_at, 1 FROM kept"
			   " ORDER BY received_at, id",
	[FL_SQL_GC_KEPT_DELETE] = "DELETE FROM kept WHERE id = ?1",
	[FL_SQL_GC_QUARANTINED] =
		"SELECT d.id, length(c.compressed), c.id FROM dumps d JOIN dump_contents c"
		" ON c.id = d.content_id LEFT JOIN traces t ON t.dump_id = d.id"
		" WHERE d.state = 'quarantined' AND t.issue_id IS NULL AND d.received_at < ?1"
		" ORDER BY d.id",
	[FL_SQL_GC_IS_QUARANTINED] = "SELECT 1 FROM dumps WHERE id = ?1 AND state = 'quarantined'",
	[FL_SQL_GC_REBOOTS] =
		"SELECT d.id, length(c.compressed), c.id FROM reboots r JOIN dumps d ON d.id = r.dump_id"
		" JOIN dump_contents c ON c.id = d.content_id LEFT JOIN traces t ON t.dump_id = d.id"
		" WHERE r.expected AND t.issue_id IS NULL AND d.state = 'done'"
		" AND d.received_at < ?1 ORDER BY d.id",
	[FL_SQL_GC_PARTIALS] =
		"SELECT count(*), coalesce(sum(pending), 0) FROM partials WHERE touched_at < ?1",
	[FL_SQL_GC_NOTICES] = "SELECT count(*) FROM notices WHERE at < ?1",
	[FL_SQL_GC_NOTICES_DELETE] = "DELETE FROM notices WHERE at < ?1",
	[FL_SQL_GC_BULKS] = "DELETE FROM bulks WHERE at < ?1"
			    " AND NOT EXISTS (SELECT 1 FROM dumps WHERE bulk_id = bulks.id)"
			    " AND NOT EXISTS (SELECT 1 FROM notices WHERE bulk_id = bulks.id)",

	[FL_SQL_STATS] =
		"SELECT 'dumps', state, count(*) FROM dumps WHERE kind = 0 GROUP BY state"
		" UNION ALL SELECT 'reboot events', state, count(*) FROM dumps WHERE kind = 1"
		"  GROUP BY state"
		" UNION ALL SELECT 'trace events', state, count(*) FROM dumps WHERE kind = 2"
		"  GROUP BY state"
		" UNION ALL SELECT 'uploads', 'duplicates', coalesce(sum(duplicates), 0) FROM dumps"
		" UNION ALL SELECT 'uploads', 'limited', coalesce(sum(limited), 0) FROM devices"
		" UNION ALL SELECT 'contents', 'kept', count(*) FROM dump_contents WHERE NOT pruned"
		" UNION ALL SELECT 'contents', 'let go', count(*) FROM dump_contents WHERE pruned"
		" UNION ALL SELECT 'contents', 'bytes', coalesce(sum(size), 0) FROM dump_contents"
		"  WHERE NOT pruned"
		" UNION ALL SELECT 'contents', 'bytes stored', coalesce(sum(length(compressed)), 0)"
		"  FROM dump_contents"
		" UNION ALL SELECT 'traces', 'in issues', count(*) FROM traces"
		"  WHERE issue_id IS NOT NULL"
		" UNION ALL SELECT 'traces', 'without issue', count(*) FROM traces"
		"  WHERE issue_id IS NULL"
		" UNION ALL SELECT 'issues', state, count(*) FROM issues WHERE trace_count > 0"
		"  GROUP BY state"
		" UNION ALL SELECT 'issues', 'without traces', count(*) FROM issues"
		"  WHERE trace_count = 0"
		" UNION ALL SELECT 'devices', 'known', count(*) FROM devices"
		" UNION ALL SELECT 'reboots', 'expected', count(*) FROM reboots WHERE expected"
		" UNION ALL SELECT 'reboots', 'unexpected', count(*) FROM reboots WHERE NOT expected"
		" UNION ALL SELECT 'symbol files', 'current', count(*) FROM symbol_files"
		"  WHERE superseded_by IS NULL"
		" UNION ALL SELECT 'symbol files', 'superseded', count(*) FROM symbol_files"
		"  WHERE superseded_by IS NOT NULL"
		" UNION ALL SELECT 'symbol files', 'bytes', coalesce(sum(size), 0) FROM symbol_files"
		" UNION ALL SELECT 'kept', kind, count(*) FROM kept GROUP BY kind"
		" UNION ALL SELECT 'kept', 'bytes stored', coalesce(sum(length(compressed)), 0) FROM kept"
		" UNION ALL SELECT 'half-received', 'devices', count(*) FROM partials"
		" UNION ALL SELECT 'half-received', 'bytes', coalesce(sum(pending), 0) FROM partials"
		" UNION ALL SELECT 'transport', name, sum(events) FROM transport_counts GROUP BY name"
		" UNION ALL SELECT 'transport bytes', name, sum(bytes) FROM transport_counts GROUP BY name"
		" UNION ALL SELECT 'notices', 'pending', count(*) FROM notices"
		" UNION ALL SELECT 'notices', 'failed before', count(*) FROM notices WHERE attempts"
		" UNION ALL SELECT 'notices', 'dropped', coalesce((SELECT value FROM settings"
		"  WHERE name = 'notices_dropped'), 0)"
		" UNION ALL SELECT 'bulk work', 'traces left', coalesce(sum(left_over), 0) FROM bulks"
		"  WHERE what <> 'reanalysed'"
		" UNION ALL SELECT 'database', 'page size', page_size FROM pragma_page_size"
		" UNION ALL SELECT 'database', 'pages', page_count FROM pragma_page_count"
		" UNION ALL SELECT 'database', 'free pages', freelist_count FROM pragma_freelist_count",

	[FL_SQL_VERIFY_ISSUES] =
		"SELECT i.id, i.trace_count, count(t.id) FROM issues i"
		" LEFT JOIN traces t ON t.issue_id = i.id GROUP BY i.id"
		" HAVING i.trace_count <> count(t.id) OR i.first_seen IS NOT min(t.received_at)"
		" OR i.last_seen IS NOT max(t.received_at)",
	[FL_SQL_VERIFY_DUMPS] =
		"SELECT d.id, d.state FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id"
		" WHERE (d.state IN ('done', 'waiting') AND t.id IS NULL)"
		" OR (d.state = 'waiting' AND t.issue_id IS NOT NULL)"
		" OR (d.state = 'duplicate' AND t.id IS NOT NULL)"
		" OR (d.state = 'done' AND t.issue_id IS NULL AND NOT EXISTS"
		"  (SELECT 1 FROM reboots r WHERE r.dump_id = d.id AND r.expected))",
	[FL_SQL_VERIFY_BULKS] =
		"SELECT b.id, b.left_over, (SELECT count(*) FROM dumps WHERE bulk_id = b.id) AS n"
		" FROM bulks b WHERE b.what <> 'reanalysed' AND b.left_over <> n",
	[FL_SQL_VERIFY_CONTENTS] =
		"SELECT id, hash, size, compressed FROM dump_contents WHERE id > ?1 AND NOT pruned"
		" ORDER BY id LIMIT 1",
	[FL_SQL_VERIFY_KEPT] =
		"SELECT id, hash, size, compressed FROM kept WHERE id > ?1 ORDER BY id LIMIT 1",
	[FL_SQL_VERIFY_REPORTS] = "SELECT id, report FROM traces WHERE id > ?1 ORDER BY id LIMIT 1",
	[FL_SQL_VERIFY_SYMBOLS] =
		"SELECT id, hash, size, name FROM symbol_files WHERE id > ?1 ORDER BY id LIMIT 1",
	[FL_SQL_SYMBOLS_FILES] = "SELECT hash, size FROM symbol_files ORDER BY id",
	[FL_SQL_PAGES] = "SELECT page_size, page_count FROM pragma_page_size, pragma_page_count",
	[FL_SQL_VERIFY_TOTAL] = "SELECT (SELECT count(*) FROM dump_contents WHERE NOT pruned)"
				" + (SELECT count(*) FROM kept) + (SELECT count(*) FROM traces)"
				" + (SELECT count(*) FROM symbol_files)",
};
