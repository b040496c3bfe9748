/* SPDX-License-Identifier: Apache-2.0 */
/* faultline symbolize: addr2line's job. */
#include "cli/symbolize.h"
#include "cli/cache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct asked {
	enum cli_address_kind kind;
	uint32_t addr;
	uint64_t number;
};

struct progress {
	bool on, drawn;
	time_t last;
	uint64_t done;
};

struct job {
	struct cli_list elf_paths;
	int format;
	int sandbox_mode;
	struct cli_cache cache;
	bool no_inlines;
	bool return_addresses;
	struct cli_place_style style;

	struct fl_sandbox *sandbox;
	struct cli_elfs elfs;
	uint64_t number; /* lines or operands so far */
	struct asked asked[FL_SANDBOX_ADDRESSES];
	uint32_t wanted[FL_SANDBOX_ADDRESSES]; /* one for each of asked */
	size_t count;
	struct progress progress;
	struct cli_input input;
	struct cli_output output;
	bool stopped;  /* there is no point in going on */
	int exit_code; /* the first that is not CLI_OK */
};

static void note_exit(struct job *job, int code)
{
	if (code && !job->exit_code)
		job->exit_code = code;
}

static void stop(struct job *job, int code)
{
	note_exit(job, code);
	job->stopped = true;
}

static void draw_progress(struct progress *progress, size_t done)
{
	time_t now = progress->on ? time(NULL) : 0;
	bool first = !progress->last;
	progress->done += done;
	if (now == progress->last)
		return;
	progress->last = now;
	if (first)
		return; /* what takes less than a second needs none */
	progress->drawn = true;
	fprintf(stderr, "\r\033[K%llu addresses", (unsigned long long)progress->done);
}

static void end_progress(const struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
}

/* --- answering --- */

static void print_places(struct job *job, size_t first, const struct fl_sandbox_places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		const struct asked *asked = &job->asked[first + i];
		struct fl_scope scopes[FL_SCOPES_MAX];
		struct cli_place place = {
			.kind = asked->kind,
			.number = asked->number,
			.addr = asked->addr,
			.scopes = scopes,
		};
		if (asked->kind == CLI_ADDRESS)
			place.count = fl_sandbox_place(places, i, scopes, &place.module);
		if (job->no_inlines && place.count)
			place.scopes += place.count - 1;
		if (job->no_inlines && place.count)
			place.count = 1;
		cli_put_place(&job->output, &job->style, &place);
	}
}

/* An answer that is too large at once comes in halves. */
static void answer(struct job *job, size_t first, size_t count)
{
	struct fl_sandbox_places places = { 0 };
	struct fl_sandbox_death death = { 0 };
	struct fl_error err = { 0 };
	enum fl_code code =
		fl_sandbox_lookup(job->sandbox, job->elfs.items, job->elfs.count,
				  job->style.demangle ? FL_NAMES_DEMANGLED : FL_NAMES_LINKAGE,
				  job->wanted + first, count, &places, &death, &err);
	if (code == FL_ELIMIT && count > 1) {
		answer(job, first, count / 2);
		if (!job->stopped)
			answer(job, first + count / 2, count - count / 2);
		return;
	}
	if (code) {
		stop(job, cli_elfs_fail(&job->elfs, "symbolize", &err, &death));
		return;
	}
	print_places(job, first, &places);
	fl_sandbox_places_deinit(&places);
}

static void flush(struct job *job)
{
	if (job->count && !job->stopped)
		answer(job, 0, job->count);
	if (!cli_output_flush(&job->output))
		job->stopped = true; /* said at the end of the program */
	draw_progress(&job->progress, job->count);
	job->count = 0;
}

static void complain(struct job *job, enum cli_address_kind kind, const char *text, size_t size,
		     const char *unit)
{
	char shown[64];
	snprintf(shown, sizeof(shown), "%.*s", (int)(size < 40 ? size : 40), text);
	end_progress(&job->progress);
	cli_error("%s %llu: '%s%s' is %s", unit, (unsigned long long)job->number, cli_text(shown),
		  size > 40 ? "..." : "",
		  kind == CLI_LONG_NUMBER ? "no address: it has more than 32 bits" : "no address");
	note_exit(job, CLI_BAD_INPUT);
}

/* One line of input, one answer; addr2line answers blank lines, too. */
static void ask(struct job *job, const char *text, size_t size, const char *unit)
{
	uint32_t addr;
	enum cli_address_kind kind = cli_parse_address(text, size, &addr);
	job->number++;
	if (kind == CLI_BLANK && !job->style.addr2line)
		return;
	if (kind == CLI_NO_ADDRESS || kind == CLI_LONG_NUMBER)
		complain(job, kind, text, size, unit);
	uint32_t lookup = addr & ~UINT32_C(1);
	if (job->return_addresses && lookup)
		lookup--;
	job->asked[job->count] = (struct asked){ kind, addr, job->number };
	job->wanted[job->count++] = lookup;
	if (job->count == FL_SANDBOX_ADDRESSES)
		flush(job);
}

static void answer_input(struct job *job)
{
	const char *text;
	size_t size;
	bool failed = false;
	job->progress.on = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
	while (!job->stopped && cli_input_fill(&job->input, &failed)) {
		while (!job->stopped && cli_input_line(&job->input, &text, &size))
			ask(job, text, size, "line");
		flush(job);
	}
	end_progress(&job->progress);
	note_exit(job, failed ? CLI_FAILED : CLI_OK);
}

static void answer_operands(struct job *job, int count, char **argv)
{
	for (int i = 1; i <= count && !job->stopped; i++)
		ask(job, argv[i], strlen(argv[i]), "address");
	flush(job);
}

/* --- the ELF files --- */

static void
note_modules(struct job *job, const char *path, const struct fl_sandbox_modules *modules)
{
	if (modules->count && !modules->modules[0].has_debug_info)
		cli_error("%s: has no debug information: functions come from its symbol table%s",
			  cli_text(path),
			  modules->modules[0].has_symbol_table ? "" : ", and it has none");
	for (size_t i = 0; i < modules->count; i++)
		if (modules->modules[i].warning_count)
			cli_error("%s", cli_text(modules->modules[i].warning));
	if (modules->count > 1)
		job->style.many_modules = true;
}

static void open_elf(struct job *job, const char *path)
{
	struct fl_sandbox_modules modules = { 0 };
	struct fl_sandbox_death death = { 0 };
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
	cli_cache_find(&job->cache, &job->elfs, index);
	if (fl_sandbox_inspect_elf(job->sandbox, &job->elfs.items[index], &modules, &death, &err)) {
		note_exit(job, cli_elfs_fail(&job->elfs, path, &err, &death));
		cli_elfs_drop(&job->elfs, index);
		return;
	}
	cli_cache_note(job->sandbox, &job->elfs, index);
	note_modules(job, path, &modules);
	fl_sandbox_modules_deinit(&modules);
}

static void open_elfs(struct job *job)
{
	for (size_t i = 0; i < job->elf_paths.count; i++)
		open_elf(job, job->elf_paths.items[i]);
	if (job->elfs.count > 1)
		job->style.many_modules = true;
}

static int start(struct job *job, int count, char **argv)
{
	struct fl_sandbox_options options = {
		.mode = (enum fl_sandbox_mode)job->sandbox_mode,
		.cached_images = CLI_ELFS_MAX,
	};
	struct fl_error err = { 0 };
	if (fl_sandbox_open(&options, &job->sandbox, &err))
		return cli_fail("sandbox", &err);
	open_elfs(job);
	if (job->elfs.count && count)
		answer_operands(job, count, argv);
	else if (job->elfs.count)
		answer_input(job);
	cli_cache_keep(&job->cache, job->sandbox, &job->elfs);
	fl_sandbox_close(job->sandbox);
	cli_elfs_deinit(&job->elfs);
	return job->exit_code;
}

/* Options as addr2line has them choose what it prints; "-e" names the ELF for both. */
static bool
parse(const struct cli_verb *verb, struct job *job, int argc, char **argv, int *count_ret)
{
	struct cli_list exe = { 0 };
	const char *section = NULL;
	const char *target = NULL;
	bool inlines = false;
	struct cli_place_style *style = &job->style;
	const struct cli_option options[] = {
		{ "elf", 0, CLI_LIST, &job->elf_paths, NULL },
		{ "format", 0, CLI_CHOICE, &job->format, cli_formats },
		{ "no-inlines", 0, CLI_FLAG, &job->no_inlines, NULL },
		{ "return-addresses", 0, CLI_FLAG, &job->return_addresses, NULL },
		{ "sandbox", 0, CLI_CHOICE, &job->sandbox_mode, cli_sandboxes },
		CLI_CACHE_OPTIONS(job->cache),
		{ "exe", 'e', CLI_LIST, &exe, NULL },
		{ "functions", 'f', CLI_FLAG, &style->functions, NULL },
		{ "demangle", 'C', CLI_FLAG, &style->demangle, NULL },
		{ "inlines", 'i', CLI_FLAG, &inlines, NULL },
		{ "addresses", 'a', CLI_FLAG, &style->addresses, NULL },
		{ "pretty-print", 'p', CLI_FLAG, &style->pretty, NULL },
		{ "basenames", 's', CLI_FLAG, &style->basenames, NULL },
		{ "section", 'j', CLI_TEXT, &section, NULL },
		{ "target", 'b', CLI_TEXT, &target, NULL },
	};
	if (!cli_parse(verb, options, CLI_COUNT(options), argc, argv, count_ret))
		return false;
	if (section) {
		cli_error("-j is not supported: addresses of firmware are absolute");
		return false;
	}
	style->json = job->format == CLI_JSON_FORMAT;
	style->inlines = inlines;
	style->addr2line = exe.count || style->functions || style->demangle || inlines ||
			   style->addresses || style->pretty || style->basenames;
	style->demangle = style->demangle && !style->json;
	for (size_t i = 0; i < exe.count; i++) {
		if (job->elf_paths.count == CLI_COUNT(job->elf_paths.items)) {
			cli_error("more than %zu ELF files", CLI_COUNT(job->elf_paths.items));
			return false;
		}
		job->elf_paths.items[job->elf_paths.count++] = exe.items[i];
	}
	if (!job->elf_paths.count)
		cli_error("no ELF file given: --elf; see 'faultline symbolize --help'");
	return job->elf_paths.count > 0;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct job *job = calloc(1, sizeof(*job));
	if (!job) {
		cli_error("out of memory");
		return CLI_FAILED;
	}
	int count;
	int code = parse(verb, job, argc, argv, &count) ? start(job, count, argv) : CLI_USAGE;
	free(job);
	return code;
}

const struct cli_verb cli_symbolize = {
	.name = "symbolize",
	.summary = "functions and lines of addresses, as addr2line, for many at once",
	.run = run,
	.help = "usage: faultline symbolize --elf FW.elf [--elf ...] [ADDRESS ...]\n"
		"       faultline symbolize -e FW.elf [-fiCaps] [ADDRESS ...]\n"
		"\n"
		"Says which functions, inlined ones included, and which lines stand at addresses:\n"
		"hexadecimal, with or without 0x, as arguments or one a line on standard input.\n"
		"The Thumb bit is ignored. What is no address is said on standard error, with its\n"
		"line; the others are answered, and the exit code is 3.\n"
		"\n"
		"      --elf FILE          firmware ELF; again for further parts (first = main one)\n"
		"      --return-addresses  they are return addresses: find the calls before them\n"
		"      --no-inlines        only the functions that inlined ones are in\n"
		"      --format text|json  JSON: a line for each address\n"
		"      --sandbox MODE      auto, require, off\n"
		"      --cache FOLDER, --no-cache, --verify-cache   as of 'faultline analyze'\n"
		"\n"
		"Any option of addr2line gives answers in its form, so that scripts can go on with it.\n"
		"For instructions they are the same, but for discriminators; data and what lies\n"
		"between functions are ?? and ??:0 ('man faultline' has the differences).\n"
		"\n"
		"  -e, --exe FILE          ELF; prints file:line\n"
		"  -f, --functions         function names, on lines of their own\n"
		"  -i, --inlines           callers of inlined functions, too\n"
		"  -C, --demangle          names as in C++ or Rust, with parameters\n"
		"  -a, --addresses         addresses before the answers\n"
		"  -p, --pretty-print      one line for each place\n"
		"  -s, --basenames         files without their directories\n"
		"  -b, --target NAME       is ignored; -j, --section is refused\n"
		"\n"
		"example: faultline symbolize --elf firmware.elf 0x08001234 0x0800210f\n",
};
