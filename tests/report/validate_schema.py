#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks JSON reports against docs/report.schema.json: validate_schema.py SCHEMA DOC REPORT...

Beside plain validation: a copy of the schema that allows no other keys, so that a key that nobody
documented is found; every key of the schema stands in DOC; and damaged reports are refused, so that the
schema is known to be able to say no. Exits 77 (skipped) where python3-jsonschema is not installed.
"""
import copy
import json
import re
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)


def strict(schema):
    """The schema with every object closed."""
    schema = copy.deepcopy(schema)
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if "properties" in node:
                node.setdefault("additionalProperties", False)
            stack.extend(node.values())
    return schema


def keys(node):
    """Every key that the schema describes."""
    if isinstance(node, list):
        for item in node:
            yield from keys(item)
    elif isinstance(node, dict):
        yield from node.get("properties", {})
        for value in node.values():
            yield from keys(value)


DAMAGES = [
    ("another schema", lambda r: r.update(schema="faultline-report/2")),
    ("no schema", lambda r: r.pop("schema")),
    ("address as a number", lambda r: r.update(memory=[{"address": 16, "size": 4}])),
    ("short address", lambda r: r.update(memory=[{"address": "0x10", "size": 4}])),
    ("capital digits", lambda r: r["cause"].update(address="0xDEADBEEF")),
    ("null instead of absent", lambda r: r["device"].update(serial=None)),
    ("unknown confidence", lambda r: r["cause"].update(confidence="sure")),
    ("evidence as text", lambda r: r["cause"].update(evidence="r3 is 0")),
    ("line 0", lambda r: r["threads"].append({"frames": [{"pc": "0x08000000", "line": 0}]})),
    ("frame without an address", lambda r: r["threads"].append({"frames": [{"pc": None}]})),
    ("odd boundary", lambda r: r["threads"].append({"frames": [{"kind": "signal"}]})),
    ("unknown state", lambda r: r["threads"].append({"state": "asleep"})),
    ("waiting for nothing", lambda r: r["threads"].append({"waits_for": {"forever": True}})),
    ("nobody as holder", lambda r: r["threads"].append({"waits_for": {"kind": "mutex", "held_by": None}})),
    ("priority as text", lambda r: r["threads"].append({"base_priority": "3"})),
    ("unknown overflow", lambda r: r["threads"].append({"overflow": {"verdict": "perhaps"}})),
    ("kernel as text", lambda r: r.update(kernel="FreeRTOS")),
    ("short hash", lambda r: r["signature"]["fingerprints"].append({"hash": "00"})),
]


def main():
    schema_path, doc_path, *reports = sys.argv[1:]
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    with open(doc_path, encoding="utf-8") as file:
        words = re.findall(r"`([a-z_.]+)`", file.read())
    documented = {key for word in words for key in word.split(".")}
    jsonschema.Draft202012Validator.check_schema(schema)
    plain = jsonschema.Draft202012Validator(schema)
    closed = jsonschema.Draft202012Validator(strict(schema))
    failed = 0
    for key in sorted(set(keys(schema)) - documented):
        print(f"{doc_path}: the key {key} is not described")
        failed = 1
    for path in reports:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        for validator in (plain, closed):
            for error in validator.iter_errors(report):
                print(f"{path}: {error.json_path}: {error.message}")
                failed = 1
        for name, damage in DAMAGES:
            damaged = copy.deepcopy(report)
            damage(damaged)
            if plain.is_valid(damaged):
                print(f"{path}: the schema accepts a report with {name}")
                failed = 1
    print(f"{len(reports)} reports validated")
    return failed or not reports


if __name__ == "__main__":
    sys.exit(main())
