/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the files of 'faultline ingest' share. */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "cli/cli.h"
#include "intake/intake.h"
#include "worker/worker.h"

#include <regex.h>

/** Files of a folder that were left alone, by reason. */
enum cli_skip {
	CLI_SKIP_UNKNOWN,
	CLI_SKIP_ELF,
	CLI_SKIP_OTHER,
	CLI_SKIP_EMPTY,
	CLI_SKIP_NAME,
	CLI_SKIP_COUNT
};

struct cli_ingest {
	/** What every delivery has in common. */
	struct fl_delivery_options delivery;
	bool has_pattern;
	regex_t device_pattern; /**< of a file's name; its one group is the serial number */
	bool show_progress, drawn;
	int64_t drawn_at; /**< milliseconds; at first when the first file began */

	struct fl_intake_summary total;
	uint64_t files, failed;
	bool broken;      /**< the database takes nothing more: the disk is full */
	uint64_t untried; /**< files after that */
	uint64_t skipped[CLI_SKIP_COUNT];
	int exit_code; /**< of the first failure */
	bool worked;
	struct fl_worker_summary work; /**< of the queue, if it was processed */
};

/** A file, a folder or "-"; failures are said and counted. */
void cli_ingest_path(struct cli_ingest *ingest, const char *path);
/** A failure of one file: said and counted. */
void cli_ingest_failed(struct cli_ingest *ingest, const char *name, const struct fl_error *err);
/** Take the progress off the terminal, before anything else is written there. */
void cli_ingest_end_drawing(struct cli_ingest *ingest);

struct cli_http {
	const char *content_type, *content_encoding;
	bool has_length;
	uint64_t length, length_max;
};
/** One request body from stdin. @return an exit code. */
int cli_ingest_http(struct cli_ingest *ingest, const struct cli_http *http);

void cli_ingest_print(const struct cli_ingest *ingest);
/** @return an exit code. */
int cli_ingest_print_json(const struct cli_ingest *ingest);

#endif
