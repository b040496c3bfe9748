/* SPDX-License-Identifier: Apache-2.0 */
/** @file Words on a terminal of some width: cleaning, wrapping, eliding, colour. */
#ifndef REPORT_TEXT_WRITER_H
#define REPORT_TEXT_WRITER_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

enum fl_style {
	FL_STYLE_PLAIN,
	FL_STYLE_TITLE, /**< the verdict */
	FL_STYLE_HEADING,
	FL_STYLE_ALARM,
	FL_STYLE_NAME,     /**< functions */
	FL_STYLE_LOCATION, /**< file:line */
	FL_STYLE_DOUBT,    /**< low trust, warnings */
	FL_STYLE_DIM,
	FL_STYLE_COUNT
};

/** Zero-initialise, then set out, width and color; release with fl_text_deinit(). */
struct fl_text {
	struct fl_str *out;
	struct fl_arena scratch; /**< strings of one rendering */
	size_t width;
	size_t column; /**< where the next character goes */
	bool color;
};

void fl_text_deinit(struct fl_text *t);

/** Text as it is: no wrapping. It is cleaned; NULL writes nothing. */
void fl_text_put(struct fl_text *t, enum fl_style style, const char *text);
void fl_text_putf(struct fl_text *t, enum fl_style style, const char *format, ...) FL_PRINTF(3, 4);

/** Words, broken before the width; continuation lines start at column @p indent. */
void fl_text_wrap(struct fl_text *t, enum fl_style style, size_t indent, const char *text);
void fl_text_wrapf(struct fl_text *t, enum fl_style style, size_t indent, const char *format, ...)
	FL_PRINTF(4, 5);

void fl_text_newline(struct fl_text *t);
/** Spaces up to @p column; none when already there. */
void fl_text_pad(struct fl_text *t, size_t column);

/** Formatted scratch string; NULL (and a latched failure) when memory is out. */
const char *fl_text_scratch(struct fl_text *t, const char *format, ...) FL_PRINTF(2, 3);

/** @p text as fl_text_put() would show it; never NULL. */
const char *fl_text_cleaned(struct fl_text *t, const char *text);

/**
 * @p name in at most @p columns: template arguments become "<...>" first, then the middle goes.
 * Clean. Never NULL.
 */
const char *fl_text_fit_name(struct fl_text *t, const char *name, size_t columns);

/** @p path in at most @p columns: leading directories become "...". Clean, never NULL. */
const char *fl_text_fit_path(struct fl_text *t, const char *path, size_t columns);

#endif
