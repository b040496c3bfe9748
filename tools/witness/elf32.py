# SPDX-License-Identifier: Apache-2.0
"""The little of ELF32 that the GDB witness needs: sections, and embedded ELFs."""

import struct

SHT_NOBITS = 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
EM_ARM = 40
AUX_PREFIX = ".mflt_aux_symbols."
MAX_DEPTH = 4


class ElfError(Exception):
    """The file is not an ELF a witness can work with."""


class Section:
    def __init__(self, name, header, data):
        self.name = name
        self.type, self.flags, self.address = header[1:4]
        self.data = data

    def is_code(self):
        wanted = SHF_ALLOC | SHF_EXECINSTR
        return self.flags & wanted == wanted and self.type != SHT_NOBITS

    def is_read_only(self):
        return self.flags & (SHF_ALLOC | SHF_WRITE) == SHF_ALLOC and self.type != SHT_NOBITS


def sections(image):
    try:
        return _sections(image)
    except (struct.error, IndexError, ValueError) as error:
        raise ElfError("the section table is damaged") from error


def _sections(image):
    if image[:6] != b"\x7fELF\x01\x01" or struct.unpack_from("<H", image, 18)[0] != EM_ARM:
        raise ElfError("not a little-endian 32-bit Arm ELF")
    offset = struct.unpack_from("<I", image, 32)[0]
    entry_size, count, names_index = struct.unpack_from("<HHH", image, 46)
    headers = [struct.unpack_from("<10I", image, offset + i * entry_size) for i in range(count)]
    names = headers[names_index]
    table = image[names[4] : names[4] + names[5]]
    result = []
    for header in headers:
        name = table[header[0] : table.index(b"\0", header[0])].decode("utf-8", "replace")
        data = b"" if header[1] == SHT_NOBITS else image[header[4] : header[4] + header[5]]
        result.append(Section(name, header, data))
    return result


class Image:
    """One ELF: its bytes, its code ranges, its read-only memory."""

    def __init__(self, data):
        self.data = data
        self.sections = sections(data)

    def code_ranges(self):
        return [(s.address, s.address + len(s.data)) for s in self.sections if s.is_code()]

    def read_only(self):
        return [(s.address, s.data) for s in self.sections if s.is_read_only()]

    def embedded(self):
        return [s.data for s in self.sections if s.name.startswith(AUX_PREFIX)]


def load_all(paths):
    """(path or None, Image) of every given ELF and of those inside them."""
    result = []
    for path in paths:
        with open(path, "rb") as file:
            _add(result, path, file.read(), 0)
    return result


def _add(result, path, data, depth):
    if depth > MAX_DEPTH:
        raise ElfError("embedded ELFs are nested too deeply")
    try:
        image = Image(data)
    except ElfError as error:
        raise ElfError(f"{path or 'an embedded ELF'}: {error}") from error
    result.append((path, image))
    for inner in image.embedded():
        _add(result, None, inner, depth + 1)
