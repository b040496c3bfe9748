/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const cli_formats[] = { "text", "json", NULL };
const char *const cli_sandboxes[] = { "auto", "require", "off", NULL };
const char *const cli_colors[] = { "auto", "always", "never", NULL };

static bool store_choice(const struct cli_option *option, const char *value)
{
	for (int i = 0; option->choices[i]; i++) {
		if (value[0] && strcmp(option->choices[i], value) == 0) {
			*(int *)option->target = i;
			return true;
		}
	}
	fprintf(stderr, "faultline: --%s takes one of:", option->name);
	for (int i = 0; option->choices[i]; i++)
		if (option->choices[i][0])
			fprintf(stderr, " %s", option->choices[i]);
	fprintf(stderr, " (got '%s')\n", cli_text(value));
	return false;
}

static bool store_number(const struct cli_option *option, const char *value)
{
	char *end;
	errno = 0;
	unsigned long long number = strtoull(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-') {
		cli_error("--%s takes a number (got '%s')", option->name, cli_text(value));
		return false;
	}
	*(uint64_t *)option->target = number;
	return true;
}

static bool store_value(const struct cli_option *option, const char *value)
{
	struct cli_list *list = option->target;
	switch (option->kind) {
	case CLI_FLAG:
		cli_error("--%s takes no value", option->name);
		return false;
	case CLI_TEXT:
	case CLI_OPTIONAL:
		*(const char **)option->target = value;
		return true;
	case CLI_NUMBER:
		return store_number(option, value);
	case CLI_CHOICE:
		return store_choice(option, value);
	case CLI_LIST:
		if (list->count == CLI_COUNT(list->items)) {
			cli_error("--%s was given more than %zu times", option->name,
				  CLI_COUNT(list->items));
			return false;
		}
		list->items[list->count++] = value;
		return true;
	}
	return false;
}

static const struct cli_option *
find_option(const struct cli_option *options, size_t count, const char *arg, const char **value_ret)
{
	*value_ret = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(options[i].name);
		if (arg[1] != '-') {
			if (options[i].letter && arg[1] == options[i].letter) {
				*value_ret = arg[2] ? arg + 2 : NULL;
				return &options[i];
			}
		} else if (strncmp(arg + 2, options[i].name, length) == 0 &&
			   (!arg[2 + length] || arg[2 + length] == '=')) {
			*value_ret = arg[2 + length] ? arg + 3 + length : NULL;
			return &options[i];
		}
	}
	return NULL;
}

/* "--flag", "-f", or the "-f" of "-fie FILE". */
static bool is_plain_flag(const char *arg, const char *value)
{
	return !value || (arg[1] != '-' && value[0] != '-');
}

/* "-fie" becomes "-ie", to be looked at once more: 1. Nothing left: 0. */
static int next_letter(char *arg, const char *value)
{
	if (!value)
		return 0;
	memmove(arg + 1, value, strlen(value) + 1);
	return 1;
}

bool cli_parse(const struct cli_verb *verb, const struct cli_option *options, size_t option_count,
	       int argc, char **argv, int *count_ret)
{
	bool only_operands = false;
	*count_ret = 0;
	for (int i = 1; i < argc; i++) {
		char *arg = argv[i];
		if (only_operands || arg[0] != '-' || !arg[1]) {
			argv[++*count_ret] = arg;
			continue;
		}
		if (strcmp(arg, "--") == 0) {
			only_operands = true;
			continue;
		}
		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			fputs(verb->help, stdout);
			exit(CLI_OK);
		}
		const char *value;
		const struct cli_option *option = find_option(options, option_count, arg, &value);
		if (!option) {
			cli_error("unknown option %s; see 'faultline %s --help'", cli_text(arg),
				  verb->name);
			return false;
		}
		if (option->kind == CLI_FLAG && is_plain_flag(arg, value)) {
			*(bool *)option->target = true;
			i -= next_letter(arg, value);
			continue;
		}
		if (!value && i + 1 < argc && option->kind != CLI_FLAG &&
		    (option->kind != CLI_OPTIONAL || argv[i + 1][0] != '-'))
			value = argv[++i];
		if (!value && option->kind == CLI_OPTIONAL)
			value = "";
		if (!value) {
			cli_error("--%s needs a value; see 'faultline %s --help'", option->name,
				  verb->name);
			return false;
		}
		if (!store_value(option, value))
			return false;
	}
	return true;
}
