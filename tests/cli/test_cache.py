#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The cache of compiled ELFs: what is shown does not depend on it, whatever is in it.

Expectations come from the same program with --no-cache, which compiles the ELF.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from support import Program, stripped, without_debug_information

COMPLAINT = re.compile(r"its index in the cache \([0-9a-f-]+\.index\) is not used: ")
HEAD = 144  # docs/index-format.md
AT_VERSION, AT_ELF_SIZE, AT_BUILD_ID_OFF, AT_BUILD_ID = 8, 88, 112, 120

program = Program()
check = program.check
work = pathlib.Path(tempfile.mkdtemp(prefix="faultline-test-"))
cache = work / "cache"


def analyze(dump, elf, *options, folder=cache):
    where = ["--no-cache"] if folder is None else ["--cache", folder]
    return program.run("analyze", dump, "--elf", elf, "--format", "json", *where, *options)


def check_same(what, run, wanted, silent=True, says=None):
    check(f"{what}: exit code", run.returncode == 0, run.stderr)
    check(f"{what}: same report", run.stdout == wanted)
    text = run.stderr.decode()
    if says is not None:
        check(f"{what}: says why", COMPLAINT.search(text) and says in text
              and len(text.splitlines()) == 1, text)
    elif silent:
        check(f"{what}: is silent", not text, text)


def indexes():
    return sorted(cache.glob("*")) if cache.exists() else []


def only_index():
    files = indexes()
    check("one index, nothing else", len(files) == 1 and files[0].suffix == ".index", files)
    return files[0]


def fresh_case(build="m4f-cpp", scenario="cpp-anonymous"):
    """A copy of an ELF, an empty cache, and what the report has to be."""
    shutil.rmtree(cache, ignore_errors=True)
    dump, elf = program.case(build, scenario)
    own = work / "fw.elf"
    own.unlink(missing_ok=True)
    shutil.copy(elf, own)
    return dump, own, analyze(dump, own, folder=None).stdout


def write_back(path, data):
    """New contents in the same file with the same date."""
    info = path.stat()
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate(len(data))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def test_every_recorded_dump():
    """Built, mapped, damaged, another's in its place."""
    corpus = pathlib.Path(program.corpus)
    for folder in sorted(p for p in corpus.iterdir() if (p / "fw.elf").exists()):
        shutil.rmtree(cache, ignore_errors=True)
        elf = folder / "fw.elf"
        for number, dump in enumerate(sorted(folder.glob("*/dump.core"))):
            what = f"{folder.name}/{dump.parent.name}"
            plain = analyze(dump, elf, folder=None)
            check(f"{what}: without a cache", plain.returncode == 0, plain.stderr)
            if number == 0:
                check_same(f"{what}, built", analyze(dump, elf), plain.stdout)
            check_same(f"{what}, mapped", analyze(dump, elf), plain.stdout)
        data = bytearray(only_index().read_bytes())
        data[len(data) // 2] ^= 0x40
        only_index().write_bytes(data)
        check_same(f"{what}, damaged", analyze(dump, elf), plain.stdout, says="damaged")
        check_same(f"{what}, built again", analyze(dump, elf), plain.stdout)


def test_formats_and_sandboxes():
    dump, elf, wanted = fresh_case()
    text = program.run("analyze", dump, "--elf", elf, "--no-cache").stdout
    for sandbox in "auto", "off":
        shutil.rmtree(cache, ignore_errors=True)
        plain = analyze(dump, elf, "--sandbox", sandbox, folder=None).stdout
        for what in "built", "mapped":
            check_same(f"{sandbox}, {what}", analyze(dump, elf, "--sandbox", sandbox), plain)
    run = program.run("analyze", dump, "--elf", elf, "--cache", cache)
    check("text", run.stdout == text, run.stdout)
    verified = analyze(dump, elf, "--verify-cache")
    check_same("verified", verified, wanted)


def test_what_an_elf_lacks():
    """Said from the index as it is said of the ELF."""
    dump, elf, _ = fresh_case()
    whole = elf.read_bytes()
    for what, lesser in ("no debug information", without_debug_information), ("no symbols", stripped):
        elf.write_bytes(lesser(whole))
        plain = analyze(dump, elf, folder=None)
        none = b"and it has none" in plain.stderr
        check(f"{what}: said", b"has no debug information" in plain.stderr
              and none == (lesser is stripped), plain.stderr)
        for when in "built", "mapped":
            run = analyze(dump, elf)
            check_same(f"{what}, {when}", run, plain.stdout, silent=False)
            check(f"{what}, {when}: said as well", run.stderr == plain.stderr, run.stderr)
        check(f"{what}: there is an index", len(indexes()) == 1, indexes())


def test_no_cache_writes_nothing():
    dump, elf, wanted = fresh_case()
    check_same("--no-cache", program.run("analyze", dump, "--elf", elf, "--format", "json",
                                         "--cache", cache, "--no-cache"), wanted)
    check("--no-cache: no file", not indexes(), indexes())


def test_default_folders():
    dump, elf, wanted = fresh_case()
    for variable, folder in (("XDG_CACHE_HOME", "faultline"), ("HOME", ".cache/faultline")):
        home = work / variable
        env = {"XDG_CACHE_HOME": "relative paths do not count", variable: str(home)}
        run = program.run("analyze", dump, "--elf", elf, "--format", "json", env=env)
        check_same(variable, run, wanted)
        check(f"{variable}: there", len(list((home / folder).glob("*.index"))) == 1)
        mode = (home / folder).stat().st_mode & 0o777
        check(f"{variable}: for the user alone", mode == 0o700, oct(mode))


def test_elf_is_not_read():
    """Where the index is, an empty file of that size, date and build id is enough."""
    dump, elf, wanted = fresh_case()
    analyze(dump, elf)
    head = only_index().read_bytes()[:HEAD]
    size, = struct.unpack_from("<Q", head, AT_ELF_SIZE)
    at, = struct.unpack_from("<Q", head, AT_BUILD_ID_OFF)
    check("head: size of the ELF", size == elf.stat().st_size)
    check("head: place of the build id", elf.read_bytes()[at:at + 20] == head[AT_BUILD_ID:][:20])
    hollow = bytearray(size)
    hollow[at:at + 20] = head[AT_BUILD_ID:][:20]
    write_back(elf, hollow)
    check_same("hollow ELF", analyze(dump, elf), wanted)
    run = analyze(dump, elf, "--verify-cache")
    check("verified: refused", run.returncode == 3 and b"other contents" in run.stderr, run.stderr)


def test_stale():
    """Silent: an ELF is linked again every few minutes."""
    dump, elf, wanted = fresh_case()
    other = pathlib.Path(program.case("m4f-aux", "x")[1]).read_bytes()
    analyze(dump, elf)
    before = only_index().stat().st_ino
    info = elf.stat()
    os.utime(elf, ns=(info.st_atime_ns, info.st_mtime_ns + 1))
    check_same("a nanosecond later", analyze(dump, elf), wanted)
    check("a nanosecond later: written again", only_index().stat().st_ino != before)
    # another ELF in the same file, of the same size and date
    size = max(len(other), elf.stat().st_size)
    for data in elf.read_bytes(), other:
        write_back(elf, data + bytes(size - len(data)))
        plain = analyze(dump, elf, folder=None).stdout
        check_same("same size and date, another build", analyze(dump, elf), plain, silent=False)
        check_same("the same, mapped", analyze(dump, elf), plain, silent=False)
    only_index()


def test_another_engine_is_stale():
    dump, elf, wanted = fresh_case()
    analyze(dump, elf)
    data = bytearray(only_index().read_bytes())
    data[48] ^= 1
    only_index().write_bytes(data)
    check_same("another engine", analyze(dump, elf), wanted)
    check("another engine: written again", only_index().read_bytes() != data)


def test_foreign():
    dump, elf, wanted = fresh_case()
    analyze(dump, elf)
    good = only_index().read_bytes()
    own_name = only_index()
    other = work / "other.elf"
    shutil.copy(program.case("m4f-aux", "x")[1], other)
    analyze(dump, other)
    others, = (p for p in indexes() if p != own_name)
    others = others.read_bytes()
    newer = bytearray(good)
    struct.pack_into("<I", newer, AT_VERSION, 3)
    older = bytearray(good)
    struct.pack_into("<I", older, AT_VERSION, 1)
    for data, says in ((others, "of another ELF"), (newer, "a newer version"), (older, "an older version"),
                       (good[:-1], "truncated"), (good[:100], "truncated"), (b"", "not a symbol"),
                       (b"\0" * 200, "not a symbol"), (good + b"\0" * 8, "behind its end")):
        own_name.write_bytes(data)
        check_same(f"foreign: {says}", analyze(dump, elf), wanted, says=says)
        check(f"foreign: {says}: mended", own_name.read_bytes() == good)
    own_name.unlink()
    own_name.symlink_to(work / "elsewhere")
    check_same("foreign: a link", analyze(dump, elf), wanted, silent=False)
    check("foreign: a link is not followed", not (work / "elsewhere").exists())


def test_name_belongs_to_it():
    dump, elf, wanted = fresh_case()
    analyze(dump, elf)
    twin = work / "twin.elf"
    twin.unlink(missing_ok=True)
    os.link(elf, twin)
    plain = analyze(dump, twin, folder=None).stdout
    check("the name is in the report", b"twin.elf" in plain)
    for what in "built", "mapped":
        check_same(f"another name, {what}", analyze(dump, twin), plain)
        check_same("the first name", analyze(dump, elf), wanted)
    check("one for each name", len(indexes()) == 2, indexes())
    first, second = indexes()
    swapped = first.read_bytes(), second.read_bytes()
    second.write_bytes(swapped[0])
    first.write_bytes(swapped[1])
    check_same("the other name's", analyze(dump, elf), wanted, says="of another name")
    check_same("the first name's", analyze(dump, twin), plain, says="of another name")


def test_folder_that_cannot_be_written():
    dump, elf, wanted = fresh_case()
    run = analyze(dump, elf, folder="/dev/null/x")
    check_same("no such folder", run, wanted, silent=False)
    check("no such folder: a line", len(run.stderr.splitlines()) == 1
          and b"cannot keep an index there" in run.stderr, run.stderr)
    run = analyze(dump, elf, folder="")
    check_same("no name of a folder", run, wanted, silent=False)
    check("no name of a folder: why", b"there: No such file or directory" in run.stderr, run.stderr)
    analyze(dump, elf)
    index = only_index()
    index.unlink()
    (index / "in its place").mkdir(parents=True)
    run = analyze(dump, elf)
    check_same("a folder in its place", run, wanted, silent=False)
    check("a folder in its place: why", re.search(rb"it is another user's, or no file\n.*"
          rb"cannot keep an index there: (Is a directory|File exists|Directory not empty)\n$", run.stderr, re.S), run.stderr)
    shutil.rmtree(cache)
    run = program.run("analyze", dump, "--elf", elf, "--format", "json",
                      env={"XDG_CACHE_HOME": "/dev/null"})
    check_same("the user's own cannot be written", run, wanted)


def test_two_at_once():
    dump, elf, wanted = fresh_case()
    command = [program.path, "analyze", dump, "--elf", elf, "--format", "json", "--cache", cache]
    for _ in range(4):
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for _ in range(4)]
        for run in runs:
            out, err = run.communicate(timeout=60)
            check("at once", out == wanted and not err and run.returncode == 0, err)
        only_index()
        shutil.rmtree(cache)


def test_bounded():
    """The least recently used goes, the new one stays."""
    dump, elf, wanted = fresh_case()
    cache.mkdir()
    oldest, old = "1-1-0000000000000001.index", "1-2-0000000000000001.index"
    for number, name in enumerate((oldest, old)):
        with open(cache / name, "wb") as file:
            file.truncate(600 << 20)
        os.utime(cache / name, (1e9 + number, 1e9 + number))
    (cache / "notes.txt").write_text("not ours")
    (cache / ".writing-x-1").write_text("left behind")
    os.utime(cache / ".writing-x-1", (1e9, 1e9))
    check_same("bounded", analyze(dump, elf), wanted)
    names = {p.name for p in indexes()}
    check("bounded: the oldest went", oldest not in names and old in names, names)
    check("bounded: other files stay", "notes.txt" in names, names)
    check("bounded: leftovers went", ".writing-x-1" not in names, names)
    check("bounded: the new one is there", len(names) == 3, names)


def test_other_verbs():
    dump, elf, _ = fresh_case()
    for verb in (["symbolize", "--elf", elf, "0x8000400", "0x80"], ["symbols", "check", elf],
                 ["symbols", "check", dump, elf]):
        shutil.rmtree(cache, ignore_errors=True)
        plain = program.run(*verb, "--no-cache")
        for what in "built", "mapped":
            run = program.run(*verb, "--cache", cache)
            check(f"{verb[0]} {what}", (run.stdout, run.stderr, run.returncode) ==
                  (plain.stdout, plain.stderr, plain.returncode), run.stderr)
            only_index()


def test_folder_of_elfs():
    dump, elf, _ = fresh_case()
    folder = work / "elfs"
    folder.mkdir(exist_ok=True)
    shutil.copy(elf, folder / "fw.elf")
    plain = program.run("analyze", dump, "--symbols", folder, "--format", "json", "--no-cache")
    check("--symbols", plain.returncode == 0, plain.stderr)
    for what in "built", "mapped":
        run = program.run("analyze", dump, "--symbols", folder, "--format", "json",
                          "--cache", cache)
        check_same(f"--symbols, {what}", run, plain.stdout)
        only_index()


def main():
    try:
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test()
    finally:
        shutil.rmtree(work)
    program.finish()


if __name__ == "__main__":
    sys.exit(main())
