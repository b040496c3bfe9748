/* SPDX-License-Identifier: Apache-2.0 */
/* Ages, sizes and rates as people write them: "90d", "10G", "20/60". */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit ages[] = {
	{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 }, { "y", 31557600 },
};
static const struct unit sizes[] = {
	{ "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 }, { "T", UINT64_C(1) << 40 },
};

/* A whole number without sign or blanks; *end_ret is what follows it. */
static bool read_number(const char *text, uint64_t *ret, const char **end_ret)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	*end_ret = end;
	*ret = value;
	return errno == 0;
}

static bool read_with_unit(const char *text, const struct unit *units, size_t count, uint64_t limit,
			   uint64_t *ret)
{
	const char *suffix;
	uint64_t value;
	if (!read_number(text, &value, &suffix))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(suffix, units[i].suffix) == 0)
			return !__builtin_mul_overflow(value, units[i].factor, ret) &&
			       *ret <= limit;
	return false;
}

bool cli_parse_age(const char *option, const char *text, int64_t *ret)
{
	uint64_t seconds = 0;
	bool zero = strcmp(text, "0") == 0;
	if (!zero && !read_with_unit(text, ages, CLI_COUNT(ages), CLI_AGE_MAX, &seconds)) {
		cli_error("--%s takes an age like 90d, 12h or 30m (got '%s')", option,
			  cli_text(text));
		return false;
	}
	*ret = (int64_t)seconds;
	return true;
}

bool cli_parse_size(const char *option, const char *text, uint64_t *ret)
{
	if (read_with_unit(text, sizes, CLI_COUNT(sizes), INT64_MAX, ret) && *ret)
		return true;
	cli_error("--%s takes a size like 500M or 10G (got '%s')%s", option, cli_text(text),
		  strcmp(text, "0") == 0 ? ": 1 lets everything go" : "");
	return false;
}

bool cli_parse_rate(const char *option, const char *text, uint32_t *count_ret,
		    uint32_t *seconds_ret)
{
	const char *end;
	uint64_t count;
	uint64_t seconds = 0;
	bool good = read_number(text, &count, &end);
	if (good && *end == '/')
		good = read_number(end + 1, &seconds, &end) && seconds > 0;
	if (!good || *end || !count || count > UINT32_MAX || seconds > CLI_AGE_MAX) {
		cli_error("--%s takes N or N/SECONDS (got '%s')", option, cli_text(text));
		return false;
	}
	*count_ret = (uint32_t)count;
	*seconds_ret = (uint32_t)seconds;
	return true;
}
