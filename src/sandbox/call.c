/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/call.h"

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

static bool write_all(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;
	size_t done = 0;
	while (done < size) {
		ssize_t n = write(fd, at + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
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
	if (!write_all(fd, bytes, size) ||
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

/* A descriptor that could be written to would be a way out of the child. */
static enum fl_code
check_elf(const struct fl_sandbox_elf *elf, uint64_t *size_ret, struct fl_error *err)
{
	struct stat info;
	int flags = fcntl(elf->fd, F_GETFL);
	if (flags < 0 || fstat(elf->fd, &info) != 0)
		return fl_fail(err, FL_EIO, FL_AT_NONE, 0, "%s: %s", elf_name(elf),
			       strerror(errno));
	if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_PATH))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%s: must be open for reading only",
			       elf_name(elf));
	if (!S_ISREG(info.st_mode))
		return fl_fail(err, FL_EINVALID, FL_AT_NONE, 0, "%s: not a regular file",
			       elf_name(elf));
	*size_ret = (uint64_t)info.st_size;
	return FL_OK;
}

enum fl_code fl_call_add_elfs(struct fl_call *call, const struct fl_sandbox_elf *elfs, size_t count,
			      struct fl_error *err)
{
	if (count > FL_WIRE_ELFS)
		return fl_fail(err, FL_ELIMIT, FL_AT_NONE, 0,
			       "%zu ELFs, at most %d in one analysis", count, FL_WIRE_ELFS);
	for (size_t i = 0; i < count; i++) {
		struct fl_wire_elf *elf = &call->request.elfs[i];
		enum fl_code code = check_elf(&elfs[i], &elf->size, err);
		if (code)
			return code;
		elf->has_key = elfs[i].has_key;
		memcpy(elf->key, elfs[i].key, sizeof(elf->key));
		snprintf(elf->name, sizeof(elf->name), "%s", elf_name(&elfs[i]));
		call->fds[call->fd_count++] = elfs[i].fd;
	}
	call->request.elf_count = (uint32_t)count;
	return FL_OK;
}

size_t fl_call_inputs(const struct fl_wire_request *request, const int *elf_fds,
		      struct fl_image_input ret[FL_WIRE_ELFS])
{
	for (size_t i = 0; i < request->elf_count; i++) {
		const struct fl_wire_elf *elf = &request->elfs[i];
		ret[i] = (struct fl_image_input){ .fd = elf_fds[i],
						  .size = elf->size,
						  .name = elf->name,
						  .key = elf->has_key ? elf->key : NULL };
	}
	return request->elf_count;
}
