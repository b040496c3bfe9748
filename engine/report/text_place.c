/* SPDX-License-Identifier: Apache-2.0 */
/* Where a thread is, in the words of one cell: its own code, not the kernel's that waits for it. */
#include "report/clean.h"
#include "report/text_parts.h"
#include "signature/glob.h"
#include "target/exc_return.h"

#include <string.h>

/* Globs; the lists end with NULL. */
struct kernel_code {
	const char *kernel;         /* NULL: whichever it is */
	const char *const *names;   /* of functions that nobody else has */
	const char *const *styled;  /* of functions, but applications name theirs like that, too */
	const char *const *sources; /* file names, the only ones where styled names are its own */
	const char *const *files;   /* paths and file names that hold nothing else */
};

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/*
 * By the naming rules of the kernels' authors. It only decides which of the frames a table has room
 * for; the backtrace below it shows all of them.
 */
static const struct kernel_code kernels[] = {
	{
		.names = LIST("osDelay*", "osMutex*", "osSemaphore*", "osMessage*", "osThread*",
			      "osEventFlags*", "osMemoryPool*"),
		.files = LIST("cmsis_*", "core_cm*.h"),
	},
	{
		.kernel = "FreeRTOS",
		.names = LIST("MPU_*", "vPort*", "xPort*", "ulPort*", "pvPort*", "xQueue*",
			      "vQueue*", "uxQueue*", "xEventGroup*", "vEventGroup*",
			      "xStreamBuffer*", "vStreamBuffer*", "ulTaskNotify*", "ulTaskGeneric*",
			      "xTaskNotify*", "xTaskGeneric*", "vTaskDelay*", "xTaskDelay*",
			      "vTaskSuspend*", "vTaskDelete", "vTaskPlaceOn*", "xTaskResumeAll",
			      "vTaskSwitchContext"),
		.styled = LIST("vTask*", "xTask*", "ulTask*", "uxTask*", "eTask*", "prv*",
			       "xTimer*", "vTimer*", "vList*", "uxList*"),
		.sources = LIST("tasks.c", "queue.c", "timers.c", "event_groups.c",
				"stream_buffer.c", "list.c", "port.c"),
		.files = LIST("portmacro.h", "portmacrocommon.h", "portasm.*", "mpu_wrappers*"),
	},
	{
		.kernel = "Zephyr",
		.names = LIST("k_*", "z_*", "arch_*", "pend_*", "pendsv*", "work_queue_main",
			      "bg_thread_main"),
		.files = LIST("*zephyr/kernel/*", "*zephyr/arch/*", "*zephyr/include/*",
			      "*ZEPHYR_BASE/kernel/*", "*ZEPHYR_BASE/arch/*",
			      "*ZEPHYR_BASE/include/*", "*/syscalls/*"),
	},
	{
		.kernel = "ThreadX",
		.names = LIST("_tx_*", "_txe_*", "__tx_*"),
		.files = LIST("tx_port.h", "tx_api.h"),
	},
	{
		.kernel = "RTX5",
		.names = LIST("osRtx*", "svcRtx*", "isrRtx*", "__svc*", "rtos::*"),
		.files = LIST("rtx_*"),
	},
};

struct place {
	struct fl_text *t;
	const char *kernel; /* may be NULL */
	const struct fl_thread *thread;
	size_t room;
};

static bool matches(const char *const *globs, const char *text)
{
	for (; globs && *globs; globs++)
		if (fl_glob(*globs, text))
			return true;
	return false;
}

static bool has_code(const struct kernel_code *code, const struct fl_frame *f)
{
	if (!f->file)
		return matches(code->names, f->function) || matches(code->styled, f->function);
	const char *slash = strrchr(f->file, '/');
	const char *name = slash ? slash + 1 : f->file;
	return matches(code->names, f->function) || matches(code->files, name) ||
	       matches(code->files, f->file) ||
	       (matches(code->styled, f->function) && matches(code->sources, name));
}

static bool is_of_kernel(const struct place *p, const struct fl_frame *f)
{
	if (f->kind == FL_FRAME_EXCEPTION || !f->function)
		return true;
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if ((!kernels[i].kernel || !fl_strcmp(kernels[i].kernel, p->kernel)) &&
		    has_code(&kernels[i], f))
			return true;
	return false;
}

static const char *words_of(const struct place *p, size_t index)
{
	char buf[16];
	const struct fl_frame *f = &p->thread->frames[index];
	const char *words = "??";
	if (f->kind == FL_FRAME_EXCEPTION)
		words = fl_text_scratch(p->t, "(%s)",
					f->exception ? fl_exception_name(f->exception, buf)
						     : "exception");
	else if (f->function)
		words = fl_text_scratch(p->t, "%s", f->function);
	return words ? words : "";
}

static const char *
joined(const struct place *p, const char *inner, const char *between, const char *outer)
{
	const char *text = fl_text_scratch(p->t, "%s%s%s", inner, between, outer);
	return text ? text : "";
}

static bool fits(const struct place *p, const char *text)
{
	return fl_columns(text, strlen(text)) <= p->room;
}

/* Index of the first frame from @p first on that is no kernel's, or the end. */
static size_t first_of_application(const struct place *p, size_t first)
{
	while (first < p->thread->frame_count && is_of_kernel(p, &p->thread->frames[first]))
		first++;
	return first;
}

static bool is_entry(const struct fl_thread *thread, const struct fl_frame *f)
{
	return f->function && !fl_strcmp(f->function, thread->entry);
}

/* Of a thread that is all kernel, the function that tells what it is for: its outermost one. */
static size_t service(const struct fl_thread *thread)
{
	size_t outermost = 0;
	for (size_t i = 0; i < thread->frame_count; i++) {
		const struct fl_frame *f = &thread->frames[i];
		if (f->kind == FL_FRAME_EXCEPTION || !f->function)
			continue;
		outermost = i;
		if (is_entry(thread, f))
			break;
	}
	return outermost;
}

/* The first frame behind the last interrupt; 0 when there is none. */
static size_t interrupted(const struct fl_thread *thread)
{
	for (size_t i = thread->frame_count; i-- > 0;)
		if (thread->frames[i].kind == FL_FRAME_EXCEPTION)
			return i + 1 < thread->frame_count ? i + 1 : 0;
	return 0;
}

/* @p head and as many callers of @p index as there is room for; what calls the entry is the kernel.
 */
static const char *with_callers(const struct place *p, const char *head, size_t index)
{
	if (!fits(p, head))
		return fl_text_fit_name(p->t, head, p->room);
	while (!is_entry(p->thread, &p->thread->frames[index]) &&
	       ++index < p->thread->frame_count) {
		const char *longer = joined(p, head, " < ", words_of(p, index));
		if (!fits(p, longer))
			break;
		head = longer;
	}
	return head;
}

/* "on_uart, in log_flush" */
static const char *place_of_handler(const struct place *p, size_t behind)
{
	size_t at = first_of_application(p, behind);
	at = at < p->thread->frame_count ? at : behind;
	const char *handler = words_of(p, 0);
	const char *both = joined(p, handler, ", in ", words_of(p, at));
	return fits(p, both) ? with_callers(p, both, at) : fl_text_fit_name(p->t, handler, p->room);
}

/* Where the processor was comes first, then the application: "vListInsert < ... < log_flush". */
static const char *place_of_running(const struct place *p)
{
	const char *head = words_of(p, 0);
	size_t app = first_of_application(p, 0);
	if (!app || app == p->thread->frame_count)
		return with_callers(p, head, 0);
	const char *both = joined(p, head, app > 1 ? " < ... < " : " < ", words_of(p, app));
	return fits(p, both) ? with_callers(p, both, app) : fl_text_fit_name(p->t, head, p->room);
}

static const char *place_of_waiting(const struct place *p)
{
	size_t app = first_of_application(p, 0);
	app = app < p->thread->frame_count ? app : service(p->thread);
	return with_callers(p, words_of(p, app), app);
}

const char *fl_text_place(struct fl_text *t, const struct fl_trace *trace,
			  const struct fl_thread *thread, size_t room)
{
	struct place p = { t, trace->kernel.name, thread, room };
	if (!thread->frame_count)
		return "";
	if (!thread->current && !thread->crashed && thread->state != FL_THREAD_RUNNING)
		return place_of_waiting(&p);
	size_t behind = interrupted(thread);
	return behind && thread->frames[behind].function ? place_of_handler(&p, behind)
							 : place_of_running(&p);
}
