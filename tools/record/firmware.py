# SPDX-License-Identifier: Apache-2.0
"""Compile and link one image."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from os.path import relpath
from pathlib import Path

from builds import CLANG_COMMON, COMMON, SECTIONS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "fixtures" / "firmware"
PREFIX = "arm-none-eabi-"
NO_DEBUG = ("bridge.S",)


def run(command, **more):
    done = subprocess.run([str(word) for word in command], text=True,
                          capture_output=True, **more)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def version(tool):
    return run([tool, "--version"]).splitlines()[0]


def compiler_of(build, suffix=".c"):
    if suffix == ".S":
        return PREFIX + "gcc"
    if build["compiler"] == "clang":
        return "clang-14"
    return PREFIX + ("g++" if suffix == ".cpp" else "gcc")


def compiler_flags(name, build):
    """Everything but paths, for all C files."""
    common = CLANG_COMMON if build["compiler"] == "clang" else COMMON
    return [*build["flags"], build["optimise"], *build["debug"], *common,
            *(SECTIONS if build["sections"] else []), *build["extra"],
            f'-DSOFTWARE_VERSION="1.4.0-{name}"', f'-DHARDWARE_VERSION="{build["machine"]}"']


def linker_flags(build):
    lto = [build["optimise"], *build["extra"]] if build.get("lto") else []
    return [*build["flags"], "-mthumb", *lto, "-nostdlib", "-nostartfiles", "-static",
            "-T", build["script"], "-Wl,--build-id=sha1", "-Wl,--no-warn-rwx-segments",
            *build["link"]]


def exceptions_text(build):
    """For the README: files compiled otherwise."""
    rows = [f"\n`{f}`: also `{' '.join(v)}`." for f, v in build.get("flags_of", {}).items()]
    asm = " ".join(build["asm_debug"])
    rows.append(f"\nAssembly is built by gcc with `{asm}`, `bridge.S` without it.")
    return "".join(rows) + "\n"


def flags_for(name, build, source):
    """No path of this machine gets into an image: it was built in /firmware."""
    suffix = Path(source).suffix
    paths = [f"-ffile-prefix-map={SOURCE}=/firmware", "-ffile-prefix-map=/usr=/toolchain"]
    if suffix == ".S":
        debug = [] if source in NO_DEBUG else build["asm_debug"]
        # Of the map options gcc hands only this one to the assembler.
        return [*build["flags"], "-mthumb", *debug, f"-fdebug-prefix-map={SOURCE}=/firmware"]
    standard = "-std=gnu++17" if suffix == ".cpp" else "-std=gnu11"
    if build["compiler"] == "clang":
        paths.append("-fdebug-compilation-dir=/firmware")
    else:
        paths.append(f"-frandom-seed={source}")
    return [*compiler_flags(name, build), standard,
            *build.get("flags_of", {}).get(source, []), *paths]


def compile_one(name, build, work, source):
    target = work / (source.replace("/", "-") + ".o")
    compiler = compiler_of(build, Path(source).suffix)
    run([compiler, *flags_for(name, build, source), "-c", source, "-o", target], cwd=SOURCE)
    return target


def stripped_libgcc(build, work):
    """The compiler's own library names the machine it was built on: without debug."""
    library = run([PREFIX + "gcc", *build["flags"], "-mthumb", "-print-libgcc-file-name"])
    run([PREFIX + "objcopy", "--strip-debug", library.strip(), work / "libgcc.a"])


def link(build, objects, work, target):
    """The linker runs among the objects, so that it sees names, not paths."""
    run([PREFIX + "gcc", "-L", SOURCE / "link", *linker_flags(build),
         *([f"-ffile-prefix-map={path}=/firmware" for path in (work, relpath(SOURCE, work))]
           if build.get("lto") else []),
         *[o.name for o in objects], "libgcc.a", "-o", target], cwd=work)


def build_image(name, build, work):
    """Build fw.elf below work and return its path."""
    work.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(lambda s: compile_one(name, build, work, s),
                                build["sources"]))
    elf = work / "fw.elf"
    stripped_libgcc(build, work)
    link(build, objects, work, elf)
    for section in build.get("remove", []):
        run([PREFIX + "objcopy", "--remove-section", section, elf])
    if "check_without" in build:
        link_for_check(build, objects, work)
    if "part" in build:
        embed_part(name, build, work, elf)
    return elf


def link_for_check(build, objects, work):
    """The same code at the same addresses, without the debug information of one file.

    addr2line believes the ranges of discarded functions; this image has none.
    """
    bare = work / "bare.o"
    full = next(o for o in objects if o.stem == build["check_without"])
    run([PREFIX + "objcopy", "--strip-debug", full, bare])
    link(build, [bare if o == full else o for o in objects], work, work / "check.elf")


def embed_part(name, build, work, elf):
    """A second image, linked alone, kept in a section of the first."""
    part = build["part"]
    own = dict(build, script=part["script"])
    objects = [compile_one(name, own, work, source) for source in part["sources"]]
    link(own, objects, work, work / part["file"])
    run([PREFIX + "objcopy", "--add-section", f"{part['section']}={work / part['file']}", elf])
