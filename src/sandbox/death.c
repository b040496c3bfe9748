/* SPDX-License-Identifier: Apache-2.0 */
/* The child's side: signal handlers. */
#include "sandbox/death.h"

#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

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

/* A call through a bad pointer: go back to where it came from, whose stack can be walked. */
static void undo_call(ucontext_t *context)
{
#if defined(__x86_64__)
	greg_t *registers = context->uc_mcontext.gregs;
	registers[REG_RIP] = *(const greg_t *)registers[REG_RSP];
	registers[REG_RSP] += (greg_t)sizeof(greg_t);
#elif defined(__aarch64__)
	context->uc_mcontext.pc = context->uc_mcontext.regs[30];
#else
	(void)context;
#endif
}

struct walk {
	struct fl_death_record *record;
	bool begun; /* behind the frames of the signal handler */
};

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *frame, void *argument)
{
	struct walk *walk = argument;
	struct fl_death_record *record = walk->record;
	int interrupted;
	uint64_t pc = (uint64_t)_Unwind_GetIPInfo(frame, &interrupted);
	bool begins = !walk->begun && interrupted;
	walk->begun |= begins;
	if (!walk->begun || (begins && pc == record->pcs[0]))
		return _URC_NO_REASON;
	if (!pc || record->count == FL_DEATH_FRAMES)
		return _URC_END_OF_STACK;
	record->pcs[record->count++] = pc;
	return _URC_NO_REASON;
}

/* The unwinder believes what it finds on the stack: it may crash or hang here. What was written
 * before stays. */
static void walk(ucontext_t *context, struct fl_death_record *record)
{
	struct walk walk = { .record = record };
	if (record->signal == SIGSEGV && record->address == record->pcs[0])
		undo_call(context);
	_Unwind_Backtrace(take_frame, &walk);
}

static _Unwind_Reason_Code stop(struct _Unwind_Context *frame, void *argument)
{
	(void)frame;
	(void)argument;
	return _URC_END_OF_STACK;
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
	/* The first walk fills a table under a lock, with a futex() that the filter forbids (libgcc
	 * 12: unwind-dw2.c, uw_init_context_1). */
	_Unwind_Backtrace(stop, NULL);
	struct sigaction action = { .sa_sigaction = on_death,
				    .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND) };
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], &action, NULL) != 0)
			return false;
	return true;
}
