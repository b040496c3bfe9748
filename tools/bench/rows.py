# SPDX-License-Identifier: Apache-2.0
"""The rows of the table: what is measured, beside what, and whether the answers agree."""

import collections
import functools
import itertools
import json
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

import generate
import index_file
import measure
import peers
from measure import Cost, Pairs, Skipped, Void

AT_MOST, AT_LEAST = "<=", ">="


class Goal:
    def __init__(self, sense, value, stretch=None):
        self.sense, self.value, self.stretch = sense, value, stretch

    def met(self, ratio):
        good = [(ratio <= v if self.sense == AT_MOST else ratio >= v) for v in (self.value, self.stretch) if v is not None]
        return "stretch" if len(good) > 1 and all(good) else "met" if good[0] else "NOT met"

    def __str__(self):
        return f"{self.sense} {self.number(self.value)}"

    def number(self, value):
        """A ratio for people: 1/150 rather than 0.00667, where less is better."""
        if self.sense == AT_MOST and 0 < value < 0.05:
            return f"1/{1 / value:.0f}"
        return f"{value:.0f}x" if value >= 100 else f"{value:.3g}"


def seconds(value):
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


class Row:
    """One line of the table. ratios: by the clock and of the CPU; None where there is only one."""

    def __init__(self, metric, goal, ours, peer, wall, cpu, note="", command="", spread=None):
        self.metric, self.goal, self.note, self.command = metric, goal, note, command
        self.ours, self.peer, self.wall, self.cpu, self.spread = ours, peer, wall, cpu, spread


def from_pairs(metric, goal, pairs, note, command, flip=False, clock="wall"):
    """flip: the goal is how many times faster we are."""
    wall, cpu = pairs.ratio("wall"), pairs.ratio("cpu")
    if flip:
        wall, cpu = 1 / wall, 1 / cpu
    low, high = pairs.spread(clock)
    show = [seconds(pairs.median(side, clock)) for side in (pairs.ours, pairs.theirs)]
    spread = (1 / high, 1 / low) if flip else (low, high)
    return Row(metric, goal, *show, wall, cpu, note, command, spread)


class Bench:
    """What the rows share: programs, inputs, answers that were compared already."""

    def __init__(self, options, scratch, firmware):
        self.options, self.scratch, self.firmware = options, Path(scratch), firmware
        self.runs = 3 if options.quick else options.runs
        self.program = options.prefix / "bin/faultline"
        self.elf, self.dumps, self.how = firmware.make(options.work, options.size)
        self.fresh = itertools.count()
        self.helps = {}
        self._threads = self._cores = None
        self._programs = {}

    # --- the program and what it can do ---

    def has(self, verb, option=""):
        """Whether the installed program knows a verb, and an option of it."""
        if verb not in self.helps:
            try:
                self.helps[verb] = measure.run([self.program, verb, "--help"])[1]
            except SystemExit:
                self.helps[verb] = ""
        return bool(self.helps[verb]) and option in self.helps[verb]

    def folder(self):
        path = self.scratch / f"f{next(self.fresh)}"
        path.mkdir()
        return path

    def analyze(self, dump, cache=None, more=(), elf=None):
        words = [self.program, "analyze", dump, "--elf", elf or self.elf, "--sandbox", self.options.sandbox, *more]
        if not self.has("analyze", "--cache"):
            return words
        return [*words, "--cache", cache] if cache else [*words, "--no-cache"]

    def namer(self, tool):
        """The program of that name; what no distribution ships is named by an option."""
        if tool == "rust-addr2line" and self.options.rust_addr2line:
            return self.options.rust_addr2line
        return peers.need(tool)

    def compiled(self, name, libraries):
        """A C program of this folder, built against the installed libraries."""
        if name not in self._programs:
            self._programs[name] = compile_program(name, libraries, self.options.prefix, self.scratch)
        return self._programs[name]

    # --- answers ---

    def threads(self):
        """GDB's, of every dump."""
        if self._threads is None:
            self._threads = [peers.Threads(self.elf, str(dump)) for dump in self.dumps]
        return self._threads

    def cores(self):
        if self._cores is None:
            self._cores = [self.scratch / f"{dump.stem}.elfcore" for dump in self.dumps]
            for core, threads in zip(self._cores, self.threads()):
                threads.write_core(core)
        return self._cores

    def compare_stacks(self, *arguments):
        """A run with these arguments answers what GDB does."""
        report = json.loads(measure.run(self.analyze(self.dumps[0], *arguments, more=["--format", "json"]))[1])
        threads, frames = peers.compare_stacks(report, self.threads()[0])
        out = measure.run(peers.gdb_command(self.elf, self.cores()[0], "thread apply all bt"))[1]
        if peers.count_frames(out) < frames:
            raise Void(f"GDB prints {peers.count_frames(out)} frames, not {frames}")
        return f"{threads} threads, {frames} frames as GDB"

    def bt_full(self):
        return peers.gdb_command(self.elf, self.cores()[0], "thread apply all bt full")


def compile_program(name, libraries, prefix, scratch):
    out = scratch / name
    pkgconfig = next(prefix.glob("**/faultline.pc")).parent
    flags, linked = [], []
    for library in libraries:
        if library.startswith("faultline"):
            found = measure.run([peers.need("pkg-config"), "--cflags", "--libs", library],
                                env={"PKG_CONFIG_PATH": str(pkgconfig)})[1].split()
            linked += found + [f"-Wl,-rpath,{pkgconfig.parent}"]
        else:
            linked.append(f"-l{library}")
    measure.run([peers.need("gcc"), "-O2", *flags, Path(__file__).with_name(name + ".c"), "-o", out, *linked])
    return out


# --- one dump ---


def oneshot_index(bench):
    if not bench.has("analyze", "--cache"):
        raise Skipped("analyze has no --cache")
    cache = bench.folder()
    measure.run(bench.analyze(bench.dumps[0], cache))
    note = bench.compare_stacks(cache)
    command = bench.analyze(bench.dumps[0], cache)
    pairs = Pairs(lambda: measure.steady(command), lambda: measure.steady(bench.bt_full()), bench.runs)
    yield from_pairs("one-shot analyze, index present / gdb bt full", Goal(AT_MOST, 1 / 150, 1 / 200), pairs, note,
                     "analyze DUMP --elf FW --cache C / gdb -batch FW -c CORE -ex 'thread apply all bt full'",
                     clock=bench.options.clock)


def oneshot(bench):
    note = bench.compare_stacks()
    saves = bench.has("analyze", "--cache")

    def ours():
        return measure.run(bench.analyze(bench.dumps[0], bench.folder() if saves else None))[0]

    pairs = Pairs(ours, lambda: measure.run(bench.bt_full())[0], bench.runs)
    yield from_pairs("one-shot analyze, no index / gdb bt full", Goal(AT_MOST, 0.33, 0.20), pairs,
                     note + ("; builds and saves it" if saves else "; this version saves none"),
                     "analyze DUMP --elf FW (empty cache) / the same", clock=bench.options.clock)


def warm_cost(bench, elf, dumps, count, what="analyze"):
    said = json.loads(measure.run([bench.compiled("warm", ["faultline"]), elf, str(count), *dumps])[1])
    return Cost(said[what]["wall_ns"] / 1e9, said[what]["cpu_ns"] / 1e9)


def warm(bench):
    note = bench.compare_stacks()
    count = 200 if bench.options.quick else 2000
    pairs = Pairs(lambda: warm_cost(bench, bench.elf, bench.dumps, count),
                  lambda: peers.warm_gdb(bench.elf, bench.cores(), count // 50, bench.scratch), bench.runs)
    yield from_pairs("warm analysis in process / warm gdb session", Goal(AT_MOST, 1 / 250, 1 / 400), pairs,
                     f"{note}; with the encoded report", "warm.c / gdb: core-file, thread apply all bt full",
                     clock=bench.options.clock)


def many_threads(bench):
    """The same firmware with eight times as many threads."""
    few_elf, few, _ = bench.firmware.make(bench.options.work, "S")
    many_elf, many, _ = bench.firmware.make(bench.options.work, "S", 64)
    report = json.loads(measure.run(bench.analyze(many[0], more=["--format", "json"], elf=many_elf))[1])
    threads, frames = peers.compare_stacks(report, peers.Threads(many_elf, str(many[0])))
    count = 100 if bench.options.quick else 500
    pairs = Pairs(lambda: warm_cost(bench, many_elf, many, count), lambda: warm_cost(bench, few_elf, few, count), bench.runs)
    yield from_pairs("64 threads / 8 threads, warm", Goal(AT_MOST, 10), pairs,
                     f"{threads} threads, {frames} frames as GDB; size S", "warm.c with --threads 64 / --threads 8", clock=bench.options.clock)


# --- many dumps ---


def varied(dump, numbered):
    """The same crash, other bytes: one word in the middle of the largest region, which is stack."""
    data = bytearray(dump)
    struct.pack_into("<I", data, region_middle(data), numbered)
    return bytes(data)


def region_middle(data):
    best, at = (0, 0), 12
    while at + 12 <= len(data):
        kind, _, size = struct.unpack_from("<III", data, at)
        if kind == 1:
            best = max(best, (size, at + 12))
        at += 12 + size
    # Behind the first task's end, before the second one's stack pointer: nothing reads it.
    return best[1] + 2048 + 64


class Queue:
    """A database with the firmware and so many dumps that wait; copied for each run."""

    def __init__(self, bench, count):
        self.bench, self.count, self.place = bench, count, bench.folder()
        spool = self.place / "in"
        spool.mkdir()
        originals = [dump.read_bytes() for dump in bench.dumps]
        for i in range(count):
            (spool / f"BENCH{i % 1000:04}_{i}.core").write_bytes(varied(originals[i % len(originals)], i))
        database = self.place / "queue.db"
        ingest = ["ingest", spool, "--queue-only", "--device-from-name", "(BENCH[0-9]+)_.*"]
        for words in (["symbols", "add", bench.elf], ingest):
            measure.run([bench.program, *words, "--db", database])
        shutil.rmtree(spool)

    def copy(self):
        target = self.bench.folder()
        for path in self.place.iterdir():
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, target / path.name)
        return target / "queue.db"

    def command(self, database, mode):
        return [self.bench.program, "worker", "--db", database, "--once", "--sandbox", mode, "--no-events"]

    def check(self, database):
        """Every dump was filed, under a handful of issues."""
        rows = json.loads(measure.run([self.bench.program, "issues", "list", "--db", database, "--format", "json"])[1])
        issues = rows["issues"] if isinstance(rows, dict) else rows
        filed = sum(issue.get("traces", issue.get("trace_count", 0)) for issue in issues)
        if filed != self.count:
            raise Void(f"{filed} of {self.count} dumps are filed")
        return len(issues)

    def work(self, mode, core=0):
        database = self.copy()
        cost, _ = measure.run(self.command(database, mode), core)
        self.check(database)
        shutil.rmtree(database.parent)
        return cost.per(self.count)

    def peak(self, mode):
        database = self.copy()
        size = measure.peak(self.command(database, mode))
        self.check(database)
        shutil.rmtree(database.parent)
        return size

    def work_together(self):
        """Two workers, each pinned to a core. The wall time of both."""
        database = self.copy()
        begin = time.perf_counter()
        command = [str(word) for word in self.command(database, self.bench.options.sandbox)]
        workers = [subprocess.Popen(measure.pinned(command, core), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL) for core in (0, 1)]
        usage = [os.wait4(worker.pid, 0) for worker in workers]
        wall = time.perf_counter() - begin
        for worker, (_, status, _) in zip(workers, usage):
            worker.returncode = os.waitstatus_to_exitcode(status)
            if worker.returncode:
                raise SystemExit(f"worker: exit code {worker.returncode}")
        self.check(database)
        shutil.rmtree(database.parent)
        cpu = sum(u.ru_utime + u.ru_stime for _, _, u in usage)
        return Cost(wall, cpu).per(self.count)


def queue_of(bench):
    if not hasattr(bench, "queue"):
        bench.queue = Queue(bench, bench.options.dumps or (300 if bench.options.quick else 3000))
    return bench.queue


def worker(bench):
    queue, note = queue_of(bench), bench.compare_stacks()
    pairs = Pairs(lambda: queue.work(bench.options.sandbox), lambda: measure.run(bench.bt_full(), 0)[0], bench.runs)
    rate = 1 / pairs.median(pairs.ours, bench.options.clock)
    yield from_pairs("worker with its database, a dump / fresh gdb per dump", Goal(AT_LEAST, 2500, 4000), pairs,
                     f"{note}; {queue.count} dumps, start included: {rate:.0f} dumps/s",
                     "worker --once, one core / gdb as above", flip=True, clock=bench.options.clock)


def floor(bench):
    queue = queue_of(bench)
    program = bench.compiled("floor", ["sqlite3", "z"])

    def least():
        folder = bench.folder()
        said = json.loads(measure.run([program, folder / "floor.db", str(queue.count), bench.dumps[0]], 0)[1])
        shutil.rmtree(folder)
        return Cost(said["wall_s"], said["cpu_s"]).per(said["count"])

    pairs = Pairs(lambda: queue.work(bench.options.sandbox), least, bench.runs)
    yield from_pairs("worker / the floor program, speed", Goal(AT_LEAST, 0.45, 0.65), pairs, f"{queue.count} dumps",
                     "worker --once / floor.c, both on one core", flip=True, clock=bench.options.clock)


def sandbox(bench):
    queue = queue_of(bench)
    pairs = Pairs(lambda: queue.work("require"), lambda: queue.work("off"), bench.runs)
    yield from_pairs("sandboxed / unsandboxed worker, speed", Goal(AT_LEAST, 0.85, 0.90), pairs, f"{queue.count} dumps",
                     "worker --sandbox require / off", flip=True, clock=bench.options.clock)


def scaling(bench):
    if os.cpu_count() < 2:
        raise Skipped("one core only")
    queue = queue_of(bench)
    pairs = Pairs(queue.work_together, lambda: queue.work(bench.options.sandbox), bench.runs)
    row = from_pairs("1 -> 2 workers on one database, each on a core", Goal(AT_LEAST, 1.7, 1.85), pairs, "",
                     "taskset -c 0 and -c 1, worker --once", flip=True)
    row.note = f"by the clock, of no use on a busy machine; the CPU of a dump with two is {1 / row.cpu:.2f} of that with one"
    row.cpu = None
    yield row


def fill_memory(path):
    """Memory that nobody used becomes the cache of a file that is nothing but a hole.

    A virtual machine gets a page from its host when it first writes to it, which takes longer than all else that is
    done with a page. A large database would pay for that and a small one not; here both take the pages of the hole.
    """
    free = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemFree:"))
    with open(path, "wb") as hole:
        hole.truncate(free * 1024)
    with open(path, "rb", buffering=0) as hole:
        block = bytearray(1 << 20)
        while hole.readinto(block):
            pass


def growth(bench):
    small, large = (2000, 20000) if bench.options.quick else (10000, bench.options.traces)
    step = small // 4
    folder = bench.folder()
    if not bench.options.quick:
        fill_memory(folder / "hole")
    out = measure.run([bench.compiled("fill", ["faultline-store", "faultline"]), folder / "fill.db", bench.elf,
                       str(large), str(step), *bench.dumps])[1]
    shutil.rmtree(folder)
    steps = [json.loads(line) for line in out.splitlines()]
    # The last steps before either size; the first one of all pays for new tables.
    near = [[s for s in steps if low < s["traces"] <= high] for low, high in ((step, small), (large - 3 * step, large))]
    costs = [sorted((s["wall_us"], s["cpu_us"]) for s in side)[len(side) // 2] for side in near]
    (small_wall, small_cpu), (large_wall, large_cpu) = costs
    pick = 1 if bench.options.clock == "cpu" else 0
    yield Row(f"speed at {large} traces / at {small}", Goal(AT_LEAST, 0.85, 0.92), f"{costs[1][pick]:.0f} us",
              f"{costs[0][pick]:.0f} us", small_wall / large_wall, small_cpu / large_cpu,
              f"queue, claim, file; medians of {len(near[0])} and {len(near[1])} steps of {step}", "fill.c")


# --- the index ---


def compile_elf(bench):
    return warm_cost(bench, bench.elf, [], 0, "compile")


def build_gdb(bench):
    command = peers.gdb_command(bench.elf, None)
    pairs = Pairs(lambda: compile_elf(bench), lambda: measure.run(command)[0], bench.runs)
    yield from_pairs("index build / gdb load, CPU", Goal(AT_MOST, 0.5, 0.3), pairs, "gdb without a core",
                     "warm.c FW 0 / gdb -batch FW", clock="cpu")


def build_gsym(bench):
    name = "llvm-gsymutil" if shutil.which("llvm-gsymutil") else "llvm-gsymutil-14"
    command = [peers.need(name), "--convert", bench.elf, "--num-threads=1", "-o", bench.scratch / "fw.gsym"]
    pairs = Pairs(lambda: compile_elf(bench), lambda: measure.run(command)[0], bench.runs)
    yield from_pairs("index build / llvm-gsymutil, CPU", Goal(AT_MOST, 0.5, 0.3), pairs,
                     "it converts functions, inlines and lines only",
                     "warm.c FW 0 / llvm-gsymutil --convert --num-threads=1", clock="cpu")


def empty_cache(bench):
    """A folder, and the command that leaves its index there."""
    if not bench.has("analyze", "--cache"):
        raise Skipped("analyze has no --cache")
    cache = bench.folder()
    return cache, bench.analyze(bench.dumps[0], cache)


def saved_index(bench):
    """The files that analyze leaves in its cache."""
    cache, command = empty_cache(bench)
    measure.run(command)
    files = [path for path in cache.rglob("*") if path.is_file()]
    if not files:
        raise Void("analyze left no file in the cache")
    return files


def index_size(bench):
    files = saved_index(bench)
    elf, everything = bench.elf.stat().st_size, sum(path.stat().st_size for path in files)
    tables = collections.Counter()
    for path in files:
        tables.update(index_file.tables(path))
    code = sum(tables.values()) - sum(tables[kind] for kind in index_file.BESIDE_CODE)
    beside = f"without the program's read-only bytes ({tables['SPAN_BYTES'] / 1e6:.2f} MB), types, variables and findings"
    for name, size, goal, note in (("code part", code, Goal(AT_MOST, 0.09, 0.07), beside),
                                   ("all, with types and variables", everything, Goal(AT_MOST, 0.25, 0.18), "")):
        yield Row(f"index size / ELF, {name}", goal, f"{size / 1e6:.2f} MB", f"{elf / 1e6:.2f} MB", size / elf, None, note,
                  "analyze --cache C; the files there")


def memory(bench):
    queue, elf = queue_of(bench), bench.elf.stat().st_size
    peak = queue.peak(bench.options.sandbox)
    yield Row("peak memory of the worker, MiB", Goal(AT_MOST, 32, 16), f"{peak / 2**20:.0f} MiB", "-", peak / 2**20, None,
              f"the larger of it and its child, with the pages of mapped files; {queue.count} dumps", "worker --once")
    peak = measure.peak(empty_cache(bench)[1])
    yield Row("peak memory of an index build / ELF", Goal(AT_MOST, 1.5, 1.0), f"{peak / 2**20:.0f} MiB",
              f"{elf / 2**20:.0f} MiB", peak / elf, None, "with the mapped ELF itself", "analyze, empty cache")


# --- addresses ---


NAMERS = {"arm-none-eabi-addr2line": ["-a", "-f", "-i", "-e"],
          "llvm-symbolizer": ["--output-style=GNU", "-a", "-f", "-i", "--no-demangle", "-e"],
          "rust-addr2line": ["-a", "-f", "-i", "-e"]}
WITNESSES = "arm-none-eabi-addr2line", "llvm-symbolizer"


def compare_addresses(ours, witnesses):
    """Voids the row where an answer is not what all witnesses say. Returns a note."""
    wanted = peers.agreed(witnesses)
    wrong = [key for key in wanted if ours.get(key) != wanted[key]]
    if wrong or not wanted:
        key = wrong[0] if wrong else 0
        raise Void(f"{len(wrong)} of {len(wanted)} answers are not those of the other tools, first at {key:#x}: "
                   f"{ours.get(key)}, theirs: {wanted.get(key)}")
    return f"{len(wanted)} of {len(witnesses[0])} addresses have one answer from all {len(witnesses)} tools, and it is ours"


def symbolize(bench):
    """The command but for its addresses."""
    if not bench.has("symbolize"):
        raise Skipped("no such verb: symbolize")
    words = [bench.program, "symbolize", "-a", "-f", "-i", "-e", bench.elf]
    return [*words, "--cache", bench.folder()] if bench.has("symbolize", "--cache") else words


def addresses(bench, tool, goal):
    program = bench.namer(tool)
    count = 1000 if bench.options.quick else 10000
    chosen = peers.address_list(bench.elf, count, generate.Numbers(bench.options.size, "addresses"))
    words = [f"{address:#x}" for address in chosen]
    ours, theirs = [*symbolize(bench), *words], [program, *NAMERS[tool], bench.elf, *words]
    present = [[name, *NAMERS[name], bench.elf, *words] for name in WITNESSES if shutil.which(name)]
    note = compare_addresses(answers_of(ours), [answers_of(command) for command in present])
    pairs = Pairs(lambda: measure.steady(ours), lambda: measure.steady(theirs), bench.runs)
    yield from_pairs(f"{count} addresses with inlines / {tool}, speed", goal, pairs, note,
                     f"symbolize -afie FW / {' '.join([tool, *NAMERS[tool]])} FW", flip=True, clock=bench.options.clock)


def answers_of(command):
    return peers.pairs_of_lines(measure.run(command)[1])


ADDR2LINE = functools.partial(addresses, tool="arm-none-eabi-addr2line", goal=Goal(AT_LEAST, 30, 60))
SYMBOLIZER = functools.partial(addresses, tool="llvm-symbolizer", goal=Goal(AT_LEAST, 20, 35))
RUST = functools.partial(addresses, tool="rust-addr2line", goal=Goal(AT_LEAST, 10, 18))

ROWS = {
    "oneshot-index": oneshot_index, "oneshot": oneshot, "warm": warm, "worker": worker, "floor": floor,
    "build-gdb": build_gdb, "build-gsym": build_gsym, "size": index_size, "addr2line": ADDR2LINE,
    "symbolizer": SYMBOLIZER, "rust": RUST, "scaling": scaling, "growth": growth, "sandbox": sandbox, "memory": memory,
    "threads": many_threads,
}
