"""Runs queries: pages, cursors that survive concurrent changes, records in the shape of Salesforce's answers."""

from __future__ import annotations

import re
import secrets
import sqlite3
import string
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql import columns as soql_columns
from sfdc_escalator.embedded_org.soql import dates
from sfdc_escalator.embedded_org.soql.dates import UserCalendar
from sfdc_escalator.embedded_org.soql.plan import Planner
from sfdc_escalator.embedded_org.soql.shape import PARENTS, Branch, Plan
from sfdc_escalator.embedded_org.soql.syntax import parse
from sfdc_escalator.embedded_org.store import picklists
from sfdc_escalator.embedded_org.store.database import Database

PAGE = 2_000
_SMALLEST_PAGE = 200
_WIDE, _WIDE_PAGE = 20, 1_000  # as recorded: a query of 20 fields came in pages of 1,000
_CURSORS_OPEN = 10  # of one user; the next one ends the oldest (SOQL reference, QueryLocator)
_CURSORS_READ = 100  # read to their end, and kept because a client may ask for a page again
_CURSOR_LIFE = timedelta(days=2)
_TOO_MUCH = re.compile("too (?:many|large|deep|big|complex)|overflow")  # SQLite's messages about its limits
_OFFSET = re.compile(r"\d{1,9}")
_LETTERS = string.ascii_letters + string.digits
Row = tuple[Any, ...]


@dataclass(slots=True)
class _Cursor:
    plan: Plan
    rows: list[Row]
    page: int
    opened: datetime
    is_open: bool = True


class Queries:
    """The open cursors of an org. Callers hold the org's lock."""

    def __init__(self, database: Database, user_id: str) -> None:
        self._database, self._user_id = database, user_id
        database.add_function("date_part", 4, dates.part)
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()

    def run(
        self, text: str, version: str, now: datetime, *, deleted: bool = False, page: int = PAGE, columns: bool = False
    ) -> dict[str, Any]:
        """The first page of a query. Raises ApiError."""
        try:
            plan = Planner(self._database.visible, self._user_id, deleted, self._calendar(now)).plan(parse(text))
            for each in (plan, *plan.children):
                for name, picklist in each.picklists.items():
                    picklists.register_order(self._database, name, *picklist)
            rows = self._database.query(plan.sql, plan.values)
        except (RecursionError, sqlite3.OperationalError) as error:
            if isinstance(error, sqlite3.OperationalError) and not _TOO_MUCH.search(str(error)):
                raise
            raise ApiError(
                "QUERY_TOO_COMPLICATED", "The query is nested too deeply or has too many conditions"
            ) from None
        metadata = {"columnMetadata": soql_columns.metadata(plan.shape)} if columns else {}
        if plan.kind == "count":
            return {"totalSize": rows[0][0], "done": True, "records": [], **metadata}
        if plan.kind == "groups" and len(rows) > PAGE:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise ApiError("EXCEEDED_ID_LIMIT", message)
        return {**self._page(_Cursor(plan, rows, _page_size(plan, page), now), None, 0, version), **metadata}

    def _calendar(self, now: datetime) -> UserCalendar:
        """The calendar of the token's user, in the time zone and the locale of the user."""
        users = 'SELECT TimeZoneSidKey, LocaleSidKey FROM "User" WHERE Id = ?'
        zone, locale = self._database.query(users, (self._user_id,))[0]
        month = self._database.query("SELECT FiscalYearStartMonth FROM Organization")[0][0]
        return UserCalendar(now, _zone(zone), locale or "en_US", month or 1)

    def more(self, locator: str, version: str, now: datetime) -> dict[str, Any]:
        """The page at `<cursor>-<offset>`. Raises ApiError INVALID_QUERY_LOCATOR."""
        name, _, offset = locator.rpartition("-")
        cursor = self._cursors.get(name)
        known = cursor is not None and _OFFSET.fullmatch(offset) and int(offset) <= len(cursor.rows)
        if cursor is None or not known or now - cursor.opened > _CURSOR_LIFE:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, name, int(offset), version)

    def _page(self, cursor: _Cursor, name: str | None, offset: int, version: str) -> dict[str, Any]:
        rows = cursor.rows[offset : offset + cursor.page]
        children = [self._children(child, rows, cursor.plan.shape) for child in cursor.plan.children]
        rows = rows[: _within_budget(rows, children, cursor.plan.shape, cursor.page)]
        end = offset + len(rows)
        answer: dict[str, Any] = {"totalSize": len(cursor.rows), "done": end >= len(cursor.rows)}
        if not answer["done"]:
            name = name or self._keep(cursor)
            answer["nextRecordsUrl"] = f"/services/data/v{version}/query/{name}-{end}"
        else:
            cursor.is_open = False
        render = _Renderer(version, cursor.plan.children, children)
        answer["records"] = [render.record(cursor.plan.shape, row) for row in rows]
        return answer

    def _keep(self, cursor: _Cursor) -> str:
        name = "01gEe0" + "".join(secrets.choice(_LETTERS) for _ in range(12))
        self._cursors[name] = cursor
        for is_open, most in ((True, _CURSORS_OPEN), (False, _CURSORS_READ)):
            alike = [each for each, one in self._cursors.items() if one.is_open is is_open]
            for each in alike[:-most]:
                del self._cursors[each]
        return name

    def _children(self, plan: Plan, rows: list[Row], shape: Branch) -> dict[str, list[Row]]:
        """The child rows of each parent on the page, in order, at most LIMIT for each parent."""
        parents = [row[shape.id_index] for row in rows]
        found: dict[str, list[Row]] = {}
        if not parents:
            return found
        sql = plan.sql.replace(PARENTS, ", ".join("?" * len(parents)))
        for row in self._database.query(sql, [*parents, *plan.values]):
            siblings = found.setdefault(row[0], [])
            if plan.limit is None or len(siblings) < plan.limit:
                siblings.append(row)
        return found


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, KeyError, OSError):  # a value that is not a time zone
        return ZoneInfo("UTC")


def _page_size(plan: Plan, asked: int) -> int:
    size = max(_SMALLEST_PAGE, min(PAGE, asked))
    if plan.long_texts >= 2:  # SOQL reference: at most 200 rows with two custom long text fields
        return _SMALLEST_PAGE
    return min(size, _WIDE_PAGE) if plan.columns >= _WIDE else size


def _within_budget(rows: list[Row], children: list[dict[str, list[Row]]], shape: Branch, page: int) -> int:
    """The number of rows on a page: child rows count too, and a page has at least one row."""
    used = 0
    for count, row in enumerate(rows):
        used += 1 + sum(len(each.get(row[shape.id_index], ())) for each in children)
        if used > page and count:
            return count
    return len(rows)


class _Renderer:
    def __init__(self, version: str, plans: list[Plan], children: list[dict[str, list[Row]]]) -> None:
        self._base = f"/services/data/v{version}/sobjects/"
        self._children = {id(plan): rows for plan, rows in zip(plans, children, strict=True)}

    def record(self, shape: Branch, row: Row) -> dict[str, Any]:
        if shape.type == "AggregateResult":
            return {"attributes": {"type": shape.type}, **dict(self._items(shape, row))}
        kind = row[shape.type_index] if shape.type_index is not None else shape.type
        url = f"{self._base}{kind}/{row[shape.id_index]}"
        return {"attributes": {"type": shape.type, "url": url}, **dict(self._items(shape, row))}

    def _items(self, shape: Branch, row: Row) -> Iterator[tuple[str, Any]]:
        for key, place, *field in shape.items:
            if isinstance(place, Branch):
                yield key, self.record(place, row) if row[place.id_index] is not None else None
            elif isinstance(place, Plan):
                yield key, self._list(place, row[shape.id_index])
            else:
                value = row[place]
                yield key, bool(value) if field[0].type == "boolean" and value is not None else value

    def _list(self, plan: Plan, parent: str) -> dict[str, Any] | None:
        rows = self._children[id(plan)].get(parent)
        if not rows:
            return None
        records = [self.record(plan.shape, row) for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}
