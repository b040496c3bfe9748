# SPDX-License-Identifier: Apache-2.0
"""The images: core, board, compiler, flags, and which scenarios each one runs."""

import builds_freertos
import builds_zephyr

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


CPP = ["cpp-method", "cpp-const-method", "cpp-virtual", "cpp-template",
       "cpp-nested-class", "cpp-lambda", "cpp-destructor", "cpp-anonymous"]
SPLIT = ["aux-fault-in-system", "aux-callback", "aux-panic", "aux-panic-hook",
         "aux-isr-in-system", "null-write"]
DEBUG_FORMS = ["null-write", "inline-3", "fault-in-nested-isr", "bad-jump",
               "noreturn-last", "no-debug-frame"]
UNWIND_TABLES = dict(extra=["-funwind-tables"], sources=FIRMWARE + ["unwind_stub.c"])
BASE = FIRMWARE[:8]

BUILDS = {
    "m4f-og": image("m4f", "-Og", ALL_M4F),
    "m4f-o2": image("m4f", "-O2", ALL_M4F),
    "m4f-os": image("m4f", "-Os", [
        "null-read", "undefined-instruction", "fault-in-svc", "fp-lazy",
        "realigned-fault", "panic-code"]),
    "m0-os": image("m0", "-Os", [
        "null-call", "bad-jump", "undefined-instruction", "bus-fault",
        "unaligned-access", "assert", "fault-in-nested-isr", "psp-thread-isr",
        "no-debug-frame", "realigned-stack",
        "stack-overflow-no-guard"]),
    "m33-os": image("m33", "-Os", [
        "null-write", "stack-overflow-psplim", "stack-overflow-psplim-entry",
        "fault-in-nested-isr", "fp-lazy", "psp-thread-isr", "bus-fault",
        "assert", "stack-overflow-no-guard"]),
    "m4f-aux": image("m4f", "-Os", SPLIT,
        about="A firmware in two parts. The user part is `fw.elf`; the system part is linked "
              "alone (`system/system.c`, `link/system.ld`, flash at 0x00100000) and embedded "
              "into it as section `.mflt_aux_symbols.system-part1`. Each has a build id of its "
              "own; the dumps carry that of the user part.",
        sources=BASE + ["scenarios_memory.c", "scenarios_exception.c", "scenarios_system.c",
                        "assembly.S"],
        extra=["-DSYSTEM_RAM_START=0x20010000u", "-DSYSTEM_RAM_SIZE=0x100u"],
        part=dict(file="sys.elf", section=".mflt_aux_symbols.system-part1",
                  sources=["system/system.c"], script="system.ld")),
    "m3-os": image("m3", "-Os", [
        "null-write", "divide-by-zero", "fault-in-svc", "stack-overflow-guard",
        "noreturn-last", "watchdog-loop"], **UNWIND_TABLES),
    "m3-exidx": image("m3", "-Os", [
        "null-write", "divide-by-zero", "fault-in-nested-isr", "psp-thread-isr",
        "recursion-60", "assert"],
        about="No `.debug_frame`: unwinding rests on `.ARM.exidx`. The section was removed "
              "from the linked image.",
        remove=[".debug_frame"], **UNWIND_TABLES),
    "m7-os": image("m7", "-Os", [
        "unaligned-access", "imprecise-bus-fault", "fp-isr", "psp-thread-isr",
        "realigned-stack", "no-debug-frame"], debug=["-g3", "-gz=zlib"],
        asm_debug=["-g", "-gz=zlib"], link=["-gz=zlib"]),
    "m4f-o0": image("m4f", "-O0", [
        "null-read", "tail-call", "inline-3", "noreturn-last", "fp-lazy", "assert"]),
    "m4f-lto": image("m4f", "-Os", [
        "null-write", "tail-call", "inline-3", "fault-in-nested-isr", "recursion-60",
        "assert"], extra=["-flto"], lto=True),
    "m4f-dwarf2": image("m4f", "-Os", DEBUG_FORMS, sections=False,
        debug=["-gdwarf-2", "-gstrict-dwarf"], asm_debug=["-gdwarf-2"]),
    "m4f-dwarf3": image("m4f", "-Os", DEBUG_FORMS,
        debug=["-gdwarf-3", "-gstrict-dwarf"], asm_debug=["-gdwarf-3"]),
    "m4f-dwarf4": image("m4f", "-Os", DEBUG_FORMS,
        debug=["-gdwarf-4"], asm_debug=["-gdwarf-4"]),
    "m4f-clang": image("m4f", "-Os", [
        "null-write", "null-call", "inline-3", "fault-in-nested-isr", "fp-lazy",
        "psp-thread-isr"], compiler="clang"),
    "m4f-cpp": image("m4f", "-Os", CPP,
        extra=["-fno-exceptions"],
        sources=BASE + ["cpp/scenarios.cpp", "scenarios_exception.c", "assembly.S"],
        flags_of={"cpp/scenarios.cpp": ["-fno-rtti", "-fno-threadsafe-statics"]}),
    "m4f-gc": image("m4f", "-Os", [
        "null-write", "bad-jump", "fault-in-isr", "inline-3", "recursion-60", "assert"],
        about="Linked with `--gc-sections`: the functions of `library.c` are gone, their debug "
              "information is still there and begins at address 0, over the real code. "
              "addr2line and GDB name `library_cipher` for half of the frames; the symbol table "
              "and the disassembly settle it.",
        sources=["library.c"] + FIRMWARE, check_without="library.c",
        link=["-Wl,--gc-sections", "-Wl,-u,library_version"]),
}

BUILDS |= builds_freertos.builds(image)
BUILDS |= builds_zephyr.builds(image)

# Firmware that keeps what it reports and sends it in chunks: fixtures/wire/.
WIRE = [source for source in FIRMWARE if source != "main.c"] + [
    "wire/main.c", "wire/actions.c", "wire/events.c", "wire/cbor.c",
    "wire/options.c", "wire/rle.c", "wire/export.c", "wire/send.c", "wire/console.c",
    "wire/host.c"]
WIRE_OPTIONS = dict(sources=WIRE, extra=["-I."], link=["-Wl,--wrap=dump_write"])
WIRE_BUILDS = {
    "m4f-wire": image("m4f", "-Os", [], **WIRE_OPTIONS),
    "m33-wire": image("m33", "-Os", [], **WIRE_OPTIONS),
}

# Its fault handlers wait for a debugger: fixtures/gdb/.
GDB_BUILDS = {
    "m4f-handlers": image("m4f", "-Og", [], sources=[
        "gdb/handlers.c" if source == "fault.c" else source
        for source in FIRMWARE if source != "fault_entry.S"], extra=["-I."]),
}
