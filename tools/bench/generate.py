# SPDX-License-Identifier: Apache-2.0
"""C firmware of any size from a seed: shared headers full of types, units of functions that inline and
call each other, tables, callbacks; and the paths on which the threads of the recording go down."""

AREAS = ("net", "radio", "flash", "sensor", "power", "audio", "motor", "proto", "cfg", "log", "ui", "crypto")
VERBS = ("parse", "update", "check", "apply", "encode", "decode", "flush", "merge", "route", "sample",
         "filter", "commit", "poll", "queue", "resolve", "verify", "scale", "lookup", "reset", "drain")
NOUNS = ("header", "frame", "window", "record", "packet", "channel", "sector", "gain", "timer", "session",
         "counter", "limit", "offset", "bucket", "descriptor", "index", "token", "state", "buffer", "page")
SCALARS = ("uint8_t", "uint16_t", "uint32_t", "int16_t", "int32_t", "float", "fw_status_t", "fw_tick_t")
PATHS, LEVELS = 7, 6
CRASHES = ("null-write", "divide-by-zero", "undefined-instruction", "unaligned-access")

# name: (units, functions in each, structures that the headers share)
SIZES = {"S": (20, 60, 120), "M": (100, 60, 120), "L": (280, 60, 120)}


class Numbers:
    """Own generator (xorshift64*): the same on every version of Python."""

    def __init__(self, *seed):
        self.state = 0x9E3779B97F4A7C15
        for char in "/".join(map(str, seed)):
            self.state = (self.state ^ ord(char)) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF or 1
        for _ in range(8):
            self.below(2)

    def below(self, limit):
        x = self.state
        x ^= x >> 12
        x ^= x << 25 & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self.state = x
        return (x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) * limit >> 64

    def pick(self, items):
        return items[self.below(len(items))]


def noun_pair(rng):
    return f"{rng.pick(VERBS)}_{rng.pick(NOUNS)}"


class Types:
    """What all units include: enumerations, structures, callbacks, inline functions."""

    def __init__(self, seed, count):
        self.rng = Numbers(seed, "types")
        self.count = count
        self.fields = []  # per structure: names of members that are numbers

    def enumeration(self, number):
        rows = [f"\tFW_{self.rng.pick(NOUNS).upper()}_{number}_{i}," for i in range(9)]
        return [f"enum fw_kind_{number} {{", *rows, "};",
                f"typedef enum fw_kind_{number} fw_kind_{number}_t;"]

    def member(self, number, place):
        rng, name = self.rng, f"{self.rng.pick(NOUNS)}_{place}"
        shape = rng.below(12)
        if shape == 0 and number:
            return f"struct fw_type_{rng.below(number)} *{name};"
        if shape == 1 and number > 12:
            return f"struct fw_type_{rng.below(6)} {name};"
        if shape == 2:
            return f"fw_kind_{rng.below(self.count // 2)}_t {name};"
        if shape == 3:
            return f"uint8_t {name}[{4 << rng.below(4)}];"
        if shape == 4:
            return f"uint32_t {name} : {1 + rng.below(30)};"
        if shape == 5:
            return f"fw_event_fn_{rng.below(12)} {name};"
        if shape == 6:
            return f"union {{ uint32_t word; uint8_t bytes[4]; }} {name};"
        self.fields[-1].append(name)
        return f"{rng.pick(SCALARS)} {name};"

    def structure(self, number):
        self.fields.append(["first"])
        rows = [f"\t{self.member(number, place)}" for place in range(8 + self.rng.below(9))]
        return [f"struct fw_type_{number} {{", "\tuint32_t first;", *rows, "};",
                f"typedef struct fw_type_{number} fw_type_{number}_t;"]

    def macros(self, number):
        return [f"#define FW_REG_{number}_{place} (*(volatile uint32_t *)0x{0x40000000 + number * 256 + place * 4:x}u)"
                for place in range(8)]

    def header(self):
        out = ["#pragma once", "#include <stdint.h>", "#include <stddef.h>",
               "typedef int32_t fw_status_t;", "typedef uint32_t fw_tick_t;", "struct fw_system;"]
        for number in range(12):
            out.append(f"typedef uint32_t (*fw_event_fn_{number})(struct fw_system *system, uint32_t event, "
                       f"{self.rng.pick(SCALARS)} value);")
        for number in range(self.count // 2):
            out += self.enumeration(number)
        for number in range(self.count):
            out += self.structure(number)
            out += self.macros(number)
        out += ["struct fw_system {", "\tuint32_t state;"]
        out += [f"\tstruct fw_type_{n} *part_{n};" for n in range(self.count)]
        out += [f"\tfw_event_fn_{n} on_event_{n};" for n in range(12)] + ["};", "extern struct fw_system fw_system;"]
        return "\n".join(out) + "\n"

    def field(self, rng, number):
        return rng.pick(self.fields[number])

    def inlines(self):
        """Each calls two before it at most, so that trees of inlined calls get three deep."""
        rng = Numbers(self.rng.state, "inlines")
        out = ["#pragma once", '#include "fw_types.h"',
               "#define FW_INLINE static inline __attribute__((always_inline))",
               "#define KEEP() __asm__ volatile(\"\" ::: \"memory\")"]
        for number in range(40):
            part = rng.below(self.count)
            kind = "FW_INLINE" if number % 2 else "static inline"
            nested = number > 6 and number % 3 == 0
            deeper = f" + fw_inline_{rng.below(number)}(0, value ^ {rng.below(99)})" if nested else ""
            out += [f"{kind} uint32_t fw_inline_{number}(const void *where, uint32_t value)", "{",
                    f"\tconst struct fw_type_{part} *part = where;",
                    f"\tconst uint32_t shift = {1 + rng.below(15)};",
                    f"\tuint32_t mixed = value * {rng.below(65536) * 2 + 1}u;", "",
                    "\tif (part)",
                    f"\t\tmixed ^= (uint32_t)part->{self.field(rng, part)};",
                    f"\treturn (mixed >> shift){deeper};", "}"]
        return "\n".join(out) + "\n"


class Unit:
    """One C file. Its functions call those of units before it, which are declared where they are used."""

    def __init__(self, seed, number, size, types):
        self.rng = Numbers(seed, "unit", number)
        self.number, self.types = number, types
        self.functions = size[1]
        area = AREAS[number % len(AREAS)]
        self.prefix = f"{area}{number:03}"
        self.file = f"{self.prefix}.c"

    def names(self):
        rng = Numbers(self.prefix, "names")
        return [f"{self.prefix}_{noun_pair(rng)}_{n}" for n in range(self.functions)]

    def expression(self):
        rng, part = self.rng, self.rng.below(self.types.count)
        return f"(uint32_t)system->part_{part}->{self.types.field(rng, part)}"

    def call(self, own, earlier):
        name = self.rng.pick(own or earlier) if self.rng.below(3) else self.rng.pick(earlier or own)
        return f"{name}(system, sum, {self.rng.below(200)})"

    def statement(self, own, earlier):
        rng = self.rng
        kind = rng.below(8)
        if kind < 2:
            return [f"\tsum += fw_inline_{rng.below(40)}(system->part_{rng.below(self.types.count)}, sum);"]
        if kind == 2:
            return [f"\tfor (uint32_t i = 0; i < (count & {7 + 8 * rng.below(3)}); i++) {{",
                    f"\t\tuint32_t entry = {self.prefix}_table[i & 15].value;", "",
                    f"\t\tsum ^= entry + i * {rng.below(50)};", "\t}"]
        if kind == 3:
            return [f"\tif ({self.expression()} > {rng.below(900)}) {{",
                    f"\t\tuint32_t excess = {self.expression()} - count;", "",
                    f"\t\tsum += excess / {3 + rng.below(9)};",
                    f"\t\t{self.prefix}_state.last = excess;", "\t}"]
        if kind == 4 and (own or earlier):
            return [f"\tsum += {self.call(own, earlier)};"]
        if kind == 5:
            number = rng.below(12)
            return [f"\tif (system->on_event_{number})",
                    f"\t\tsum += system->on_event_{number}(system, sum, 1);"]
        if kind == 6:
            return ["\tswitch (sum & 3) {", "\tcase 0:", f"\t\tcount += {self.expression()};", "\t\tbreak;",
                    "\tcase 1:", f"\t\tsum = sum << {1 + rng.below(7)} | count;", "\t\tbreak;", "\tdefault:",
                    f"\t\t{self.prefix}_state.errors++;", "\t\tbreak;", "\t}"]
        return [f"\tsum = sum * {rng.below(9999)} + {self.expression()};"]

    def function(self, name, own, earlier):
        part = self.rng.below(self.types.count)
        keep = self.rng.below(6) == 0
        out = [f"{'static ' if keep else ''}uint32_t {name}(struct fw_system *system, uint32_t sum, uint32_t count)",
               "{", f"\tstruct fw_type_{part} *part = system->part_{part};",
               *[f"\tconst uint32_t {self.rng.pick(NOUNS)}_{n} = {self.prefix.upper()}_LIMIT_{self.rng.below(30)};"
                 for n in range(5)], "",
               f"\tsum += (uint32_t)part->{self.types.field(self.rng, part)};"]
        for _ in range(3):
            out += self.statement(own, earlier)
        return out + ["\treturn sum;", "}", ""]

    def head(self):
        out = ['#include "fw_inlines.h"', '#include "fw_paths.h"', ""]
        out += [f"#define {self.prefix.upper()}_LIMIT_{n} {self.rng.below(100000)}u" for n in range(30)]
        out += ["", f"struct {self.prefix}_entry {{", "\tuint32_t value;", "\tconst char *name;",
                f"\tstruct fw_type_{self.rng.below(self.types.count)} *part;", "};",
                f"static const struct {self.prefix}_entry {self.prefix}_table[16] = {{"]
        out += [f'\t{{ {self.prefix.upper()}_LIMIT_{n}, "{self.prefix} {noun_pair(self.rng)}", 0 }},' for n in range(16)]
        return out + ["};", f"static struct {{ uint32_t last, errors, state; }} {self.prefix}_state;", ""]

    def text(self, earlier, path_functions):
        rng, names = self.rng, self.names()
        borrowed = [rng.pick(earlier) for _ in range(min(12, len(earlier)))]
        out = self.head()
        out += [f"uint32_t {name}(struct fw_system *system, uint32_t sum, uint32_t count);" for name in borrowed]
        done, statics = [], set()
        for name in names:
            lines = self.function(name, done[-8:], borrowed)
            if lines[0].startswith("static"):
                statics.add(name)
            else:
                out.append(lines[0] + ";")
            out += lines
            done.append(name)
        kept = [f"\t{name}," for name in sorted(statics)]
        out += [f"const void *const {self.prefix}_callbacks[] = {{", *kept, "\t0,", "};", ""]
        for path, level in path_functions:
            out += path_function(path, level, self.prefix)
        return "\n".join(out) + "\n", [name for name in names if name not in statics]


def path_name(path, level):
    return f"fw_path_{path}_{level}_{NOUNS[(path * 3 + level) % len(NOUNS)]}"


def path_function(path, level, prefix):
    """A frame on a thread's way down: with locals, and every third time through an inlined one."""
    name, last = path_name(path, level), level == LEVELS - 1
    below = f"fw_wait_{path}" if last else path_name(path, level + 1)
    inlined = level % 3 == path % 3
    step = [f"FW_INLINE void {name}_step(struct fw_system *system, uint32_t index, volatile uint32_t *scratch)",
            "{", "\tscratch[1] = index;", f"\t{below}(system, index);", "\tKEEP();", "}", ""] if inlined else []
    call = f"{name}_step(system, index, scratch);" if inlined else f"{below}(system, index);"
    return [*step, f"__attribute__((noipa)) void {name}(struct fw_system *system, uint32_t index)", "{",
            f"\tvolatile uint32_t scratch[{2 + (path + level) % 5 * 2}];", "",
            f"\tscratch[0] = index + {prefix}_table[{level}].value;", f"\t{call}", "\tKEEP();",
            f"\t{prefix}_state.state += scratch[0];", "}", ""]


def paths_header():
    out = ["#pragma once", '#include "fw_types.h"']
    for path in range(PATHS):
        out += [f"void {path_name(path, level)}(struct fw_system *system, uint32_t index);" for level in range(LEVELS)]
        out.append(f"void fw_wait_{path}(struct fw_system *system, uint32_t index);")
    return "\n".join(out) + "\n"


def files(seed, size):
    """name -> text of every generated file."""
    shape = SIZES[size]
    types = Types(seed, shape[2])
    out = {"fw_types.h": types.header(), "fw_inlines.h": types.inlines(), "fw_paths.h": paths_header()}
    places = {}
    for path in range(PATHS):
        for level in range(LEVELS):
            places.setdefault((path * 41 + level * 17) % shape[0], []).append((path, level))
    earlier = []
    for number in range(shape[0]):
        unit = Unit(seed, number, shape, types)
        out[unit.file], exported = unit.text(earlier, places.get(number, []))
        earlier = (earlier + exported)[-400:]
    return out
