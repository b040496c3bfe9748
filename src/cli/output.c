/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
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

/* The library may have begun its message with the file's name: once is enough. */
static const char *without_subject(const char *message, const char *subject)
{
	const char *names[] = { subject, cli_basename(subject) };
	for (size_t i = 0; i < CLI_COUNT(names); i++) {
		size_t length = strlen(names[i]);
		if (length && strncmp(message, names[i], length) == 0 && message[length] == ':')
			return message + length + (message[length + 1] == ' ' ? 2 : 1);
	}
	return message;
}

int cli_fail(const char *subject, const struct fl_error *err)
{
	const char *message = cli_text(without_subject(err->message, subject ? subject : ""));
	const char *name = subject ? cli_text(subject) : "";
	const char *colon = subject ? ": " : "";
	if (err->at_kind == FL_AT_FILE_OFFSET && err->at)
		cli_error("%s%s%s (file offset 0x%" PRIx64 ")", name, colon, message, err->at);
	else if (err->at_kind == FL_AT_TARGET_ADDRESS)
		cli_error("%s%s%s (address 0x%08" PRIx64 ")", name, colon, message, err->at);
	else
		cli_error("%s%s%s", name, colon, message);
	return exit_of(err->code);
}

void cli_print_death(const struct fl_sandbox_death *death)
{
	if (death->reason[0])
		fprintf(stderr, "the analysis process: %s\n", death->reason);
	if (death->backtrace[0])
		fprintf(stderr, "its own backtrace:\n%s", death->backtrace);
}

/* Files the program was given to read: an output must not replace one of them. */
static struct {
	dev_t device;
	ino_t inode;
} inputs[64];
static size_t input_count;

void cli_protect(const struct stat *info)
{
	if (input_count == CLI_COUNT(inputs) || !S_ISREG(info->st_mode))
		return;
	inputs[input_count].device = info->st_dev;
	inputs[input_count++].inode = info->st_ino;
}

static bool is_protected(const struct stat *info)
{
	for (size_t i = 0; i < input_count; i++)
		if (inputs[i].device == info->st_dev && inputs[i].inode == info->st_ino)
			return true;
	return false;
}

/* Whoever closed a pipe has seen enough: "| head". */
static bool reader_left(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

void cli_output_failed(void)
{
	if (!reader_left())
		cli_error("standard output: cannot be written: %s", strerror(errno));
}

static int write_stream(FILE *file, const char *name, const struct fl_buffer *bytes)
{
	bool good = fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
	good = fclose(file) == 0 && good;
	if (!good)
		cli_error("%s: cannot be written: %s", name, strerror(errno));
	return good ? CLI_OK : CLI_FAILED;
}

static int write_output(const struct fl_buffer *bytes)
{
	if (fwrite(bytes->data, 1, bytes->size, stdout) == bytes->size && fflush(stdout) == 0)
		return CLI_OK;
	cli_output_failed();
	return CLI_FAILED;
}

/* Whole or not at all: what was there before stays until the new file is complete. */
static int replace_file(const char *path, const struct fl_buffer *bytes)
{
	char temporary[4096];
	int size = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	errno = ENAMETOOLONG;
	int fd = size < (int)sizeof(temporary) ? mkstemp(temporary) : -1;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!file) {
		cli_error("%s: cannot be written: %s", cli_text(path), strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(temporary);
		}
		return CLI_FAILED;
	}
	mode_t mask = umask(0);
	umask(mask);
	(void)!fchmod(fd, 0666 & ~mask);
	int code = write_stream(file, cli_text(path), bytes);
	if (!code && rename(temporary, path) != 0) {
		cli_error("%s: cannot be written: %s", cli_text(path), strerror(errno));
		code = CLI_FAILED;
	}
	if (code)
		unlink(temporary);
	return code;
}

int cli_write(const char *path, const struct fl_buffer *bytes)
{
	if (!path || strcmp(path, "-") == 0)
		return write_output(bytes);
	struct stat info;
	if (stat(path, &info) != 0)
		return replace_file(path, bytes);
	if (is_protected(&info)) {
		cli_error("%s: is an input or the database: choose another output", cli_text(path));
		return CLI_USAGE;
	}
	if (S_ISREG(info.st_mode))
		return replace_file(path, bytes);
	FILE *file = fopen(path, "wb"); /* a device, a pipe */
	if (file)
		return write_stream(file, cli_text(path), bytes);
	cli_error("%s: cannot be written: %s", cli_text(path), strerror(errno));
	return CLI_FAILED;
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

/* What a script or a user says about the width: ls, git and Python listen to it, too. */
static unsigned columns_of_environment(void)
{
	const char *text = getenv("COLUMNS");
	char *end;
	if (!text || !isdigit((unsigned char)text[0]))
		return 0;
	errno = 0;
	unsigned long columns = strtoul(text, &end, 10);
	return errno || *end || columns > USHRT_MAX ? 0 : (unsigned)columns;
}

unsigned cli_columns(void)
{
	struct winsize size;
	unsigned columns = columns_of_environment();
	if (!columns && isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	return columns ? columns : 80;
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
