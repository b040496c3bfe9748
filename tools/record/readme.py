# SPDX-License-Identifier: Apache-2.0
"""The provenance page of one build."""

import json

import firmware

PARTIAL = "edited: `tools/record/partial.py` left only %s of the recording of `task-fault`."
EDITS = {
    "vendor": PARTIAL % "what the vendor's port captures by default (lists, 100 bytes of each control "
                        "block, 256 of each stack, 512 of the active one)",
    "short-stacks": PARTIAL % "72 bytes of each stack",
    "no-stacks": PARTIAL % "the active stack, control blocks, and data",
    "short-names": PARTIAL % "each control block up to the fourth character of the name, and 256 bytes of each stack",
    "lists-only": PARTIAL % "the active stack and data without control blocks",
    "imprecise": "edited: QEMU reports every bus fault precisely. CFSR was changed from "
                 "PRECISERR + BFARVALID to IMPRECISERR, BFAR set to 0, and PC moved two "
                 "instructions on (register block and stacked frame).",
    "halted": "not from the firmware's writer: QEMU was halted at `debugger_stop_point` through "
              "its gdb socket and read out by `tools/record/gdb_dump.py`. psp, primask and "
              "control could not be read and are 0; the clock word is a constant. The firmware "
              "switched its MPU off before, because QEMU's gdb socket does not read past it, and "
              "left its registers in RAM: the MPU block comes from there.",
}


def differences(name, build, author):
    """What the author expects of this image and not of the others."""
    rows = []
    for scenario in build["scenarios"]:
        said = author["scenarios"][scenario]
        for kind, key in (("cores", build["core"]), ("builds", name)):
            override = said.get(kind, {}).get(key)
            if override:
                rows.append(f"- `{scenario}`: {override['why']}.")
    return "\nExpected otherwise than in most builds:\n\n" + "\n".join(rows) + "\n" if rows else ""


def settled(path):
    """Where a witness is wrong, and what the disassembly says: from SETTLED.json beside the page."""
    source = path.parent / "SETTLED.json"
    if not source.exists():
        return ""
    rows = [f"- `{scenario}`, {witness}, frame {said['frame']}: {said['why']}."
            for scenario, witnesses in json.loads(source.read_text()).items()
            for witness, said in witnesses.items()]
    return "\nWhere a witness differs, settled by the disassembly:\n\n" + "\n".join(rows) + "\n"


def write(path, name, build, author):
    compiler = firmware.compiler_of(build)
    rows = []
    for scenario in build["scenarios"]:
        said = author["scenarios"][scenario]
        rows.append(f"- `{scenario}`" + (f" ({EDITS[said['edit']]})" if "edit" in said else ""))
    flags = " ".join(firmware.compiler_flags(name, build))
    linker = " ".join(firmware.linker_flags(build))
    text = f"""# {name}

{build.get("about", "The fixture firmware.")}

| | |
|---|---|
| sources | `fixtures/firmware/`: {", ".join(build["sources"])} |
| core, board | {build["core"]}, QEMU `-M {build["machine"]}` |
| compiler | {firmware.version(compiler)} |
| linker | {firmware.version(firmware.PREFIX + "ld")} |
| QEMU | {firmware.version("qemu-system-arm")}, `-icount shift=4,sleep=off`, scenario through semihosting |
| recorded by | `tools/record/record {name}` |

Flags: `{flags}`

Linked with: `{linker}`
{firmware.exceptions_text(build)}
Scenarios:

""" + "\n".join(rows) + "\n" + differences(name, build, author) + settled(path)
    path.write_text(text)
