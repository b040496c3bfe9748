# SPDX-License-Identifier: Apache-2.0
"""Chunks that are lost, sent twice or out of order: exactly the right messages, exactly the right counts."""

import random

from support import Database, Decoded, Recording, check, check_counts, check_transport, finish

SOURCES = [("m4f-wire", "crash", "serial-80.log"), ("m4f-wire", "boot-loop", "chunks-64.spool"),
           ("m33-wire", "traces", "serial-9.log"), ("m4f-wire", "mixed", "serial-40.log")]


def without(chunks, at):
    return chunks[:at] + chunks[at + 1:]


def twice(chunks, at):
    return chunks[:at + 1] + chunks[at:]


def swapped(chunks, at):
    return chunks[:at] + chunks[at:at + 2][::-1] + chunks[at + 2:]


def damaged(chunks, at):
    """One bit of the last byte but two: data, or a CRC."""
    chunk = bytearray(chunks[at])
    chunk[-3] ^= 0x10
    return chunks[:at] + [bytes(chunk)] + chunks[at + 1:]


def shaken(chunks, seed):
    """Everything at once."""
    dice, out = random.Random(seed), []
    for chunk in chunks * 3:
        chance = dice.random()
        if chance < 0.04:
            continue
        out += [chunk, chunk] if chance < 0.08 else [chunk]
        if chance > 0.96 and len(out) > 1:
            out[-2:] = out[-2:][::-1]
    return out


def one(database, what, device, chunks):
    decoded = Decoded(chunks)
    told = database.ingest_chunks(device, chunks)
    check_counts(what, told, decoded)
    check(f"{what}: duplicates", told["messages"]["duplicate"], decoded.messages - len(decoded.distinct))
    check_transport(what, database.device(device), chunks, decoded)


for build, name, file in SOURCES:
    chunks = Recording(build, name).chunks(file)
    with Database() as database:
        one(database, f"{name} {file}", "whole", chunks)
        for way in (without, twice, swapped, damaged):
            for at in range(min(len(chunks), 24)):
                label = f"{way.__name__}-{at}"
                one(database, f"{name} {file} {label}", label, way(chunks, at))
        for seed in range(12):
            one(database, f"{name} {file} shaken {seed}", f"shaken-{seed}", shaken(chunks, seed))
finish()
