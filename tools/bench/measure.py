# SPDX-License-Identifier: Apache-2.0
"""What a command costs, and two of them in turns."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time


class Skipped(Exception):
    """A tool or feature is absent here: the row says which."""


class Void(Exception):
    """An answer is wrong, so that its speed says nothing."""


class Cost:
    """Of one run, per unit of work: seconds by the clock, seconds of CPU."""

    def __init__(self, wall, cpu):
        self.wall, self.cpu = wall, cpu

    def per(self, count):
        return Cost(self.wall / count, self.cpu / count)


def pinned(command, core):
    return list(command) if core is None else ["taskset", "-c", str(core), *command]


def run(command, core=None, env=None):
    """Returns (Cost, standard output). The CPU is that of the program and of all it waited for."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen([str(w) for w in pinned(command, core)], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=said, env={**os.environ, "LC_ALL": "C", **(env or {})})
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said.seek(0)
        if process.returncode:
            text = said.read().decode(errors="replace").strip() or f"exit code {process.returncode}"
            raise SystemExit(f"{' '.join(map(str, command))}\n{text}")
        return Cost(wall, usage.ru_utime + usage.ru_stime), out.read().decode(errors="replace")


def steady(command, least=0.3):
    """The mean of as many runs one after the other as take so many seconds, and one before them: what a short command costs, not
    what it costs to push the other side out of the processor's caches."""
    run(command)
    costs = []
    while sum(cost.wall for cost in costs) < least:
        costs.append(run(command)[0])
    return Cost(statistics.mean(c.wall for c in costs), statistics.mean(c.cpu for c in costs))


def peak(command):
    """Bytes: the largest of the program and of each process that it waited for, with the pages of mapped files. Not by this
    process's own wait4(): a new program's peak begins with that of whoever started it."""
    program = shutil.which("time")
    if not program:
        raise Skipped("no /usr/bin/time")
    with tempfile.NamedTemporaryFile() as said:
        run([program, "-f", "%M", "-o", said.name, *command])
        return int(said.read()) * 1024


class Pairs:
    """Runs of two measurements in turns: which is first alternates."""

    def __init__(self, ours, theirs, runs):
        self.ours, self.theirs = [], []
        for number in range(runs):
            sides = [(self.ours, ours), (self.theirs, theirs)]
            for results, measurement in sides if number % 2 == 0 else sides[::-1]:
                results.append(measurement())

    def median(self, side, what):
        return statistics.median(getattr(cost, what) for cost in side)

    def ratio(self, what):
        """Median of ours / theirs, pair by pair."""
        return statistics.median(getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in zip(self.ours, self.theirs))

    def spread(self, what):
        all_ratios = [getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in zip(self.ours, self.theirs)]
        return min(all_ratios), max(all_ratios)
