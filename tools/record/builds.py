# SPDX-License-Identifier: Apache-2.0
"""The images: core, board, compiler, flags, and which scenarios each one runs."""

CORES = {
    "m0": dict(core="cortex-m0", machine="microbit", script="m0.ld",
               flags=["-mcpu=cortex-m0"]),
    "m3": dict(core="cortex-m3", machine="mps2-an385", script="mps2.ld",
               flags=["-mcpu=cortex-m3"]),
    "m4f": dict(core="cortex-m4", machine="mps2-an386", script="mps2.ld",
                flags=["-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]),
    "m7": dict(core="cortex-m7", machine="mps2-an500", script="mps2.ld",
               flags=["-mcpu=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"]),
    "m33": dict(core="cortex-m33", machine="mps2-an505", script="m33.ld",
                flags=["-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"]),
}

COMMON = [
    "-mthumb", "-ffreestanding", "-fno-builtin", "-fno-strict-aliasing",
    "-mno-unaligned-access", "-fno-tree-loop-distribute-patterns",
    "-Wall", "-Wextra", "-Werror", "-Wno-array-bounds", "-Wno-infinite-recursion",
]
CLANG_COMMON = ["-target", "arm-none-eabi"] + [
    f for f in COMMON
    if f not in ("-fno-tree-loop-distribute-patterns", "-Wno-infinite-recursion")
]
SECTIONS = ["-ffunction-sections", "-fdata-sections"]

FIRMWARE = [
    "startup.c", "mpu.c", "semihost.c", "mem.c", "fault_entry.S", "fault.c",
    "dump.c", "main.c", "scenario_table.c", "scenarios_memory.c",
    "scenarios_code.c", "scenarios_stack.c", "scenarios_exception.c",
    "scenarios_shape.c", "scenarios_assert.c", "assembly.S", "bridge.S",
]

# Everything an M4F can do: recorded at Og and at O2.
ALL_M4F = [
    "null-read", "null-write", "null-call", "null-call-no-mpu", "bad-jump",
    "undefined-instruction", "divide-by-zero", "unaligned-access", "bus-fault", "imprecise-bus-fault",
    "mpu-violation", "forced-hard-fault", "stack-overflow-guard",
    "stack-overflow-locals", "assert", "panic-code",
    "fault-in-isr", "fault-in-nested-isr", "fault-in-svc", "fp-lazy", "fp-isr",
    "psp-thread-isr", "realigned-stack", "realigned-fault", "noreturn-last",
    "tail-call", "inline-3", "recursion-60", "no-debug-frame",
    "corrupted-return", "watchdog-loop", "debugger-halted", "truncated",
    "version1",
]


def image(core, optimise, scenarios, **more):
    """One build. Keys: see the users in the other files of this folder."""
    build = dict(CORES[core], compiler="gcc", optimise=optimise, debug=["-g"], asm_debug=["-g"],
                 extra=[], link=[], sources=FIRMWARE, sections=True,
                 scenarios=scenarios)
    build.update(more)
    return build


BUILDS = {
    "m4f-og": image("m4f", "-Og", ALL_M4F),
    "m4f-o2": image("m4f", "-O2", ALL_M4F),
    "m0-os": image("m0", "-Os", [
        "null-call", "bad-jump", "undefined-instruction", "bus-fault",
        "unaligned-access", "assert", "fault-in-nested-isr", "psp-thread-isr",
        "no-debug-frame", "realigned-stack",
        "stack-overflow-no-guard"]),
    "m33-os": image("m33", "-Os", [
        "null-write", "stack-overflow-psplim", "stack-overflow-psplim-entry",
        "fault-in-nested-isr", "fp-lazy", "psp-thread-isr", "bus-fault",
        "assert", "stack-overflow-no-guard"]),
}
