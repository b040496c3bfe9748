/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/glob.h"

#include <stddef.h>
#include <string.h>

/* Only the last star ever needs another try: what it skips, an earlier one could not match better.
 */
bool fl_glob(const char *pattern, const char *text)
{
	const char *behind_star = NULL;
	const char *skipped = NULL;
	while (*text) {
		if (*pattern == '*') {
			behind_star = ++pattern;
			skipped = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
			continue;
		} else if (behind_star) {
			pattern = behind_star;
			skipped++;
		} else {
			return false;
		}
		if (!*pattern)
			return true;
		if (*pattern != '*')
			skipped = strchr(skipped, *pattern);
		if (!skipped)
			return false;
		text = skipped;
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

uint64_t fl_glob_letters(const char *text)
{
	uint64_t letters = 0;
	for (; *text; text++)
		if (*text != '*')
			letters |= UINT64_C(1) << (*text & 63);
	return letters;
}
