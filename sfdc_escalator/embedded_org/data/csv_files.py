"""The CSV files of a data folder as text: headers, and cells with their lines. Faults become problems."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sfdc_escalator.embedded_org.basics.plain_files import read_bytes
from sfdc_escalator.embedded_org.basics.problems import Problem, nearest
from sfdc_escalator.embedded_org.store.schema import Schema

AUTOMATION = "automation.json"


@dataclass(slots=True)
class Sheet:
    """One CSV file: its header, and the cells of each row with the line on which the row starts."""

    sobject: str
    file: str
    header: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


def sheets(folder: Path, schema: Schema, problems: list[Problem]) -> list[Sheet]:
    """Reads every CSV file of `folder`; `Case.csv` must be there."""
    if not folder.is_dir():
        problems.append(Problem(str(folder), "is not a folder" if folder.exists() else "does not exist"))
        return []
    paths = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    if not any(each.name == "Case.csv" for each in paths):
        close = nearest("Case.csv", [each.name for each in paths])
        problems.append(Problem(str(folder), "has no Case.csv, the one required file", found=close))
    found = []
    for path in paths:
        if path.suffix.lower() == ".csv":
            found.append(_sheet(path, schema, problems))
        elif path.stem.lower().startswith("automat") and path.name != AUTOMATION:
            problems.append(Problem(str(path), "is not a file name that is read", found=path.name, nearest=AUTOMATION))
    return [each for each in found if each]


def _sheet(path: Path, schema: Schema, problems: list[Problem]) -> Sheet | None:
    name = path.stem
    known = schema.get(name)
    if not name.endswith("__c") and (known is None or not known.prefix):
        names = [each.name for each in schema if each.prefix]
        problems.append(
            Problem(str(path), f"{name} is not an object", found=name, expected="the name of a standard object, "
                    "or of a custom one with its __c", nearest=nearest(name, names))
        )  # fmt: skip
        return None
    text = _text(path, problems)
    return _cells(Sheet(known.name if known else name, str(path)), text, problems) if text is not None else None


def _text(path: Path, problems: list[Problem]) -> str | None:
    try:
        content = read_bytes(path)
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read: {error.strerror}"))
        return None
    if not content.strip():
        problems.append(Problem(str(path), "is empty", expected="a header line with field names"))
        return None
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        problems.append(Problem(str(path), "is not text: it contains a NUL byte", line, expected="CSV in UTF-8"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        byte = f"byte 0x{content[error.start]:02x}"
        problems.append(
            Problem(str(path), f"is not UTF-8: {byte}", before.count(b"\n") + 1, column, byte, "CSV in UTF-8")
        )
        return None


def _cells(sheet: Sheet, text: str, problems: list[Problem]) -> Sheet | None:
    lines = _lines(text)
    try:
        for number, cells in lines:
            if not sheet.header:
                sheet.header = [each.strip() for each in cells]
            elif len(cells) != len(sheet.header):
                count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
                problems.append(
                    Problem(sheet.file, f"the row has {count}", number, found=str(len(cells)),
                            expected=f"{len(sheet.header)}, as in the header")
                )  # fmt: skip
            else:
                sheet.rows.append((number, cells))
    except csv.Error as error:
        line, message = error.args
        problems.append(Problem(sheet.file, f"is not CSV: {message}", line))
        return None
    return sheet


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each non-blank row with its first line; a quoted cell may span lines. Raises csv.Error with that line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        message = "a quote that opens in this row is never closed" if "end of data" in str(error) else str(error)
        raise csv.Error(line, message) from None
