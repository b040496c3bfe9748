/* SPDX-License-Identifier: Apache-2.0 */
#include "model/kernel_types.h"

#include <string.h>

/* Names end with NULL. Structures inside these come along. */
static const struct {
	const char *const *structs;
	const char *const *variables;
} kernels[] = {
	{
		/* FreeRTOS (tasks.c, list.h, queue.c, event_groups.c, stream_buffer.c) */
		(const char *const[]){ "tskTaskControlBlock",
				       "tskTCB",
				       "TCB_t",
				       "xLIST",
				       "List_t",
				       "xLIST_ITEM",
				       "ListItem_t",
				       "xMINI_LIST_ITEM",
				       "MiniListItem_t",
				       "QueueDefinition",
				       "xQUEUE",
				       "Queue_t",
				       "QUEUE_REGISTRY_ITEM",
				       "xQueueRegistryItem",
				       "QueueRegistryItem_t",
				       "EventGroupDef_t",
				       "xEventGroupDefinition",
				       "EventGroup_t",
				       "StreamBufferDef_t",
				       "xSTREAM_BUFFER",
				       "StreamBuffer_t",
				       NULL },
		(const char *const[]){ "pxCurrentTCB",
				       "pxCurrentTCBs",
				       "pxReadyTasksLists",
				       "xDelayedTaskList1",
				       "xDelayedTaskList2",
				       "pxDelayedTaskList",
				       "pxOverflowDelayedTaskList",
				       "xPendingReadyList",
				       "xSuspendedTaskList",
				       "xTasksWaitingTermination",
				       "uxCurrentNumberOfTasks",
				       "uxTopReadyPriority",
				       "xSchedulerRunning",
				       "uxSchedulerSuspended",
				       "xTickCount",
				       "uxTaskNumber",
				       "uxTopUsedPriority",
				       "xIdleTaskHandle",
				       "xIdleTaskHandles",
				       "xTimerTaskHandle",
				       "xQueueRegistry",
				       "s_task_tcbs",
				       "s_memfault_task_watermarks",
				       "s_memfault_task_watermarks_v2",
				       NULL },
	},
	{
		/* Zephyr (kernel_structs.h, kernel/thread.h, kernel.h, arm-m-switch.c) */
		(const char *const[]){ "z_kernel",  "_cpu",        "k_thread", "k_sem",
				       "k_mutex",   "k_queue",     "k_msgq",   "k_event",
				       "k_condvar", "k_pipe",      "k_stack",  "k_mem_slab",
				       "k_heap",    "k_work_q",    "k_timer",  "k_poll_event",
				       "k_fifo",    "k_lifo",      "k_mbox",   "switch_frame",
				       "z_frame",   "z_frame_fpu", NULL },
		(const char *const[]){
			"_kernel", "_kernel_thread_info_offsets", "_kernel_thread_info_num_offsets",
			"_kernel_thread_info_size_t_size", "_kernel_openocd_offsets",
			"_kernel_openocd_num_offsets", "_kernel_openocd_size_t_size",
			"z_interrupt_stacks", "_interrupt_stack", "z_main_thread", "z_idle_threads",
			"k_sys_work_q", "arm_m_switch_stack_buffer", NULL },
	},
	{
		/* ThreadX (tx_api.h) */
		(const char *const[]){ "TX_THREAD_STRUCT", "TX_QUEUE_STRUCT", "TX_SEMAPHORE_STRUCT",
				       "TX_MUTEX_STRUCT", "TX_EVENT_FLAGS_GROUP_STRUCT",
				       "TX_BLOCK_POOL_STRUCT", "TX_BYTE_POOL_STRUCT", NULL },
		(const char *const[]){ "_tx_thread_current_ptr", "_tx_thread_created_ptr",
				       "_tx_thread_created_count", "_tx_thread_execute_ptr",
				       "_tx_thread_system_state", "_tx_timer_system_clock",
				       "s_mflt_threadx_stack_info", NULL },
	},
	{
		/* RTX5 (rtx_os.h) */
		(const char *const[]){ "osRtxThread_s", "osRtxInfo_t", "osRtxThread_t",
				       "osRtxMutex_t", "osRtxMutex_s", "osRtxObject_t",
				       "osRtxSemaphore_t", "osRtxEventFlags_t", "osRtxMemoryPool_t",
				       "osRtxMessageQueue_t", NULL },
		(const char *const[]){ "osRtxInfo", NULL },
	},
};

/* FreeRTOS compares 16 bytes (include/stack_macros.h), ThreadX one word (tx_thread_stack_error). */
static const struct fl_kernel_habits habits[] = {
	{ "FreeRTOS", 0xa5, 16, false, 0, false },
	{ "Zephyr", 0xaa, 16, true, 0xf0f0f0f0, true },
	{ "ThreadX", 0xef, 4, false, 0, true },
	{ "RTX5", 0xcc, 16, true, 0xe25a2ea5, false },
};

const struct fl_kernel_habits *fl_kernel_habits(const char *name)
{
	for (size_t i = 0; name && i < sizeof(habits) / sizeof(habits[0]); i++)
		if (strcmp(habits[i].name, name) == 0)
			return &habits[i];
	return NULL;
}

static bool is_in(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (**names == *name && strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Asked of every type and variable of a program, and hardly ever true. */
bool fl_kernel_wants_struct(const char *name)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (is_in(kernels[i].structs, name))
			return true;
	return false;
}

bool fl_kernel_wants_variable(const char *name)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if (is_in(kernels[i].variables, name))
			return true;
	return false;
}

const char *fl_kernel_variable_name(size_t i)
{
	for (size_t k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++)
		for (const char *const *name = kernels[k].variables; *name; name++)
			if (!i--)
				return *name;
	return NULL;
}
