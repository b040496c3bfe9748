#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How wide text is: as the terminal, as COLUMNS says, 80 without either, never less than 40."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

from support import Program, read_terminal

p = Program()
dump, elf = p.case("m4f-rtos", "deadlock")
analyze = ["analyze", dump, "--elf", elf, "--color", "never"]


def on_terminal(columns, env):
    """What the program writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    environment["XDG_CACHE_HOME"] = "/dev/null/none"
    with subprocess.Popen([p.path, *analyze], stdout=theirs, env={**environment, **env}) as run:
        os.close(theirs)
        text = read_terminal(ours)
    return text.decode().replace("\r\n", "\n")


def in_a_pipe(env):
    return p.run(*analyze, env=env).stdout.decode()


def expect_width(what, text, columns):
    """No line that can be broken is wider, and some need nearly all of it."""
    p.count += 1
    widest = max(len(line) for line in text.splitlines() if " " in line.strip())
    if not columns - 12 <= widest <= columns:
        p.failures.append(what)
        print(f"FAILED {what}: the widest line has {widest} of {columns} columns")


for columns in (40, 47, 60, 80, 120):
    expect_width(f"terminal {columns}", on_terminal(columns, {}), columns)
    expect_width(f"COLUMNS={columns}", in_a_pipe({"COLUMNS": str(columns)}), columns)
expect_width("a narrow terminal", on_terminal(20, {}), 40)
expect_width("a terminal of no size", on_terminal(0, {}), 80)
expect_width("COLUMNS before the terminal", on_terminal(120, {"COLUMNS": "60"}), 60)
expect_width("a pipe", in_a_pipe({}), 80)
expect_width("narrow COLUMNS", in_a_pipe({"COLUMNS": "1"}), 40)
for odd in ("", "0", "-60", "60x", "wide", "99999999999999999999"):
    expect_width(f"COLUMNS={odd}", in_a_pipe({"COLUMNS": odd}), 80)
p.finish()
