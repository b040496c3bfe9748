/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders and stdin become deliveries. */
#include "cli/ingest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	READ_SIZE = 256 << 10,
	DEPTH_MAX = 16,
	IDLE_MILLISECONDS = 1000,
	DRAW_MILLISECONDS = 250,
};

/* One input on its way in. */
struct source {
	const char *path;
	int fd;
	bool in_folder, unreadable;
	struct stat info;
	uint64_t done;
	int64_t began; /* milliseconds */
};

void cli_ingest_failed(struct cli_ingest *ingest, const char *name, const struct fl_error *err)
{
	cli_ingest_end_drawing(ingest);
	int code = cli_fail(name, err);
	ingest->failed++;
	ingest->exit_code = ingest->exit_code ? ingest->exit_code : code;
}

static int64_t milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Nothing for what is done at once. */
static bool is_due(struct cli_ingest *ingest, int64_t now)
{
	if (!ingest->show_progress || now - ingest->drawn_at < DRAW_MILLISECONDS)
		return false;
	ingest->drawn_at = now;
	ingest->drawn = true;
	return true;
}

static void print_count(const struct cli_ingest *ingest)
{
	fprintf(stderr, "\r%" PRIu64 " file%s, ", ingest->files, ingest->files == 1 ? "" : "s");
}

static void draw_count(struct cli_ingest *ingest)
{
	if (!is_due(ingest, milliseconds()))
		return;
	print_count(ingest);
	fprintf(stderr, "%.1f MB \033[K", (double)ingest->total.bytes / 1e6);
}

/* A file that takes long. */
static void draw(struct cli_ingest *ingest, const struct source *source)
{
	int64_t now = milliseconds();
	if (now - source->began < DRAW_MILLISECONDS || !is_due(ingest, now))
		return;
	double megabytes = (double)source->done / 1e6;
	double seconds = (double)(now - source->began) / 1e3;
	if (ingest->files)
		print_count(ingest);
	else
		fputs("\r", stderr);
	fprintf(stderr, "%.40s: %.1f MB", cli_text(cli_basename(source->path)), megabytes);
	if (S_ISREG(source->info.st_mode) && source->info.st_size)
		fprintf(stderr, " (%.0f%%)",
			100.0 * (double)source->done / (double)source->info.st_size);
	fprintf(stderr, ", %.1f MB/s \033[K", megabytes / seconds);
}

void cli_ingest_end_drawing(struct cli_ingest *ingest)
{
	if (ingest->drawn)
		fputs("\r\033[K", stderr);
	ingest->drawn = false;
}

/* What a live stream brought is not left lying about. */
static enum fl_code
flush_when_idle(struct fl_delivery *delivery, const struct source *source, struct fl_error *err)
{
	struct pollfd waiting = { .fd = source->fd, .events = POLLIN };
	if (S_ISREG(source->info.st_mode) || poll(&waiting, 1, IDLE_MILLISECONDS) != 0)
		return FL_OK;
	return fl_delivery_flush(delivery, err);
}

static enum fl_code feed(struct cli_ingest *ingest, struct fl_delivery *delivery,
			 struct source *source, uint8_t *buffer, struct fl_error *err)
{
	for (;;) {
		enum fl_code code = flush_when_idle(delivery, source, err);
		if (code)
			return code;
		ssize_t n = read(source->fd, buffer, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			source->unreadable = true;
			return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", strerror(errno));
		}
		if (n == 0)
			return fl_delivery_end(delivery, err);
		code = fl_delivery_feed(delivery, buffer, (size_t)n, err);
		if (code)
			return code;
		source->done += (uint64_t)n;
		draw(ingest, source);
	}
}

/* --- what is known before a byte was read --- */

/* The group of the pattern, which has to cover the whole name. */
static bool
device_of_name(const struct cli_ingest *ingest, const char *name, char *serial, size_t room)
{
	regmatch_t match[2];
	if (regexec(&ingest->device_pattern, name, 2, match, 0) != 0 || match[0].rm_so != 0 ||
	    name[match[0].rm_eo] || match[1].rm_so < 0)
		return false;
	int size = (int)(match[1].rm_eo - match[1].rm_so);
	return size > 0 && snprintf(serial, room, "%.*s", size, name + match[1].rm_so) < (int)room;
}

static void describe(const struct cli_ingest *ingest, const struct source *source,
		     struct fl_delivery_options *ret)
{
	bool regular = S_ISREG(source->info.st_mode);
	*ret = ingest->delivery;
	ret->source = cli_basename(source->path);
	ret->has_size = regular;
	ret->size = (uint64_t)source->info.st_size;
	if (ret->received_at_is_said)
		return;
	ret->received_at = regular ? source->info.st_mtime : time(NULL);
	ret->received_at_is_mtime = regular;
}

/* --- one file --- */

static enum cli_skip reason_of(enum fl_carrier carrier)
{
	return carrier == FL_CARRIER_ELF          ? CLI_SKIP_ELF
	       : carrier == FL_CARRIER_OTHER_DUMP ? CLI_SKIP_OTHER
						  : CLI_SKIP_UNKNOWN;
}

/* Nothing that was meant for us: JSON that is no export, a text without items. */
static bool holds_nothing(const struct fl_delivery *delivery)
{
	const struct fl_intake_summary *summary = fl_delivery_summary(delivery);
	enum fl_carrier carrier = fl_delivery_carrier(delivery);
	bool is_export = carrier == FL_CARRIER_JSON || carrier == FL_CARRIER_SSE;
	if (summary->carrier.items || summary->carrier.compact_logs)
		return false;
	return is_export ? !summary->events.own : !summary->carrier.damaged;
}

static void settle(struct cli_ingest *ingest, const struct source *source,
		   const struct fl_delivery *delivery, enum fl_code code, struct fl_error *err)
{
	const struct fl_intake_summary *summary = fl_delivery_summary(delivery);
	bool nothing = !code && holds_nothing(delivery);
	if (source->in_folder && (code == FL_EUNSUPPORTED || nothing)) {
		ingest->skipped[reason_of(fl_delivery_carrier(delivery))]++;
		return;
	}
	struct fl_intake_summary counted = *summary;
	if (!code && (code = fl_intake_judge(summary, err)))
		counted.refused = 0; /* all of it, and it is said now */
	fl_intake_summary_add(&ingest->total, &counted);
	if (source->in_folder && code == FL_EFORMAT && !source->done) {
		ingest->skipped[CLI_SKIP_EMPTY]++;
	} else if (code) {
		cli_ingest_failed(ingest, source->path, err);
	} else {
		ingest->files++;
		if (nothing) {
			cli_ingest_end_drawing(ingest);
			cli_error("%s: no dump or chunk in it (%" PRIu64
				  " events of other kinds); see --event-name, --data-field",
				  cli_text(source->path), summary->events.others);
		}
	}
}

static void take_open(struct cli_ingest *ingest, struct source *source, const char *serial)
{
	FL_AUTO(fl_delivery) delivery = NULL;
	struct fl_delivery_options options;
	struct fl_error err = { 0 };
	uint8_t *buffer = malloc(READ_SIZE);
	describe(ingest, source, &options);
	if (serial[0])
		options.device = serial;
	enum fl_code code = buffer ? fl_delivery_open(&options, &delivery, &err)
				   : fl_fail(&err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
	if (code) {
		cli_ingest_failed(ingest, source->path, &err);
	} else {
		source->began = milliseconds();
		code = feed(ingest, delivery, source, buffer, &err);
		settle(ingest, source, delivery, code, &err);
		ingest->broken =
			code == FL_EIO && !source->unreadable && !fl_delivery_is_busy(delivery);
	}
	free(buffer);
}

static bool open_source(struct source *source, struct fl_error *err)
{
	bool is_stdin = !source->in_folder && strcmp(source->path, "-") == 0;
	source->fd = is_stdin ? dup(STDIN_FILENO) : open(source->path, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0 || fstat(source->fd, &source->info) != 0) {
		fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", strerror(errno));
		return false;
	}
	return true;
}

/* A file is still there if the power fails; what came through a pipe is only in the database. */
static bool choose_durability(const struct cli_ingest *ingest, const struct source *source,
			      struct fl_error *err)
{
	struct fl_store *store = ingest->delivery.store;
	if (!S_ISREG(source->info.st_mode))
		return fl_store_sync(store, err) == FL_OK;
	fl_store_put_off_sync(store);
	return true;
}

static void take_file(struct cli_ingest *ingest, const char *path, bool in_folder)
{
	struct source source = { .path = path, .in_folder = in_folder };
	struct fl_error err = { 0 };
	char serial[256] = "";
	const char *name = cli_basename(path);
	if (ingest->broken) {
		ingest->untried++;
		return;
	}
	if (ingest->has_pattern && strcmp(path, "-") != 0 &&
	    !device_of_name(ingest, name, serial, sizeof(serial))) {
		fl_fail(&err, FL_EINVALID, FL_AT_NONE, 0,
			"the name does not match --device-from-name");
		if (in_folder)
			ingest->skipped[CLI_SKIP_NAME]++;
		else
			cli_ingest_failed(ingest, path, &err);
		return;
	}
	if (open_source(&source, &err) && choose_durability(ingest, &source, &err))
		take_open(ingest, &source, serial);
	else
		cli_ingest_failed(ingest, path, &err);
	draw_count(ingest);
	if (source.fd >= 0)
		close(source.fd);
}

/* --- folders --- */

static void take_folder(struct cli_ingest *ingest, const char *path, unsigned depth)
{
	struct dirent **entries = NULL;
	struct fl_error err = { 0 };
	int count = depth < DEPTH_MAX ? scandir(path, &entries, NULL, alphasort) : -1;
	if (count < 0) {
		fl_fail(&err, FL_EIO, FL_AT_NONE, 0, "%s",
			depth < DEPTH_MAX ? strerror(errno) : "folders nested too deep");
		cli_ingest_failed(ingest, path, &err);
	}
	for (int i = 0; i < count; i++) {
		char child[4096];
		struct stat info;
		const char *name = entries[i]->d_name;
		int size = snprintf(child, sizeof(child), "%s/%s", path, name);
		if (name[0] != '.' && size < (int)sizeof(child) && stat(child, &info) == 0) {
			if (S_ISDIR(info.st_mode))
				take_folder(ingest, child, depth + 1);
			else if (S_ISREG(info.st_mode))
				take_file(ingest, child, true);
		}
		free(entries[i]);
	}
	free(entries);
}

void cli_ingest_path(struct cli_ingest *ingest, const char *path)
{
	struct stat info;
	if (!ingest->drawn_at)
		ingest->drawn_at = milliseconds();
	if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		take_folder(ingest, path, 0);
	else
		take_file(ingest, path, false);
}
