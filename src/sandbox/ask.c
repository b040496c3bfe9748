/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ask.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Whose death ended an attempt. */
enum dead {
	NOBODY,
	ANALYST,  /* the child that answers requests */
	COMPILER, /* a child of fl_apart_index() */
};

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

/* --- one attempt --- */

/* Those ELFs that have no index get one, as many as are kept at once. */
static enum dead
compile_apart(struct fl_sandbox *sandbox, struct fl_call *call, struct fl_death_facts *facts)
{
	size_t made = 0;
	for (size_t i = 0; i < call->request.elf_count; i++) {
		struct fl_sandbox_elf elf = call->elfs[i];
		bool wanted = fl_apart_can(sandbox, &elf) && !elf.has_index &&
			      !call->without_indexes && made < FL_APART_INDEXES;
		enum fl_answer answer = FL_ANSWERED;
		const struct fl_apart_index *index =
			wanted ? fl_apart_index(sandbox, &elf, &answer, facts) : NULL;
		if (answer != FL_ANSWERED)
			return COMPILER;
		if (index) {
			elf.has_index = true;
			elf.index_fd = index->fd;
			made++;
		}
		sandbox->elfs[i] = elf;
	}
	call->elfs = sandbox->elfs;
	return NOBODY;
}

static enum dead give_elfs(struct fl_sandbox *sandbox, struct fl_call *call,
			   struct fl_death_facts *facts, enum fl_code *code_ret,
			   struct fl_error *err)
{
	enum dead dead = compile_apart(sandbox, call, facts);
	if (!dead)
		*code_ret = fl_call_give_elfs(call, err);
	return dead;
}

/* Descriptors only where the child cannot do without: each of them costs both sides some calls. */
static bool needs_elfs(const struct fl_process *process, const struct fl_call *call)
{
	return !call->request.given && !fl_process_knows(process, &call->request);
}

static enum dead
ask_once(struct fl_sandbox *sandbox, struct fl_call *call, struct fl_death_facts *facts)
{
	struct fl_process *process = &sandbox->process;
	if (call->input && call->request.kind != FL_WIRE_ANALYZE_FILE)
		memcpy(process->window, call->input, (size_t)call->request.input_size);
	enum fl_answer answer = fl_process_ask(process, &call->request, call->fds, call->fd_count,
					       sandbox->deadline_ms, &call->reply, facts);
	return answer == FL_ANSWERED ? NOBODY : ANALYST;
}

static bool has_forgotten(const struct fl_call *call)
{
	return call->reply.wants_files && !call->request.given && call->request.elf_count;
}

/* @p code_ret: why the ELFs cannot be given, then nobody was asked. */
static enum dead talk(struct fl_sandbox *sandbox, struct fl_call *call,
		      struct fl_death_facts *facts, enum fl_code *code_ret, struct fl_error *err)
{
	enum dead dead = NOBODY;
	*code_ret = FL_OK;
	if (needs_elfs(&sandbox->process, call))
		dead = give_elfs(sandbox, call, facts, code_ret, err);
	if (!dead && !*code_ret)
		dead = ask_once(sandbox, call, facts);
	if (dead || *code_ret || !has_forgotten(call))
		return dead;
	dead = give_elfs(sandbox, call, facts, code_ret, err);
	return dead || *code_ret ? dead : ask_once(sandbox, call, facts);
}

static enum dead attempt(struct fl_sandbox *sandbox, struct fl_call *call,
			 struct fl_death_facts *facts, enum fl_code *code_ret, struct fl_error *err)
{
	const char *bad = NULL;
	enum dead dead = talk(sandbox, call, facts, code_ret, err);
	if (dead || *code_ret)
		return dead;
	*code_ret = take_result(sandbox, call, &bad, err);
	if (bad) {
		fl_process_condemn(&sandbox->process, bad, facts);
		return ANALYST;
	}
	fl_process_note(&sandbox->process, &call->request);
	fl_sandbox_note_refusals(sandbox, call->reply.refused, call->reply.refusal);
	return NOBODY;
}

/* --- several --- */

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

/*
 * An index never costs an input its analysis: what died with one is tried without. Nor does a child
 * that died making one.
 */
static bool
can_go_on(struct fl_sandbox *sandbox, struct fl_call *call, enum dead dead, bool stalled)
{
	uint32_t used = fl_call_drop_indexes(call);
	if (dead == COMPILER)
		return !stalled;
	fl_sandbox_note_refusals(sandbox, used, "the analysis died while it used it");
	return used != 0;
}

enum fl_code fl_ask(struct fl_sandbox *sandbox, struct fl_call *call,
		    struct fl_sandbox_death *death, struct fl_error *err)
{
	for (unsigned try = 0;; try++) {
		enum fl_code code = fl_sandbox_ready(sandbox, err);
		if (code)
			return code;
		unsigned served = sandbox->process.served;
		struct fl_death_facts facts;
		enum dead dead = attempt(sandbox, call, &facts, &code, err);
		if (!dead)
			return code || !call->reply.code ? code
							 : failure(sandbox, &call->reply, err);
		if (can_go_on(sandbox, call, dead, facts.stalled))
			continue;
		if (try > 0 || !worth_a_second_try(&facts, served)) {
			fl_sandbox_forget_refusals(sandbox); /* it died without them, too */
			code = killed_from_outside(&facts) ? FL_ENOMEM : FL_ECHILD;
			return blame(&facts, code, death, err);
		}
	}
}

enum fl_code fl_ask_condemn(struct fl_sandbox *sandbox, const char *what,
			    struct fl_sandbox_death *death, struct fl_error *err)
{
	struct fl_death_facts facts;
	fl_process_condemn(&sandbox->process, what, &facts);
	return blame(&facts, FL_ECHILD, death, err);
}
