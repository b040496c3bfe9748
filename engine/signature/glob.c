/* SPDX-License-Identifier: Apache-2.0 */
#include "signature/glob.h"

#include <stddef.h>

/* Only the last star ever needs another try: what it skips, an earlier one could not match better.
 */
bool fl_glob(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *retry = NULL;
	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
