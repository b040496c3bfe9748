/* SPDX-License-Identifier: Apache-2.0 */
/* faultline analyze: one dump on one desk. */
#include "cli/cache.h"
#include "worker/spool_chunks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job {
	const char *dump_path;
	struct cli_list elf_paths;
	const char *symbols_folder;
	const char *database;
	const char *rules_folder;
	bool strict;
	int sandbox_mode;
	struct cli_cache cache;
	struct cli_render render;

	struct fl_sandbox *sandbox;
	struct fl_buffer dump;
	struct cli_elfs elfs;
	int exit_code; /* the worst so far: an unusable ELF does not stop the analysis */
};

static void note_exit(struct job *job, int code)
{
	if (code && !job->exit_code)
		job->exit_code = code;
}

static void warn_of_missing_parts(const struct job *job, const char *path, bool has_debug_info,
				  bool has_symbol_table)
{
	bool alone = job->elf_paths.count == 1;
	if (!has_debug_info)
		cli_error("%s: has no debug information: functions come from its symbol table%s%s",
			  cli_text(path), has_symbol_table ? "" : ", and it has none",
			  alone ? "; a separate debug file takes a second --elf" : "");
}

/* An ELF given by name that cannot be used: refuse it here, in one line, and go on without it. */
static void try_elf(struct job *job, size_t index, const char *path)
{
	struct fl_error err = { 0 };
	struct fl_sandbox_modules modules = { 0 };
	struct fl_sandbox_death death = { 0 };
	enum fl_code code = fl_sandbox_inspect_elf(job->sandbox, &job->elfs.items[index], &modules,
						   &death, &err);
	cli_cache_note(job->sandbox, &job->elfs, index);
	if (code) {
		note_exit(job, cli_elfs_fail(&job->elfs, path, &err, &death));
		cli_elfs_drop(&job->elfs, index);
		return;
	}
	if (modules.count)
		warn_of_missing_parts(job, path, modules.modules[0].has_debug_info,
				      modules.modules[0].has_symbol_table);
	fl_sandbox_modules_deinit(&modules);
}

/* Of an ELF that was compiled before, unchanged since, its index tells what would be asked for. */
static void open_given_elf(struct job *job, const char *path)
{
	struct fl_error err = { 0 };
	int fd = cli_open_regular(path, &err);
	if (fd < 0) {
		note_exit(job, cli_fail(path, &err));
		return;
	}
	if (!cli_elfs_add(&job->elfs, fd, cli_basename(path))) {
		note_exit(job, CLI_FAILED);
		return;
	}
	size_t index = job->elfs.count - 1;
	const struct cli_index *known = &job->elfs.indexes[index];
	cli_cache_find(&job->cache, &job->elfs, index);
	if (job->elfs.items[index].has_index && !job->cache.verify)
		warn_of_missing_parts(job, path, known->has_debug_info, known->has_symbol_table);
	else
		try_elf(job, index, path);
}

static void choose_from_database(struct job *job, const struct fl_report_facts *facts)
{
	int exit_code;
	FL_AUTO(fl_store) store = cli_open_store(job->database, false, &exit_code);
	if (!store) {
		note_exit(job, exit_code);
		return;
	}
	note_exit(job, cli_pick_from_database(store, job->database, facts, &job->elfs));
}

/* Without --elf the dump itself says which file it needs. */
static void choose_elf(struct job *job)
{
	FL_AUTO(fl_report) identity = NULL;
	if (job->elf_paths.count || (!job->symbols_folder && !job->database))
		return;
	if (cli_analyze_bytes(job->sandbox, &job->dump, NULL, 0, &identity, NULL, NULL))
		return; /* said by the analysis proper */
	struct fl_report_facts facts = fl_report_facts(identity);
	if (cli_is_event(&job->dump) && !facts.needs_symbols)
		return;
	if (job->symbols_folder)
		note_exit(job, cli_pick_from_folder(job->sandbox, &job->cache, job->symbols_folder,
						    &facts, &job->elfs));
	else
		choose_from_database(job, &facts);
}

static void warn_about_symbols(struct job *job, const struct fl_report_facts *facts)
{
	bool wrong = facts->build_id_conflict || facts->match == FL_MATCH_OTHER_BUILD ||
		     facts->match == FL_MATCH_UNRELATED;
	if (wrong) {
		cli_error("the ELF is not the one this dump comes from: see the report%s",
			  job->strict ? "" : " (--strict refuses)");
		if (job->strict)
			note_exit(job, CLI_MISMATCH);
	} else if (facts->match == FL_MATCH_NO_SYMBOLS && !job->exit_code &&
		   (facts->kind == FL_REPORT_DUMP || facts->needs_symbols)) {
		cli_error("analysed without an ELF: give one with --elf, --symbols or --db");
	}
}

/* It was taken for an event because of its first byte. */
static void say_it_is_neither(struct fl_error *err)
{
	char why[sizeof(err->message)];
	memcpy(why, err->message, sizeof(why));
	snprintf(err->message, sizeof(err->message), "neither a coredump nor an event: %.160s",
		 why);
}

/* What a device sent, before it was put together. */
static void hint_at_ingest(const struct fl_buffer *bytes, struct fl_error *err)
{
	const struct fl_upload sent = { .bytes = bytes->data, .size = bytes->size };
	size_t used = strlen(err->message);
	if (fl_spool_is_chunks(&sent))
		snprintf(err->message + used, sizeof(err->message) - used,
			 "; 'faultline ingest' takes what a device sent in chunks");
}

static int analyze(struct job *job)
{
	struct fl_error err = { 0 };
	if (cli_read_file(job->dump_path, &job->dump, &err))
		return cli_fail(job->dump_path, &err);
	for (size_t i = 0; i < job->elf_paths.count; i++)
		open_given_elf(job, job->elf_paths.items[i]);
	choose_elf(job);

	FL_AUTO(fl_report) report = NULL;
	struct fl_sandbox_death death = { 0 };
	if (cli_analyze_bytes(job->sandbox, &job->dump, job->elfs.items, job->elfs.count, &report,
			      &death, &err)) {
		if (err.code == FL_EFORMAT && cli_is_event(&job->dump))
			say_it_is_neither(&err);
		if (err.code == FL_EFORMAT)
			hint_at_ingest(&job->dump, &err);
		return cli_elfs_fail(&job->elfs, job->dump_path, &err, &death);
	}
	cli_cache_note(job->sandbox, &job->elfs, 0);
	if (!cli_cache_wants(&job->elfs))
		fl_sandbox_dismiss(job->sandbox);
	struct fl_report_facts facts = fl_report_facts(report);
	warn_about_symbols(job, &facts);
	note_exit(job, cli_elfs_check(&job->elfs));
	if (job->exit_code == CLI_MISMATCH)
		return CLI_MISMATCH;
	int code = cli_render_report(report, &job->render);
	(void)fflush(stdout); /* the answer first */
	cli_cache_keep(&job->cache, job->sandbox, &job->elfs);
	return code ? code : job->exit_code;
}

static int start(struct job *job)
{
	struct cli_rules rules = { 0 };
	struct fl_error err = { 0 };
	if (job->rules_folder && cli_rules_load(job->rules_folder, &rules, &err))
		return cli_fail(job->rules_folder, &err);
	struct fl_sandbox_options options = {
		.mode = (enum fl_sandbox_mode)job->sandbox_mode,
		.rules = rules.files,
		.rules_count = rules.count,
	};
	int code;
	if (fl_sandbox_open(&options, &job->sandbox, &err))
		code = cli_fail("sandbox", &err);
	else
		code = analyze(job);
	fl_sandbox_close(job->sandbox);
	cli_elfs_deinit(&job->elfs);
	fl_buffer_deinit(&job->dump);
	cli_rules_deinit(&rules);
	return code;
}

/* $FAULTLINE_DB, when there is such a database. */
static const char *default_database(void)
{
	const char *path = getenv("FAULTLINE_DB");
	return path && path[0] && access(path, F_OK) == 0 ? path : NULL;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct job job = { 0 };
	const struct cli_option options[] = {
		{ "elf", 'e', CLI_LIST, &job.elf_paths, NULL },
		{ "symbols", 0, CLI_TEXT, &job.symbols_folder, NULL },
		{ "db", 0, CLI_TEXT, &job.database, NULL },
		{ "format", 'f', CLI_CHOICE, &job.render.format, cli_formats },
		{ "output", 'o', CLI_TEXT, &job.render.output, NULL },
		{ "strict", 0, CLI_FLAG, &job.strict, NULL },
		{ "source-root", 0, CLI_TEXT, &job.render.source_root, NULL },
		{ "path-map", 0, CLI_LIST, &job.render.path_maps, NULL },
		{ "color", 0, CLI_CHOICE, &job.render.color, cli_colors },
		{ "all-frames", 0, CLI_FLAG, &job.render.all_frames, NULL },
		{ "thread", 't', CLI_LIST, &job.render.threads, NULL },
		{ "rules", 0, CLI_TEXT, &job.rules_folder, NULL },
		{ "sandbox", 0, CLI_CHOICE, &job.sandbox_mode, cli_sandboxes },
		CLI_CACHE_OPTIONS(job.cache),
	};
	int count;
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, &count))
		return CLI_USAGE;
	if (count != 1) {
		cli_error("analyze takes one dump; see 'faultline analyze --help'");
		return CLI_USAGE;
	}
	if (!cli_render_fits(&job.render))
		return CLI_USAGE;
	for (size_t i = 0; i < job.render.path_maps.count; i++) {
		const char *equals = strchr(job.render.path_maps.items[i], '=');
		if (!equals || equals == job.render.path_maps.items[i]) {
			cli_error("--path-map takes OLD=NEW (got '%s')",
				  cli_text(job.render.path_maps.items[i]));
			return CLI_USAGE;
		}
	}
	if (!job.database && !job.elf_paths.count && !job.symbols_folder)
		job.database = default_database();
	job.dump_path = argv[1];
	return start(&job);
}

const struct cli_verb cli_analyze = {
	.name = "analyze",
	.summary = "explain one dump: what went wrong, where, and how it got there",
	.run = run,
	.help = "usage: faultline analyze DUMP [--elf FW.elf ...] [options]\n"
		"\n"
		"Explains a coredump: verdict, threads, backtraces, registers, fault registers. A\n"
		"reboot or trace event (CBOR) is explained, too. DUMP may be '-' for standard input.\n"
		"\n"
		"  -e, --elf FILE          firmware ELF; again for further parts (first = main one)\n"
		"      --symbols FOLDER    pick the ELF with the dump's build id from a folder and its\n"
		"                          subfolders; a stripped ELF and its debug file together\n"
		"      --db FILE           pick it from a database (default: $FAULTLINE_DB)\n"
		"  -f, --format text|json  text for people (default), JSON for programs\n"
		"  -o, --output FILE       write there instead of standard output\n"
		"  -t, --thread WHICH      backtraces of the threads of that name only (or of the control\n"
		"                          block at that 0x address), 'crashed', or 'all' (default)\n"
		"      --strict            refuse an ELF of another build (exit code 5)\n"
		"      --source-root DIR   show source lines found below DIR\n"
		"      --path-map OLD=NEW  source paths that begin with OLD are under NEW\n"
		"      --all-frames        do not fold repeated frames\n"
		"      --color WHEN        auto, always, never\n"
		"      --rules FOLDER      signature lists to use instead of the built-in ones\n"
		"      --sandbox MODE      auto, require, off\n"
		"      --cache FOLDER      where compiled ELFs are kept, so that the next analysis with\n"
		"                          one need not read it ($XDG_CACHE_HOME/faultline)\n"
		"      --no-cache          neither use nor write it\n"
		"      --verify-cache      compare the contents of the ELF, too, not only its date\n"
		"\n"
		"example: faultline analyze crash.core --elf build/firmware.elf\n"
		"example: faultline analyze crash.core --elf build/firmware.elf --thread logger\n",
};
