/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

static const struct cli_verb *const verbs[] = {
	&cli_analyze,
	&cli_symbolize,
	&cli_symbols_add,
	&cli_symbols_list,
	&cli_symbols_check,
	&cli_symbols_remove,
	&cli_ingest,
	&cli_worker,
	&cli_issues_list,
	&cli_issues_show,
	&cli_traces_list,
	&cli_traces_show,
	&cli_traces_explain,
	&cli_traces_export,
	&cli_traces_reanalyze,
	&cli_traces_retry,
	&cli_devices_list,
	&cli_devices_show,
	&cli_devices_forget,
	&cli_gc,
	&cli_stats,
	&cli_backup,
	&cli_check,
};

static void print_usage(FILE *out)
{
	fputs("usage: faultline VERB ...\n\n"
	      "Turns crash dumps of Cortex-M devices into explained, named issues, offline.\n\n",
	      out);
	for (size_t i = 0; i < CLI_COUNT(verbs); i++)
		fprintf(out, "  %-18s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\n'faultline VERB --help' explains a verb.\n"
	      "example: faultline analyze crash.core --elf firmware.elf\n",
	      out);
}

/* How many words of argv name @p verb: 0 when it is another one. */
static int words_matched(const struct cli_verb *verb, int argc, char **argv)
{
	const char *space = strchr(verb->name, ' ');
	size_t first = space ? (size_t)(space - verb->name) : strlen(verb->name);
	if (strlen(argv[1]) != first || strncmp(argv[1], verb->name, first) != 0)
		return 0;
	if (!space)
		return 1;
	return argc > 2 && strcmp(argv[2], space + 1) == 0 ? 2 : 0;
}

/* "faultline issues": a group without its action. */
static bool print_group(FILE *out, const char *group)
{
	size_t length = strlen(group);
	bool found = false;
	for (size_t i = 0; i < CLI_COUNT(verbs); i++) {
		if (strncmp(verbs[i]->name, group, length) != 0 || verbs[i]->name[length] != ' ')
			continue;
		fprintf(out, "  faultline %-18s %s\n", verbs[i]->name, verbs[i]->summary);
		found = true;
	}
	return found;
}

/* Closed ones would be taken by the first files that are opened, and be written to. */
static void hold_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd ? O_RDONLY : O_WRONLY);
}

/* Results that did not reach their reader are no success. */
static int finish(int code)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == CLI_OK) {
		cli_output_failed();
		return CLI_FAILED;
	}
	return code;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write() */
	hold_standard_descriptors();
	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return finish(CLI_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("faultline %s\n", fl_version());
		return CLI_OK;
	}
	for (size_t i = 0; i < CLI_COUNT(verbs); i++) {
		int words = words_matched(verbs[i], argc, argv);
		if (words)
			return finish(verbs[i]->run(verbs[i], argc - words, argv + words));
	}
	if (argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0) &&
	    print_group(stdout, argv[1]))
		return finish(CLI_OK);
	cli_error("no such verb: %s%s%s", cli_text(argv[1]), argc > 2 ? " " : "",
		  argc > 2 ? cli_text(argv[2]) : "");
	if (!print_group(stderr, argv[1]))
		fputs("'faultline --help' lists the verbs\n", stderr);
	return CLI_USAGE;
}
