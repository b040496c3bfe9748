# SPDX-License-Identifier: Apache-2.0
"""What gdb captured shows the same frames as what the firmware itself wrote."""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import frames

program, fixtures = sys.argv[1], Path(sys.argv[2])
place, corpus = fixtures / "gdb", fixtures / "corpus"
cases = json.loads((place / "cases.json").read_text())
failed = 0
for case in cases:
    build, scenario = case["build"], case["scenario"]
    own = place / build / f"{scenario}.json"
    expected = json.loads((own if own.exists() else corpus / build / scenario / "expected.json").read_text())
    elf = place / build / "fw.elf"
    report = frames.analyse(program, place / build / f"{scenario}.core",
                            elf if elf.exists() else corpus / build / "fw.elf")
    bad = frames.differences(report, expected)
    if report["reason"].get("code") != "0x0005":
        bad.append(f"reason {report['reason']}")
    recorded = corpus / build / scenario / "dump.core"
    if recorded.exists():
        bad += frames.register_differences((place / build / f"{scenario}.core").read_bytes(),
                                           recorded.read_bytes())
    if bad:
        failed += 1
        print(f"{build} {scenario}: {'; '.join(bad)}")
print(f"{len(cases)} captures, {failed} failed")
sys.exit(1 if failed or len(cases) < 25 else 0)
