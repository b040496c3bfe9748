# SPDX-License-Identifier: Apache-2.0
"""The images whose kernel has FreeRTOS's data: fixtures/firmware/freertos/."""

SOURCES = [
    "rtos/startup.c", "mpu.c", "semihost.c", "mem.c", "fault_entry.S", "fault.c", "dump.c",
    "main.c", "rtos/irq.c", "rtos/watchdog.c", "freertos/list.c", "freertos/tasks.c",
    "freertos/queue.c", "freertos/port.c", "freertos/port.S", "freertos/pendsv.S", "freertos/heap.c",
    "freertos/scenario_table.c", "freertos/crew.c", "freertos/scenarios_fault.c", "freertos/scenarios_fp.c",
    "freertos/scenarios_overflow.c", "freertos/scenarios_watchdog.c",
]
HANDLERS = ["-DKERNEL_SVC=vPortSVCHandler", "-DKERNEL_PENDSV=xPortPendSVHandler",
            "-DKERNEL_TICK=xPortSysTickHandler"]
EVERYWHERE = ["task-fault", "isr-fault", "idle-fault", "before-scheduler", "tick-fault",
              "switch-fault", "pending-ready", "overflow-hook", "deadlock", "spin"]
PARTIAL = ["vendor", "short-stacks", "no-stacks", "short-names", "lists-only"]
FP = ["fp-tasks", "fp-isr", "fp-switch-fault"]


def kernel(image, core, optimise, shape, scenarios, **more):
    """name_off: where the name is in a control block; name_limit: the longest one."""
    more = {"sources": SOURCES, "name_off": 68 if shape == 8 else 52, **more}
    return image(core, optimise, scenarios, author="freertos/scenarios.json",
                 extra=["-I.", f"-DKERNEL_SHAPE={shape}", *HANDLERS],
                 link=["-Wl,--defsym=__thread_stack_size=0"], **more)


def builds(image):
    return {
        "m4f-rtos": kernel(image, "m4f", "-Og", 10, EVERYWHERE + FP + PARTIAL + ["overflow-neighbour"],
            about="A small kernel whose data has FreeRTOS's names and layout, those of V10.4."),
        "m4f-rtos-o2": kernel(image, "m4f", "-O2", 10,
            ["task-fault", "isr-fault", "tick-fault", "switch-fault", "overflow-hook", *FP],
            sources=["freertos/pendsv_naked.c" if name == "freertos/pendsv.S" else name for name in SOURCES],
            about="As m4f-rtos, but tasks are switched in a naked function, as the ports for GCC do: "
                  "its unwind table is wrong, and EXC_RETURN is not on the main stack."),
        "m3-rtos": kernel(image, "m3", "-Os", 8, EVERYWHERE + PARTIAL + ["overflow-neighbour"], name_limit=7,
            about="As m4f-rtos, with the data of V8.2: names of at most 7 characters, integrity "
                  "words in lists, no end of stack, a mutex's holder in `pcTail`."),
        "m33-rtos": kernel(image, "m33", "-Os", 11, EVERYWHERE + FP + PARTIAL + ["overflow-psplim"],
            about="As m4f-rtos, with the data of V11.1: items have a `pxContainer`, tasks return "
                  "to 0. Stacks are guarded by PSPLIM; ticks begin shortly before they wrap."),
    }
