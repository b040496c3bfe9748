/* SPDX-License-Identifier: Apache-2.0 */
/* The child's side: signal handlers. */
#include "sandbox/death.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { ALTERNATE_STACK = 128 << 10 };

/* Handlers take no argument of ours, and a child has one record for life. */
static struct fl_death_record *watched;

static void read_context(const ucontext_t *context, uint64_t *pc, uint64_t *sp)
{
#if defined(__x86_64__)
	*pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
	*sp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
	*pc = context->uc_mcontext.pc;
	*sp = context->uc_mcontext.sp;
#else
	(void)context;
	*pc = *sp = 0;
#endif
}

/* libunwind promises no async-signal safety: it may crash or hang here. What was written before
 * stays. */
static void walk(void *context, struct fl_death_record *record)
{
	unw_cursor_t cursor;
	if (unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME) < 0)
		return;
	while (record->count < FL_DEATH_FRAMES && unw_step(&cursor) > 0) {
		unw_word_t pc = 0;
		if (unw_get_reg(&cursor, UNW_REG_IP, &pc) < 0)
			return;
		record->pcs[record->count++] = pc;
	}
}

static void on_death(int signal_number, siginfo_t *info, void *context)
{
	struct fl_death_record *record = watched;
	if (record->signal)
		_exit(FL_DEATH_STATUS); /* the walk itself died */
	record->code = info->si_code;
	record->address = (uint64_t)(uintptr_t)info->si_addr;
	if (signal_number == SIGSYS)
		record->syscall = (uint32_t)info->si_syscall;
	read_context(context, &record->pcs[0], &record->stack);
	record->count = 1;
	record->signal = (uint32_t)signal_number;
	walk(context, record);
	_exit(FL_DEATH_STATUS);
}

bool fl_death_watch(struct fl_death_record *record)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE,
				      SIGILL,  SIGSYS, SIGTRAP, FL_DEATH_SIGNAL_STALL };
	/* A stack of its own: the usual one may be what ran out. */
	void *stack = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED)
		return false;
	stack_t alternate = { .ss_sp = stack, .ss_size = ALTERNATE_STACK };
	if (sigaltstack(&alternate, NULL) != 0)
		return false;
	watched = record;
	struct sigaction action = { .sa_sigaction = on_death,
				    .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND) };
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], &action, NULL) != 0)
			return false;
	return true;
}
