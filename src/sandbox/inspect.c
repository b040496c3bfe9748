/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	fl_sandbox_note_refusals(sandbox, sandbox->engine.refused, sandbox->engine.refusal);
	return code ? code : copy_modules(symbols, ret, err);
}

static enum fl_code inspect_in_child(struct fl_sandbox *sandbox, struct fl_call *call,
				     struct fl_sandbox_modules *ret, struct fl_sandbox_death *death,
				     struct fl_error *err)
{
	enum fl_code code = fl_ask(sandbox, call, death, err);
	if (code)
		return code;
	if (call->reply.size != call->reply.count * sizeof(struct fl_wire_module))
		return fl_ask_condemn(sandbox, "answered with a damaged list", death, err);
	return take_modules(call, ret, err);
}

enum fl_code fl_sandbox_inspect_elf(struct fl_sandbox *sandbox, const struct fl_sandbox_elf *elf,
				    struct fl_sandbox_modules *ret, struct fl_sandbox_death *death,
				    struct fl_error *err)
{
	struct fl_call call = { .request.kind = FL_WIRE_INSPECT };
	fl_sandbox_forget_refusals(sandbox);
	enum fl_code code = fl_call_name_elfs(&call, elf, 1, err);
	if (!code)
		code = sandbox->isolation == FL_ISOLATION_NONE
			       ? inspect_here(sandbox, &call, ret, err)
			       : inspect_in_child(sandbox, &call, ret, death, err);
	fl_call_deinit(&call);
	return code;
}
