#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The comparator itself: a witness of witnesses has to be right."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from judge import (  # noqa: E402
    DIFFERS, OPEN, SAME, STOPPED, Verdict, compare, compare_rest, frame_of, settle,
)


def code(pc, function=None, line=None, **more):
    return frame_of({"pc": hex(pc), "function": function, "line": line, **more})


BOUNDARY = frame_of({"kind": "exception", "pc": "0xfffffff9"})
FIELDS = ("pc", "function", "line")


class Compare(unittest.TestCase):
    def check(self, subject, witness, kind, frame=None, **more):
        verdict = compare(subject, witness, FIELDS, **more)
        self.assertEqual((verdict.kind, verdict.frame), (kind, frame), verdict.text)

    def test_equal(self):
        stack = [code(0x10, "f", 1), BOUNDARY, code(0x20, "g", 2)]
        self.check(stack, list(stack), SAME)

    def test_thumb_bit_says_nothing(self):
        self.check([code(0x11)], [code(0x10)], SAME)

    def test_what_the_subject_leaves_out(self):
        self.check([code(0x10, None, None)], [code(0x10, "f", 7)], SAME)

    def test_what_the_witness_leaves_out(self):
        self.check([code(0x10, "f", 7)], [code(0x10, "f")], DIFFERS, 0)
        self.check([code(0x10, "f", 7)], [code(0x10, None, 7)], DIFFERS, 0)
        self.check([code(0x10, "f")], [code(0x10, "*")], SAME)
        self.check([code(0x10, "f")], [frame_of({"function": "f"})], SAME)

    def test_spelling_of_names(self):
        def name(text):
            return [frame_of({"function": text})]

        self.check(name("f<long unsigned int>"), name("f<unsigned long>"), SAME)
        self.check(name("Queue<int, 4>::push"), name("Queue<int, 4u>::push"), SAME)
        self.check(name("a::<lambda()>::operator()"), name("operator()"), SAME)
        self.check(name("f<l()::<lambda()> >"), name("f<l()::<lambda()> >(int)"), SAME)
        self.check(name("Queue<int, 4>::push"), name("Queue<int, 5>::push"), DIFFERS, 0)
        self.check(name("push"), name("Queue::push"), DIFFERS, 0)

    def test_each_field(self):
        mine = [code(0, "m"), code(0x10, "f", 1)]
        for other in (code(0x12, "f", 1), code(0x10, "g", 1), code(0x10, "f", 2), BOUNDARY):
            self.check(mine, [code(0, "m"), other], DIFFERS, 1)

    def test_inlined_frames_are_not_physical(self):
        mine = [code(0x10, "i", inlined=True), code(0x10, "f"), code(0x20, "g")]
        self.check(mine, [code(0x10, "f"), code(0x20, "g")], SAME, physical_only=True)
        self.check(mine, [code(0x10, "f"), code(0x22, "g")], DIFFERS, 2, physical_only=True)

    def test_witness_may_end_before_a_guess(self):
        for trust in ("scan", "prologue", "lr"):
            self.check([code(0x10), code(0x20, trust=trust)], [code(0x10)], STOPPED, 1)

    def test_witness_may_not_end_before_a_table(self):
        for trust in ("cfi", "exidx", "exception-frame"):
            self.check([code(0x10), code(0x20, trust=trust)], [code(0x10)], DIFFERS, 1)

    def test_witness_goes_on(self):
        self.check([code(0x10)], [code(0x10), code(0x20)], DIFFERS, 1)
        self.check([code(0x10)], [code(0x10), code(0x20)], SAME, open_end=True)


class Settle(unittest.TestCase):
    ENTRY = {"frame": 3, "why": "the disassembly"}

    def test_unsettled(self):
        self.assertEqual(settle(Verdict(DIFFERS, 3, "x"), None), ("x", ""))

    def test_settled(self):
        self.assertEqual(settle(Verdict(DIFFERS, 3, "x"), self.ENTRY), (None, "settled"))
        self.assertEqual(settle(Verdict(STOPPED, 3, "x"), self.ENTRY), (None, "settled"))

    def test_other_frame(self):
        self.assertIn("says frame 3", settle(Verdict(DIFFERS, 2, "x"), self.ENTRY)[0])

    def test_stale(self):
        self.assertIn("stale", settle(Verdict(SAME), self.ENTRY)[0])
        self.assertIn("stale", settle(Verdict(OPEN), self.ENTRY)[0])

    def rest(self, subject, witness, excused, **more):
        entry = {"frame": excused, **more}
        found = compare_rest(subject, witness, (FIELDS, False, False), entry)
        return found.kind, found.frame

    def test_only_one_frame_is_settled(self):
        mine = [code(0x10, "f", 1), code(0x20, "g", 2), code(0x30, "h", 3)]
        line = [mine[0], code(0x20, "g", 9), mine[2]]
        two = [mine[0], code(0x20, "g", 9), code(0x30, "h", 9)]
        self.assertEqual(self.rest(mine, line, 1), (SAME, None))
        self.assertEqual(self.rest(mine, two, 1), (DIFFERS, 2))
        self.assertEqual(self.rest(mine, two, 1, beyond="pc"), (SAME, None))
        two[2] = code(0x32, "h", 9)
        self.assertEqual(self.rest(mine, two, 1, beyond="pc"), (DIFFERS, 2))
        self.assertEqual(self.rest(mine, two, 1, beyond="all"), (SAME, None))
        rest = Verdict(DIFFERS, 4, "x")
        self.assertIn("besides", settle(Verdict(DIFFERS, 3, "x"), self.ENTRY, rest)[0])

    def test_missing_inlined_frames_do_not_shift_the_rest(self):
        mine = [code(0x10, "i", 1, inlined=True), code(0x10, "f"), code(0x30, "h", 3)]
        self.assertEqual(self.rest(mine, [code(0x10, "f"), mine[2]], 0), (SAME, None))
        self.assertEqual(self.rest(mine, [code(0x10, "f"), code(0x32, "x", 3)], 0)[0], DIFFERS)

    def test_nothing_to_settle(self):
        self.assertEqual(settle(Verdict(SAME), None), (None, ""))
        self.assertEqual(settle(Verdict(STOPPED, 1), None), (None, ""))


if __name__ == "__main__":
    unittest.main()
