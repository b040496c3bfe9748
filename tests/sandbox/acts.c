/* SPDX-License-Identifier: Apache-2.0 */
#include "acts.h"

#include "hostile_engine.h"
#include "support/cmocka.h"

#include <stdio.h>

struct fl_sandbox *open_with(struct fl_sandbox_options options)
{
	struct fl_sandbox *sandbox = NULL;
	struct fl_error err = { 0 };
	hostile_symbols_opened = 0; /* the child starts from this process's number */
	if (fl_sandbox_open(&options, &sandbox, &err))
		fail_msg("%s", err.message);
	return sandbox;
}

enum fl_code act_on(struct fl_sandbox *sandbox, const char *act, const struct fl_sandbox_elf *elfs,
		    size_t count, struct fl_error *err)
{
	char dump[128];
	int size = snprintf(dump, sizeof(dump), "hostile %s", act);
	FL_AUTO(fl_report) report = NULL;
	*err = (struct fl_error){ 0 };
	return fl_sandbox_analyze(sandbox, dump, (size_t)size, elfs, count, &report, NULL, err);
}
