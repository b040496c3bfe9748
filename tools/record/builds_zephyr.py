# SPDX-License-Identifier: Apache-2.0
"""The images whose kernel has Zephyr's data: fixtures/firmware/zephyr/."""

SOURCES = [
    "mpu.c", "semihost.c", "mem.c", "fault_entry.S", "fault.c", "zephyr/startup.c",
    "zephyr/init.c", "zephyr/dlist.c", "zephyr/sched.c", "zephyr/timeout.c", "zephyr/sync.c",
    "zephyr/thread.c", "zephyr/main.c", "zephyr/cast.c", "zephyr/scenarios.c", "zephyr/dump.c",
    "zephyr/crunch.S",
]
TABLE = ["zephyr/thread_info.c"]
PENDSV = ["zephyr/arch_pendsv.c", "zephyr/isr_wrapper.S"]
SWITCH = ["zephyr/arch_switch.c", "zephyr/isr_wrapper_switch.S"]

EVERYWHERE = ["thread-crash", "isr-crash"]
MOST = EVERYWHERE + ["thread-crash-windows", "nested-isr-crash", "deadlock"]


def kernel(image, core, scenarios, sources, config=(), **more):
    return image(core, "-Os", scenarios, sources=SOURCES + sources, author="zephyr/scenarios.json",
                 extra=["-I.", *(f"-D{word}" for word in config)], **more)


def builds(image):
    return {
        "m3-zephyr": kernel(image, "m3", MOST + ["thread-crash-structs", "isr-crash-windows",
            "idle-crash", "spin", "early-crash", "overflow-sentinel"], TABLE + PENDSV,
            ["STACK_SENTINEL"],
            about="A small kernel whose data has Zephyr's names and layout; PendSV switches. A "
                  "sleeping thread is marked suspended, as before 4.1. Stack sentinels."),
        "m4f-zephyr": kernel(image, "m4f", MOST + ["thread-crash-structs", "idle-crash",
            "overflow-unnoticed"], TABLE + PENDSV,
            about="As m3-zephyr, hard float, without sentinels."),
        "m33-zephyr": kernel(image, "m33", MOST + ["spin", "overflow-psplim"], TABLE + PENDSV,
            ["SLEEPING_STATE"],
            about="As m4f-zephyr; sleeping threads have a state of their own, as from 4.1, and "
                  "PSPLIM guards the stacks."),
        "m4f-zephyr-switch": kernel(image, "m4f", MOST + ["it-block"], TABLE + SWITCH,
            ["USE_SWITCH", "SLEEPING_STATE", "SWITCH_BUFFER"],
            about="As m4f-zephyr, with switch frames on the stacks, as from 4.4."),
        "m33-zephyr-switch": kernel(image, "m33", EVERYWHERE + ["it-block"], TABLE + SWITCH,
            ["USE_SWITCH", "SLEEPING_STATE"],
            about="As m33-zephyr, with switch frames on the stacks, as from 4.4, and without "
                  "`arm_m_switch_stack_buffer`, which tells their form."),
        "m4f-zephyr-table": kernel(image, "m4f", EVERYWHERE, TABLE + PENDSV,
            debug=["-g1"], variant="table",
            unknown=["waits_for", "base_priority", "stack_size", "high_water_min",
                     "high_water_max", "overflow"],
            about="As m4f-zephyr, with `-g1`: no types. Only `_kernel_thread_info_offsets` in "
                  "flash tells where anything is in a thread."),
        "m3-zephyr-registry": kernel(image, "m3", ["thread-crash-windows", "isr-crash-windows"],
            PENDSV, ["THREAD_REGISTRY"], unknown=["entry"],
            about="As m3-zephyr, without a list of all threads and without `_kernel` in the "
                  "dumps: `s_task_tcbs`, an array of pointers, has them."),
    }
