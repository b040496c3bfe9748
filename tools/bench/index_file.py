# SPDX-License-Identifier: Apache-2.0
"""What the tables of an index file take (docs/index-format.md)."""

import re
import struct
from pathlib import Path

FORMAT = Path(__file__).resolve().parents[2] / "engine/symbols/index_format.h"
HEAD, MODULE, TABLE = 144, 88, struct.Struct("<IIQQ")
BESIDE_CODE = ("SPANS", "SPAN_BYTES", "OBJECT_ADDRS", "OBJECTS", "FINDINGS", "ENUMERATORS", "LOG_FORMATS", "STRUCTS", "FIELDS", "VARIABLES")


def kinds():
    """number -> name, as the header numbers them"""
    body = re.search(r"enum fl_index_kind \{(.*?)\};", FORMAT.read_text(), re.S).group(1)
    names = re.findall(r"FL_INDEX_(\w+)\s*(?:=\s*1)?\s*,", re.sub(r"/\*.*?\*/", "", body, flags=re.S))
    return dict(enumerate(names, 1))


def tables(path):
    """name -> bytes, of all modules together"""
    data, names, sizes = Path(path).read_bytes(), kinds(), {}
    if data[:8] != b"FLINDEXF":
        raise ValueError(f"{path}: no index file")
    for number in range(struct.unpack_from("<I", data, 40)[0]):
        at = struct.unpack_from("<Q", data, HEAD + 16 * number)[0]
        for table in range(struct.unpack_from("<I", data, at + 12)[0]):
            kind, element, _, count = TABLE.unpack_from(data, at + MODULE + TABLE.size * table)
            sizes[names[kind]] = sizes.get(names[kind], 0) + element * count
    return sizes
