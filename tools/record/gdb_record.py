# SPDX-License-Identifier: Apache-2.0
"""Record what `faultline coredump` writes in gdb: fixtures/gdb/."""

import json
import shutil

import expect
import firmware
import gdb_session
from builds import BUILDS, GDB_BUILDS

PLACE = firmware.ROOT / "fixtures" / "gdb"
CORPUS = firmware.ROOT / "fixtures" / "corpus"


def load_cases():
    return json.loads((PLACE / "cases.json").read_text())


def elf_of(build):
    return (PLACE if build in GDB_BUILDS else CORPUS) / build / "fw.elf"


def machine_of(build):
    return {**BUILDS, **GDB_BUILDS}[build]["machine"]


def record(work):
    for name, build in GDB_BUILDS.items():
        elf = firmware.build_image(name, build, work / name)
        shutil.rmtree(PLACE / name, ignore_errors=True)
        (PLACE / name).mkdir(parents=True)
        shutil.copyfile(elf, PLACE / name / "fw.elf")
    good = True
    for case in load_cases():
        build = case["build"]
        data, said = gdb_session.capture(machine_of(build), elf_of(build), case)
        target = PLACE / build
        target.mkdir(exist_ok=True)
        print(f"{build} {case['scenario']}: " + (f"{len(data)} bytes" if data else said), flush=True)
        good = good and data is not None
        if data:
            (target / f"{case['scenario']}.core").write_bytes(data)
        if build in GDB_BUILDS:  # of the others fixtures/corpus/ has it
            own = GDB_BUILDS[build]
            said = expect.expectation(case["scenario"], build, own, expect.load_author(own),
                                      expect.load_markers(own))
            expect.write_json(target / f"{case['scenario']}.json", said)
    return good
