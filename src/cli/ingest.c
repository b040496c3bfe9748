/* SPDX-License-Identifier: Apache-2.0 */
/* faultline ingest: dumps into the queue, and through it. */
#include "cli/cli.h"
#include "worker/worker.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct ingest {
	const char *database;
	const char *device;
	const char *received;
	bool queue_only;
	int sandbox_mode;

	struct fl_store *store;
	int64_t received_at;
	bool has_received;
	uint64_t added, duplicates, failed;
	int exit_code;
};

static void ingest_file(struct ingest *ingest, const char *path)
{
	struct fl_error err = { 0 };
	FL_AUTO_BUFFER bytes = { 0 };
	if (cli_read_file(path, &bytes, &err)) {
		int code = cli_fail(path, &err);
		ingest->failed++;
		ingest->exit_code = ingest->exit_code ? ingest->exit_code : code;
		return;
	}
	struct stat info;
	bool has_mtime = strcmp(path, "-") != 0 && stat(path, &info) == 0;
	struct fl_upload upload = {
		.bytes = bytes.data,
		.size = bytes.size,
		.source = cli_basename(path),
		.device = ingest->device,
		.received_at = ingest->has_received ? ingest->received_at
			       : has_mtime          ? info.st_mtime
						    : time(NULL),
		.received_at_is_mtime = !ingest->has_received && has_mtime,
	};
	struct fl_enqueued enqueued;
	if (fl_store_enqueue(ingest->store, &upload, &enqueued, &err)) {
		int code = cli_fail(path, &err);
		ingest->failed++;
		ingest->exit_code = ingest->exit_code ? ingest->exit_code : code;
		return;
	}
	ingest->added += !enqueued.duplicate;
	ingest->duplicates += enqueued.duplicate;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rtaken in: %" PRIu64, ingest->added + ingest->duplicates);
}

static void ingest_path(struct ingest *ingest, const char *path, unsigned depth)
{
	struct stat info;
	if (strcmp(path, "-") == 0 || stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
		ingest_file(ingest, path);
		return;
	}
	struct dirent **entries = NULL;
	int count = depth < 16 ? scandir(path, &entries, NULL, alphasort) : -1;
	if (count < 0) {
		cli_error("%s: %s", cli_text(path),
			  depth < 16 ? strerror(errno) : "folders nested too deep");
		ingest->failed++;
		ingest->exit_code = ingest->exit_code ? ingest->exit_code : CLI_FAILED;
	}
	for (int i = 0; i < count; i++) {
		char child[4096];
		const char *name = entries[i]->d_name;
		snprintf(child, sizeof(child), "%s/%s", path, name);
		/* A folder of mixed things: only what calls itself a dump is taken. */
		const char *dot = strrchr(name, '.');
		bool is_dump = dot && (strcmp(dot, ".core") == 0 || strcmp(dot, ".bin") == 0 ||
				       strcmp(dot, ".dump") == 0 || strcmp(dot, ".coredump") == 0);
		bool is_folder = stat(child, &info) == 0 && S_ISDIR(info.st_mode);
		if (name[0] != '.' && (is_dump || is_folder))
			ingest_path(ingest, child, depth + 1);
		free(entries[i]);
	}
	free(entries);
}

static int process_queue(const struct ingest *ingest, struct fl_worker_summary *summary)
{
	struct fl_worker_options options = {
		.database = cli_database_path(ingest->database),
		.once = true,
		.progress = isatty(STDERR_FILENO),
		.sandbox = { .mode = (enum fl_sandbox_mode)ingest->sandbox_mode },
	};
	struct fl_error err = { 0 };
	if (fl_worker_run(&options, summary, &err))
		return cli_fail(options.database, &err);
	return CLI_OK;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct ingest ingest = { 0 };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &ingest.database, NULL },
		{ "device", 0, CLI_TEXT, &ingest.device, NULL },
		{ "received", 0, CLI_TEXT, &ingest.received, NULL },
		{ "queue-only", 0, CLI_FLAG, &ingest.queue_only, NULL },
		{ "sandbox", 0, CLI_CHOICE, &ingest.sandbox_mode, cli_sandboxes },
	};
	int count;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count < 1) {
		cli_error("nothing to ingest; see 'faultline ingest --help'");
		return CLI_USAGE;
	}
	if (ingest.received && !cli_parse_time(ingest.received, &ingest.received_at))
		return CLI_USAGE;
	ingest.has_received = ingest.received != NULL;
	int code;
	FL_AUTO(fl_store) store = cli_open_store(ingest.database, true, &code);
	if (!store)
		return code;
	ingest.store = store;
	for (int i = 1; i <= count; i++)
		ingest_path(&ingest, argv[i], 0);
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	printf("%" PRIu64 " taken in, %" PRIu64 " duplicates, %" PRIu64 " could not be taken in\n",
	       ingest.added, ingest.duplicates, ingest.failed);
	struct fl_worker_summary summary = { 0 };
	if (!ingest.queue_only && ingest.added) {
		fflush(stdout);
		code = process_queue(&ingest, &summary);
		if (code)
			return code;
		printf("%" PRIu64 " analysed (%" PRIu64 " new issues), %" PRIu64
		       " wait for their ELF, %" PRIu64 " quarantined\n",
		       summary.filed, summary.new_issues, summary.waiting, summary.quarantined);
		if (summary.quarantined) {
			cli_error(
				"'faultline traces list --quarantined' says what was wrong with those");
			return ingest.exit_code ? ingest.exit_code : CLI_BAD_INPUT;
		}
	}
	if (!ingest.added && !ingest.duplicates && !ingest.failed) {
		cli_error(
			"nothing to take in: of a folder only *.core, *.coredump, *.dump and *.bin are");
		return CLI_NOT_FOUND;
	}
	return ingest.exit_code;
}

const struct cli_verb cli_ingest = {
	.name = "ingest",
	.summary = "take dumps in and analyse them",
	.run = run,
	.help = "usage: faultline ingest FILE|FOLDER|- ... [--db FILE]\n"
		"\n"
		"Puts dumps into the database, where they are safe, and analyses them. From a\n"
		"folder the files *.core, *.coredump, *.dump and *.bin are taken, subfolders\n"
		"included. A dump whose ELF is not there yet waits for 'faultline symbols add'.\n"
		"\n"
		"      --db FILE       database (default: $FAULTLINE_DB)\n"
		"      --device S      serial number of the device they come from\n"
		"      --received T    when they came: Unix seconds or 2026-02-01T12:00:00Z\n"
		"                      (default: the file's time)\n"
		"      --queue-only    leave the analysis to 'faultline worker'\n"
		"      --sandbox MODE  auto, require, off\n"
		"\n"
		"example: faultline ingest field-dumps/ --db crashes.db\n",
};
