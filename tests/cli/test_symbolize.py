#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""symbolize: what goes in, what comes out, and what is said about the rest."""
import json
import os
import pty
import random
import re
import select
import shutil
import string
import subprocess
import sys
import tempfile
from pathlib import Path

from support import Program, read_terminal, stripped

os.environ["XDG_CACHE_HOME"] = "/dev/null/none"  # not the user's own
p = Program()
check = p.check
elf = f"{p.corpus}/m4f-o2/fw.elf"
cpp = f"{p.corpus}/m4f-cpp/fw.elf"
aux = f"{p.corpus}/m4f-aux/fw.elf"


def symbols(path):
    """name -> address, from the symbol table as binutils list it; {} without them."""
    nm = shutil.which("arm-none-eabi-nm") or shutil.which("nm")
    if not nm:
        return {}
    rows = subprocess.run([nm, path], capture_output=True, text=True).stdout.splitlines()
    return {row.split()[2]: int(row.split()[0], 16) & ~1 for row in rows if len(row.split()) == 3}


def answers(*args, lines=None, code=0):
    stdin = None if lines is None else lines if isinstance(lines, bytes) else "".join(f"{x}\n" for x in lines).encode()
    out = p.expect(f"symbolize {args}", code, "symbolize", "--elf", elf, "--format", "json", *args, stdin=stdin)
    return [json.loads(line) for line in out.splitlines()]


# Addresses of an inlined chain: the sources have set_pixel < draw_row < draw_box < draw_screen.
def find_chain():
    rows = answers(lines=[f"{a:x}" for a in range(0, 0x4000, 2)])
    for row in rows:
        if [f.get("function") for f in row["frames"]] == ["set_pixel", "draw_row", "draw_box", "draw_screen"]:
            return int(row["address"], 16), row
    sys.exit("no address has the inlined chain")


chain, row = find_chain()
check("inlined frames are marked", [f["inlined"] for f in row["frames"]] == [True, True, True, False], row)
check("module", row["module"] == "fw.elf")
for name, addr in list(symbols(elf).items()):
    if name in ("draw_screen", "main", "fault_handler"):
        got = answers(f"{addr:#x}")[0]["frames"]
        check(f"first address of {name}", got and got[-1]["function"] == name, got)

# --- how an address may be written ---
for text in (f"{chain:#x}", f"{chain:x}", f"0X{chain:08X}", f"  {chain:x}\t", f"{chain | 1:x}", f"{chain:032x}"):
    check(f"written {text!r}", answers(text)[0]["frames"] == row["frames"])
    check(f"written {text!r} on stdin", answers(lines=[text])[0]["frames"] == row["frames"])
check("no newline at the end", answers(lines=f"{chain:x}\n{chain:x}".encode())[1]["frames"] == row["frames"])
check("carriage returns", answers(lines=f"{chain:x}\r\n{chain:x}\r\n".encode())[1]["frames"] == row["frames"])
check("the address comes back as given", answers(f"{chain | 1:x}")[0]["address"] == f"0x{chain | 1:08x}")
check("blank lines are passed by", len(answers(lines=["", f"{chain:x}", " \t"])) == 1)
check("nothing on stdin", answers(lines=[]) == [])
check("return address", answers("--return-addresses", f"{chain + 2:x}", f"{chain + 3:x}")[1]["frames"] == row["frames"])
check("the beginning as a return address", answers("--return-addresses", "0", "1", code=0)[0]["address"] == "0x00000000")
alone = answers("--no-inlines", f"{chain:x}")[0]["frames"]
check("--no-inlines leaves the function", alone == row["frames"][-1:], alone)
check("no code there", answers("20000000")[0] == {"address": "0x20000000", "frames": []})

# --- what is no address ---
for text in ("zzz", "0x", "12 34", "-", "0x12g", "main", "12\0", "--12", "\u00e4"):
    if text.startswith("-") or "\0" in text:
        got = p.run("symbolize", "--elf", elf, "--format", "json", stdin=f"{chain:x}\n{text}\n{chain:x}\n".encode())
    else:
        got = p.run("symbolize", "--elf", elf, "--format", "json", f"{chain:x}", text, f"{chain:x}", stdin=b"")
    rows = [json.loads(line) for line in got.stdout.splitlines()]
    check(f"no address: {text!r}", got.returncode == 3 and len(rows) == 3 and rows[2]["frames"] == row["frames"]
          and rows[1] == {"error": "not an address", "input": 2}
          and re.fullmatch(rb"faultline: (line|address) 2: '[^\n]*' is no address\n", got.stderr), got)
p.expect("more than 32 bits", 3, "symbolize", "--elf", elf, "1" + 8 * "0", err="^faultline: address 1: '100000000' is no address: "
         "it has more than 32 bits\n$")
p.expect("more than 64 bits", 3, "symbolize", "--elf", elf, "1" + 40 * "0", err="more than 32 bits")
p.expect("the highest", 0, "symbolize", "--elf", elf, "ffffffff", out="^0xffffffff .. \\(no code\\)\n$")
huge = p.run("symbolize", "--elf", elf, stdin=b"a" * 3_000_000 + b"\n" + f"{chain:x}\n".encode() + b"\xff" * 700_000)
check("huge lines", huge.returncode == 3 and huge.stderr.count(b"\n") == 2 and b"line 1: " in huge.stderr
      and b"line 3: " in huge.stderr and huge.stdout.count(b"set_pixel") == 1 and len(huge.stderr) < 400, huge.stderr[:600])
escape = p.run("symbolize", "--elf", elf, stdin=b"\x1b[2J\x07\n")
check("control characters are not echoed", b"\x1b" not in escape.stderr and escape.returncode == 3)

random.seed(5)
lines = ["".join(random.choices(string.hexdigits + "x ", k=random.randrange(12))) for _ in range(20_000)]
rows = answers(lines=lines, code=3)
wanted = [x.strip(" ") for x in lines if x.strip(" ")]
check("garbage: one answer each", len(rows) == len(wanted), (len(rows), len(wanted)))
for text, got in zip(wanted, rows):
    digits = text[2:] if re.match("0[xX]", text) and len(text) > 2 else text
    value = int(digits, 16) if re.fullmatch("[0-9a-fA-F]+", digits) else None
    good = value is not None and value < 1 << 32
    if good != ("address" in got) or (good and int(got["address"], 16) != value):
        check(f"garbage {text!r}", False, got)
        break
noise = random.randbytes(300_000)
run = p.run("symbolize", "-fie", elf, stdin=noise)
check("noise", run.returncode == 3, run.stderr[-300:])

# --- readable ---
text = p.expect("readable", 0, "symbolize", "--elf", elf, f"{chain:x}")
check("readable chain", re.fullmatch(rf"0x{chain:08x} set_pixel at \S+:\d+:\d+\n( +inlined into draw_\w+ at \S+:\d+:\d+\n){{3}}",
                                     text), text)
p.expect("modules are named when there are several", 0, "symbolize", "--elf", elf, "--elf", cpp, f"{chain:x}", out=r" \[fw.elf\]\n$")
p.expect("modules inside", 0, "symbolize", "--elf", aux, "--format", "json", "100", out='"address"')

# --- as addr2line ---
f = row["frames"]
places = [f"{x['file']}:{x['line']}" for x in f]
names = [x["function"] for x in f]
both = [x for pair in zip(names, places) for x in pair]
address = f"0x{chain:08x}"
expected = {
    ("-e",): places[:1],
    ("-fe",): both[:2],
    ("-ie",): places,
    ("-fie",): both,
    ("-fiae",): [address] + both,
    ("-pe",): places[:1],
    ("-pfe",): [f"{names[0]} at {places[0]}"],
    ("-pfie",): [f"{names[0]} at {places[0]}"] + [f" (inlined by) {n} at {x}" for n, x in zip(names[1:], places[1:])],
    ("-pfae",): [f"{address}: {names[0]} at {places[0]}"],
    ("-se",): [os.path.basename(places[0])],
    ("-f", "-i", "-s", "-a", "-e"): [address] + [x for n, y in zip(names, places) for x in (n, os.path.basename(y))],
}
for flags, want in expected.items():
    got = p.expect(f"{flags}", 0, "symbolize", *flags, elf, f"{chain:x}").splitlines()
    check(f"{flags}", got == want, (got, want))
check("long names", p.run("symbolize", "--exe", elf, "--functions", "--inlines", f"{chain:x}").stdout.decode().splitlines() == both)
check("--exe=", p.run("symbolize", f"--exe={elf}", f"{chain:x}").stdout.decode().splitlines() == places[:1])
check("-eFILE", p.run("symbolize", f"-fie{elf}", f"{chain:x}").stdout.decode().splitlines() == both)
check("-b is ignored", p.run("symbolize", "-b", "elf32-littlearm", "-e", elf, f"{chain:x}").stdout.decode().splitlines() == places[:1])
for flags, want in {"-e": "??:0\n", "-fe": "??\n??:0\n", "-pfe": "?? ??:0\n", "-pfae": "0x20000000: ?? ??:0\n"}.items():
    check(f"unknown {flags}", p.run("symbolize", flags, elf, "20000000").stdout.decode() == want)
garbage = p.run("symbolize", "-fe", elf, stdin=f"zz\n\n{chain:x}\n".encode())
check("a line in, an answer out", garbage.stdout.decode() == "??\n??:0\n" * 2 + "\n".join(both[:2]) + "\n" and garbage.returncode == 3)
mangled = p.run("symbolize", "-fe", cpp, stdin=b"".join(b"%x\n" % a for a in range(0x700, 0xa00, 2))).stdout.decode()
check("names as the linker has them", "_ZN7drivers6Sensor5startEPm\n" in mangled)
demangled = p.run("symbolize", "-fCe", cpp, stdin=b"".join(b"%x\n" % a for a in range(0x700, 0xa00, 2))).stdout.decode()
check("-C", "drivers::Sensor::start(unsigned long*)\n" in demangled and "_ZN" not in demangled)
check("-C and JSON keep both names", '"linkage_name":"_ZN7drivers6Sensor5startEPm"' in
      p.run("symbolize", "-Ce", cpp, "--format", "json", stdin=b"".join(b"%x\n" % a for a in range(0x700, 0xa00, 2))).stdout.decode())

# --- the command line ---
p.expect("no ELF", 2, "symbolize", "100", err="no ELF file given", one_line=True)
p.expect("-j", 2, "symbolize", "-e", elf, "-j", ".text", "100", err="-j is not supported", one_line=True)
p.expect("a letter that is none", 2, "symbolize", "-fxe", elf, "100", err="unknown option -xe", one_line=True)
p.expect("dashes among letters", 2, "symbolize", "-f-e", elf, "100", err="takes no value", one_line=True)
p.expect("-e without FILE", 2, "symbolize", "-fie", err="--exe needs a value", one_line=True)
p.expect("help among letters", 0, "symbolize", "-fh", out="^usage")
p.expect("too many ELFs", 2, "symbolize", *["-e", elf] * 20, *["--elf", elf] * 20, "100", err="more than 32", one_line=True)
p.expect("joined letters elsewhere", 2, "gc", "-nq", err="unknown option -q", one_line=True)
p.expect("no such file", 1, "symbolize", "--elf", "/nowhere.elf", "100", err="No such file", one_line=True)
p.expect("a folder", 1, "symbolize", "--elf", p.corpus, "100", err="is a folder", one_line=True)

with tempfile.TemporaryDirectory() as name:
    tmp = Path(name)
    data = Path(elf).read_bytes()
    (tmp / "stripped.elf").write_bytes(stripped(data))
    p.expect("stripped", 0, "symbolize", "--elf", tmp / "stripped.elf", f"{chain:x}", out="no symbol", err="no debug information")
    (tmp / "text.elf").write_text("hello")
    p.expect("no ELF file", 3, "symbolize", "--elf", tmp / "text.elf", "100", err="not an ELF", one_line=True)
    p.expect("one of two is none", 3, "symbolize", "--elf", tmp / "text.elf", "--elf", elf, f"{chain:x}", out="set_pixel",
             err="not an ELF", one_line=True)
    for seed in range(40):
        random.seed(seed)
        damaged = bytearray(data)
        for _ in range(random.choice((1, 20, 4000))):
            damaged[random.randrange(52, len(damaged))] = random.randrange(256)
        (tmp / "damaged.elf").write_bytes(damaged[:random.choice((len(data), random.randrange(len(data))))])
        run = p.run("symbolize", "--elf", tmp / "damaged.elf", "--format", "json",
                    stdin=b"".join(b"%x\n" % a for a in range(0, 0x4000, 2)))
        lines = run.stdout.decode().splitlines()
        check(f"damaged {seed}", run.returncode in (0, 3) and len(lines) in (0, 0x2000) and all(map(json.loads, lines)),
              (run.returncode, len(lines), run.stderr[-300:]))

    # Larger than one request, in order.
    many = [random.randrange(0, 0x4000) for _ in range(50_000)]
    rows = answers(lines=[f"{a:x}" for a in many])
    check("many, in order", [int(r["address"], 16) for r in rows] == many)
    for flags in (("-fiCae", cpp), ("--format", "json", "--elf", cpp), ("--elf", aux, "--elf", cpp)):
        everything = b"".join(b"%x\n" % a for a in range(0, 0x4000, 2))
        runs = [p.run("symbolize", *flags, *cache, stdin=everything).stdout
                for cache in (("--no-cache",), ("--cache", tmp / "cache"), ("--cache", tmp / "cache"))]
        check(f"with and without a cache {flags[0]}", runs[0] and runs[0] == runs[1] == runs[2])
    check("there is a cache", len(list((tmp / "cache").iterdir())) >= 2)
    single = {a: answers(f"{a:x}")[0] for a in many[:5]}
    check("as one by one", all(rows[many.index(a)] == single[a] for a in single))
    (tmp / "many").write_text("".join(f"{a:x}\n" for a in many))
    with open("/dev/full", "wb") as full, open(tmp / "many") as file:
        run = subprocess.run([p.path, "symbolize", "-fie", elf], stdin=file, stdout=full, stderr=subprocess.PIPE, timeout=60)
    check("full disk", run.returncode == 1 and b"cannot be written" in run.stderr, run)
    run = subprocess.run(["bash", "-c", f"'{p.path}' symbolize -fie '{elf}' < '{tmp}/many' | head -1"], capture_output=True, timeout=60)
    check("reader that leaves", run.stdout.strip() in (b"??", b"Reset_Handler") or run.stdout.count(b"\n") == 1, run)

# A conversation: an answer to each line before the next one is written.
with subprocess.Popen([p.path, "symbolize", "-e", elf], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as talk:
    for _ in range(3):
        talk.stdin.write(f"{chain:x}\n".encode())
        talk.stdin.flush()
        ready, _, _ = select.select([talk.stdout], [], [], 30)
        check("an answer at once", bool(ready) and talk.stdout.readline().decode().strip() == places[0])
    talk.stdin.close()
    check("end of conversation", talk.wait(30) == 0)

# Progress goes to a terminal only, and leaves no trace.
master, slave = pty.openpty()
with subprocess.Popen([p.path, "symbolize", "-e", elf], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=slave) as slow:
    os.close(slave)
    for _ in range(3):
        slow.stdin.write(f"{chain:x}\n".encode() * 100)
        slow.stdin.flush()
        select.select([], [], [], 1.1)
    slow.stdin.close()
    slow.wait(30)
drawn = read_terminal(master)
check("progress", b"200 addresses" in drawn and drawn.endswith(b"\r\x1b[K"), drawn)

p.finish()
