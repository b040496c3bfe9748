/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ask.h"

#include <string.h>

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
	enum fl_code code = fl_ask(sandbox, call, death, err);
	if (code)
		return code;
	struct fl_error cause = { 0 };
	code = decode(sandbox, call, ret, &cause);
	if (code == FL_ENOMEM)
		return fl_fail(err, code, FL_AT_NONE, 0, "%s", cause.message);
	if (code)
		return fl_ask_condemn(sandbox, "answered with a damaged report", death, err);
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
	fl_sandbox_note_refusals(sandbox, sandbox->engine.refused, sandbox->engine.refusal);
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
	fl_sandbox_forget_refusals(sandbox);
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
