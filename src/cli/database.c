/* SPDX-License-Identifier: Apache-2.0 */
/* How verbs find their database and read ids and times. */
#include "cli/cli.h"
#include "worker/companion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *cli_database_path(const char *given)
{
	const char *path = given ? given : getenv("FAULTLINE_DB");
	if (!path || !path[0]) {
		cli_error("no database: give --db FILE or set FAULTLINE_DB");
		return NULL;
	}
	return path;
}

struct fl_store *cli_open_store(const char *given, bool create, int *exit_ret)
{
	const char *path = cli_database_path(given);
	*exit_ret = CLI_USAGE;
	if (!path)
		return NULL;
	struct stat info;
	if (!create && stat(path, &info) != 0) {
		cli_error("%s: %s: 'faultline symbols add' or 'ingest' makes a database",
			  cli_text(path), strerror(errno));
		*exit_ret = CLI_FAILED;
		return NULL;
	}
	if (!create && S_ISREG(info.st_mode) && !info.st_size) {
		cli_error("%s: an empty file, not a faultline database", cli_text(path));
		*exit_ret = CLI_FAILED;
		return NULL;
	}
	struct fl_store *store = NULL;
	struct fl_error err = { 0 };
	if (fl_store_open(path, &store, &err))
		*exit_ret = cli_fail(path, &err);
	else if (stat(path, &info) == 0)
		cli_protect(&info);
	return store;
}

static struct fl_store *begin(const struct cli_verb *verb, const struct cli_option *options,
			      size_t option_count, const char *const *database, int wanted,
			      const char *what, int argc, char **argv, int *exit_ret)
{
	int count;
	*exit_ret = CLI_USAGE;
	if (!cli_parse(verb, options, option_count, argc, argv, &count))
		return NULL;
	if (count != wanted) {
		cli_error("%s takes %s; see 'faultline %s --help'", verb->name, what, verb->name);
		return NULL;
	}
	return cli_open_store(*database, false, exit_ret);
}

struct fl_store *cli_begin(const struct cli_verb *verb, const struct cli_option *options,
			   size_t option_count, const char *const *database, int wanted, int argc,
			   char **argv, int *exit_ret)
{
	return begin(verb, options, option_count, database, wanted,
		     wanted ? "one number" : "no operands", argc, argv, exit_ret);
}

struct fl_store *cli_begin_with(const struct cli_verb *verb, const struct cli_option *options,
				size_t option_count, const char *const *database,
				const char *wanted, int argc, char **argv, int *exit_ret)
{
	return begin(verb, options, option_count, database, 1, wanted, argc, argv, exit_ret);
}

static bool ignore_issue(void *context, const struct fl_issue_row *row)
{
	(void)context;
	(void)row;
	return true;
}

bool cli_issue_exists(struct fl_store *store, int64_t issue_id, int *exit_ret)
{
	struct fl_error err = { 0 };
	if (fl_store_issue(store, issue_id, ignore_issue, NULL, &err) == FL_OK)
		return true;
	*exit_ret = cli_fail(NULL, &err);
	return false;
}

bool cli_id(const char *text, int64_t *ret)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value <= 0) {
		cli_error("'%s' is not an id (a positive number)", cli_text(text));
		return false;
	}
	*ret = value;
	return true;
}

bool cli_parse_time(const char *text, int64_t *ret)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (!errno && end != text && !*end && value >= 0) {
		*ret = value;
		return true;
	}
	if (fl_time_parse(text, ret))
		return true;
	cli_error("'%s' is not a time (Unix seconds, or 2026-02-01T12:00:00Z with its zone)",
		  cli_text(text));
	return false;
}
