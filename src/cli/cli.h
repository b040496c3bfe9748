/* SPDX-License-Identifier: Apache-2.0 */
/** @file What the verbs share: exit codes, options, files, output. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "sandbox/sandbox.h"
#include "store/store.h"

#include <faultline/faultline.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** Documented in the manual page; scripts rely on them. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,    /**< the host: files, memory, the database */
	CLI_USAGE = 2,     /**< the command line */
	CLI_BAD_INPUT = 3, /**< the dump or an ELF is not what it should be */
	CLI_NOT_FOUND = 4, /**< no such issue, trace, thread, ... */
	CLI_MISMATCH = 5,  /**< --strict and the ELF is not the dump's */
	CLI_DIED = 6,      /**< the analysis died or stalled on the input */
};

/** A verb or the action of a verb. */
struct cli_verb {
	const char *name;    /**< "analyze", "issues list" */
	const char *summary; /**< one line */
	const char *help;    /**< usage, options, an example */
	int (*run)(const struct cli_verb *verb, int argc, char **argv);
};

extern const struct cli_verb cli_analyze, cli_symbolize;
extern const struct cli_verb cli_symbols_add, cli_symbols_list;
extern const struct cli_verb cli_symbols_check, cli_symbols_remove;
extern const struct cli_verb cli_ingest, cli_worker;
extern const struct cli_verb cli_devices_list, cli_devices_show, cli_devices_forget;
extern const struct cli_verb cli_gc, cli_stats, cli_backup, cli_check;
extern const struct cli_verb cli_issues_list, cli_issues_show;
extern const struct cli_verb cli_traces_list, cli_traces_show, cli_traces_explain;
extern const struct cli_verb cli_traces_export, cli_traces_reanalyze, cli_traces_retry;

/* --- options.c --- */

enum cli_kind {
	CLI_FLAG,     /**< bool */
	CLI_TEXT,     /**< const char * */
	CLI_OPTIONAL, /**< const char *: "" where no value follows */
	CLI_NUMBER,   /**< uint64_t */
	CLI_LIST,     /**< struct cli_list: may be given several times */
	CLI_CHOICE,   /**< int: index into choices */
};

struct cli_list {
	const char *items[32];
	size_t count;
};

struct cli_option {
	const char *name; /**< without dashes */
	char letter;      /**< 0 = no short form */
	enum cli_kind kind;
	void *target;
	const char *const *choices; /**< CLI_CHOICE: NULL-terminated; "" cannot be chosen */
};

/**
 * Parse argv[1..]: options go to their targets, the rest is moved to argv[1..*count_ret].
 * Letters of flags may be joined: "-fie FILE". `--help` prints the verb's help and exits. A mistake
 * prints one line and returns false.
 */
bool cli_parse(const struct cli_verb *verb, const struct cli_option *options, size_t option_count,
	       int argc, char **argv, int *count_ret);

#define CLI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

extern const char *const cli_formats[];   /**< "text", "json" */
extern const char *const cli_sandboxes[]; /**< in the order of enum fl_sandbox_mode */
extern const char *const cli_colors[];    /**< "auto", "always", "never" */
enum cli_format { CLI_TEXT_FORMAT, CLI_JSON_FORMAT };

/* --- units.c: one error line and false for what is not understood --- */

#define CLI_AGE_MAX UINT64_C(3155760000) /* a hundred years, in seconds */

/** "90d", "12h", "30m", "45s", "2w", "1y"; "0" = for ever. */
bool cli_parse_age(const char *option, const char *text, int64_t *ret);
/** Bytes, more than none: "500M", "10G", "4096". */
bool cli_parse_size(const char *option, const char *text, uint64_t *ret);
/** "N" or "N/SECONDS"; @p seconds_ret is 0 where only N was given. N is at least 1. */
bool cli_parse_rate(const char *option, const char *text, uint32_t *count_ret,
		    uint32_t *seconds_ret);

/* --- output.c --- */

/** "faultline: ..." on stderr. */
void cli_error(const char *format, ...) FL_PRINTF(1, 2);

/** The same for a library error, with its position; returns the exit code that fits. @p subject may
 * be NULL. */
int cli_fail(const char *subject, const struct fl_error *err);

/** What a child's death looked like, after cli_fail(). */
void cli_print_death(const struct fl_sandbox_death *death);

/** Remember a file that was read, so that no output replaces it. */
struct stat;
void cli_protect(const struct stat *info);

/** Write to @p path ("-" or NULL: stdout), a file whole or not at all. @return an exit code. */
int cli_write(const char *path, const struct fl_buffer *bytes);
/** Say so, unless its reader went: what came of it is what it wanted. */
void cli_output_failed(void);

/** Whether text goes to a terminal that may be coloured. @p choice: index into cli_colors. */
bool cli_use_color(int choice, const char *output_path);

/** $COLUMNS, else those of the terminal, else 80. */
unsigned cli_columns(void);

/** "2026-02-01 12:00:00" UTC; @p buf >= 24 bytes. */
const char *cli_time(int64_t seconds, char *buf);

/** "-" for NULL; control bytes of hostile text replaced. Valid until the eighth next call. */
const char *cli_text(const char *text);

/* --- files.c --- */

/** Read a whole file ("-": stdin). A folder, a missing file, a too large one: FL_EIO. */
FL_MUST_CHECK enum fl_code
cli_read_file(const char *path, struct fl_buffer *ret, struct fl_error *err);

/** Part after the last slash. */
const char *cli_basename(const char *path);

/** Rule lists of a folder, in name order. Release with cli_rules_deinit(). */
struct cli_rules {
	struct fl_rules_file *files;
	struct fl_buffer *texts;
	size_t count;
};
void cli_rules_deinit(struct cli_rules *rules);
FL_MUST_CHECK enum fl_code
cli_rules_load(const char *folder, struct cli_rules *ret, struct fl_error *err);

/* --- shared pieces of verbs --- */

/**
 * Open it, or say in one line why not and return the exit code in @p exit_ret. Only a verb that
 * puts something in may @p create one.
 */
struct fl_store *cli_open_store(const char *path, bool create, int *exit_ret);
/**
 * What most verbs begin with: parse the options, check the number of operands, open the database.
 * @param database what --db was stored to.
 * @param wanted   operands: 0 or 1; they are in argv[1..].
 * @return NULL after an error line, with the exit code in @p exit_ret.
 */
struct fl_store *cli_begin(const struct cli_verb *verb, const struct cli_option *options,
			   size_t option_count, const char *const *database, int wanted, int argc,
			   char **argv, int *exit_ret);
/** The same for one operand that is no number; @p wanted says what, for the error line. */
struct fl_store *cli_begin_with(const struct cli_verb *verb, const struct cli_option *options,
				size_t option_count, const char *const *database,
				const char *wanted, int argc, char **argv, int *exit_ret);
/** The path itself, or NULL after an error line. */
const char *cli_database_path(const char *given);

/** Whether there is such an issue; otherwise an error line and the exit code in @p exit_ret. */
bool cli_issue_exists(struct fl_store *store, int64_t issue_id, int *exit_ret);
bool cli_device_exists(struct fl_store *store, const char *serial, int *exit_ret);

/** What --by takes (the first: it was not given), and its answer; @p issue_id 0 = all traces. */
extern const char *const cli_dimensions[];
int cli_break_down(struct fl_store *store, int64_t issue_id, int dimension, int format);

/** Parse a positive id argument. */
bool cli_id(const char *text, int64_t *ret);

/** The plural's ending: "3 trace%s". */
static inline const char *cli_s(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/** Unix seconds, or ISO-8601 with a zone, as in a spool companion: "2026-02-01T12:00:00Z". */
bool cli_parse_time(const char *text, int64_t *ret);

/** What a worker did, in a line on stdout, and what it left. */
struct fl_worker_summary;
void cli_print_work(const struct fl_worker_summary *summary);

/** How a report is rendered (analyze, traces show, issues show). */
struct cli_render {
	int format;
	int color;
	bool all_frames;
	const char *output;
	const char *source_root;
	struct cli_list path_maps; /**< OLD=NEW */
	struct cli_list threads;   /**< whose backtraces; none: all. No more than one fits */
};

/** Whether the options fit each other; otherwise an error line. */
bool cli_render_fits(const struct cli_render *render);

/** A line for each module that is damaged or of which something is left out. */
void cli_print_warnings(const struct fl_sandbox_modules *modules);

/** Render only. @return an exit code, after an error line. */
int cli_render_bytes(const struct fl_report *report, const struct cli_render *render,
		     struct fl_buffer *ret);

/** Render and write. @return an exit code. */
int cli_render_report(const struct fl_report *report, const struct cli_render *render);

#endif
