/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/handle.h"

#include "sandbox/filter.h"
#include "sandbox/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DEADLINE_MS = 30000,
	REQUESTS = 10000,
	CACHED_IMAGES = 8,
	CACHED_IMAGES_MAX = 4096,
};
#define MEMORY_LIMIT (UINT64_C(4) << 30)

static size_t or_default(size_t value, size_t fallback)
{
	return value ? value : fallback;
}

static void take_options(struct fl_sandbox *sandbox, const struct fl_sandbox_options *options)
{
	size_t cached = or_default(options->cached_images, CACHED_IMAGES);
	sandbox->deadline_ms = (unsigned)or_default(options->deadline_ms, DEADLINE_MS);
	if (sandbox->deadline_ms > INT32_MAX)
		sandbox->deadline_ms = INT32_MAX;
	sandbox->requests = (unsigned)or_default(options->requests, REQUESTS);
	sandbox->compile_apart = options->compile_apart && options->mode != FL_SANDBOX_OFF;
	sandbox->facts_only = options->facts_only;
	sandbox->options = (struct fl_process_options){
		.filter = !fl_filter_missing(),
		.memory_limit = or_default(options->memory_limit, MEMORY_LIMIT),
		.cached_images = cached < CACHED_IMAGES_MAX ? cached : CACHED_IMAGES_MAX,
		.rules = sandbox->rules,
	};
}

static enum fl_code no_filter(const char *reason, struct fl_error *err)
{
	return fl_fail(err, FL_EUNSUPPORTED, FL_AT_NONE, 0, "the sandbox is required, but %s",
		       reason);
}

/* The first child shows what this kernel allows; later ones must reach the same. */
static enum fl_code greet(struct fl_sandbox *sandbox, struct fl_error *err)
{
	char missing[200] = "";
	if (sandbox->process.greeted)
		return FL_OK;
	enum fl_code code = fl_process_greet(&sandbox->process, missing, err);
	if (code)
		return code;
	if (sandbox->process.isolation < sandbox->isolation) {
		fl_process_stop(&sandbox->process);
		return no_filter(missing, err);
	}
	sandbox->isolation = sandbox->process.isolation;
	return FL_OK;
}

static enum fl_code start(struct fl_sandbox *sandbox, struct fl_error *err)
{
	return fl_process_start(&sandbox->process, &sandbox->options, err);
}

static enum fl_code start_and_greet(struct fl_sandbox *sandbox, struct fl_error *err)
{
	enum fl_code code = sandbox->process.pid ? FL_OK : start(sandbox, err);
	return code ? code : greet(sandbox, err);
}

/* One that is killed before it says hello has another chance, like one that is killed at work. */
enum fl_code fl_sandbox_ready(struct fl_sandbox *sandbox, struct fl_error *err)
{
	if (sandbox->process.pid && sandbox->process.served >= sandbox->requests)
		fl_process_stop(&sandbox->process);
	enum fl_code code = start_and_greet(sandbox, err);
	return code == FL_ENOMEM ? start_and_greet(sandbox, err) : code;
}

/* Who wants any child meets it with the first request: until then both can do their work. */
static enum fl_code
open_mode(struct fl_sandbox *sandbox, enum fl_sandbox_mode mode, struct fl_error *err)
{
	if (mode == FL_SANDBOX_OFF)
		return fl_engine_init(&sandbox->engine, sandbox->rules,
				      fl_isolation_name(FL_ISOLATION_NONE),
				      sandbox->options.cached_images, err);
	if (mode == FL_SANDBOX_REQUIRE && fl_filter_missing())
		return no_filter(fl_filter_missing(), err);
	sandbox->isolation =
		mode == FL_SANDBOX_REQUIRE ? FL_ISOLATION_SECCOMP : FL_ISOLATION_PROCESS;
	enum fl_code code = start(sandbox, err);
	return code || mode != FL_SANDBOX_REQUIRE ? code : greet(sandbox, err);
}

enum fl_code fl_sandbox_open(const struct fl_sandbox_options *options, struct fl_sandbox **ret,
			     struct fl_error *err)
{
	static const struct fl_sandbox_options defaults;
	if (!options)
		options = &defaults;
	FL_AUTO(fl_sandbox) sandbox = calloc(1, sizeof(*sandbox));
	if (!sandbox)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "sandbox");
	/* Ignored by whoever started us, children would be reaped behind our back. */
	struct sigaction action;
	if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
	enum fl_code code =
		fl_rules_open(options->rules, options->rules_count, &sandbox->rules, err);
	if (code)
		return code;
	take_options(sandbox, options);
	code = open_mode(sandbox, options->mode, err);
	if (!code)
		*ret = fl_sandbox_take(&sandbox);
	return code;
}

void fl_sandbox_close(struct fl_sandbox *sandbox)
{
	if (!sandbox)
		return;
	fl_process_stop(&sandbox->process);
	fl_engine_deinit(&sandbox->engine);
	fl_buffer_deinit(&sandbox->encoded);
	fl_apart_deinit(&sandbox->apart);
	fl_rules_close(sandbox->rules);
	free(sandbox);
}

void fl_sandbox_dismiss(struct fl_sandbox *sandbox)
{
	fl_process_dismiss(&sandbox->process);
}

const char *fl_sandbox_name(struct fl_sandbox *sandbox)
{
	if (sandbox->process.pid)
		(void)!greet(sandbox, NULL);
	return fl_isolation_name(sandbox->isolation);
}

void fl_sandbox_note_refusals(struct fl_sandbox *sandbox, uint32_t refused, const char *why)
{
	if (!refused)
		return;
	sandbox->refused |= refused;
	snprintf(sandbox->refusal, sizeof(sandbox->refusal), "%s", why);
}

void fl_sandbox_forget_refusals(struct fl_sandbox *sandbox)
{
	sandbox->refused = 0;
	sandbox->refusal[0] = '\0';
}

uint32_t fl_sandbox_refused(const struct fl_sandbox *sandbox, const char **reason_ret)
{
	*reason_ret = sandbox->refusal;
	return sandbox->refused;
}
