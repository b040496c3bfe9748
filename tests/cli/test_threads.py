#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--thread: whose backtraces are shown, of a recorded dump with several threads."""
import json
import re
import tempfile
from pathlib import Path

from support import Program

p = Program()
dump, elf = p.case("m4f-rtos", "deadlock")
expected = json.loads((Path(dump).parent / "expected.json").read_text())
names = sorted(thread["name"] for thread in expected["threads"])
crashed, = [thread["name"] for thread in expected["threads"] if thread.get("crashed")]
other = next(name for name in names if name != crashed)


def shown(text):
    """Names in the headings of the backtraces."""
    return sorted(re.findall(r'^Backtrace of thread "(.*?)"', text, re.M))


def expect_shown(what, wanted, *args):
    text = p.expect(what, 0, *args)
    if shown(text) != sorted(wanted):
        p.failures.append(f"{what}: backtraces of {shown(text)}, expected {sorted(wanted)}")
    table = re.search(r"^Threads of FreeRTOS, .*?\n\n", text, re.M | re.S)
    missing = [name for name in names if not table or not re.search(rf"^[> ] {name} ", table[0], re.M)]
    if missing:
        p.failures.append(f"{what}: not in the table: {missing}")
    return text


def expect_refused(what, *args):
    """An unknown name: told in one line, with the names there are, and nothing on stdout."""
    text = p.expect(what, 4, *args, "--thread", "nobody", out="^$", one_line=True,
                    err=f"^faultline: --thread: no thread 'nobody'; there are: .*{crashed}")
    p.expect(what + " as JSON", 2, *args, "--thread", crashed, "--format", "json", out="^$", one_line=True,
             err="--thread is for text")
    return text


analyze = ["analyze", dump, "--elf", elf]
expect_shown("no --thread", names, *analyze)
expect_shown("all", names, *analyze, "--thread", "all")
expect_shown("crashed", [crashed], *analyze, "--thread=crashed")
text = expect_shown("a name", [other], *analyze, "-t", other)
block = re.search(r"control block (0x[0-9a-f]{8})", text.replace("\n", " ").replace("    ", ""))
if block:
    expect_shown("an address", [other], *analyze, "--thread", block[1])
else:
    p.failures.append("no control block in the heading")
expect_refused("analyze", *analyze)
p.expect("no value", 2, *analyze, "--thread", err="--thread needs a value", one_line=True)



def expect_once(verb):
    p.expect("twice", 2, *verb, "-t", crashed, "--thread", other, out="^$", one_line=True,
             err="--thread takes one name, or 'all': it was given 2 times")


expect_once(analyze)
for verb in (["analyze"], ["traces", "show"], ["issues", "show"]):
    p.expect("help", 0, *verb, "--help", out=r"--thread WHICH .*0x address.*'crashed'.*'all' \(default\)")

# What waits for what is told in words: the scenario's author knows by whom it is held.
for thread in expected["threads"]:
    held_by = thread.get("waits_for", {}).get("held_by")
    if held_by:
        p.expect("held by", 0, *analyze, "-t", thread["name"],
                 out=rf"on mutex {thread['waits_for']['object']} held by {held_by}\b")

with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    db = tmp / "crashes.db"
    p.expect("output", 4, *analyze, "--thread", "nobody", "-o", tmp / "report.txt")
    if (tmp / "report.txt").exists():
        p.failures.append("a file although there is no such thread")
    p.expect("symbols add", 0, "symbols", "add", elf, "--db", db)
    p.expect("ingest", 0, "ingest", dump, "--device", "unit-1", "--db", db)
    for verb in (["traces", "show", 1, "--db", db], ["issues", "show", 1, "--db", db]):
        expect_shown(" ".join(verb[:2]), names, *verb)
        expect_shown(" ".join(verb[:2]) + " of one", [other], *verb, "--thread", other)
        expect_shown(" ".join(verb[:2]) + " of the crashed", [crashed], *verb, "--thread", "crashed")
        expect_refused(" ".join(verb[:2]), *verb)
        expect_once(verb)
    p.expect("--by", 2, "issues", "show", 1, "--by", "version", "--thread", other, "--db", db, one_line=True,
             err="--by does not show")
    p.expect("a list has no threads", 2, "issues", "list", "--thread", other, "--db", db, one_line=True,
             err="unknown option --thread")
    p.expect("explain is of the crashed one", 0, "traces", "explain", 1, "--db", db, out="Frames of the crashed thread")

for failure in p.failures:
    print(failure)
p.finish()
