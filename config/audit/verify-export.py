#!/usr/bin/env python3
"""Verifies a file of `sfdc-escalator audit export` (JSON lines or CSV) with Python's standard library alone.

    python3 verify-export.py FILE

Each event is hashed over its text and the hash before it: hash = SHA-256(bytes of prev + bytes of body). So is a line
of idle runs, which comes after the event that they repeat; the next event of their org has their number and hash.
Events that were pruned are missing: a later event `pruned` has their numbers and the hash of the last one. So the file
is read twice.
Exit code: 0 whole, 6 a line is changed or missing, 2 the file cannot be read. A file that was cut between two lines is
whole: compare first and last event with what was asked for, and the last hash with the `audit_head` of a run.
"""

import csv
import hashlib
import json
import sys

MISREAD = ValueError, LookupError, TypeError, AttributeError, RecursionError, csv.Error
FIELDS = {"seq", "at", "org_at", "prev", "hash", "body"}


def check(row, last, head, empty, idle, gone):
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
        idle["last"] = ()
        return last, head, runs["runs"]
    seq, bound = body["about"]["seq"], body.get("idle_runs")
    about = [str(seq) if empty == "" else seq, body["about"]["at"], body.get("org_at") or empty, prev.hex()]
    if json.dumps(about) != json.dumps([row["seq"], row["at"], row["org_at"], row["prev"]]):
        raise ValueError("seq, at or org_at differ from its text")
    missing = (last or seq - 1) + 1
    while missing < seq and missing in gone["removed"]:
        missing, known = gone["removed"][missing]
    if last and seq != missing:
        raise ValueError(f"a gap: event {seq} comes after event {last}")
    if prev != (known if last else bytes(32) if seq == 1 else prev):
        raise ValueError("prev is not the hash of the event before it")
    idle.setdefault("first", seq)
    others = (
        bound and idle.pop(bound["event"], None) != (bound["hash"], bound["runs"]) and bound["event"] >= idle["first"]
    )
    if others and seq > gone["idle"].get(body["about"]["organization_id"], 0):
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
    file.seek(0)
    for place[0], line in enumerate(file, 1):
        yield line.decode()


def pruned(some):
    gone = {"removed": {}, "idle": {}}
    try:
        for body in (json.loads(row["body"]) for row in some if '"event":"pruned"' in row["body"]):
            about = body["about"]
            if about["event"] == "pruned" and about["key"] is None:
                through = gone["idle"].get(about["organization_id"], 0), body["facts"]["idle_runs_through"]
                gone["idle"][about["organization_id"]] = max(through)
            elif about["event"] == "pruned":
                for first, last, text in body["facts"]["removed"]:
                    gone["removed"][first] = last + 1, bytes.fromhex(text)
    except MISREAD:
        pass  # the second reading says where
    return gone


def verify(path):
    csv.field_size_limit(2**31 - 1)
    first, last, head, place, runs, idle = None, None, None, [0], 0, {}
    with open(path, "rb") as file:
        empty = "" if file.read(4) == b"seq," else None  # what stands for no value in CSV and in JSON
        try:
            gone = pruned(rows(numbered(file, place), empty))
            for row in rows(numbered(file, place), empty):
                last, head, more = check(row, last, head, empty, idle, gone)
                first, runs, newest = first or last, runs + more, row["hash"]
        except MISREAD as error:
            return 6, f"BROKEN at line {place[0]}: {error}; whole before it: events {first} to {last}"
    gaps = "no gap but what was pruned" if gone["removed"] else "no gap"
    text = f"whole: events {first} to {last}, {gaps}{f'; idle runs: {runs}' if runs else ''}"
    return 0, f"{text}; last hash {newest}" if last else "0 events: nothing to verify"


if __name__ == "__main__":
    try:
        code, text = verify(*sys.argv[1:])
    except (OSError, TypeError) as error:
        code, text = 2, f"cannot verify: {error}; usage: verify-export.py FILE"
    print(text, file=sys.stderr if code == 2 else sys.stdout)
    sys.exit(code)
