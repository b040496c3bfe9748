/* SPDX-License-Identifier: Apache-2.0 */
/* faultline symbols: the firmware images a database knows. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
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

static void print_added(const char *path, const struct fl_sandbox_modules *modules,
			const struct fl_symbol_added *added)
{
	const struct fl_module_info *main_module = &modules->modules[0];
	char hex[41] = "none";
	for (unsigned i = 0; i < main_module->build_id_size; i++)
		snprintf(hex + 2 * i, 3, "%02x", main_module->build_id[i]);
	printf("%s: symbol file %" PRId64 "%s, build id %s\n", cli_text(path), added->id,
	       added->already_there ? " (already there)" : "", hex);
	for (size_t i = 1; i < modules->count; i++)
		printf("  holds %s\n", cli_text(modules->modules[i].name));
	if (!main_module->has_debug_info)
		printf("  no debug information: backtraces will have no source lines\n");
	if (added->dumps_requeued)
		printf("  %" PRIu64 " waiting dumps can be processed now\n", added->dumps_requeued);
}

static int add_file(struct add *add, const char *path)
{
	struct fl_error err = { 0 };
	FL_AUTO_BUFFER bytes = { 0 };
	if (cli_read_file(path, &bytes, &err))
		return cli_fail(path, &err);
	struct fl_sandbox_elf elf = { .fd = open(path, O_RDONLY | O_CLOEXEC),
				      .name = cli_basename(path) };
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
		int one = add_file(&add, argv[i]);
		code = code ? code : one;
	}
	return code;
}

static bool print_row(void *context, const struct fl_symbol_row *row)
{
	(void)context;
	printf("%4" PRId64 "  %-40s  %-12s %-12s %9" PRIu64 "  %s%s\n", row->id,
	       row->build_id && row->build_id[0] ? row->build_id : "no build id",
	       cli_text(row->software_type), cli_text(row->software_version), row->size,
	       cli_text(row->name), row->has_debug_info ? "" : " (no debug information)");
	return true;
}

static bool add_json_row(void *context, const struct fl_symbol_row *row)
{
	json_t *object = json_pack(
		"{s:I, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:b}", "id", (json_int_t)row->id, "name",
		row->name, "build_id", row->build_id, "software_type", row->software_type,
		"software_version", row->software_version, "size", (json_int_t)row->size, "modules",
		(json_int_t)row->modules, "has_debug_info", (int)row->has_debug_info);
	return object && json_array_append_new(context, object) == 0;
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
	json_t *rows = format == CLI_JSON_FORMAT ? json_array() : NULL;
	if (!rows)
		printf("%4s  %-40s  %-12s %-12s %9s  %s\n", "id", "build id", "type", "version",
		       "bytes", "name");
	if (fl_store_symbols(store, rows ? add_json_row : print_row, rows, &err)) {
		json_decref(rows);
		return cli_fail("symbols", &err);
	}
	if (rows) {
		json_dumpf(rows, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(rows);
	}
	return CLI_OK;
}

const struct cli_verb cli_symbols_add = {
	.name = "symbols add",
	.summary = "keep firmware ELFs; dumps that waited for them are processed",
	.run = run_add,
	.help = "usage: faultline symbols add ELF... [--db FILE]\n"
		"\n"
		"Keeps ELF files beside the database, by content, and queues the dumps that\n"
		"waited for them; 'faultline worker' processes those.\n"
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
