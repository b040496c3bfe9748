/* SPDX-License-Identifier: Apache-2.0 */
/** @file JSON on stdout. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "cli/cli.h"

#include <jansson.h>

/** Print and release. NULL (out of memory) is an error. @return an exit code. */
int cli_print_json(json_t *value);

/** Append and take over; NULL is a failure. What a row callback returns. */
bool cli_append_json(json_t *array, json_t *value);

/**
 * A list as the answer to a question: @p failed (the code of the query) releases it and is said
 * instead. @return an exit code.
 */
int cli_answer_json(json_t *value, enum fl_code failed, const char *subject,
		    const struct fl_error *err);

#endif
