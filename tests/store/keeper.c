/* SPDX-License-Identifier: Apache-2.0 */
#include "store/keeper.h"

#include "store/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_SIZE = 8192, MODULES = 8 };

struct fl_symbol_added elf_add(struct fl_store *store, const struct elf *elf)
{
	struct fl_error err = { 0 };
	struct fl_symbol_added added = { 0 };
	struct fl_module_info modules[MODULES] = { { .name = "fw.elf",
						     .has_debug_info = elf->debug,
						     .has_code_bytes = elf->code,
						     .function_count = elf->functions,
						     .build_id_size = elf->build ? 20 : 0 } };
	memset(modules[0].build_id, elf->build, 20);
	if (elf->tail)
		modules[0].build_id[19] = elf->tail;
	assert_true(elf->embedded < MODULES);
	for (unsigned i = 1; i <= elf->embedded; i++)
		modules[i] = (struct fl_module_info){ .name = "part.elf" };
	const struct fl_symbol_file file = { .name = elf->bytes,
					     .bytes = elf->bytes,
					     .size = strlen(elf->bytes),
					     .modules = modules,
					     .module_count = 1 + elf->embedded,
					     .software_type = elf->type,
					     .software_version = elf->version };
	assert_ok(fl_store_add_symbols(store, &file, &added, &err), err);
	return added;
}

struct fl_report_facts facts_of(uint8_t build, size_t size, const char *type, const char *version)
{
	struct fl_report_facts facts = { .software_type = type,
					 .software_version = version,
					 .build_id_size = (uint8_t)size };
	memset(facts.build_id, build, size);
	return facts;
}

const char *found(struct fl_store *store, const struct fl_report_facts *facts)
{
	static char text[300];
	struct fl_error err = { 0 };
	struct fl_symbol_choice choice = { 0 };
	enum fl_code code = fl_store_find_symbols(store, facts, &choice, &err);
	if (code == FL_ENOTFOUND)
		return "-";
	assert_ok(code, err);
	bool pair = choice.companion_fd >= 0;
	assert_int_equal(pair, choice.companion_id != 0);
	snprintf(text, sizeof(text), "%s%s%s", choice.name, pair ? "+" : "", choice.companion_name);
	close(choice.fd);
	if (pair)
		close(choice.companion_fd);
	return text;
}

int64_t claim_next(struct fl_store *store)
{
	struct fl_error err = { 0 };
	struct fl_claim claim = { 0 };
	enum fl_code code = fl_store_claim(store, "1:0", NOON, 60, &claim, &err);
	int64_t id = claim.dump_id;
	fl_claim_deinit(&claim);
	if (code == FL_ENOTFOUND)
		return 0;
	assert_ok(code, err);
	return id;
}

static struct fl_filed
file_dump(struct fl_store *store, int64_t id, const struct report_spec *spec, int64_t symbols)
{
	struct fl_error err = { 0 };
	struct fl_filed filed = { 0 };
	FL_AUTO(fl_report) report = report_make(spec);
	fl_store_set_symbols(store, symbols);
	assert_ok(fl_store_file(store, id, report, &filed, &err), err);
	return filed;
}

unsigned file_queued(struct fl_store *store, const struct report_spec *spec, int64_t symbols)
{
	unsigned count = 0;
	for (int64_t id; (id = claim_next(store)); count++)
		file_dump(store, id, spec, symbols);
	return count;
}

struct fl_filed file_with(struct fl_store *store, const char *bytes, const char *device,
			  const struct report_spec *spec, int64_t symbols)
{
	return file_dump(store, enqueue(store, bytes, device), spec, symbols);
}

static bool add_line(void *context, const struct fl_history_row *row)
{
	char *text = context;
	size_t used = strlen(text);
	assert_true(row->at > NOON);
	snprintf(text + used, TEXT_SIZE - used, "%s%s %d>%d %s", used ? "; " : "", row->what,
		 (int)row->old_issue_id, (int)row->new_issue_id, row->detail ? row->detail : "-");
	return true;
}

const char *history(struct fl_store *store, int64_t trace_id)
{
	static char text[TEXT_SIZE];
	struct fl_error err = { 0 };
	text[0] = '\0';
	assert_ok(fl_store_trace_history(store, trace_id, add_line, text, &err), err);
	return text;
}

static bool add_issue(void *context, const struct fl_issue_row *row)
{
	char *text = context;
	size_t used = strlen(text);
	if (row->trace_count)
		snprintf(text + used, TEXT_SIZE - used, "%d:%d ", (int)row->id,
			 (int)row->trace_count);
	return true;
}

const char *issues_of(struct fl_store *store)
{
	static char text[TEXT_SIZE];
	struct fl_error err = { 0 };
	text[0] = '\0';
	for (int64_t id = 1; !fl_store_issue(store, id, add_issue, text, &err); id++)
		;
	return text;
}

struct wanted {
	int64_t dump_id;
	char state[32];
};

static bool keep_state(void *context, const struct fl_trace_row *row)
{
	struct wanted *wanted = context;
	if (row->dump_id != wanted->dump_id)
		return true;
	snprintf(wanted->state, sizeof(wanted->state), "%s", row->state);
	return false;
}

const char *state_of(struct fl_store *store, int64_t dump_id)
{
	static struct wanted wanted;
	struct fl_error err = { 0 };
	const struct fl_trace_filter filter = { .expected_reboots = true };
	wanted = (struct wanted){ .dump_id = dump_id, .state = "-" };
	assert_ok(fl_store_traces(store, &filter, keep_state, &wanted, &err), err);
	return wanted.state;
}

void sabotage(struct fl_store *store, const char *sql)
{
	char *message = NULL;
	sqlite3_exec(store->db, "PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
	if (sqlite3_exec(store->db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_exec(store->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
}

int64_t ask_number(struct fl_store *store, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(store->db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

static bool add_problem(void *context, const char *problem)
{
	char *text = context;
	size_t used = strlen(text);
	snprintf(text + used, TEXT_SIZE - used, "%s\n", problem);
	return true;
}

const char *problems(struct fl_store *store)
{
	static char text[TEXT_SIZE];
	struct fl_error err = { 0 };
	text[0] = '\0';
	assert_ok(fl_store_verify(store, add_problem, text, NULL, NULL, &err), err);
	return text;
}
