/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 200, RATE_MS = 5000 };

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t settled(const struct fl_worker_summary *summary)
{
	return summary->filed + summary->waiting + summary->quarantined + summary->duplicates +
	       summary->joined + summary->reboots + summary->pruned;
}

void fl_progress_start(struct fl_progress *progress, bool on)
{
	*progress = (struct fl_progress){ .on = on, .since_ms = now_ms() };
}

static void draw(struct fl_progress *progress, const struct fl_worker_summary *summary, int64_t now)
{
	int64_t elapsed = now - progress->since_ms;
	uint64_t count = settled(summary) - progress->since_count;
	if (elapsed > 0)
		progress->rate = (double)count * 1000 / (double)elapsed;
	if (elapsed > RATE_MS) {
		progress->since_ms = now;
		progress->since_count = settled(summary);
	}
	fprintf(stderr,
		"\r\033[Kfiled %" PRIu64 ", waiting %" PRIu64 ", quarantined %" PRIu64 ", %.1f/s",
		summary->filed, summary->waiting, summary->quarantined, progress->rate);
	progress->drawn = true;
	progress->drawn_ms = now;
}

void fl_progress_show(struct fl_progress *progress, const struct fl_worker_summary *summary)
{
	int64_t now = progress->on ? now_ms() : 0;
	if (progress->on && (!progress->drawn || now - progress->drawn_ms >= REDRAW_MS))
		draw(progress, summary, now);
}

void fl_progress_end(struct fl_progress *progress, const struct fl_worker_summary *summary)
{
	if (!progress->on)
		return;
	draw(progress, summary, now_ms());
	fputc('\n', stderr);
}

void fl_warn(const char *subject, const char *format, ...)
{
	char line[512];
	int used = snprintf(line, sizeof(line), "faultline: %s: ", subject);
	size_t at = used < 0 ? 0 : (size_t)used < sizeof(line) ? (size_t)used : sizeof(line) - 1;
	va_list ap;
	va_start(ap, format);
	vsnprintf(line + at, sizeof(line) - at, format, ap);
	va_end(ap);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "%s%s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", line);
}
