/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ask.h"

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
	enum fl_code code = fl_ask(sandbox, call, death, err);
	if (code)
		return code;
	struct fl_error cause = { 0 };
	code = check_index(call->result, (size_t)call->reply.size, &cause);
	if (code == FL_ENOMEM)
		return fl_fail(err, code, FL_AT_NONE, 0, "%s", cause.message);
	if (code)
		return fl_ask_condemn(sandbox, "answered with a damaged index", death, err);
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
	if (!fl_apart_can(sandbox, elf))
		return false;
	const struct fl_apart_index *index = fl_apart_index(sandbox, elf, &answer, &facts);
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
	fl_sandbox_forget_refusals(sandbox);
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
