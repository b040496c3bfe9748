/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include "sandbox/apart.h"
#include "sandbox/call.h"
#include "sandbox/engine.h"
#include "sandbox/filter.h"
#include "sandbox/places.h"
#include "sandbox/process.h"
#include "sandbox/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
	DEADLINE_MS = 30000,
	REQUESTS = 10000,
	CACHED_IMAGES = 8,
	CACHED_IMAGES_MAX = 4096,
};
#define MEMORY_LIMIT (UINT64_C(4) << 30)

struct fl_sandbox {
	struct fl_rules *rules;
	enum fl_isolation isolation;
	unsigned deadline_ms;
	unsigned requests;
	struct fl_process_options options;
	struct fl_process process; /**< with a child */
	struct fl_engine engine;   /**< without */
	bool compile_apart;
	bool facts_only;
	struct fl_apart apart;
	struct fl_sandbox_elf elfs[FL_WIRE_ELFS]; /**< of a request, with indexes made apart */
	struct fl_buffer encoded;                 /**< of the last report */
	uint32_t refused;                         /**< indexes of the last request */
	char refusal[200];
};

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

/* --- a call through the child --- */

static enum fl_code blame(const struct fl_death_facts *facts, enum fl_code code,
			  struct fl_sandbox_death *death, struct fl_error *err)
{
	struct fl_sandbox_death own;
	if (!death)
		death = &own;
	*death = (struct fl_sandbox_death){ 0 };
	fl_death_describe(facts, death);
	return fl_fail(err, code, FL_AT_NONE, 0, "the analysis process: %s", death->reason);
}

static const char *bad_answer(const struct fl_wire_reply *reply)
{
	if (reply->wants_files)
		return "asked for files that there are not";
	if (reply->code >= FL_ECHILD)
		return "answered with an unknown code";
	if (reply->code)
		return NULL;
	if (reply->size > FL_WIRE_RESULT_MAX || reply->count > FL_WIRE_MODULES)
		return "answered with an impossible size";
	return NULL;
}

/* Copied before it is looked at: the child can write to the file for as long as it lives. */
static enum fl_code take_result(struct fl_sandbox *sandbox, struct fl_call *call,
				const char **bad_ret, struct fl_error *err)
{
	*bad_ret = bad_answer(&call->reply);
	if (*bad_ret || call->reply.code)
		return FL_OK;
	size_t size = (size_t)call->reply.size;
	call->result = malloc(size ? size : 1);
	if (!call->result)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "result of %zu bytes", size);
	if (!fl_process_result(&sandbox->process, call->result, size))
		*bad_ret = "answered with less than it promised";
	return FL_OK;
}

/* Not this process's deadline, nor a filter: the kernel's out-of-memory killer, or an operator. */
static bool killed_from_outside(const struct fl_death_facts *facts)
{
	return !facts->stalled && !facts->record.signal && !facts->protocol && facts->has_status &&
	       WIFSIGNALED(facts->status) && WTERMSIG(facts->status) == SIGKILL;
}

/*
 * A death is an input's own only when a child died of it that had read nothing else: an earlier
 * input may have corrupted a kept child, and SIGKILL comes from outside. Such a death is tried
 * again once.
 */
static bool worth_a_second_try(const struct fl_death_facts *facts, unsigned served)
{
	return !facts->stalled && (served > 0 || killed_from_outside(facts));
}

static void note_refusals(struct fl_sandbox *sandbox, uint32_t refused, const char *why)
{
	if (!refused)
		return;
	sandbox->refused |= refused;
	snprintf(sandbox->refusal, sizeof(sandbox->refusal), "%s", why);
}

static void forget_refusals(struct fl_sandbox *sandbox)
{
	sandbox->refused = 0;
	sandbox->refusal[0] = '\0';
}

uint32_t fl_sandbox_refused(const struct fl_sandbox *sandbox, const char **reason_ret)
{
	*reason_ret = sandbox->refusal;
	return sandbox->refused;
}

/* What the store knows by its contents, under a name that its index has, too. */
static bool can_be_apart(const struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf)
{
	return sandbox->compile_apart && elf->has_key && elf->name;
}

/* NULL: there is none. FL_STALLED, FL_DIED: nor a child that made it. */
static const struct fl_apart_index *
index_apart(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
	    enum fl_answer *answer_ret, struct fl_death_facts *facts)
{
	const struct fl_apart_index *index = fl_apart_find(&sandbox->apart, elf);
	*answer_ret = FL_ANSWERED;
	return index ? index
		     : fl_apart_make(&sandbox->apart, &sandbox->options, sandbox->isolation,
				     sandbox->deadline_ms, elf, answer_ret, facts);
}

/* Those ELFs that have no index get one, as many as are kept at once. False: that took a child. */
static bool
compile_apart(struct fl_sandbox *sandbox, struct fl_call *call, struct fl_death_facts *facts)
{
	size_t made = 0;
	for (size_t i = 0; i < call->request.elf_count; i++) {
		struct fl_sandbox_elf elf = call->elfs[i];
		bool wanted = can_be_apart(sandbox, &elf) && !elf.has_index &&
			      !call->without_indexes && made < FL_APART_INDEXES;
		enum fl_answer answer = FL_ANSWERED;
		const struct fl_apart_index *index =
			wanted ? index_apart(sandbox, &elf, &answer, facts) : NULL;
		if (answer != FL_ANSWERED)
			return false;
		if (index) {
			elf.has_index = true;
			elf.index_fd = index->fd;
			made++;
		}
		sandbox->elfs[i] = elf;
	}
	call->elfs = sandbox->elfs;
	return true;
}

/* False: the child that compiles is gone. */
static bool give_elfs(struct fl_sandbox *sandbox, struct fl_call *call,
		      struct fl_death_facts *facts, enum fl_code *code_ret, struct fl_error *err)
{
	if (!compile_apart(sandbox, call, facts))
		return false;
	*code_ret = fl_call_give_elfs(call, err);
	return true;
}

/* Descriptors only where the child cannot do without: each of them costs both sides some calls. */
static bool needs_elfs(const struct fl_process *process, const struct fl_call *call)
{
	return !call->request.given && !fl_process_knows(process, &call->request);
}

static enum fl_answer
ask_once(struct fl_sandbox *sandbox, struct fl_call *call, struct fl_death_facts *facts)
{
	struct fl_process *process = &sandbox->process;
	if (call->input && call->request.kind != FL_WIRE_ANALYZE_FILE)
		memcpy(process->window, call->input, (size_t)call->request.input_size);
	return fl_process_ask(process, &call->request, call->fds, call->fd_count,
			      sandbox->deadline_ms, &call->reply, facts);
}

/* The same once more, with the files, if the child has forgotten them. */
static bool ask_again(struct fl_sandbox *sandbox, struct fl_call *call,
		      struct fl_death_facts *facts, enum fl_code *code_ret, struct fl_error *err)
{
	if (!call->reply.wants_files || call->request.given || !call->request.elf_count)
		return true;
	return give_elfs(sandbox, call, facts, code_ret, err) &&
	       (*code_ret || ask_once(sandbox, call, facts) == FL_ANSWERED);
}

/* True: there is an answer, or @p code_ret says why there will be none. False: a child is gone. */
static bool ask_child(struct fl_sandbox *sandbox, struct fl_call *call,
		      struct fl_death_facts *facts, enum fl_code *code_ret, struct fl_error *err)
{
	struct fl_process *process = &sandbox->process;
	const char *bad = NULL;
	*code_ret = FL_OK;
	if (needs_elfs(process, call) && !give_elfs(sandbox, call, facts, code_ret, err))
		return false;
	if (*code_ret)
		return true;
	if (ask_once(sandbox, call, facts) != FL_ANSWERED ||
	    !ask_again(sandbox, call, facts, code_ret, err))
		return false;
	if (*code_ret)
		return true;
	*code_ret = take_result(sandbox, call, &bad, err);
	if (bad) {
		fl_process_condemn(process, bad, facts);
		return false;
	}
	fl_process_note(process, &call->request);
	note_refusals(sandbox, call->reply.refused, call->reply.refusal);
	return true;
}

/* An index never costs an input its analysis: whatever dies with one is tried without. */
static enum fl_code ask(struct fl_sandbox *sandbox, struct fl_call *call,
			struct fl_sandbox_death *death, struct fl_error *err)
{
	struct fl_process *process = &sandbox->process;
	for (unsigned try = 0;; try++) {
		if (process->pid && process->served >= sandbox->requests)
			fl_process_stop(process);
		enum fl_code code = process->pid ? FL_OK : start(sandbox, err);
		if (!code)
			code = greet(sandbox, err);
		if (code)
			return code;
		unsigned served = process->served;
		struct fl_death_facts facts;
		if (ask_child(sandbox, call, &facts, &code, err))
			return code;
		if (fl_call_drop_indexes(call)) {
			sandbox->refused = (uint32_t)((UINT64_C(1) << call->request.elf_count) - 1);
			snprintf(sandbox->refusal, sizeof(sandbox->refusal),
				 "the analysis died while it used it");
			continue;
		}
		if (try > 0 || !worth_a_second_try(&facts, served)) {
			code = killed_from_outside(&facts) ? FL_ENOMEM : FL_ECHILD;
			return blame(&facts, code, death, err);
		}
	}
}

/* What the child reported as its own failure. */
static enum fl_code
failure(struct fl_sandbox *sandbox, const struct fl_wire_reply *reply, struct fl_error *err)
{
	if (reply->code == FL_ENOMEM) {
		fl_process_stop(&sandbox->process); /* the next one starts with all its memory */
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0,
			       "out of memory (limit of the analysis process: %zu MiB)",
			       sandbox->options.memory_limit >> 20);
	}
	enum fl_at kind = reply->error.at_kind == FL_AT_FILE_OFFSET      ? FL_AT_FILE_OFFSET
			  : reply->error.at_kind == FL_AT_TARGET_ADDRESS ? FL_AT_TARGET_ADDRESS
									 : FL_AT_NONE;
	return fl_fail(err, (enum fl_code)reply->code, kind, reply->error.at, "%s",
		       reply->error.message);
}

static enum fl_code bad_content(struct fl_sandbox *sandbox, const char *what,
				struct fl_sandbox_death *death, struct fl_error *err)
{
	struct fl_death_facts facts;
	fl_process_condemn(&sandbox->process, what, &facts);
	return blame(&facts, FL_ECHILD, death, err);
}

/* --- analyze --- */

/* Only what this program would have written itself, within a size that it may well have. */
static bool is_of_this_format(const uint8_t *bytes, uint64_t size)
{
	return size >= 6 && size <= FL_WIRE_ANSWER && bytes[4] == FL_REPORT_MAJOR &&
	       bytes[5] == FL_REPORT_MINOR;
}

static void keep_encoded(struct fl_sandbox *sandbox, struct fl_call *call)
{
	if (!is_of_this_format(call->result, call->reply.size))
		return;
	sandbox->encoded = (struct fl_buffer){ call->result, (size_t)call->reply.size };
	call->result = NULL;
}

/* Who keeps the bytes needs no more of the report: it can always be decoded from them. */
static enum fl_code decode(const struct fl_sandbox *sandbox, const struct fl_call *call,
			   struct fl_report **ret, struct fl_error *err)
{
	size_t size = (size_t)call->reply.size;
	return sandbox->facts_only && is_of_this_format(call->result, size)
		       ? fl_report_decode_facts(call->result, size, ret, err)
		       : fl_report_decode(call->result, size, ret, err);
}

bool fl_sandbox_take_encoded(struct fl_sandbox *sandbox, struct fl_buffer *ret)
{
	if (!sandbox->encoded.data)
		return false;
	*ret = sandbox->encoded;
	sandbox->encoded = (struct fl_buffer){ 0 };
	return true;
}

static enum fl_code analyze_in_child(struct fl_sandbox *sandbox, struct fl_call *call,
				     struct fl_report **ret, struct fl_sandbox_death *death,
				     struct fl_error *err)
{
	enum fl_code code = ask(sandbox, call, death, err);
	if (code)
		return code;
	if (call->reply.code)
		return failure(sandbox, &call->reply, err);
	struct fl_error cause = { 0 };
	code = decode(sandbox, call, ret, &cause);
	if (code == FL_ENOMEM)
		return fl_fail(err, code, FL_AT_NONE, 0, "%s", cause.message);
	if (code)
		return bad_content(sandbox, "answered with a damaged report", death, err);
	keep_encoded(sandbox, call);
	return FL_OK;
}

static enum fl_code analyze_here(struct fl_sandbox *sandbox, struct fl_call *call,
				 enum fl_wire_input kind, const void *bytes, size_t size,
				 struct fl_report **ret, struct fl_error *err)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	enum fl_code code = fl_call_give_elfs(call, err);
	if (code)
		return code;
	size_t count = fl_call_inputs(&call->request, call->fds, inputs);
	code = fl_engine_analyze(&sandbox->engine, kind, bytes, size, inputs, count, ret, err);
	note_refusals(sandbox, sandbox->engine.refused, sandbox->engine.refusal);
	return code;
}

static enum fl_code analyze(struct fl_sandbox *sandbox, enum fl_wire_input kind, const void *bytes,
			    size_t size, const struct fl_sandbox_elf *elfs, size_t count,
			    struct fl_report **ret, struct fl_sandbox_death *death,
			    struct fl_error *err)
{
	struct fl_call call = { 0 };
	bool here = sandbox->isolation == FL_ISOLATION_NONE;
	fl_buffer_deinit(&sandbox->encoded);
	forget_refusals(sandbox);
	enum fl_code code = here ? FL_OK : fl_call_add_input(&call, kind, bytes, size, err);
	if (!code)
		code = fl_call_name_elfs(&call, elfs, count, err);
	if (!code)
		code = here ? analyze_here(sandbox, &call, kind, bytes, size, ret, err)
			    : analyze_in_child(sandbox, &call, ret, death, err);
	fl_call_deinit(&call);
	return code;
}

enum fl_code fl_sandbox_analyze(struct fl_sandbox *sandbox, const void *dump, size_t size,
				const struct fl_sandbox_elf *elfs, size_t count,
				struct fl_report **ret, struct fl_sandbox_death *death,
				struct fl_error *err)
{
	return analyze(sandbox, FL_WIRE_DUMP, dump, size, elfs, count, ret, death, err);
}

enum fl_code fl_sandbox_analyze_event(struct fl_sandbox *sandbox, const void *event, size_t size,
				      const struct fl_sandbox_elf *elfs, size_t count,
				      struct fl_report **ret, struct fl_sandbox_death *death,
				      struct fl_error *err)
{
	return analyze(sandbox, FL_WIRE_EVENT, event, size, elfs, count, ret, death, err);
}

/* --- inspect --- */

void fl_sandbox_modules_deinit(struct fl_sandbox_modules *modules)
{
	free(modules->modules);
	*modules = (struct fl_sandbox_modules){ 0 };
}

/* One allocation: the array, then a slot for each name. */
static enum fl_code new_modules(size_t count, struct fl_sandbox_modules *ret, struct fl_error *err)
{
	struct fl_module_info *modules =
		calloc(count ? count : 1, sizeof(modules[0]) + 2 * FL_WIRE_NAME);
	if (!modules)
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "list of modules");
	*ret = (struct fl_sandbox_modules){ .modules = modules, .count = count };
	return FL_OK;
}

static const char *copy_text(char *to, const char *text)
{
	snprintf(to, FL_WIRE_NAME, "%s", text ? text : "");
	fl_death_clean_text(to);
	return to;
}

static void
set_module(struct fl_sandbox_modules *modules, size_t index, const struct fl_module_info *info)
{
	char *texts = (char *)(modules->modules + modules->count) + 2 * index * FL_WIRE_NAME;
	struct fl_module_info *copy = &modules->modules[index];
	*copy = *info;
	copy->name = copy_text(texts, info->name);
	copy->warning = info->warning_count ? copy_text(texts + FL_WIRE_NAME, info->warning) : NULL;
}

static enum fl_code
copy_modules(const struct fl_symbols *symbols, struct fl_sandbox_modules *ret, struct fl_error *err)
{
	enum fl_code code = new_modules(fl_symbols_module_count(symbols), ret, err);
	for (size_t i = 0; !code && i < ret->count; i++) {
		struct fl_module_info info = fl_symbols_module(symbols, i);
		set_module(ret, i, &info);
	}
	return code;
}

static enum fl_code
take_modules(const struct fl_call *call, struct fl_sandbox_modules *ret, struct fl_error *err)
{
	enum fl_code code = new_modules(call->reply.count, ret, err);
	for (size_t i = 0; !code && i < ret->count; i++) {
		struct fl_wire_module wire;
		memcpy(&wire, (const char *)call->result + i * sizeof(wire), sizeof(wire));
		wire.name[sizeof(wire.name) - 1] = '\0';
		wire.warning[sizeof(wire.warning) - 1] = '\0';
		struct fl_module_info info = {
			.name = wire.name,
			.warning_count = wire.warning_count,
			.warning = wire.warning,
			.has_debug_info = wire.has_debug_info != 0,
			.has_unwind_info = wire.has_unwind_info != 0,
			.has_symbol_table = wire.has_symbol_table != 0,
			.has_code_bytes = wire.has_code_bytes != 0,
			.function_count = wire.function_count,
			.code_addr = wire.code_addr,
			.code_end = wire.code_end,
		};
		if (wire.build_id_size <= sizeof(wire.build_id))
			info.build_id_size = wire.build_id_size;
		memcpy(info.build_id, wire.build_id, sizeof(info.build_id));
		set_module(ret, i, &info);
	}
	return code;
}

static enum fl_code inspect_here(struct fl_sandbox *sandbox, struct fl_call *call,
				 struct fl_sandbox_modules *ret, struct fl_error *err)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	const struct fl_symbols *symbols;
	enum fl_code code = fl_call_give_elfs(call, err);
	if (code)
		return code;
	fl_call_inputs(&call->request, call->fds, inputs);
	code = fl_engine_inspect(&sandbox->engine, &inputs[0], &symbols, err);
	note_refusals(sandbox, sandbox->engine.refused, sandbox->engine.refusal);
	return code ? code : copy_modules(symbols, ret, err);
}

static enum fl_code inspect_in_child(struct fl_sandbox *sandbox, struct fl_call *call,
				     struct fl_sandbox_modules *ret, struct fl_sandbox_death *death,
				     struct fl_error *err)
{
	enum fl_code code = ask(sandbox, call, death, err);
	if (code)
		return code;
	if (call->reply.code)
		return failure(sandbox, &call->reply, err);
	if (call->reply.size != call->reply.count * sizeof(struct fl_wire_module))
		return bad_content(sandbox, "answered with a damaged list", death, err);
	return take_modules(call, ret, err);
}

enum fl_code fl_sandbox_inspect_elf(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
				    struct fl_sandbox_modules *ret, struct fl_sandbox_death *death,
				    struct fl_error *err)
{
	struct fl_call call = { .request.kind = FL_WIRE_INSPECT };
	forget_refusals(sandbox);
	enum fl_code code = fl_call_name_elfs(&call, elf, 1, err);
	if (!code)
		code = sandbox->isolation == FL_ISOLATION_NONE
			       ? inspect_here(sandbox, &call, ret, err)
			       : inspect_in_child(sandbox, &call, ret, death, err);
	fl_call_deinit(&call);
	return code;
}

/* --- look-up --- */

static enum fl_code lookup_here(struct fl_sandbox *sandbox, struct fl_call *call,
				const uint32_t *addrs, size_t count, struct fl_sandbox_places *ret,
				struct fl_error *err)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	struct fl_buffer packed = { 0 };
	enum fl_code code = fl_call_give_elfs(call, err);
	if (code)
		return code;
	size_t elf_count = fl_call_inputs(&call->request, call->fds, inputs);
	code = fl_engine_lookup(&sandbox->engine, inputs, elf_count,
				(enum fl_sandbox_names)call->request.input, addrs, count, &packed,
				err);
	note_refusals(sandbox, sandbox->engine.refused, sandbox->engine.refusal);
	if (!code && !fl_places_take(packed.data, packed.size, count, ret))
		code = fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "damaged places");
	return code;
}

static enum fl_code lookup_in_child(struct fl_sandbox *sandbox, struct fl_call *call, size_t count,
				    struct fl_sandbox_places *ret, struct fl_sandbox_death *death,
				    struct fl_error *err)
{
	enum fl_code code = ask(sandbox, call, death, err);
	if (code)
		return code;
	if (call->reply.code)
		return failure(sandbox, &call->reply, err);
	void *bytes = call->result;
	call->result = NULL;
	return fl_places_take(bytes, (size_t)call->reply.size, count, ret)
		       ? FL_OK
		       : bad_content(sandbox, "answered with damaged places", death, err);
}

enum fl_code fl_sandbox_lookup(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elfs,
			       size_t elf_count, enum fl_sandbox_names names, const uint32_t *addrs,
			       size_t count, struct fl_sandbox_places *ret,
			       struct fl_sandbox_death *death, struct fl_error *err)
{
	if (count > FL_SANDBOX_ADDRESSES)
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%zu addresses, at most %d at once",
			       count, FL_SANDBOX_ADDRESSES);
	struct fl_call call = {
		.request.kind = FL_WIRE_LOOKUP,
		.request.input = names,
		.request.input_size = count * sizeof(addrs[0]),
		.input = addrs,
	};
	forget_refusals(sandbox);
	enum fl_code code = fl_call_name_elfs(&call, elfs, elf_count, err);
	if (!code)
		code = sandbox->isolation == FL_ISOLATION_NONE
			       ? lookup_here(sandbox, &call, addrs, count, ret, err)
			       : lookup_in_child(sandbox, &call, count, ret, death, err);
	fl_call_deinit(&call);
	return code;
}

/* --- encode --- */

/* What a child says is an index. */
static enum fl_code check_index(const void *bytes, size_t size, struct fl_error *err)
{
	FL_AUTO(fl_symbols) symbols = NULL;
	return fl_symbols_decode(bytes, size, &symbols, err);
}

static enum fl_code encode_in_child(struct fl_sandbox *sandbox, struct fl_call *call,
				    struct fl_buffer *ret, struct fl_sandbox_death *death,
				    struct fl_error *err)
{
	enum fl_code code = ask(sandbox, call, death, err);
	if (code)
		return code;
	if (call->reply.code)
		return failure(sandbox, &call->reply, err);
	struct fl_error cause = { 0 };
	code = check_index(call->result, (size_t)call->reply.size, &cause);
	if (code == FL_ENOMEM)
		return fl_fail(err, code, FL_AT_NONE, 0, "%s", cause.message);
	if (code)
		return bad_content(sandbox, "answered with a damaged index", death, err);
	*ret = (struct fl_buffer){ call->result, (size_t)call->reply.size };
	call->result = NULL;
	return FL_OK;
}

/* False: not made apart, or not what it should be. */
static bool
encode_apart(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf, struct fl_buffer *ret)
{
	enum fl_answer answer;
	struct fl_death_facts facts;
	if (!can_be_apart(sandbox, elf))
		return false;
	const struct fl_apart_index *index = index_apart(sandbox, elf, &answer, &facts);
	FL_AUTO_BUFFER bytes = { 0 };
	if (!index || !fl_apart_read(index, &bytes) ||
	    check_index(bytes.data, bytes.size, NULL) != FL_OK)
		return false;
	*ret = bytes;
	bytes = (struct fl_buffer){ 0 };
	return true;
}

enum fl_code fl_sandbox_encode_elf(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
				   bool stored, struct fl_buffer *ret,
				   struct fl_sandbox_death *death, struct fl_error *err)
{
	struct fl_call call = { .request.kind = FL_WIRE_ENCODE, .stored = stored };
	forget_refusals(sandbox);
	if (stored && encode_apart(sandbox, elf, ret))
		return FL_OK;
	enum fl_code code = fl_call_name_elfs(&call, elf, 1, err);
	if (!code)
		code = fl_call_give_elfs(&call, err);
	if (!code && sandbox->isolation == FL_ISOLATION_NONE) {
		struct fl_image_input inputs[FL_WIRE_ELFS];
		fl_call_inputs(&call.request, call.fds, inputs);
		code = fl_engine_encode(&sandbox->engine, &inputs[0], ret, err);
	} else if (!code) {
		code = encode_in_child(sandbox, &call, ret, death, err);
	}
	fl_call_deinit(&call);
	return code;
}
