#!/usr/bin/env python3
"""Verifies a file of `sfdc-escalator audit export` (JSON lines or CSV) with Python's standard library alone.

    python3 verify-export.py FILE

Each event is hashed over its text and the hash before it: hash = SHA-256(bytes of prev + bytes of body).
Exit code: 0 whole, 6 a line is changed or missing, 2 the file cannot be read. A file that was cut between two lines is
whole: compare first and last event with what was asked for, and the last hash with the `audit_head` of a run.
"""

import csv
import hashlib
import json
import sys

FIELDS = {"seq", "at", "org_at", "prev", "hash", "body"}


def check(row, last, head, empty):
    body = json.loads(row["body"])
    seq, prev = body["about"]["seq"], bytes.fromhex(row["prev"])
    if set(row) != FIELDS or hashlib.sha256(prev + row["body"].encode()).hexdigest() != row["hash"]:
        raise ValueError("its hash does not match its text")
    about = [str(seq) if empty == "" else seq, body["about"]["at"], body.get("org_at") or empty, prev.hex()]
    if json.dumps(about) != json.dumps([row["seq"], row["at"], row["org_at"], row["prev"]]):
        raise ValueError("seq, at or org_at differ from its text")
    if last and seq != last + 1:
        raise ValueError(f"a gap: event {seq} comes after event {last}")
    if prev != (bytes.fromhex(head) if last else bytes(32) if seq == 1 else prev):
        raise ValueError("prev is not the hash of the event before it")
    return seq, row["hash"]


def once(pairs):
    found = list(pairs)
    if len(dict(found)) < len(found):
        raise ValueError("a name stands twice")
    return dict(found)


def rows(lines, empty):
    if empty is None:
        return (json.loads(line, object_pairs_hook=once) for line in lines)
    table = csv.DictReader(lines, strict=True)
    once((name, "") for name in table.fieldnames)
    return table


def numbered(file, place):
    for place[0], line in enumerate(file, 1):
        yield line.decode()


def verify(path):
    csv.field_size_limit(2**31 - 1)
    first, last, head, place = None, None, None, [0]
    with open(path, "rb") as file:
        empty = "" if file.read(4) == b"seq," else None  # what stands for no value in CSV and in JSON
        file.seek(0)
        lines = numbered(file, place)
        try:
            for row in rows(lines, empty):
                last, head = check(row, last, head, empty)
                first = first or last
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error) as error:
            return 6, f"BROKEN at line {place[0]}: {error}; whole before it: events {first} to {last}"
    return 0, f"whole: events {first} to {last}, no gap; last hash {head}" if last else "0 events: nothing to verify"


if __name__ == "__main__":
    try:
        code, text = verify(*sys.argv[1:])
    except (OSError, TypeError) as error:
        code, text = 2, f"cannot verify: {error}; usage: verify-export.py FILE"
    print(text, file=sys.stderr if code == 2 else sys.stdout)
    sys.exit(code)
