/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ask.h"
#include "sandbox/places.h"

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
	fl_sandbox_note_refusals(sandbox, sandbox->engine.refused, sandbox->engine.refusal);
	if (!code && !fl_places_take(packed.data, packed.size, count, ret))
		code = fl_fail(err, FL_EFORMAT, FL_AT_NONE, 0, "damaged places");
	return code;
}

static enum fl_code lookup_in_child(struct fl_sandbox *sandbox, struct fl_call *call, size_t count,
				    struct fl_sandbox_places *ret, struct fl_sandbox_death *death,
				    struct fl_error *err)
{
	enum fl_code code = fl_ask(sandbox, call, death, err);
	if (code)
		return code;
	void *bytes = call->result;
	call->result = NULL;
	return fl_places_take(bytes, (size_t)call->reply.size, count, ret)
		       ? FL_OK
		       : fl_ask_condemn(sandbox, "answered with damaged places", death, err);
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
	fl_sandbox_forget_refusals(sandbox);
	enum fl_code code = fl_call_name_elfs(&call, elfs, elf_count, err);
	if (!code)
		code = sandbox->isolation == FL_ISOLATION_NONE
			       ? lookup_here(sandbox, &call, addrs, count, ret, err)
			       : lookup_in_child(sandbox, &call, count, ret, death, err);
	fl_call_deinit(&call);
	return code;
}
