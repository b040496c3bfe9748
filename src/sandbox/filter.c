/* SPDX-License-Identifier: Apache-2.0 */
/* The only user of libseccomp. */
#include "sandbox/filter.h"

#include "sandbox/sanitizer.h"
#include "sandbox/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#if FL_HAVE_SECCOMP

#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What may be called with any arguments. Nothing here names a path, a process or a peer. */
static const int free_calls[] = {
	SCMP_SYS(exit_group),
	SCMP_SYS(close),
	/* malloc, and mapping the inputs (mmap and mprotect: below) */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(getrandom),
	/* glibc's qsort() asks for the size of memory before it allocates (2.36: stdlib/msort.c) */
	SCMP_SYS(sysinfo),
	/* abort() */
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	/* libc's last words on stderr; inputs are read-only or sealed */
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

/* What may be called with this first (`arg`) argument only; or, masked, without these bits. */
static const struct {
	int call;
	unsigned arg;
	enum scmp_compare compare;
	uint64_t a, b;
} bound_calls[] = {
	{ SCMP_SYS(recvmsg), 0, SCMP_CMP_EQ, FL_FD_SOCKET, 0 },
	{ SCMP_SYS(sendmsg), 0, SCMP_CMP_EQ, FL_FD_SOCKET, 0 },
	{ SCMP_SYS(pwrite64), 0, SCMP_CMP_EQ, FL_FD_RESULT, 0 },
	{ SCMP_SYS(mmap), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 },
};

static int add_rules(scmp_filter_ctx filter)
{
	int code = 0;
	for (size_t i = 0; !code && i < sizeof(free_calls) / sizeof(free_calls[0]); i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, free_calls[i], 0);
	for (size_t i = 0; !code && i < sizeof(bound_calls) / sizeof(bound_calls[0]); i++)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, bound_calls[i].call, 1,
					SCMP_CMP(bound_calls[i].arg, bound_calls[i].compare,
						 bound_calls[i].a, bound_calls[i].b));
	/* abort() signals itself, and only itself */
	if (!code)
		code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
					SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return code;
}

int fl_filter_install(void)
{
	if (FL_BUILT_WITH_ASAN)
		return ENOSYS;
	/* TRAP, not KILL: the handler says which call it was and from where. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	if (!filter)
		return ENOMEM;
	int code = add_rules(filter);
	if (!code)
		code = seccomp_load(filter);
	seccomp_release(filter);
	return -code;
}

void fl_filter_describe(uint32_t number, char *text, size_t room)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
	if (name)
		snprintf(text, room, "forbidden system call %" PRIu32 " (%s)", number, name);
	else
		snprintf(text, room, "forbidden system call %" PRIu32, number);
	free(name);
}

const char *fl_filter_missing(void)
{
	return FL_BUILT_WITH_ASAN ? "this build has AddressSanitizer, which the filter excludes"
				  : NULL;
}

#else

int fl_filter_install(void)
{
	return ENOSYS;
}

void fl_filter_describe(uint32_t number, char *text, size_t room)
{
	snprintf(text, room, "forbidden system call %" PRIu32, number);
}

const char *fl_filter_missing(void)
{
	return "this build has no libseccomp";
}

#endif
