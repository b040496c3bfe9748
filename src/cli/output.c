/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

void cli_error(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fputs("faultline: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
}

static int exit_of(enum fl_code code)
{
	switch (code) {
	case FL_OK:
		return CLI_OK;
	case FL_EFORMAT:
	case FL_EUNSUPPORTED:
	case FL_ELIMIT:
	case FL_EUNMAPPED:
		return CLI_BAD_INPUT;
	case FL_ENOTFOUND:
		return CLI_NOT_FOUND;
	case FL_ECHILD:
		return CLI_DIED;
	case FL_EINVALID:
		return CLI_USAGE;
	case FL_ENOMEM:
	case FL_EIO:
		break;
	}
	return CLI_FAILED;
}

int cli_fail(const char *subject, const struct fl_error *err)
{
	const char *message = cli_text(err->message);
	const char *name = cli_text(subject);
	if (err->at_kind == FL_AT_FILE_OFFSET)
		cli_error("%s: %s (file offset 0x%" PRIx64 ")", name, message, err->at);
	else if (err->at_kind == FL_AT_TARGET_ADDRESS)
		cli_error("%s: %s (address 0x%08" PRIx64 ")", name, message, err->at);
	else
		cli_error("%s: %s", name, message);
	return exit_of(err->code);
}

void cli_print_death(const struct fl_sandbox_death *death)
{
	if (death->reason[0])
		fprintf(stderr, "the analysis process: %s\n", death->reason);
	if (death->backtrace[0])
		fprintf(stderr, "its own backtrace:\n%s", death->backtrace);
}

int cli_write(const char *path, const struct fl_buffer *bytes)
{
	bool to_stdout = !path || strcmp(path, "-") == 0;
	FILE *file = to_stdout ? stdout : fopen(path, "wb");
	if (!file) {
		cli_error("%s: %s", cli_text(path), strerror(errno));
		return CLI_FAILED;
	}
	bool good = fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	good = (to_stdout ? fflush(file) : fclose(file)) == 0 && good;
	if (!good) {
		cli_error("%s: cannot be written: %s", to_stdout ? "stdout" : cli_text(path),
			  strerror(errno));
		return CLI_FAILED;
	}
	return CLI_OK;
}

bool cli_use_color(int choice, const char *output_path)
{
	if (choice)
		return choice == 1;
	const char *no_color = getenv("NO_COLOR"); /* no-color.org: present and not empty */
	const char *term = getenv("TERM");
	if ((no_color && no_color[0]) || (output_path && strcmp(output_path, "-") != 0))
		return false;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

unsigned cli_columns(void)
{
	struct winsize size;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col >= 60)
		return size.ws_col;
	return 80;
}

const char *cli_time(int64_t seconds, char *buf)
{
	time_t time = (time_t)seconds;
	struct tm parts;
	if (!gmtime_r(&time, &parts) || !strftime(buf, 24, "%Y-%m-%d %H:%M:%S", &parts))
		return "-";
	return buf;
}

const char *cli_text(const char *text)
{
	static char buffers[8][1024];
	static unsigned next;
	if (!text)
		return "-";
	char *out = buffers[next++ % 8];
	size_t size = 0;
	for (const char *p = text; *p && size < sizeof(buffers[0]) - 1; p++) {
		unsigned char c = (unsigned char)*p;
		out[size++] = c < 0x20 || c == 0x7f ? '?' : *p;
	}
	out[size] = '\0';
	return out;
}
