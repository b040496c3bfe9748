/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <stddef.h>

/*
 * Keys that only ever grow (AUTOINCREMENT) are what the content index relies on: it reads the rows
 * after the last one it saw, so an id may never be used twice.
 *
 * There is no index on dump_contents.hash: a random key touches a random page per insertion, and a
 * table of a million rows then costs half the speed. dump_contents_keys is ordered by id and exists
 * so that reading the keys does not read the bytes.
 */
static const char schema_1[] =
	"PRAGMA application_id = 0x464c544c;"
	"PRAGMA user_version = 1;"

	"CREATE TABLE software_versions ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" type TEXT NOT NULL," /* '' = not said */
	" version TEXT NOT NULL,"
	" UNIQUE (version, type)"
	") STRICT;"

	"CREATE TABLE devices ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" serial TEXT NOT NULL UNIQUE,"
	" cohort TEXT"
	") STRICT;"

	"CREATE TABLE symbol_files ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 16),"
	" name TEXT NOT NULL,"
	" size INTEGER NOT NULL,"
	" build_id BLOB," /* of module 0; NULL = the ELF has none */
	" software_version_id INTEGER REFERENCES software_versions (id),"
	" has_debug_info INTEGER NOT NULL CHECK (has_debug_info IN (0, 1)),"
	" revision INTEGER NOT NULL UNIQUE" /* grows with every change of any row */
	") STRICT;"
	"CREATE INDEX symbol_files_by_build_id ON symbol_files (build_id)"
	" WHERE build_id IS NOT NULL;"
	"CREATE INDEX symbol_files_by_version ON symbol_files (software_version_id)"
	" WHERE software_version_id IS NOT NULL;"

	"CREATE TABLE symbol_modules ("
	" symbol_file_id INTEGER NOT NULL REFERENCES symbol_files (id),"
	" position INTEGER NOT NULL," /* 0 = the outer ELF */
	" name TEXT NOT NULL,"
	" build_id BLOB,"
	" has_debug_info INTEGER NOT NULL CHECK (has_debug_info IN (0, 1)),"
	" has_unwind_info INTEGER NOT NULL CHECK (has_unwind_info IN (0, 1)),"
	" has_symbol_table INTEGER NOT NULL CHECK (has_symbol_table IN (0, 1)),"
	" function_count INTEGER NOT NULL,"
	" PRIMARY KEY (symbol_file_id, position)"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE dump_contents ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" hash BLOB NOT NULL CHECK (length(hash) = 16)," /* XXH3-128 of the raw bytes */
	" size INTEGER NOT NULL,"                        /* of the raw bytes */
	" compressed BLOB NOT NULL"                      /* one zstd frame */
	") STRICT;"
	"CREATE INDEX dump_contents_keys ON dump_contents (id, hash);"

	"CREATE TABLE dumps ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" content_id INTEGER NOT NULL REFERENCES dump_contents (id),"
	/* IN with more than two words would be a table, made anew for every row that is written */
	" state TEXT NOT NULL DEFAULT 'queued' CHECK (state = 'done' OR state = 'claimed' OR"
	"  state = 'queued' OR state = 'waiting' OR state = 'quarantined' OR state = 'duplicate'),"
	" attempts INTEGER NOT NULL DEFAULT 0," /* claims since it was last queued */
	" lease_owner TEXT,"
	" lease_until INTEGER,"
	" symbols_seen INTEGER," /* newest symbol_files.revision when it was claimed */
	" duplicates INTEGER NOT NULL DEFAULT 0,"
	" duplicate_of INTEGER REFERENCES dumps (id),"
	" received_at INTEGER NOT NULL,"
	" received_at_is_mtime INTEGER NOT NULL CHECK (received_at_is_mtime IN (0, 1)),"
	" device_id INTEGER REFERENCES devices (id),"
	" device_from_upload INTEGER NOT NULL CHECK (device_from_upload IN (0, 1)),"
	" software_version_id INTEGER REFERENCES software_versions (id)," /* as the upload said */
	" hardware_version TEXT,"                                         /* as the upload said */
	" upload_id TEXT,"
	" source TEXT NOT NULL,"
	" reason TEXT,"
	" backtrace TEXT,"
	" CHECK ((state = 'duplicate') = (duplicate_of IS NOT NULL)),"
	" CHECK ((state = 'claimed') = (lease_until IS NOT NULL))"
	") STRICT;"
	"CREATE INDEX dumps_by_content ON dumps (content_id, device_id, upload_id);"
	"CREATE INDEX dumps_in_work ON dumps (id) WHERE state IN ('queued', 'claimed');"
	"CREATE INDEX dumps_waiting ON dumps (id) WHERE state = 'waiting';"

	"CREATE TABLE issues ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" title TEXT NOT NULL,"
	" state TEXT NOT NULL DEFAULT 'open' CHECK (state IN"
	"  ('open', 'resolved', 'muted', 'merged')),"
	" trace_count INTEGER NOT NULL DEFAULT 0 CHECK (trace_count >= 0),"
	" first_seen INTEGER,"
	" last_seen INTEGER,"
	" last_version_id INTEGER REFERENCES software_versions (id)"
	") STRICT;"

	"CREATE TABLE traces ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" dump_id INTEGER NOT NULL UNIQUE REFERENCES dumps (id),"
	" issue_id INTEGER REFERENCES issues (id)," /* NULL while it waits for symbols */
	" received_at INTEGER NOT NULL,"
	" software_version_id INTEGER REFERENCES software_versions (id),"
	" device_id INTEGER REFERENCES devices (id),"
	" hardware_version TEXT,"
	" build_id BLOB,"
	" title TEXT,"
	" engine_version TEXT,"
	" signature_version INTEGER NOT NULL,"
	" rules_hash TEXT,"
	" report BLOB NOT NULL" /* fl_report_encode() */
	") STRICT;"
	"CREATE INDEX traces_by_issue ON traces"
	" (issue_id, received_at, software_version_id, device_id) WHERE issue_id IS NOT NULL;"

	"CREATE TABLE fingerprints ("
	" id INTEGER PRIMARY KEY,"
	" hash BLOB NOT NULL CHECK (length(hash) = 16),"
	" kind TEXT NOT NULL,"
	" joins INTEGER NOT NULL CHECK (joins IN (0, 1)),"
	" issue_id INTEGER NOT NULL REFERENCES issues (id),"
	" signature_version INTEGER NOT NULL,"
	" preimage TEXT NOT NULL,"
	" UNIQUE (hash, kind)"
	") STRICT;";

/*
 * Devices by turns, events beside dumps, what came over the wire and is not complete or not
 * decoded, the past of a trace, notices. SQLite adds columns in place; the CHECKs of schema 1 stay.
 */
static const char schema_2[] =
	"PRAGMA user_version = 2;"

	"CREATE TABLE settings (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"

	/* Work that one command set off: symbols added, removed, reanalysis. */
	"CREATE TABLE bulks ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" what TEXT NOT NULL,"
	" at INTEGER NOT NULL,"
	" traces INTEGER NOT NULL,"    /* that it queued */
	" left_over INTEGER NOT NULL," /* of those, not finished yet */
	" new_issues INTEGER NOT NULL DEFAULT 0,"
	" moved INTEGER NOT NULL DEFAULT 0,"
	" waiting INTEGER NOT NULL DEFAULT 0,"
	" quarantined INTEGER NOT NULL DEFAULT 0"
	") STRICT;"

	"ALTER TABLE devices ADD COLUMN first_seen INTEGER;"
	"ALTER TABLE devices ADD COLUMN last_seen INTEGER;"
	"ALTER TABLE devices ADD COLUMN software_version_id INTEGER REFERENCES software_versions (id);"
	"ALTER TABLE devices ADD COLUMN hardware_version TEXT;"
	"ALTER TABLE devices ADD COLUMN identity_at INTEGER;" /* when the two were said */
	"ALTER TABLE devices ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;" /* of its last upload */
	"ALTER TABLE devices ADD COLUMN rate_from INTEGER NOT NULL DEFAULT 0;" /* of the window */
	"ALTER TABLE devices ADD COLUMN rate_count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN limited INTEGER NOT NULL DEFAULT 0;"

	"ALTER TABLE symbol_files ADD COLUMN superseded_by INTEGER REFERENCES symbol_files (id);"
	"ALTER TABLE symbol_files ADD COLUMN has_code_bytes INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE symbol_modules ADD COLUMN has_code_bytes INTEGER NOT NULL DEFAULT 1;"

	"ALTER TABLE dump_contents ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;"

	"ALTER TABLE dumps ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;" /* enum fl_report_kind */
	"ALTER TABLE dumps ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE dumps ADD COLUMN bulk_id INTEGER REFERENCES bulks (id);"
	/* A dump's reboot event; the event's own state is 'duplicate', of the dump. */
	"ALTER TABLE dumps ADD COLUMN paired_id INTEGER REFERENCES dumps (id);"
	/* Foreign keys that are followed backwards when their row goes; not that of a device: each
	 * index costs every dump a page, and devices are rarely forgotten. */
	"CREATE INDEX dumps_by_bulk ON dumps (bulk_id) WHERE bulk_id IS NOT NULL;"
	"CREATE INDEX dumps_by_original ON dumps (duplicate_of) WHERE duplicate_of IS NOT NULL;"
	"CREATE INDEX dumps_by_pair ON dumps (paired_id) WHERE paired_id IS NOT NULL;"
	"DROP INDEX dumps_in_work;"
	"CREATE INDEX dumps_in_work ON dumps (turn, id) WHERE state IN ('queued', 'claimed');"

	"ALTER TABLE traces ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE traces ADD COLUMN symbol_file_id INTEGER REFERENCES symbol_files (id);"
	/* What pairs a reboot event with its dump; pc and lr without bit 0. */
	"ALTER TABLE traces ADD COLUMN reason INTEGER;"
	"ALTER TABLE traces ADD COLUMN pc INTEGER;"
	"ALTER TABLE traces ADD COLUMN lr INTEGER;"
	/* A dump whose event did not come, or an event whose dump should. */
	"ALTER TABLE traces ADD COLUMN unpaired INTEGER NOT NULL DEFAULT 0;"
	/* One of the dumps that fl_store_policy::keep_per_issue keeps. */
	"ALTER TABLE traces ADD COLUMN sample INTEGER NOT NULL DEFAULT 0;"
	/* The issue that it was in before, while or because its symbol file went or got better. */
	"ALTER TABLE traces ADD COLUMN left_issue_id INTEGER REFERENCES issues (id);"
	"CREATE INDEX traces_by_left_issue ON traces (left_issue_id)"
	" WHERE left_issue_id IS NOT NULL;"
	"CREATE INDEX traces_by_device ON traces (device_id, unpaired, kind, reason, lr)"
	" WHERE device_id IS NOT NULL;"
	"CREATE INDEX traces_samples ON traces (issue_id, software_version_id) WHERE sample;"
	"CREATE INDEX traces_by_symbols ON traces (symbol_file_id) WHERE symbol_file_id IS NOT NULL;"

	"CREATE TABLE trace_history ("
	" trace_id INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,"
	" line INTEGER NOT NULL," /* from 1 */
	" at INTEGER NOT NULL,"
	" what TEXT NOT NULL,"
	" old_issue_id INTEGER REFERENCES issues (id),"
	" new_issue_id INTEGER REFERENCES issues (id),"
	" detail TEXT,"
	" PRIMARY KEY (trace_id, line)"
	") STRICT, WITHOUT ROWID;"

	/* One per reboot event, expected or not, and one per dump whose event did not come. */
	"CREATE TABLE reboots ("
	" dump_id INTEGER PRIMARY KEY REFERENCES dumps (id)," /* or event */
	" device_id INTEGER REFERENCES devices (id),"
	" software_version_id INTEGER REFERENCES software_versions (id),"
	" hardware_version TEXT,"
	" code INTEGER NOT NULL,"
	" name TEXT NOT NULL,"
	" expected INTEGER NOT NULL CHECK (expected IN (0, 1)),"
	" at INTEGER NOT NULL" /* captured, else received */
	") STRICT;"

	"CREATE TABLE partials ("
	" device_id INTEGER PRIMARY KEY REFERENCES devices (id),"
	" state BLOB NOT NULL," /* fl_stream_save() */
	" pending INTEGER NOT NULL,"
	" touched_at INTEGER NOT NULL"
	") STRICT;";

static const char schema_2_beside[] =
	/* What became of the chunks of a device; device_id 0 = all unknown ones. */
	"CREATE TABLE transport_counts ("
	" device_id INTEGER NOT NULL,"
	" name TEXT NOT NULL," /* \"chunks\", \"overhead\", \"messages\", or an fl_drop_name() */
	" events INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL,"
	" PRIMARY KEY (device_id, name)"
	") STRICT, WITHOUT ROWID;"

	/* Heartbeats, logs, recordings, and what could not be opened. */
	"CREATE TABLE kept ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" kind TEXT NOT NULL,"
	" device_id INTEGER REFERENCES devices (id),"
	" software_version_id INTEGER REFERENCES software_versions (id),"
	" hardware_version TEXT,"
	" source TEXT NOT NULL,"
	" text TEXT,"
	" received_at INTEGER NOT NULL,"
	" captured_at INTEGER,"
	" duplicates INTEGER NOT NULL DEFAULT 0,"
	" hash BLOB NOT NULL CHECK (length(hash) = 16),"
	" size INTEGER NOT NULL,"
	" compressed BLOB NOT NULL"
	") STRICT;"
	"CREATE INDEX kept_by_device ON kept (device_id, hash) WHERE device_id IS NOT NULL;"

	"CREATE TABLE notices ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" kind INTEGER NOT NULL," /* enum fl_notice_kind */
	" at INTEGER NOT NULL,"
	" issue_id INTEGER REFERENCES issues (id),"
	" trace_id INTEGER REFERENCES traces (id) ON DELETE SET NULL,"
	" bulk_id INTEGER REFERENCES bulks (id),"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" next_at INTEGER NOT NULL,"
	" failure TEXT"
	") STRICT;"
	"CREATE INDEX notices_due ON notices (next_at);"
	"CREATE INDEX notices_by_trace ON notices (trace_id) WHERE trace_id IS NOT NULL;"

	/* Of which missing symbol files somebody was told; X'' and 0: not known. */
	"CREATE TABLE missing_told ("
	" build_id BLOB NOT NULL,"
	" software_version_id INTEGER NOT NULL,"
	" PRIMARY KEY (build_id, software_version_id)"
	") STRICT, WITHOUT ROWID;";

#define HEARD \
	"(SELECT coalesce(d.device_id, t.device_id) AS device, d.received_at AS at, d.id AS dump," \
	" coalesce(t.software_version_id, d.software_version_id) AS version," \
	" coalesce(t.hardware_version, d.hardware_version) AS hardware" \
	" FROM dumps d LEFT JOIN traces t ON t.dump_id = d.id)"
/* The newest that was said. */
#define SAID(column, value) \
	"UPDATE devices SET " column " = h." value "," \
	" identity_at = max(coalesce(identity_at, h.at), h.at)" \
	" FROM (SELECT device, at, " value ", row_number() OVER" \
	"  (PARTITION BY device ORDER BY at DESC, dump DESC) AS place" \
	"  FROM " HEARD " WHERE " value " IS NOT NULL) h" \
	" WHERE h.device = devices.id AND h.place = 1;"

/* Of devices schema 1 had only names. */
static const char schema_2_devices[] =
	"UPDATE devices SET first_seen = h.first, last_seen = h.last FROM"
	" (SELECT device, min(at) AS first, max(at) AS last FROM " HEARD " GROUP BY device) h"
	" WHERE h.device = devices.id;" SAID("software_version_id", "version")
		SAID("hardware_version", "hardware");

/*
 * An index by device alone has a place to insert for each device: at a million traces each of those
 * is a page of its own, read, logged and written back for one entry. In pieces of 16,384 traces the
 * places are on the newest pages of it.
 */
static const char schema_3[] =
	"PRAGMA user_version = 3;"
	"DROP INDEX traces_by_device;"
	"CREATE INDEX traces_by_device ON traces"
	" (id >> 14, device_id, unpaired, kind, reason, lr) WHERE device_id IS NOT NULL;"
	/* Few: each is waiting for its dump. */
	"CREATE INDEX traces_events ON traces (device_id, reason, lr)"
	" WHERE unpaired = 1 AND kind = 1;";

/* Strings of a size that every compiler takes. */
static const char *const to_1[] = { schema_1, NULL };
static const char *const to_2[] = { schema_2, schema_2_beside, schema_2_devices, NULL };
static const char *const to_3[] = { schema_3, NULL };

const char *const *const fl_schema_migrations[FL_SCHEMA_VERSION] = { to_1, to_2, to_3 };
