/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

int cli_print_json(json_t *value)
{
	if (!value) {
		cli_error("out of memory");
		return CLI_FAILED;
	}
	int code = json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
	if (code)
		cli_error("the answer cannot be written as JSON");
	return code ? CLI_FAILED : CLI_OK;
}

bool cli_append_json(json_t *array, json_t *value)
{
	return value && json_array_append_new(array, value) == 0;
}

int cli_answer_json(json_t *value, enum fl_code failed, const char *subject,
		    const struct fl_error *err)
{
	if (!failed)
		return cli_print_json(value);
	json_decref(value);
	return cli_fail(subject, err);
}
