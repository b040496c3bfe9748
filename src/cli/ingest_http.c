/* SPDX-License-Identifier: Apache-2.0 */
/* The body of one HTTP request, for a server's CGI hook: docs/receiver.md. */
#include "cli/ingest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_SECONDS = 20 /* for another request of the same device; clients wait longer */ };

static enum fl_code too_large(const struct cli_http *http, struct fl_error *err)
{
	return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0,
		       "the body has more than the %" PRIu64 " bytes of --max-body",
		       http->length_max);
}

/* RFC 3875, section 4.2: a server need not end the input behind the body. */
static enum fl_code
read_body(const struct cli_http *http, struct fl_buffer *ret, struct fl_error *err)
{
	uint64_t wanted = http->has_length ? http->length : http->length_max + 1;
	if (http->has_length && http->length > http->length_max)
		return too_large(http, err);
	ret->data = malloc(wanted ? (size_t)wanted : 1);
	if (!ret->data)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "out of memory");
	while (ret->size < wanted) {
		ssize_t n = read(STDIN_FILENO, ret->data + ret->size, (size_t)wanted - ret->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s", strerror(errno));
		if (n == 0)
			break;
		ret->size += (size_t)n;
	}
	if (!http->has_length && ret->size > http->length_max)
		return too_large(http, err);
	if (http->has_length && ret->size < http->length)
		return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
			       "the body ends after %zu of %" PRIu64 " bytes", ret->size,
			       http->length);
	return FL_OK;
}

int cli_ingest_http(struct cli_ingest *ingest, const struct cli_http *http)
{
	FL_AUTO_BUFFER bytes = { 0 };
	struct fl_error err = { 0 };
	struct fl_delivery_options options = ingest->delivery;
	options.source = "http";
	options.wait_seconds = WAIT_SECONDS;
	if (!options.received_at_is_said)
		options.received_at = time(NULL);
	enum fl_code code = read_body(http, &bytes, &err);
	if (!code) {
		const struct fl_http_body body = {
			.bytes = bytes.data,
			.size = bytes.size,
			.content_type = http->content_type,
			.content_encoding = http->content_encoding,
		};
		code = fl_http_deliver(&options, &body, &ingest->total, &err);
	}
	if (code)
		cli_ingest_failed(ingest, "request", &err);
	else
		ingest->files++;
	return ingest->exit_code;
}
