#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of the benchmark that need no cross tools: what it feeds, compares, counts and concludes."""

import hashlib
import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parents[2] / "tools/bench"
sys.path.insert(0, str(BENCH))

import generate  # noqa: E402
import index_file  # noqa: E402
import measure  # noqa: E402
import peers  # noqa: E402
import rows  # noqa: E402

firmware = peers.load_script(BENCH / "firmware")
instructions = peers.load_script(BENCH / "instructions")

# Of the text of size S: the committed dumps are of firmware that was generated so. When the generator changes on
# purpose, record the dumps again (tools/bench/firmware FOLDER --size S --record; M, L, and S with --threads 64).
GENERATED = "62cca61431fe493148ceb28f21eb52ae8b71515cb56d117865c08cf40cec5587"


class Generator(unittest.TestCase):
    def test_text_is_that_of_the_dumps(self):
        text = "".join(f"{name}\n{text}" for name, text in sorted(generate.files(firmware.SEED, "S").items()))
        text += (BENCH / "threads.c").read_text()
        self.assertEqual(hashlib.sha256(text.encode()).hexdigest(), GENERATED)

    def test_seed_decides(self):
        self.assertEqual(generate.files(7, "S"), generate.files(7, "S"))
        self.assertNotEqual(generate.files(7, "S"), generate.files(8, "S"))

    def test_numbers_stay_below_and_get_everywhere(self):
        numbers = generate.Numbers("any")
        self.assertEqual({numbers.below(7) for _ in range(500)}, set(range(7)))


class Dumps(unittest.TestCase):
    def test_each_size_has_dumps_of_one_build(self):
        for size in ("S", "M", "L", "S64"):
            found = sorted((BENCH / "dumps" / size).glob("*.core"))
            ids = {firmware.dump_build_id(path.read_bytes()) for path in found}
            self.assertEqual(len(found), 1 if size == "S64" else len(generate.CRASHES), size)
            self.assertEqual(len(ids), 1, size)

    def test_a_varied_dump_differs_in_a_word_of_unused_stack(self):
        data = (BENCH / "dumps/S/null-write.core").read_bytes()
        changed = rows.varied(data, 0x12345678)
        at = [i for i, (a, b) in enumerate(zip(data, changed)) if a != b]
        self.assertEqual(len(data), len(changed))
        self.assertLess(at[-1] - at[0], 4)
        # The fill pattern of stacks that was there before says that nobody had written it.
        self.assertEqual(data[at[0] & ~3:(at[0] & ~3) + 4], b"\xa5" * 4)


class Ratios(unittest.TestCase):
    def pairs(self, ours, theirs):
        sides = [iter([measure.Cost(v, v) for v in side]) for side in (ours, theirs)]
        return measure.Pairs(lambda: next(sides[0]), lambda: next(sides[1]), len(ours))

    def test_median_of_the_pairs_not_ratio_of_medians(self):
        pairs = self.pairs([1, 10, 100], [10, 10, 10])
        self.assertEqual(pairs.ratio("wall"), 1)
        self.assertEqual(self.pairs([1, 2, 9], [2, 8, 9]).ratio("cpu"), 0.5)
        self.assertEqual(pairs.spread("wall"), (0.1, 10))

    def test_who_is_first_alternates(self):
        order = []
        measure.Pairs(lambda: order.append("ours"), lambda: order.append("theirs"), 3)
        self.assertEqual(order, ["ours", "theirs", "theirs", "ours", "ours", "theirs"])

    def test_faster_is_a_larger_ratio(self):
        row = rows.from_pairs("m", rows.Goal(rows.AT_LEAST, 2), self.pairs([1, 1], [4, 4]), "", "", flip=True)
        self.assertEqual((row.wall, row.goal.met(row.wall)), (4, "met"))

    def test_goals(self):
        least, most = rows.Goal(rows.AT_LEAST, 2, 3), rows.Goal(rows.AT_MOST, 1 / 150, 1 / 200)
        self.assertEqual([least.met(v) for v in (1.9, 2, 2.9, 3)], ["NOT met", "met", "met", "stretch"])
        self.assertEqual([most.met(v) for v in (1 / 149, 1 / 150, 1 / 201)], ["NOT met", "met", "stretch"])
        self.assertEqual(str(most), "<= 1/150")


class Witness:
    """Stands for GDB."""

    elf = None

    def __init__(self, stacks):
        self.answer = stacks

    def stacks(self):
        return {name: [peers.judge.frame_of(f) for f in frames] for name, frames in self.answer.items()}


class Answers(unittest.TestCase):
    def setUp(self):
        self.asked = []
        peers.line_settled, self.real = self.settle, peers.line_settled

    def tearDown(self):
        peers.line_settled = self.real

    def settle(self, elf, frames, number):
        """Stands for addr2line, which knows line 5 only."""
        self.asked.append(number)
        return frames[number]["line"] == 5

    def frame(self, **more):
        return {"pc": "0x00000100", "function": "f", "file": "f.c", "line": 3, "inlined": False, **more}

    def compare(self, frames, name="a"):
        witness = Witness({"a": [self.frame(), self.frame(pc="0x200", function="g")]})
        return peers.compare_stacks({"threads": [{"name": name, "frames": frames}]}, witness)

    def test_same_frames(self):
        self.assertEqual(self.compare([self.frame(), self.frame(pc="0x200", function="g")]), (1, 2))

    def test_anything_else_is_void(self):
        for wrong in ([self.frame(), self.frame(pc="0x200", function="h")], [self.frame()],
                      [self.frame(line=4), self.frame(pc="0x200", function="g")],
                      [self.frame(), self.frame(pc="0x202", function="g")], []):
            with self.assertRaises(measure.Void):
                self.compare(wrong)
        with self.assertRaises(measure.Void):
            self.compare([self.frame(), self.frame(pc="0x200", function="g")], "b")

    def test_only_a_line_may_be_settled(self):
        other = self.frame(pc="0x200", function="g")
        self.assertEqual(self.compare([self.frame(line=5), other]), (1, 2))
        self.assertEqual(self.asked, [0])
        with self.assertRaises(measure.Void):
            self.compare([self.frame(line=5, function="h"), other])

    def test_missing_thread_is_void(self):
        with self.assertRaises(measure.Void):
            peers.compare_stacks({"threads": []}, Witness({"a": []}))

    def test_addresses(self):
        text = "0x00000100\nf\n/x/f.c:3 (discriminator 2)\ng\n/x/g.c:7\n0x00000200\nh\n??:0\n"
        answers = peers.pairs_of_lines(text)
        self.assertEqual(answers, {0x100: [("f", "f.c", "3"), ("g", "g.c", "7")], 0x200: [("h", "??", "0")]})
        self.assertIn("2 of 2", rows.compare_addresses(answers, [answers, answers]))
        with self.assertRaises(measure.Void):
            rows.compare_addresses({**answers, 0x200: []}, [answers])

    def test_who_is_no_witness(self):
        one, other = {1: ["a"], 2: ["b"]}, {1: ["a"], 2: ["c"]}
        self.assertEqual(peers.agreed([one, other]), {1: ["a"]})
        self.assertIn("1 of 2", rows.compare_addresses({1: ["a"], 2: ["?"]}, [one, other]))
        with self.assertRaises(measure.Void):
            rows.compare_addresses({1: ["?"], 2: ["b"]}, [one, other])
        with self.assertRaises(measure.Void):
            rows.compare_addresses({1: ["a"]}, [{1: ["a"]}, {1: ["b"]}])


class Core(unittest.TestCase):
    def test_note_has_the_registers_where_gdb_looks(self):
        registers = {name: n for n, name in enumerate(peers.CORE_ORDER)}
        note = peers.prstatus(3, registers)
        self.assertEqual(struct.unpack_from("<III", note), (5, 148, 1))
        self.assertEqual(struct.unpack_from("<17I", note, 20 + 72), tuple(range(17)))


CALLGRIND = """events: Ir

ob=(1) /usr/bin/prog
fl=(1) a.c
fn=(1) main
5 10
+2 7
cob=(2) /lib/libc.so.6
cfn=(2) memcpy
calls=3 0
6 1000
* 1
ob=(2)
fl=(2) libc.c
fn=(2)
9 1000
ob=(1)
fn=(3) other
4 2
"""


class Peak(unittest.TestCase):
    @unittest.skipUnless(shutil.which("time"), "no /usr/bin/time")
    def test_is_the_programs_own(self):
        held = bytearray(b"x" * (100 << 20))
        self.assertLess(measure.peak([sys.executable, "-c", ""]), len(held))
        self.assertGreater(measure.peak([sys.executable, "-c", "b = b'x' * (100 << 20)"]), len(held))


class IndexFile(unittest.TestCase):
    def test_sums_the_tables_of_all_modules(self):
        module = bytes(12) + struct.pack("<I", 2) + bytes(index_file.MODULE - 16)
        module += index_file.TABLE.pack(1, 1, 0, 100) + index_file.TABLE.pack(6, 4, 0, 25)
        head = b"FLINDEXF" + bytes(32) + struct.pack("<I", 2) + bytes(index_file.HEAD - 44)
        places = b"".join(struct.pack("<QQ", index_file.HEAD + 32 + n * len(module), len(module)) for n in range(2))
        with tempfile.NamedTemporaryFile() as file:
            file.write(head + places + module + module)
            file.flush()
            self.assertEqual(index_file.tables(file.name), {"STRINGS": 200, "SPAN_BYTES": 200})

    def test_names_are_those_of_the_header(self):
        names = index_file.kinds()
        self.assertEqual(names[1], "STRINGS")
        self.assertNotIn("KINDS", names.values())
        self.assertLessEqual(set(index_file.BESIDE_CODE), set(names.values()))


class Callgrind(unittest.TestCase):
    def test_only_lines_of_the_program_count_and_no_calls(self):
        self.assertEqual(instructions.count_own(CALLGRIND, "/build/prog"), 10 + 7 + 1 + 2)

    def test_two_percent(self):
        self.assertEqual(instructions.compare({"a": 1021, "b": 1019, "c": 979}, {"a": 1000, "b": 1000, "c": 1000}),
                         ["a", "c"])

    def test_what_has_no_figure_is_out_of_bounds(self):
        self.assertEqual(instructions.compare({"a": 1}, {}), ["a"])


unittest.main()
