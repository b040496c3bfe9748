/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/serve.h"

#include "sandbox/call.h"
#include "sandbox/engine.h"
#include "sandbox/heap.h"
#include "sandbox/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
	struct fl_engine engine;
	const void *window; /* of the input */
	void *answer;
};

struct incoming {
	struct fl_wire_request request;
	int fds[FL_WIRE_FDS];
	size_t fd_count;
};

const char *fl_isolation_name(enum fl_isolation isolation)
{
	static const char *const names[] = { "none", "process", "seccomp" };
	return names[isolation];
}

static void send_reply(const struct fl_wire_reply *reply)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)reply, .iov_len = sizeof(*reply) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;
	do
		sent = sendmsg(FL_FD_SOCKET, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		_exit(0); /* the parent is gone */
}

static void take_descriptors(struct msghdr *message, struct incoming *in)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		in->fd_count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(in->fds, CMSG_DATA(c), in->fd_count * sizeof(int));
	}
}

static size_t first_elf(const struct incoming *in)
{
	return in->request.kind == FL_WIRE_ANALYZE_FILE;
}

/* ELFs and indexes. */
static size_t elf_fd_count(const struct incoming *in)
{
	size_t count = 0;
	for (size_t i = 0; in->request.given && i < in->request.elf_count; i++)
		count += in->request.elfs[i].index_size ? 2 : 1;
	return count;
}

/* False when the parent hung up. */
static bool receive(struct incoming *in)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FL_WIRE_FDS * sizeof(int))];
	struct iovec part = { .iov_base = &in->request, .iov_len = sizeof(in->request) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	in->fd_count = 0;
	ssize_t size;
	do
		size = recvmsg(FL_FD_SOCKET, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size <= 0)
		return false;
	take_descriptors(&message, in);
	return !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	       (size_t)size >= fl_wire_request_size(0) && in->request.elf_count <= FL_WIRE_ELFS &&
	       (size_t)size == fl_wire_request_size(in->request.elf_count) &&
	       in->fd_count == first_elf(in) + elf_fd_count(in) &&
	       (first_elf(in) || in->request.input_size <= FL_WIRE_WINDOW);
}

static enum fl_code give_result(const struct server *server, const void *bytes, size_t size,
				struct fl_wire_reply *reply)
{
	if (size > FL_WIRE_RESULT_MAX)
		return fl_fail(&reply->error, FL_ELIMIT, FL_AT_NONE, 0,
			       "a result of %zu bytes is too large", size);
	reply->size = size;
	if (size > FL_WIRE_ANSWER && !fl_write_whole(FL_FD_RESULT, bytes, size))
		return fl_fail(&reply->error, FL_EIO, FL_AT_NONE, 0, "cannot write the result");
	if (size && size <= FL_WIRE_ANSWER)
		memcpy(server->answer, bytes, size);
	return FL_OK;
}

static enum fl_code analyze(struct server *server, const struct incoming *in, const void *bytes,
			    struct fl_wire_reply *reply)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	size_t count = fl_call_inputs(&in->request, in->fds + first_elf(in), inputs);
	FL_AUTO(fl_report) report = NULL;
	FL_AUTO_BUFFER encoded = { 0 };
	enum fl_code code = fl_engine_analyze(
		&server->engine, (enum fl_wire_input)in->request.input, bytes,
		(size_t)in->request.input_size, inputs, count, &report, &reply->error);
	if (!code)
		code = fl_report_encode(report, &encoded, &reply->error);
	if (!code)
		code = give_result(server, encoded.data, encoded.size, reply);
	return code;
}

static enum fl_code
analyze_file(struct server *server, const struct incoming *in, struct fl_wire_reply *reply)
{
	size_t size = (size_t)in->request.input_size;
	void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, in->fds[0], 0);
	if (bytes == MAP_FAILED)
		return fl_fail(&reply->error, FL_ENOMEM, FL_AT_NONE, 0,
			       "cannot map an input of %zu bytes", size);
	enum fl_code code = analyze(server, in, bytes, reply);
	munmap(bytes, size);
	return code;
}

static enum fl_code
lookup(struct server *server, const struct incoming *in, struct fl_wire_reply *reply)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	size_t count = fl_call_inputs(&in->request, in->fds, inputs);
	size_t addr_count = (size_t)in->request.input_size / sizeof(uint32_t);
	struct fl_buffer places = { server->answer, FL_WIRE_ANSWER };
	enum fl_code code = fl_engine_lookup(&server->engine, inputs, count,
					     (enum fl_sandbox_names)in->request.input,
					     server->window, addr_count, &places, &reply->error);
	if (code)
		return code;
	reply->size = places.size;
	if (places.data == server->answer)
		return FL_OK;
	code = give_result(server, places.data, places.size, reply);
	fl_buffer_deinit(&places);
	return code;
}

static void
describe_module(const struct fl_symbols *symbols, size_t index, struct fl_wire_module *ret)
{
	struct fl_module_info info = fl_symbols_module(symbols, index);
	*ret = (struct fl_wire_module){
		.build_id_size = info.build_id_size,
		.has_debug_info = info.has_debug_info,
		.has_unwind_info = info.has_unwind_info,
		.has_symbol_table = info.has_symbol_table,
		.has_code_bytes = info.has_code_bytes,
		.function_count = info.function_count,
		.code_addr = info.code_addr,
		.code_end = info.code_end,
		.warning_count = info.warning_count,
	};
	memcpy(ret->build_id, info.build_id, sizeof(ret->build_id));
	snprintf(ret->name, sizeof(ret->name), "%s", info.name ? info.name : "");
	snprintf(ret->warning, sizeof(ret->warning), "%s", info.warning ? info.warning : "");
}

static enum fl_code
inspect(struct server *server, const struct incoming *in, struct fl_wire_reply *reply)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	const struct fl_symbols *symbols;
	if (fl_call_inputs(&in->request, in->fds, inputs) != 1)
		return fl_fail(&reply->error, FL_EINVALID, FL_AT_NONE, 0, "one ELF at a time");
	enum fl_code code = fl_engine_inspect(&server->engine, &inputs[0], &symbols, &reply->error);
	if (code)
		return code;
	size_t count = fl_symbols_module_count(symbols);
	if (count > FL_WIRE_MODULES)
		count = FL_WIRE_MODULES;
	struct fl_wire_module *modules = calloc(count ? count : 1, sizeof(modules[0]));
	if (!modules)
		return fl_fail(&reply->error, FL_ENOMEM, FL_AT_NONE, 0, "list of modules");
	for (size_t i = 0; i < count; i++)
		describe_module(symbols, i, &modules[i]);
	reply->count = (uint32_t)count;
	code = give_result(server, modules, count * sizeof(modules[0]), reply);
	free(modules);
	return code;
}

static enum fl_code
encode(struct server *server, const struct incoming *in, struct fl_wire_reply *reply)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	FL_AUTO_BUFFER encoded = { 0 };
	if (fl_call_inputs(&in->request, in->fds, inputs) != 1)
		return fl_fail(&reply->error, FL_EINVALID, FL_AT_NONE, 0, "one ELF at a time");
	enum fl_code code = fl_engine_encode(&server->engine, &inputs[0], &encoded, &reply->error);
	if (!code)
		code = give_result(server, encoded.data, encoded.size, reply);
	return code;
}

static enum fl_code
run(struct server *server, const struct incoming *in, struct fl_wire_reply *reply)
{
	switch (in->request.kind) {
	case FL_WIRE_ANALYZE:
		return analyze(server, in, server->window, reply);
	case FL_WIRE_ANALYZE_FILE:
		return analyze_file(server, in, reply);
	case FL_WIRE_INSPECT:
		return inspect(server, in, reply);
	case FL_WIRE_ENCODE:
		return encode(server, in, reply);
	case FL_WIRE_LOOKUP:
		return lookup(server, in, reply);
	default:
		return fl_fail(&reply->error, FL_EINVALID, FL_AT_NONE, 0, "no such request");
	}
}

static bool has_elfs(struct server *server, const struct incoming *in)
{
	struct fl_image_input inputs[FL_WIRE_ELFS];
	size_t count = fl_call_inputs(&in->request, in->fds, inputs);
	return in->request.given || fl_engine_has(&server->engine, inputs, count);
}

static void answer(struct server *server, const struct incoming *in)
{
	struct fl_wire_reply reply = { 0 };
	reply.wants_files = !has_elfs(server, in);
	if (!reply.wants_files)
		reply.code = (uint32_t)run(server, in, &reply);
	reply.refused = server->engine.refused;
	memcpy(reply.refusal, server->engine.refusal, sizeof(reply.refusal));
	for (size_t i = 0; i < in->fd_count; i++)
		close(in->fds[i]);
	send_reply(&reply);
}

_Noreturn void
fl_serve(const struct fl_child_setup *setup, const struct fl_rules *rules, size_t cached_images)
{
	struct fl_wire_reply hello = { 0 };
	enum fl_isolation isolation = FL_ISOLATION_NONE;
	struct server server = { .window = setup->window, .answer = setup->answer };
	enum fl_code code = fl_confine(setup, &isolation, &hello.error);
	if (!code)
		code = fl_engine_init(&server.engine, rules, fl_isolation_name(isolation),
				      cached_images, &hello.error);
	hello.code = (uint32_t)code;
	hello.count = isolation;
	fl_heap_keep();
	send_reply(&hello);
	struct incoming in;
	while (!code && receive(&in))
		answer(&server, &in);
	_exit(0);
}
