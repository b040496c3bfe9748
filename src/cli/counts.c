/* SPDX-License-Identifier: Apache-2.0 */
/* --by: counts by one of the dimensions that every trace has. */
#include "cli/json.h"

#include <inttypes.h>

const char *const cli_dimensions[] = { "",     "version", "hardware", "cohort",
				       "type", "device",  "day",      NULL };
static const enum fl_dimension dimensions[] = {
	FL_BY_SOFTWARE_VERSION, /* "": not asked for */
	FL_BY_SOFTWARE_VERSION, FL_BY_HARDWARE_VERSION, FL_BY_COHORT,
	FL_BY_SOFTWARE_TYPE,    FL_BY_DEVICE,           FL_BY_DAY,
};

struct breakdown {
	const char *name;
	json_t *rows; /* NULL: print them */
	uint64_t count;
};

static bool take_count(void *context, const char *key, uint64_t traces, uint64_t devices)
{
	struct breakdown *by = context;
	if (by->rows)
		return cli_append_json(by->rows, json_pack("{s:s?, s:I, s:I}", by->name, key,
							   "traces", (json_int_t)traces, "devices",
							   (json_int_t)devices));
	if (!by->count++)
		printf("%-24s %8s %8s\n", by->name, "traces", "devices");
	printf("%-24s %8" PRIu64 " %8" PRIu64 "\n", key && key[0] ? cli_text(key) : "not known",
	       traces, devices);
	return true;
}

int cli_break_down(struct fl_store *store, int64_t issue_id, int dimension, int format)
{
	struct breakdown by = { .name = cli_dimensions[dimension],
				.rows = format == CLI_JSON_FORMAT ? json_array() : NULL };
	struct fl_error err = { 0 };
	enum fl_code failed =
		fl_store_counts(store, issue_id, dimensions[dimension], take_count, &by, &err);
	if (by.rows)
		return cli_answer_json(by.rows, failed, "counts", &err);
	if (failed)
		return cli_fail("counts", &err);
	if (!by.count)
		puts("no traces");
	return CLI_OK;
}
