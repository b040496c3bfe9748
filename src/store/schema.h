/* SPDX-License-Identifier: Apache-2.0 */
/** @file The schema as a list of migrations. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

enum {
	FL_SCHEMA_VERSION = 3,
	FL_APPLICATION_ID = 0x464c544c, /**< "FLTL": PRAGMA application_id of our databases */
};

/**
 * Element i takes a database from schema i to i + 1: scripts up to NULL, applied in one
 * transaction; they set PRAGMA user_version themselves. A released element never changes again.
 */
extern const char *const *const fl_schema_migrations[FL_SCHEMA_VERSION];

#endif
