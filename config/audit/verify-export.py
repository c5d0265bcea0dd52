#!/usr/bin/env python3
"""Verifies a file of `sfdc-escalator audit export` (JSON lines or CSV) with Python's standard library alone.

    python3 verify-export.py FILE

Each event is hashed over its text and the hash before it: hash = SHA-256(bytes of prev + bytes of body). So is a line
of idle runs, which comes after the event that they repeat; the next event of their org has their number and hash.
Exit code: 0 whole, 6 a line is changed or missing, 2 the file cannot be read. A file that was cut between two lines is
whole: compare first and last event with what was asked for, and the last hash with the `audit_head` of a run.
"""

import csv
import hashlib
import json
import sys

FIELDS = {"seq", "at", "org_at", "prev", "hash", "body"}


def check(row, last, head, empty, idle):
    body = json.loads(row["body"])
    prev, known = bytes.fromhex(row["prev"]), bytes.fromhex(head or "") if last else None
    if set(row) != FIELDS or hashlib.sha256(prev + row["body"].encode()).hexdigest() != row["hash"]:
        raise ValueError("its hash does not match its text")
    if "idle_runs" in body and "about" not in body:
        runs = body["idle_runs"]
        idle[runs["event"]] = row["hash"], runs["runs"]
        about = [row["seq"], row["at"], row["org_at"], runs["event"], prev, len(runs["lines"].splitlines())]
        if about != [*idle["last"], last, known, runs["runs"]]:
            raise ValueError("the idle runs do not follow the event that they repeat, or are not of their number")
        return last, head, runs["runs"]
    seq, bound = body["about"]["seq"], body.get("idle_runs")
    about = [str(seq) if empty == "" else seq, body["about"]["at"], body.get("org_at") or empty, prev.hex()]
    if json.dumps(about) != json.dumps([row["seq"], row["at"], row["org_at"], row["prev"]]):
        raise ValueError("seq, at or org_at differ from its text")
    if last and seq != last + 1:
        raise ValueError(f"a gap: event {seq} comes after event {last}")
    if prev != (known if last else bytes(32) if seq == 1 else prev):
        raise ValueError("prev is not the hash of the event before it")
    idle.setdefault("first", seq)
    if bound and idle.pop(bound["event"], None) != (bound["hash"], bound["runs"]) and bound["event"] >= idle["first"]:
        raise ValueError(f"the idle runs after event {bound['event']} are missing, or are others")
    idle["last"] = [row["seq"], row["at"], row["org_at"]]
    return seq, row["hash"], 0


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
    first, last, head, place, runs, idle = None, None, None, [0], 0, {}
    with open(path, "rb") as file:
        empty = "" if file.read(4) == b"seq," else None  # what stands for no value in CSV and in JSON
        file.seek(0)
        lines = numbered(file, place)
        try:
            for row in rows(lines, empty):
                last, head, more = check(row, last, head, empty, idle)
                first, runs, newest = first or last, runs + more, row["hash"]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error) as error:
            return 6, f"BROKEN at line {place[0]}: {error}; whole before it: events {first} to {last}"
    text = f"whole: events {first} to {last}, no gap{f'; idle runs: {runs}' if runs else ''}"
    return 0, f"{text}; last hash {newest}" if last else "0 events: nothing to verify"


if __name__ == "__main__":
    try:
        code, text = verify(*sys.argv[1:])
    except (OSError, TypeError) as error:
        code, text = 2, f"cannot verify: {error}; usage: verify-export.py FILE"
    print(text, file=sys.stderr if code == 2 else sys.stdout)
    sys.exit(code)
