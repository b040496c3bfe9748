/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/timestamp.h"

#include <time.h>

/* Exactly @p count digits. */
static bool read_digits(const char **at, unsigned count, int *ret)
{
	int value = 0;
	for (unsigned i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	*ret = value;
	return true;
}

static bool read_char(const char **at, char a, char b)
{
	if (**at != a && **at != b)
		return false;
	(*at)++;
	return true;
}

static bool read_date(const char **at, struct tm *ret)
{
	*ret = (struct tm){ 0 };
	if (!read_digits(at, 4, &ret->tm_year) || !read_char(at, '-', '-') ||
	    !read_digits(at, 2, &ret->tm_mon) || !read_char(at, '-', '-') ||
	    !read_digits(at, 2, &ret->tm_mday) || !read_char(at, 'T', ' ') ||
	    !read_digits(at, 2, &ret->tm_hour) || !read_char(at, ':', ':') ||
	    !read_digits(at, 2, &ret->tm_min) || !read_char(at, ':', ':') ||
	    !read_digits(at, 2, &ret->tm_sec))
		return false;
	ret->tm_year -= 1900;
	ret->tm_mon -= 1;
	return ret->tm_hour <= 23 && ret->tm_min <= 59 && ret->tm_sec <= 60;
}

static void skip_fraction(const char **at)
{
	if (**at != '.' && **at != ',')
		return;
	do
		(*at)++;
	while (**at >= '0' && **at <= '9');
}

/* "Z", "+01:00" or "+0100": without one nobody knows which time is meant. */
static bool read_zone(const char **at, int *seconds_ret)
{
	*seconds_ret = 0;
	if (read_char(at, 'Z', 'z'))
		return true;
	int sign = **at == '-' ? -1 : 1;
	int hours;
	int minutes;
	if (!read_char(at, '+', '-') || !read_digits(at, 2, &hours))
		return false;
	if (**at == ':')
		(*at)++;
	if (!read_digits(at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds_ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool fl_time_parse(const char *text, int64_t *ret)
{
	struct tm date;
	int zone;
	if (!read_date(&text, &date))
		return false;
	struct tm wanted = date;
	int64_t seconds = timegm(&date);
	/* timegm() turns the 31st of February into March instead of refusing it. */
	if ((wanted.tm_mon != date.tm_mon || wanted.tm_mday != date.tm_mday) && wanted.tm_sec < 60)
		return false;
	skip_fraction(&text);
	if (!read_zone(&text, &zone) || *text)
		return false;
	seconds -= zone;
	if (seconds < 0 || seconds > FL_SECONDS_MAX)
		return false;
	*ret = seconds;
	return true;
}
