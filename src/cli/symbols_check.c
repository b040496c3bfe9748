/* SPDX-License-Identifier: Apache-2.0 */
/* faultline symbols check: which ELF belongs to a dump, and how one knows. */
#include "cli/cache.h"
#include "cli/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
	const char *database;
	int format;
	int sandbox_mode;
	struct fl_sandbox *sandbox;
	struct fl_store *store; /* NULL: only the ELF files that were named */
	struct cli_cache cache;
	struct cli_elfs elfs; /* named on the command line */
	json_t *answers;      /* NULL: text */
	int exit_code;
};

static const char *const reasons[] = {
	[FL_SYMBOL_BUILD_ID] = "same build id",
	[FL_SYMBOL_BUILD_ID_PREFIX] = "its build id begins with that of the event",
	[FL_SYMBOL_VERSION] = "same software type and version",
	[FL_SYMBOL_AMBIGUOUS] = "same version, but several builds claim it: not used",
	[FL_SYMBOL_OTHER_BUILD] = "same version, but another build: not used",
};

static void note_exit(struct check *check, int code)
{
	if (code && !check->exit_code)
		check->exit_code = code;
}

/* --- how well an ELF fits, by the bytes --- */

/* modules[0] of the report as JSON; owned; NULL where there is none. */
static json_t *first_module(const struct fl_report *report)
{
	FL_AUTO_BUFFER text = { 0 };
	if (fl_report_json(report, &text, NULL))
		return NULL;
	json_t *root = json_loadb((const char *)text.data, text.size, 0, NULL);
	json_t *module = json_incref(json_array_get(json_object_get(root, "modules"), 0));
	json_decref(root);
	return module;
}

/* The words of the report about an ELF: match, bytes and calls compared and equal. */
static json_t *score(struct check *check, const struct fl_buffer *bytes,
		     const struct fl_sandbox_elf *elfs, size_t count)
{
	static const char *const keys[] = { "build_id",        "match",          "bytes_compared",
					    "bytes_equal",     "calls_compared", "calls_equal",
					    "mismatch_address" };
	FL_AUTO(fl_report) report = NULL;
	if (cli_analyze_bytes(check->sandbox, bytes, elfs, count, &report, NULL, NULL))
		return NULL;
	json_t *module = first_module(report);
	json_t *result = json_object();
	for (size_t i = 0; i < CLI_COUNT(keys); i++) {
		json_t *value = json_object_get(module, keys[i]);
		if (value)
			json_object_set(result, keys[i], value);
	}
	json_decref(module);
	json_object_set_new(result, "build_id_conflict",
			    json_boolean(fl_report_facts(report).build_id_conflict));
	return result;
}

static const char *word(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool has_match(const json_t *scored, const char *wanted)
{
	const char *match = word(scored, "match");
	return match && strcmp(match, wanted) == 0;
}

static bool has_other_id(const json_t *scored)
{
	return json_is_true(json_object_get(scored, "build_id_conflict"));
}

static bool is_wrong(const json_t *scored)
{
	return has_other_id(scored) || has_match(scored, "other-build") ||
	       has_match(scored, "unrelated");
}

static void print_score(const json_t *scored)
{
	if (!scored) {
		puts("      the analysis with it failed");
		return;
	}
	json_int_t bytes = number(scored, "bytes_compared");
	json_int_t calls = number(scored, "calls_compared");
	const char *address = word(scored, "mismatch_address");
	bool same_code = has_match(scored, "same") && has_other_id(scored);
	printf("      %s", same_code ? "the same code" : cli_text(word(scored, "match")));
	if (bytes)
		printf(": %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
		       " captured bytes agree",
		       number(scored, "bytes_equal"), bytes);
	if (address)
		printf(", the first that differs is at %s", cli_text(address));
	if (calls)
		printf("%s %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
		       " return addresses follow a call",
		       bytes ? ";" : ":", number(scored, "calls_equal"), calls);
	if (!bytes && !calls)
		printf(": nothing was captured that could be compared");
	putchar('\n');
}

/* --- a dump or event --- */

struct candidates {
	struct check *check;
	const struct fl_buffer *bytes;
	json_t *rows;
	bool chosen;
	bool wrong; /* the chosen one contradicts the dump */
};

static json_t *score_stored(struct check *check, const struct fl_buffer *bytes, int64_t id)
{
	struct fl_symbol_choice file = { .fd = -1, .companion_fd = -1 };
	struct cli_elfs elfs = { 0 };
	if (fl_store_open_symbols(check->store, id, &file, NULL))
		return NULL;
	(void)cli_elfs_add_choice(&elfs, &file);
	json_t *scored = score(check, bytes, elfs.items, elfs.count);
	cli_elfs_deinit(&elfs);
	return scored;
}

static void add_row(struct candidates *all, json_t *row, json_t *scored)
{
	if (scored)
		json_object_update(row, scored);
	else
		json_object_set_new(row, "match", json_null());
	if (!all->check->answers)
		print_score(scored);
	json_decref(scored);
	json_array_append_new(all->rows, row);
}

static bool take_candidate(void *context, const struct fl_symbol_candidate *candidate)
{
	struct candidates *all = context;
	const char *build_id = candidate->build_id;
	if (!all->check->answers)
		printf("  %s symbol file %" PRId64 ", %s, build id %s: %s%s\n",
		       candidate->chosen ? "->" : "  ", candidate->id, cli_text(candidate->name),
		       build_id && build_id[0] ? cli_text(build_id) : "none",
		       reasons[candidate->reason],
		       candidate->has_debug_info ? "" : " (no debug information)");
	json_t *row = json_pack("{s:I, s:s?, s:s?, s:s?, s:s?, s:b, s:s, s:b}", "id",
				(json_int_t)candidate->id, "name", candidate->name, "build_id",
				build_id, "software_type", candidate->software_type,
				"software_version", candidate->software_version, "has_debug_info",
				(int)candidate->has_debug_info, "reason",
				reasons[candidate->reason], "chosen", (int)candidate->chosen);
	json_t *scored = score_stored(all->check, all->bytes, candidate->id);
	all->chosen |= candidate->chosen;
	all->wrong |= candidate->chosen && is_wrong(scored);
	add_row(all, row, scored);
	return true;
}

/* What the build ids say about an ELF that was named. */
static const char *
named_reason(const struct fl_report_facts *facts, const json_t *scored, char *buf, size_t size)
{
	const char *what = facts->kind == FL_REPORT_DUMP ? "dump" : "event";
	bool whole = facts->build_id_size >= sizeof(facts->build_id);
	char hex[41];
	if (!word(scored, "build_id"))
		return "named: it has no build id that could decide";
	if (has_other_id(scored)) {
		cli_build_id(facts->build_id, facts->build_id_size, hex);
		snprintf(buf, size, "another build: the %s has build id %s%s", what, hex,
			 whole ? "" : "...");
		return buf;
	}
	if (facts->build_id_size)
		return reasons[whole ? FL_SYMBOL_BUILD_ID : FL_SYMBOL_BUILD_ID_PREFIX];
	snprintf(buf, size, "named: the %s has no build id that could decide", what);
	return buf;
}

/* An ELF that was named: does it belong to the dump? */
static void try_named(struct candidates *all, const struct fl_report_facts *facts,
		      const struct fl_sandbox_elf *elf)
{
	char buf[96];
	json_t *scored = score(all->check, all->bytes, elf, 1);
	cli_cache_note(all->check->sandbox, &all->check->elfs,
		       (size_t)(elf - all->check->elfs.items));
	bool same = has_match(scored, "same") && !has_other_id(scored);
	const char *build_id = word(scored, "build_id");
	const char *reason = scored ? named_reason(facts, scored, buf, sizeof(buf)) : "named";
	if (!all->check->answers)
		printf("  %s %s, build id %s: %s\n", same ? "->" : "  ", cli_text(elf->name),
		       build_id ? cli_text(build_id) : "none", reason);
	all->chosen |= same;
	add_row(all,
		json_pack("{s:n, s:s, s:s, s:b}", "id", "name", elf->name, "reason", reason,
			  "chosen", (int)same),
		scored);
}

static void print_identity(const char *path, const struct fl_report_facts *facts, const char *hex)
{
	printf("%s: %s %s, build id %s%s, device %s\n", cli_text(path),
	       cli_text(facts->software_type), cli_text(facts->software_version), hex,
	       facts->build_id_size && facts->build_id_size < 20 ? "..." : "",
	       cli_text(facts->device_serial));
}

static int find_candidates(struct candidates *all, const struct fl_report_facts *facts)
{
	struct check *check = all->check;
	struct fl_error err = { 0 };
	for (size_t i = 0; i < check->elfs.count; i++)
		try_named(all, facts, &check->elfs.items[i]);
	if (check->store &&
	    fl_store_symbol_candidates(check->store, facts, take_candidate, all, &err))
		return cli_fail("symbols", &err);
	return all->wrong ? CLI_MISMATCH : all->chosen ? CLI_OK : CLI_NOT_FOUND;
}

static void answer(struct check *check, const char *path, const struct fl_report_facts *facts,
		   const char *hex, json_t *rows)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:o}", "file", path, "is",
			  facts->kind == FL_REPORT_DUMP ? "dump" : "event", "build_id",
			  facts->build_id_size ? hex : NULL, "software_type", facts->software_type,
			  "software_version", facts->software_version, "device",
			  facts->device_serial, "candidates", rows);
	cli_append_json(check->answers, object);
}

static int check_dump(struct check *check, const char *path, const struct fl_buffer *bytes)
{
	FL_AUTO(fl_report) report = NULL;
	struct fl_error err = { 0 };
	struct fl_sandbox_death death = { 0 };
	if (cli_analyze_bytes(check->sandbox, bytes, NULL, 0, &report, &death, &err)) {
		int code = cli_fail(path, &err);
		cli_print_death(&death);
		return code;
	}
	struct fl_report_facts facts = fl_report_facts(report);
	struct candidates all = { .check = check, .bytes = bytes, .rows = json_array() };
	char hex[41];
	const char *id = cli_build_id(facts.build_id, facts.build_id_size, hex);
	if (!check->answers)
		print_identity(path, &facts, id);
	int code = find_candidates(&all, &facts);
	if (check->answers) {
		answer(check, path, &facts, id, all.rows);
		return code;
	}
	json_decref(all.rows);
	if (code == CLI_NOT_FOUND)
		puts("  no ELF fits: it would wait");
	else if (code == CLI_MISMATCH)
		puts("  the ELF that fits by name is contradicted by the dump: it would wait");
	return code;
}

/* --- an ELF --- */

struct owner {
	struct check *check;
	char hex[41];
	uint64_t traces, devices; /* that wait for it */
	json_t *known;
};

static bool take_known(void *context, const struct fl_symbol_row *row)
{
	struct owner *owner = context;
	if (!row->build_id || strcmp(row->build_id, owner->hex) != 0)
		return true;
	if (!owner->check->answers)
		printf("  the database has it as symbol file %" PRId64 ", %s: %" PRIu64
		       " trace%s%s\n",
		       row->id, cli_text(row->name), row->traces, cli_s(row->traces),
		       row->superseded_by ? " (superseded)" : "");
	return json_array_append_new(owner->known, json_integer(row->id)) == 0;
}

/* Those of events wait for the beginning of a build id. */
static bool take_missing(void *context, const struct fl_missing_row *row)
{
	struct owner *owner = context;
	size_t length = row->build_id ? strlen(row->build_id) : 0;
	if (length && strncmp(row->build_id, owner->hex, length) == 0) {
		owner->traces += row->traces;
		owner->devices += row->devices;
	}
	return true;
}

static void print_module(const struct fl_module_info *module, bool outer)
{
	char hex[41];
	printf("%s%s, build id %s, %u functions, %s, %s\n", outer ? "" : "  holds ",
	       cli_text(module->name), cli_build_id(module->build_id, module->build_id_size, hex),
	       module->function_count,
	       module->has_debug_info ? "debug information" : "no debug information",
	       module->has_code_bytes ? "code" : "no code: a separate debug file");
}

static int ask_about(struct owner *owner)
{
	struct check *check = owner->check;
	struct fl_error err = { 0 };
	if (!check->store || strcmp(owner->hex, "none") == 0)
		return CLI_OK;
	if (fl_store_symbols(check->store, take_known, owner, &err) ||
	    fl_store_missing(check->store, take_missing, owner, &err))
		return cli_fail("symbols", &err);
	if (check->answers)
		return CLI_OK;
	if (!json_array_size(owner->known))
		puts("  the database does not have this build");
	if (owner->traces)
		printf("  %" PRIu64 " trace%s from %" PRIu64 " device%s wait%s for it\n",
		       owner->traces, cli_s(owner->traces), owner->devices, cli_s(owner->devices),
		       owner->traces == 1 ? "s" : "");
	return CLI_OK;
}

static json_t *
elf_json(const char *path, const struct fl_sandbox_modules *modules, const struct owner *owner)
{
	json_t *list = json_array();
	for (size_t i = 0; i < modules->count; i++) {
		const struct fl_module_info *module = &modules->modules[i];
		char hex[41];
		cli_append_json(list, json_pack("{s:s?, s:s?, s:b, s:b, s:I}", "name", module->name,
						"build_id",
						module->build_id_size
							? cli_build_id(module->build_id,
								       module->build_id_size, hex)
							: NULL,
						"has_debug_info", (int)module->has_debug_info,
						"has_code_bytes", (int)module->has_code_bytes,
						"functions", (json_int_t)module->function_count));
	}
	return json_pack("{s:s, s:s, s:o, s:O, s:I, s:I}", "file", path, "is", "elf", "modules",
			 list, "symbol_files", owner->known, "waiting_traces",
			 (json_int_t)owner->traces, "waiting_devices", (json_int_t)owner->devices);
}

static int describe(struct check *check, const char *path, const struct fl_sandbox_modules *modules)
{
	struct owner owner = { .check = check, .known = json_array() };
	const struct fl_module_info *outer = &modules->modules[0];
	snprintf(owner.hex, sizeof(owner.hex), "none");
	cli_build_id(outer->build_id, outer->build_id_size, owner.hex);
	for (size_t i = 0; !check->answers && i < modules->count; i++)
		print_module(&modules->modules[i], i == 0);
	if (!check->answers)
		cli_print_warnings(modules);
	int code = ask_about(&owner);
	if (check->answers)
		cli_append_json(check->answers, elf_json(path, modules, &owner));
	json_decref(owner.known);
	return code;
}

static int check_elf(struct check *check, const struct fl_sandbox_elf *elf)
{
	struct fl_sandbox_modules modules = { 0 };
	struct fl_sandbox_death death = { 0 };
	struct fl_error err = { 0 };
	int code;
	if (fl_sandbox_inspect_elf(check->sandbox, elf, &modules, &death, &err)) {
		code = cli_fail(elf->name, &err);
		cli_print_death(&death);
	} else {
		cli_cache_note(check->sandbox, &check->elfs, (size_t)(elf - check->elfs.items));
		code = describe(check, elf->name, &modules);
	}
	fl_sandbox_modules_deinit(&modules);
	return code;
}

/* --- the operands --- */

static bool is_elf(const struct fl_buffer *bytes)
{
	return bytes->size >= 4 && memcmp(bytes->data, "\177ELF", 4) == 0;
}

/* ELF files first: a dump that is named beside them is held against them. */
static void sort_operands(struct check *check, int count, char **argv, struct fl_buffer *dumps)
{
	for (int i = 1; i <= count; i++) {
		struct fl_error err = { 0 };
		if (cli_read_file(argv[i], &dumps[i], &err)) {
			note_exit(check, cli_fail(argv[i], &err));
			continue;
		}
		if (!is_elf(&dumps[i]))
			continue;
		int fd = cli_open_regular(argv[i], &err);
		if (fd < 0)
			note_exit(check, cli_fail(argv[i], &err));
		else if (!cli_elfs_add(&check->elfs, fd, cli_basename(argv[i])))
			note_exit(check, CLI_FAILED);
		else
			cli_cache_find(&check->cache, &check->elfs, check->elfs.count - 1);
		fl_buffer_deinit(&dumps[i]);
	}
}

static int check_operands(struct check *check, int count, char **argv)
{
	struct fl_buffer *dumps = calloc((size_t)count + 1, sizeof(*dumps));
	unsigned dump_count = 0;
	if (!dumps) {
		cli_error("out of memory");
		return CLI_FAILED;
	}
	sort_operands(check, count, argv, dumps);
	for (int i = 1; i <= count; i++) {
		if (dumps[i].data) {
			note_exit(check, check_dump(check, argv[i], &dumps[i]));
			dump_count++;
		}
		fl_buffer_deinit(&dumps[i]);
	}
	free(dumps);
	for (size_t i = 0; !dump_count && i < check->elfs.count; i++)
		note_exit(check, check_elf(check, &check->elfs.items[i]));
	return check->exit_code;
}

/* Without a database there are still the files that were named. */
static bool open_parts(struct check *check, int *exit_ret)
{
	struct fl_sandbox_options options = { .mode = (enum fl_sandbox_mode)check->sandbox_mode };
	struct fl_error err = { 0 };
	if (fl_sandbox_open(&options, &check->sandbox, &err)) {
		*exit_ret = cli_fail("sandbox", &err);
		return false;
	}
	if (!check->database && !getenv("FAULTLINE_DB"))
		return true;
	check->store = cli_open_store(check->database, false, exit_ret);
	return check->store != NULL;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct check check = { 0 };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &check.database, NULL },
		{ "format", 'f', CLI_CHOICE, &check.format, cli_formats },
		{ "sandbox", 0, CLI_CHOICE, &check.sandbox_mode, cli_sandboxes },
		CLI_CACHE_OPTIONS(check.cache),
	};
	int count;
	int code;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count < 1) {
		cli_error("no dump or ELF given; see 'faultline symbols check --help'");
		return CLI_USAGE;
	}
	if (check.format == CLI_JSON_FORMAT)
		check.answers = json_array();
	if (open_parts(&check, &code))
		code = check_operands(&check, count, argv);
	if (check.answers) {
		int printed = cli_print_json(check.answers);
		code = code ? code : printed;
	}
	if (check.sandbox)
		cli_cache_keep(&check.cache, check.sandbox, &check.elfs);
	cli_elfs_deinit(&check.elfs);
	fl_store_close(check.store);
	fl_sandbox_close(check.sandbox);
	return code;
}

const struct cli_verb cli_symbols_check = {
	.name = "symbols check",
	.summary = "which ELF belongs to a dump or event, and how one knows",
	.run = run,
	.help = "usage: faultline symbols check DUMP|EVENT|ELF ... [--db FILE] [options]\n"
		"\n"
		"Of a dump or event: the ELF files of the database that have to do with it, why,\n"
		"and how many of the bytes that it captured they agree with; '->' marks the one\n"
		"that would be taken. ELF files that are named beside it are held against it, too.\n"
		"Of ELF files alone: what they hold, whether the database has them, and what waits\n"
		"for them. An ELF of another build id does not fit, even with equal bytes.\n"
		"Exit code 4: none fits, 5: the one that fits is contradicted.\n"
		"\n"
		"      --db FILE       database (default: $FAULTLINE_DB; may be missing when ELF\n"
		"                      files are named)\n"
		"  -f, --format text|json\n"
		"      --sandbox MODE  auto, require, off\n"
		"      --cache FOLDER, --no-cache, --verify-cache   as of 'faultline analyze'\n"
		"\n"
		"example: faultline symbols check crash.core --db crashes.db\n",
};
