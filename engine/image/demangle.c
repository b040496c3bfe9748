/* SPDX-License-Identifier: Apache-2.0 */
#include "image/demangle.h"

#include "base/limits.h"

#include <demangle.h>
#include <string.h>

struct sink {
	struct fl_str *out;
	size_t start;
};

/* A short symbol can expand to gigabytes through its substitutions: what is too much is not kept.
 */
static void add(const char *text, size_t size, void *context)
{
	struct sink *sink = context;
	if (sink->out->size - sink->start + size <= FL_LIMIT_NAME)
		fl_str_add(sink->out, text, size);
}

static bool demangle(const char *symbol, int options, struct fl_str *out)
{
	struct sink sink = { out, out->size };
	bool mangled = !strncmp(symbol, "_Z", 2) || !strncmp(symbol, "_R", 2);
	if (!mangled || strlen(symbol) > FL_LIMIT_NAME)
		return false;
	/* Rust first: its legacy names are valid C++ ones that end in a hash. */
	if (rust_demangle_callback(symbol, options, add, &sink) ||
	    cplus_demangle_v3_callback(symbol, options, add, &sink))
		return out->size > sink.start;
	if (out->size > sink.start) { /* given up half-way */
		out->size = sink.start;
		out->data[out->size] = '\0';
	}
	return false;
}

/* Without DMGL_PARAMS there are no parameters, return types and clone suffixes. */
bool fl_demangle(const char *symbol, struct fl_str *out)
{
	return demangle(symbol, DMGL_NO_OPTS, out);
}

bool fl_demangle_whole(const char *symbol, struct fl_str *out)
{
	return demangle(symbol, DMGL_PARAMS | DMGL_ANSI, out);
}
