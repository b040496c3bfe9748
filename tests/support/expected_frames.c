/* SPDX-License-Identifier: Apache-2.0 */
#include "support/expected_frames.h"

#include "support/cmocka.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(json_t *frame, const char *key)
{
	return json_string_value(json_object_get(frame, key));
}

static bool same_text(const char *expected, const char *got)
{
	return !expected || (got && !strcmp(expected, got));
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	return slash ? slash + 1 : path;
}

/* A key that is null or absent is not checked, except "function": null, which means that none is
 * known. */
static bool same_code(json_t *expected, const struct fl_frame *got)
{
	const char *pc = text_of(expected, "pc");
	json_t *line = json_object_get(expected, "line");
	json_t *inlined = json_object_get(expected, "inlined");
	if (got->kind != FL_FRAME_CODE)
		return false;
	if (json_is_null(json_object_get(expected, "function")) && got->function)
		return false;
	if (pc && (strtoul(pc, NULL, 16) & ~1ul) != got->pc)
		return false;
	if (json_is_integer(line) && json_integer_value(line) != got->line)
		return false;
	if (json_is_boolean(inlined) && json_is_true(inlined) != got->inlined)
		return false;
	return same_text(text_of(expected, "function"), got->function) &&
	       same_text(text_of(expected, "file"), base_name(got->file));
}

static bool same_frame(json_t *expected, const struct fl_frame *got)
{
	const char *kind = text_of(expected, "kind");
	if (kind && !strcmp(kind, "exception"))
		return got->kind == FL_FRAME_EXCEPTION;
	return same_code(expected, got);
}

/* A frame found by searching the stack may have others missing below it. */
static bool is_complete(const struct fl_frame *frames, size_t count, enum fl_stop stop)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].trust == FL_TRUST_SCAN)
			return false;
	return stop == FL_STOP_ENTRY || stop == FL_STOP_UNDEFINED;
}

const char *expected_frames_difference(json_t *expected, const struct fl_frame *frames,
				       size_t count, enum fl_stop stop, size_t *at_ret)
{
	json_t *wanted = json_object_get(expected, "frames");
	size_t wanted_count = json_array_size(wanted);
	bool complete = json_is_true(json_object_get(expected, "complete"));
	*at_ret = 0;
	if (is_complete(frames, count, stop) != complete)
		return complete ? "the author has the whole stack" : "the author has no end";
	if (json_is_null(wanted))
		return NULL;
	for (; *at_ret < wanted_count; ++*at_ret) {
		if (*at_ret >= count)
			return "a frame is missing";
		if (!same_frame(json_array_get(wanted, *at_ret), &frames[*at_ret]))
			return "a frame differs";
	}
	bool no_more = complete || !wanted_count;
	return no_more && count > wanted_count ? "there are frames beyond the end" : NULL;
}

void expected_frames_print(const struct fl_frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fl_frame *f = &frames[i];
		if (f->kind == FL_FRAME_EXCEPTION)
			print_error("  %2zu -- exception %u (0x%08" PRIx32 ") %s\n", i,
				    f->exception, f->pc, fl_trust_name(f->trust));
		else
			print_error("  %2zu 0x%08" PRIx32 " %s%s %s:%" PRIu32 " %s\n", i, f->pc,
				    f->function ? f->function : "?", f->inlined ? " (inlined)" : "",
				    f->file ? f->file : "?", f->line, fl_trust_name(f->trust));
	}
}
