/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/call.h"

#include "sandbox/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fl_call_deinit(struct fl_call *call)
{
	free(call->result);
	call->result = NULL;
	if (call->request.kind == FL_WIRE_ANALYZE_FILE && call->fd_count)
		close(call->fds[0]);
	call->fd_count = 0;
}

enum fl_code fl_call_add_input(struct fl_call *call, enum fl_wire_input kind, const void *bytes,
			       size_t size, struct fl_error *err)
{
	call->request.kind = FL_WIRE_ANALYZE;
	call->request.input = kind;
	call->request.input_size = size;
	call->input = bytes;
	if (size <= FL_WIRE_WINDOW)
		return FL_OK;
	call->request.kind = FL_WIRE_ANALYZE_FILE;
	int fd = memfd_create("faultline input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "memfd: %s", strerror(errno));
	call->fds[call->fd_count++] = fd;
	if (!fl_write_whole(fd, bytes, size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return fl_fail(err, errno == ENOSPC || errno == ENOMEM ? FL_ENOMEM : FL_EIO,
			       FL_AT_NONE, 0, "copy of an input of %zu bytes: %s", size,
			       strerror(errno));
	return FL_OK;
}

static const char *elf_name(const struct fl_sandbox_elf *elf)
{
	return elf->name && *elf->name ? elf->name : "firmware";
}

static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & F_SEAL_WRITE);
}

/* A descriptor that could be written to would be a way out of the child. */
static enum fl_code check_fd(int fd, const char *name, struct stat *ret, struct fl_error *err)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fstat(fd, ret) != 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s: %s", name, strerror(errno));
	if ((flags & O_PATH) || ((flags & O_ACCMODE) != O_RDONLY && !is_sealed(fd)))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%s: must be open for reading only",
			       name);
	if (!S_ISREG(ret->st_mode))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%s: not a regular file", name);
	return FL_OK;
}

static enum fl_code
give_elf(struct fl_call *call, size_t number, struct fl_wire_elf *ret, struct fl_error *err)
{
	struct stat info;
	int fd = call->elfs[number].fd;
	enum fl_code code = check_fd(fd, ret->name, &info, err);
	if (code)
		return code;
	const struct fl_symbols_origin none = { 0 };
	const struct fl_symbols_origin origin = call->stored ? none : fl_sandbox_origin(&info);
	ret->size = (uint64_t)info.st_size;
	ret->device = origin.device;
	ret->inode = origin.inode;
	ret->mtime_ns = origin.mtime_ns;
	ret->verify = call->elfs[number].verify;
	ret->index_size = 0;
	call->fds[call->fd_count++] = fd;
	return FL_OK;
}

static enum fl_code
give_index(struct fl_call *call, size_t number, struct fl_wire_elf *ret, struct fl_error *err)
{
	struct stat info;
	const struct fl_sandbox_elf *elf = &call->elfs[number];
	if (!elf->has_index || call->without_indexes)
		return FL_OK;
	enum fl_code code = check_fd(elf->index_fd, "index", &info, err);
	if (code || !info.st_size)
		return code;
	ret->index_size = (uint64_t)info.st_size;
	call->fds[call->fd_count++] = elf->index_fd;
	return FL_OK;
}

struct fl_symbols_origin fl_sandbox_origin(const struct stat *info)
{
	return (struct fl_symbols_origin){
		.device = info->st_dev,
		.inode = info->st_ino,
		.mtime_ns = (int64_t)((uint64_t)info->st_mtim.tv_sec * 1000000000u +
				      (uint64_t)info->st_mtim.tv_nsec),
	};
}

enum fl_code fl_call_name_elfs(struct fl_call *call, const struct fl_sandbox_elf *elfs,
			       size_t count, struct fl_error *err)
{
	if (count > FL_WIRE_ELFS)
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0,
			       "%zu ELFs, at most %d in one analysis", count, FL_WIRE_ELFS);
	for (size_t i = 0; i < count; i++) {
		struct fl_wire_elf *wire = &call->request.elfs[i];
		wire->has_key = elfs[i].has_key;
		memcpy(wire->key, elfs[i].key, sizeof(wire->key));
		snprintf(wire->name, sizeof(wire->name), "%s", elf_name(&elfs[i]));
	}
	call->elfs = elfs;
	call->request.elf_count = (uint32_t)count;
	return FL_OK;
}

static void take_back_elfs(struct fl_call *call)
{
	call->request.given = 0;
	call->fd_count = call->request.kind == FL_WIRE_ANALYZE_FILE;
}

enum fl_code fl_call_give_elfs(struct fl_call *call, struct fl_error *err)
{
	enum fl_code code = FL_OK;
	take_back_elfs(call);
	for (size_t i = 0; !code && i < call->request.elf_count; i++)
		code = give_elf(call, i, &call->request.elfs[i], err);
	for (size_t i = 0; !code && i < call->request.elf_count; i++)
		code = give_index(call, i, &call->request.elfs[i], err);
	call->request.given = !code;
	return code;
}

uint32_t fl_call_drop_indexes(struct fl_call *call)
{
	uint32_t had = 0;
	for (size_t i = 0; i < call->request.elf_count; i++)
		if (call->elfs[i].has_index && !call->without_indexes)
			had |= UINT32_C(1) << i;
	call->without_indexes = true;
	take_back_elfs(call);
	return had;
}

size_t fl_call_inputs(const struct fl_wire_request *request, const int *fds,
		      struct fl_image_input ret[FL_WIRE_ELFS])
{
	const int *index_fds = fds + request->elf_count;
	for (size_t i = 0; i < request->elf_count; i++) {
		const struct fl_wire_elf *elf = &request->elfs[i];
		bool has_index = request->given && elf->index_size;
		ret[i] = (struct fl_image_input){
			.fd = request->given ? fds[i] : -1,
			.size = elf->size,
			.name = elf->name,
			.key = elf->has_key ? elf->key : NULL,
			.origin = { elf->device, elf->inode, elf->mtime_ns },
			.index_fd = has_index ? *index_fds++ : -1,
			.index_size = elf->index_size,
			.verify = elf->verify,
		};
	}
	return request->elf_count;
}
