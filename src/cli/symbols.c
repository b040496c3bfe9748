/* SPDX-License-Identifier: Apache-2.0 */
/* faultline symbols: the firmware images a database knows. */
#include "cli/json.h"
#include "cli/pick.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct add {
	const char *database;
	const char *software_type;
	const char *software_version;
	int sandbox_mode;
	struct fl_sandbox *sandbox;
	struct fl_store *store;
};

void cli_print_warnings(const struct fl_sandbox_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++) {
		const struct fl_module_info *module = &modules->modules[i];
		if (!module->warning_count)
			continue;
		printf("  warning: %s", cli_text(module->warning));
		if (module->warning_count > 1)
			printf(" (and %u more)", module->warning_count - 1);
		putchar('\n');
	}
}

static void print_content(const struct fl_sandbox_modules *modules)
{
	const struct fl_module_info *outer = &modules->modules[0];
	for (size_t i = 1; i < modules->count; i++) {
		const struct fl_module_info *module = &modules->modules[i];
		char hex[41];
		printf("  holds %s, build id %s%s\n", cli_text(module->name),
		       cli_build_id(module->build_id, module->build_id_size, hex),
		       module->has_debug_info ? "" : " (no debug information)");
	}
	if (!outer->has_debug_info)
		puts("  no debug information: backtraces will have no source lines; add the debug "
		     "file, too");
	else if (!outer->has_code_bytes)
		puts("  a separate debug file: add the stripped ELF, too, for what needs its code");
	cli_print_warnings(modules);
	if (!outer->build_id_size)
		puts("  no build id: only --software-type and --software-version can lead to it");
}

static void print_added(const char *path, const struct fl_sandbox_modules *modules,
			const struct fl_symbol_added *added)
{
	char hex[41];
	printf("%s: symbol file %" PRId64 "%s, build id %s\n", cli_text(path), added->id,
	       added->already_there ? " (already there)" : "",
	       cli_build_id(modules->modules[0].build_id, modules->modules[0].build_id_size, hex));
	print_content(modules);
	if (added->supersedes_id)
		printf("  takes the place of symbol file %" PRId64
		       " of the same build, which holds less\n",
		       added->supersedes_id);
	if (added->superseded_by)
		printf("  superseded by symbol file %" PRId64
		       " of the same build, which holds more: that one is used\n",
		       added->superseded_by);
	if (added->conflicts)
		printf("  conflict: %" PRIu64 " other build%s of the same software type and "
		       "version: a dump without a build id could be of any\n",
		       added->conflicts, added->conflicts == 1 ? "" : "s");
	if (added->dumps_requeued)
		printf("  %" PRIu64 " that waited can be processed now\n", added->dumps_requeued);
	if (added->traces_requeued)
		printf("  %" PRIu64 " traces will be analysed again\n", added->traces_requeued);
	if (added->traces_pruned)
		printf("  %" PRIu64 " traces cannot, their bytes are not kept: they stay in their "
		       "issues, or follow when all like them move to one\n",
		       added->traces_pruned);
}

/* Best effort: without it the worker makes one when it first needs it. */
static void keep_index(struct add *add, const struct fl_sandbox_elf *elf)
{
	FL_AUTO_BUFFER index = { 0 };
	struct fl_symbols_index_info info;
	if (fl_sandbox_encode_elf(add->sandbox, elf, true, &index, NULL, NULL) ||
	    fl_symbols_index_peek(index.data, index.size, &info, NULL))
		return;
	(void)!fl_store_keep_index(add->store, info.elf_hash, index.data, index.size, NULL);
}

static int add_file(struct add *add, const char *path, uint64_t number)
{
	struct fl_error err = { 0 };
	FL_AUTO_BUFFER bytes = { 0 };
	if (cli_read_file(path, &bytes, &err))
		return cli_fail(path, &err);
	struct fl_sandbox_elf elf = { .fd = open(path, O_RDONLY | O_CLOEXEC),
				      .name = cli_basename(path),
				      .has_key = true };
	memcpy(elf.key, &number, sizeof(number)); /* for this run: compiled once */
	if (elf.fd < 0) {
		cli_error("%s: %s", cli_text(path), strerror(errno));
		return CLI_FAILED;
	}
	struct fl_sandbox_modules modules = { 0 };
	struct fl_sandbox_death death = { 0 };
	struct fl_symbol_added added;
	int code = CLI_OK;
	if (fl_sandbox_inspect_elf(add->sandbox, &elf, &modules, &death, &err)) {
		code = cli_fail(path, &err);
		cli_print_death(&death);
	} else {
		struct fl_symbol_file file = {
			.name = elf.name,
			.bytes = bytes.data,
			.size = bytes.size,
			.modules = modules.modules,
			.module_count = modules.count,
			.software_type = add->software_type,
			.software_version = add->software_version,
		};
		if (fl_store_add_symbols(add->store, &file, &added, &err))
			code = cli_fail(path, &err);
		else
			print_added(path, &modules, &added);
		if (!code && !added.already_there)
			keep_index(add, &elf);
	}
	fl_sandbox_modules_deinit(&modules);
	close(elf.fd);
	return code;
}

static int run_add(const struct cli_verb *verb, int argc, char **argv)
{
	struct add add = { 0 };
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &add.database, NULL },
		{ "software-type", 0, CLI_TEXT, &add.software_type, NULL },
		{ "software-version", 0, CLI_TEXT, &add.software_version, NULL },
		{ "sandbox", 0, CLI_CHOICE, &add.sandbox_mode, cli_sandboxes },
	};
	int count;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count < 1) {
		cli_error("no ELF given; see 'faultline symbols add --help'");
		return CLI_USAGE;
	}
	if (!add.software_type != !add.software_version) {
		cli_error("--software-type and --software-version go together");
		return CLI_USAGE;
	}
	struct fl_sandbox_options sandbox = { .mode = (enum fl_sandbox_mode)add.sandbox_mode };
	struct fl_error err = { 0 };
	FL_AUTO(fl_sandbox) child = NULL;
	if (fl_sandbox_open(&sandbox, &child, &err))
		return cli_fail("sandbox", &err);
	int code;
	FL_AUTO(fl_store) store = cli_open_store(add.database, true, &code);
	if (!store)
		return code;
	add.sandbox = child;
	add.store = store;
	code = CLI_OK;
	for (int i = 1; i <= count; i++) {
		int one = add_file(&add, argv[i], (uint64_t)i);
		code = code ? code : one;
	}
	return code;
}

static void print_remarks(const struct fl_symbol_row *row)
{
	if (!row->has_debug_info)
		printf(" (no debug information)");
	if (row->modules > 1)
		printf(" (%" PRIu64 " more ELFs in it)", row->modules - 1);
	if (row->superseded_by)
		printf(" (superseded by %" PRId64 ")", row->superseded_by);
	if (row->conflict)
		printf(" (conflict: another build claims this version)");
	putchar('\n');
}

static bool print_row(void *context, const struct fl_symbol_row *row)
{
	uint64_t *count = context;
	if (!(*count)++)
		printf("%4s  %-40s  %-12s %-12s %9s %7s  %s\n", "file", "build id", "type",
		       "version", "bytes", "traces", "name");
	printf("%4" PRId64 "  %-40s  %-12s %-12s %9" PRIu64 " %7" PRIu64 "  %s", row->id,
	       row->build_id && row->build_id[0] ? row->build_id : "no build id",
	       cli_text(row->software_type), cli_text(row->software_version), row->size,
	       row->traces, cli_text(row->name));
	print_remarks(row);
	return true;
}

static bool add_json_row(void *context, const struct fl_symbol_row *row)
{
	return cli_append_json(
		context,
		json_pack("{s:I, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:b, s:I, s:I, s:b}", "id",
			  (json_int_t)row->id, "name", row->name, "build_id", row->build_id,
			  "software_type", row->software_type, "software_version",
			  row->software_version, "size", (json_int_t)row->size, "modules",
			  (json_int_t)row->modules, "has_debug_info", (int)row->has_debug_info,
			  "traces", (json_int_t)row->traces, "superseded_by",
			  (json_int_t)row->superseded_by, "conflict", (int)row->conflict));
}

static int run_list(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	int format = CLI_TEXT_FORMAT;
	const struct cli_option options[] = {
		{ "db", 0, CLI_TEXT, &database, NULL },
		{ "format", 'f', CLI_CHOICE, &format, cli_formats },
	};
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 0, argc, argv, &code);
	if (!store)
		return code;
	struct fl_error err = { 0 };
	if (format == CLI_JSON_FORMAT) {
		json_t *rows = json_array();
		enum fl_code failed = fl_store_symbols(store, add_json_row, rows, &err);
		return cli_answer_json(rows, failed, "symbols", &err);
	}
	uint64_t count = 0;
	if (fl_store_symbols(store, print_row, &count, &err))
		return cli_fail("symbols", &err);
	if (!count)
		puts("no symbol files");
	return CLI_OK;
}

static int run_remove(const struct cli_verb *verb, int argc, char **argv)
{
	const char *database = NULL;
	const struct cli_option options[] = { { "db", 0, CLI_TEXT, &database, NULL } };
	int64_t id;
	int code;
	FL_AUTO(fl_store)
	store = cli_begin(verb, options, CLI_COUNT(options), &database, 1, argc, argv, &code);
	if (!store)
		return code;
	if (!cli_id(argv[1], &id))
		return CLI_USAGE;
	struct fl_symbol_removed removed = { 0 };
	struct fl_error err = { 0 };
	if (fl_store_remove_symbols(store, id, &removed, &err))
		return cli_fail(NULL, &err);
	printf("symbol file %" PRId64 " is forgotten\n", id);
	if (removed.traces_requeued)
		printf("%" PRIu64 " traces that were analysed with it left their issues: "
		       "'faultline worker' analyses them with another file, or they wait\n",
		       removed.traces_requeued);
	if (removed.companion_traces_requeued)
		printf("%" PRIu64 " traces that were analysed with its debug file are analysed "
		       "again without it\n",
		       removed.companion_traces_requeued);
	if (removed.traces_pruned)
		printf("%" PRIu64 " traces that were analysed with it stay in their issues: "
		       "their bytes are not kept, they cannot be analysed again\n",
		       removed.traces_pruned);
	return CLI_OK;
}

const struct cli_verb cli_symbols_add = {
	.name = "symbols add",
	.summary = "keep firmware ELFs; dumps that waited for them are processed",
	.run = run_add,
	.help = "usage: faultline symbols add ELF... [--db FILE]\n"
		"\n"
		"Keeps ELF files beside the database, by content, and queues the dumps that\n"
		"waited for them; 'faultline worker' processes those. A stripped ELF and its\n"
		"separate debug file (same build id) are used together. A file of the same build\n"
		"that holds more takes the place of an older one: its traces are analysed again.\n"
		"\n"
		"      --db FILE              database (default: $FAULTLINE_DB)\n"
		"      --software-type T      for dumps without a build id: what T and V they\n"
		"      --software-version V   name is how this ELF is found\n"
		"      --sandbox MODE         auto, require, off\n"
		"\n"
		"example: faultline symbols add build/firmware.elf --db crashes.db\n",
};

const struct cli_verb cli_symbols_list = {
	.name = "symbols list",
	.summary = "the firmware ELFs that are known",
	.run = run_list,
	.help = "usage: faultline symbols list [--db FILE] [--format text|json]\n"
		"\n"
		"example: faultline symbols list --db crashes.db\n",
};

const struct cli_verb cli_symbols_remove = {
	.name = "symbols remove",
	.summary = "forget an ELF that turned out to be the wrong one",
	.run = run_remove,
	.help = "usage: faultline symbols remove N [--db FILE]\n"
		"\n"
		"N is the number of the symbol file ('faultline symbols list'). Traces that were\n"
		"analysed with it leave their issues at once and are queued; where no other file\n"
		"fits they wait. Traces whose bytes are not kept stay in their issues.\n"
		"\n"
		"example: faultline symbols remove 3 --db crashes.db\n",
};
