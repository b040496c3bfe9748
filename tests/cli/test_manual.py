#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual page and --help know every verb; every --help has an example; systemd takes the units."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support import Program

p = Program()
root = Path(__file__).parents[2]

usage = p.expect("--help", 0, "--help", out="usage")
verbs = re.findall(r"^  ([a-z]+(?: [a-z]+)?) {2,}\S", usage, re.M)
if len(verbs) < 20:
    p.failures.append(f"verbs in --help: {verbs}")

page = re.sub(r"\\f[BIR]|\\", "", (root / "docs/faultline.1").read_text())
flat = re.sub(r'[".,|]', " ", page)
for verb in verbs:
    words = verb.split()
    if not all(re.search(rf"\b{word}\b", flat) for word in words) or \
            not re.search(rf"^\.(BI|B|BR|SS).*\b{words[-1]}\b", page, re.M):
        p.failures.append(f"the manual page does not tell of '{verb}'")
    text = p.expect(f"{verb} --help", 0, *words, "--help", out="^usage: faultline " + verb)
    if not re.search(rf"^example: faultline {verb}\b", text, re.M):
        p.failures.append(f"'{verb} --help' has no example")
    if max(map(len, text.splitlines())) > 90:
        p.failures.append(f"'{verb} --help' is wider than 90 columns")
    p.expect(f"{verb} --nonsense", 2, *words, "--nonsense", err="unknown option --nonsense", one_line=True)

# Options that a unit, a page or an example names must be there.
for name in ("docs/faultline.1", "docs/operations.md", "tools/systemd/faultline-gc.service",
             "tools/systemd/faultline.service"):
    text = (root / name).read_text().replace("\\-", "-")
    for verb in ("worker", "gc"):
        for line in re.findall(rf"faultline {verb} ([^\n`]*)", text):
            helped = p.run(verb, "--help").stdout.decode()
            for option in re.findall(r"(?<![\w-])--[a-z-]+", re.sub(r"'[^']*'", "", line)):
                if option not in helped:
                    p.failures.append(f"{name}: {verb} has no {option}")

if shutil.which("groff"):
    run = subprocess.run(["groff", "-man", "-ww", "-Tutf8", root / "docs/faultline.1"], capture_output=True)
    if run.returncode or run.stderr:
        p.failures.append(f"groff: {run.stderr.decode()}")

if shutil.which("systemd-analyze"):
    with tempfile.TemporaryDirectory() as folder:
        units = []
        for source in sorted((root / "tools/systemd").glob("faultline*")):
            unit = Path(folder) / source.name
            unit.write_text(re.sub(r"@bindir@/faultline", sys.argv[1], source.read_text()))
            units.append(unit)
        run = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True)
        problems = [line for line in run.stderr.decode().splitlines() if "faultline" in line]
        if run.returncode or problems or len(units) != 3:
            p.failures.append(f"systemd-analyze: {run.returncode} {problems}")

for failure in p.failures:
    print(failure)
p.finish()
