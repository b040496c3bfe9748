/* SPDX-License-Identifier: Apache-2.0 */
#include <faultline/buffer.h>
#include <faultline/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum fl_code fl_fail(struct fl_error *err, enum fl_code code, enum fl_at at_kind, uint64_t at,
		     const char *format, ...)
{
	if (!err)
		return code;
	err->code = code;
	err->at_kind = at_kind;
	err->at = at;
	va_list ap;
	va_start(ap, format);
	vsnprintf(err->message, sizeof(err->message), format, ap);
	va_end(ap);
	return code;
}

const char *fl_code_name(enum fl_code code)
{
	static const char *const names[] = {
		[FL_OK] = "ok",
		[FL_ENOMEM] = "out of memory",
		[FL_EIO] = "input/output",
		[FL_EFORMAT] = "format",
		[FL_EUNMAPPED] = "not captured",
		[FL_ENOTFOUND] = "not found",
		[FL_EUNSUPPORTED] = "unsupported",
		[FL_ELIMIT] = "limit",
		[FL_EINVALID] = "invalid argument",
		[FL_ECHILD] = "child died",
	};
	if ((size_t)code < sizeof(names) / sizeof(names[0]))
		return names[code];
	return "unknown";
}

void fl_buffer_deinit(struct fl_buffer *buffer)
{
	if (!buffer)
		return;
	free(buffer->data);
	*buffer = (struct fl_buffer){ 0 };
}
