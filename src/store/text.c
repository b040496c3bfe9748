/* SPDX-License-Identifier: Apache-2.0 */
#include "store/internal.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { CLEAN_GROWTH = 3 }; /* a bad byte becomes U+FFFD */

enum fl_code fl_text_clean(const char *text, const char *what, char **ret, struct fl_error *err)
{
	*ret = NULL;
	if (!text || !text[0])
		return FL_OK;
	size_t size = strnlen(text, FL_STORE_TEXT_MAX + 1);
	if (size > FL_STORE_TEXT_MAX)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%s is longer than %d bytes", what,
			       FL_STORE_TEXT_MAX);
	size_t room = size * CLEAN_GROWTH + 1;
	*ret = malloc(room);
	if (!*ret)
		return fl_store_nomem(err);
	fl_utf8_clean(text, size, *ret, room);
	return FL_OK;
}

enum fl_code fl_text_clean_lines(const char *text, char **ret, struct fl_error *err)
{
	*ret = NULL;
	if (!text || !text[0])
		return FL_OK;
	size_t left = strnlen(text, FL_STORE_TRACE_TEXT_MAX);
	size_t room = left * CLEAN_GROWTH + 1;
	char *out = malloc(room);
	if (!out)
		return fl_store_nomem(err);
	size_t used = 0;
	while (left) {
		const char *newline = memchr(text, '\n', left);
		size_t size = newline ? (size_t)(newline - text) : left;
		used += fl_utf8_clean(text, size, out + used, room - used);
		if (newline)
			out[used++] = '\n';
		text += size + (newline != NULL);
		left -= size + (newline != NULL);
	}
	out[used] = '\0';
	*ret = out;
	return FL_OK;
}
