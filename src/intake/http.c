/* SPDX-License-Identifier: Apache-2.0 */
/* One request body, as its header fields describe it (RFC 9110, section 8). */
#include "intake/intake.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TYPE_MAX = 128, BOUNDARY_MAX = 70 /* RFC 2046, section 5.1.1 */ };

static const struct {
	const char *type;
	enum fl_carrier carrier;
} types[] = {
	{ "application/octet-stream", FL_CARRIER_CHUNK },
	{ "multipart/mixed", FL_CARRIER_MULTIPART },
	{ "application/json", FL_CARRIER_JSON },
	{ "application/x-ndjson", FL_CARRIER_JSON },
	{ "text/event-stream", FL_CARRIER_SSE },
	{ "text/plain", FL_CARRIER_UNKNOWN }, /* a serial log or base64 */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The type without its parameters. */
static void copy_type(const char *field, char type[TYPE_MAX])
{
	while (is_blank(*field))
		field++;
	size_t size = strcspn(field, "; \t");
	snprintf(type, TYPE_MAX, "%.*s", (int)(size < TYPE_MAX ? size : 0), field);
}

static enum fl_code
find_carrier(const char *content_type, enum fl_carrier *ret, struct fl_error *err)
{
	char type[TYPE_MAX];
	*ret = FL_CARRIER_CHUNK;
	if (!content_type || !content_type[0])
		return FL_OK;
	copy_type(content_type, type);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(types[i].type, type) == 0) {
			*ret = types[i].carrier;
			return FL_OK;
		}
	}
	return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0,
		       "Content-Type '%.60s' is not taken: application/octet-stream, "
		       "multipart/mixed, application/json, text/event-stream or text/plain",
		       type);
}

/* A value, quoted or not (RFC 9110, section 5.6.6). */
static bool copy_value(const char *value, char boundary[BOUNDARY_MAX + 1])
{
	size_t size = 0;
	bool quoted = *value == '"';
	value += quoted;
	while (*value && (quoted ? *value != '"' : !strchr("; \t", *value))) {
		if (quoted && *value == '\\' && value[1])
			value++;
		if (size == BOUNDARY_MAX)
			return false;
		boundary[size++] = *value++;
	}
	boundary[size] = '\0';
	return size && (!quoted || *value == '"');
}

static bool find_boundary(const char *content_type, char boundary[BOUNDARY_MAX + 1])
{
	const char *at = strchr(content_type, ';');
	while (at) {
		for (at++; is_blank(*at); at++)
			;
		if (strncasecmp(at, "boundary=", strlen("boundary=")) == 0)
			return copy_value(at + strlen("boundary="), boundary);
		at = strchr(at, ';');
	}
	return false;
}

/* Base64 is undone here, whatever is inside. */
static enum fl_code decode(const struct fl_http_body *body, struct fl_buffer *ret,
			   bool *decoded_ret, struct fl_error *err)
{
	const char *encoding = body->content_encoding;
	*decoded_ret = false;
	if (!encoding || !encoding[0] || strcasecmp(encoding, "identity") == 0)
		return FL_OK;
	if (strcasecmp(encoding, "base64") != 0)
		return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0,
			       "Content-Encoding '%.60s' is not taken: base64, or none", encoding);
	*decoded_ret = true;
	return fl_base64_decode(body->bytes, body->size, ret, err);
}

static enum fl_code deliver(const struct fl_delivery_options *options, const void *bytes,
			    size_t size, struct fl_intake_summary *ret, struct fl_error *err)
{
	FL_AUTO(fl_delivery) delivery = NULL;
	enum fl_code code;
	if ((code = fl_delivery_open(options, &delivery, err)) ||
	    (code = fl_delivery_feed(delivery, bytes, size, err)) ||
	    (code = fl_delivery_end(delivery, err)))
		return code;
	*ret = *fl_delivery_summary(delivery);
	return fl_intake_judge(ret, err);
}

enum fl_code fl_http_deliver(const struct fl_delivery_options *options,
			     const struct fl_http_body *body, struct fl_intake_summary *ret,
			     struct fl_error *err)
{
	struct fl_delivery_options told = *options;
	told.is_request = true;
	char boundary[BOUNDARY_MAX + 1];
	FL_AUTO_BUFFER decoded = { 0 };
	bool is_decoded;
	enum fl_code code = find_carrier(body->content_type, &told.carrier, err);
	if (!code)
		code = decode(body, &decoded, &is_decoded, err);
	if (code)
		return code;
	if (told.carrier == FL_CARRIER_MULTIPART) {
		if (!find_boundary(body->content_type, boundary))
			return fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0,
				       "Content-Type multipart/mixed without a boundary");
		told.boundary = boundary;
	}
	return is_decoded ? deliver(&told, decoded.data, decoded.size, ret, err)
			  : deliver(&told, body->bytes, body->size, ret, err);
}
