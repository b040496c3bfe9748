# SPDX-License-Identifier: Apache-2.0
"""The process ends between two chunks, any two; the next one goes on where it was."""

from support import Database, Decoded, Recording, check, check_transport, finish

SOURCES = [("m4f-wire", "crash", "serial-80.log"), ("m4f-wire", "boot-loop", "chunks-64.spool"),
           ("m33-wire", "traces", "serial-9.log"), ("m4f-wire", "traces-batch", "serial-32.log")]


def two_parts(chunks, at, label):
    """Everything up to a chunk, and the rest, are two runs."""
    device = f"split-{at}"
    first = database.ingest_chunks(device, chunks[:at])
    half = Decoded(chunks[:at])
    check(f"{label} split at {at}: half-received", database.device(device)["pending_bytes"], half.pending)
    check(f"{label} split at {at}: incomplete", first["messages"]["incomplete"], half.incomplete)
    second = database.ingest_chunks(device, chunks[at:])
    check(f"{label} split at {at}: messages",
          first["messages"]["complete"] + second["messages"]["complete"], Decoded(chunks).messages)
    check(f"{label} split at {at}: drops",
          sum(d["events"] for told in (first, second) for d in told["drops"].values()), 0)
    check_transport(f"{label} split at {at}", database.device(device), chunks, Decoded(chunks))


def one_by_one(chunks, label):
    """Every chunk has a process of its own."""
    for at, chunk in enumerate(chunks):
        told = database.ingest_chunks("drip", [chunk])
        here = Decoded(chunks[:at + 1])
        check(f"{label} chunk {at} alone: incomplete", told["messages"]["incomplete"], here.incomplete)
    check_transport(f"{label} one by one", database.device("drip"), chunks, Decoded(chunks))


for build, name, file in SOURCES:
    chunks = Recording(build, name).chunks(file)
    with Database() as database:
        for at in range(1, len(chunks)):
            two_parts(chunks, at, f"{name} {file}")
        one_by_one(chunks, f"{name} {file}")
        # All these devices sent the same: what is there does not depend on where it was cut.
        shown = [database.device(f"split-{at}") for at in range(1, len(chunks))] + [database.device("drip")]
        reboots = {str([(r["name"], r["count"]) for r in one["reboots"]]) for one in shown}
        check(f"{name} {file}: the same of every device", len(reboots), 1)
finish()
