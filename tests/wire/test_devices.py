# SPDX-License-Identifier: Apache-2.0
"""Many devices in one export of a webhook, their chunks interleaved, some of them lost or sent twice."""

import random

from support import (Database, Decoded, check, check_transport, export_line, finish, recordings)

DEVICES = 40


def streams(dice):
    """Per device: the chunks that arrive, in their order."""
    sources = [(r, path) for r in recordings() for path, *more in r.paths() if not more and path.suffix != ".chunk"]
    for number in range(DEVICES):
        recording, path = dice.choice(sources)
        chunks = recording.chunks(path.name)[:60]
        if number % 3 == 1:
            chunks = [c for c in chunks if dice.random() > 0.05]
        if number % 3 == 2:
            chunks = [c for c in chunks for _ in range(2 if dice.random() < 0.05 else 1)]
        yield f"unit-{number:03}", chunks


def interleave(devices, dice):
    """Every device keeps its own order."""
    left = {name: list(chunks) for name, chunks in devices.items() if chunks}
    while left:
        name = dice.choice(list(left))
        yield name, left[name].pop(0)
        if not left[name]:
            del left[name]


def check_all(what, database, devices):
    for name, chunks in devices.items():
        check_transport(f"{what} {name}", database.device(name), chunks, Decoded(chunks))


def test_one_export(devices, order):
    with Database() as database:
        file = database.path / "export.jsonl"
        file.write_text("".join(export_line(name, chunk, at) + "\n" for at, (name, chunk) in enumerate(order)))
        told = database.ingest(file, "--queue-only")
        decoded = [Decoded(chunks) for chunks in devices.values()]
        check("messages of all devices", told["messages"]["complete"], sum(d.messages for d in decoded))
        check("devices", told["devices"], len(devices))
        check("nothing is mixed up", told["messages"]["corrupt"], sum(d.drops["crc"] for d in decoded))
        check_all("one export", database, devices)


def test_three_exports(devices, order):
    """As one array each, in three runs: half-received messages of many devices go on."""
    with Database() as database:
        third = len(order) // 3
        for part in (order[:third], order[third:2 * third], order[2 * third:]):
            file = database.path / "export.json"
            file.write_text("[" + ",\n".join(export_line(n, c, at) for at, (n, c) in enumerate(part)) + "]")
            database.ingest(file, "--queue-only")
        check_all("three exports", database, devices)


dice = random.Random(20260201)
found = {name: chunks for name, chunks in streams(dice) if chunks}
order = list(interleave(found, dice))
test_one_export(found, order)
test_three_exports(found, order)
finish()
