"""The embedded org as a whole: data, clock, token and server, from start to close."""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sfdc_escalator.embedded_org.basics import clock, ids
from sfdc_escalator.embedded_org.basics.clock import OrgClock
from sfdc_escalator.embedded_org.basics.problems import InvalidData, Problem
from sfdc_escalator.embedded_org.data import data_folder, seed
from sfdc_escalator.embedded_org.data.data_folder import Folder
from sfdc_escalator.embedded_org.http import faults
from sfdc_escalator.embedded_org.http.control import Control
from sfdc_escalator.embedded_org.http.exchange import Exchange, Facts
from sfdc_escalator.embedded_org.http.request_log import RequestLog
from sfdc_escalator.embedded_org.http.server import Server
from sfdc_escalator.embedded_org.records import people_act
from sfdc_escalator.embedded_org.rest.oauth import ConnectedApp, Tokens
from sfdc_escalator.embedded_org.store import schema
from sfdc_escalator.embedded_org.store.database import Database

ANY_APP = ConnectedApp()
_LETTERS = string.ascii_letters + string.digits


class EmbeddedOrg:
    """A Salesforce-like org on 127.0.0.1, serving from background threads until closed.

    `data` is a folder of CSV files, `db` a database file that keeps the org, `latency` and `per_record` are delays in
    seconds, `now` sets the org's clock (an aware datetime), logins are checked against `app`. It is a sandbox; with
    `production` it is a production org, and a database file keeps that.
    Raises InvalidData with every problem of the given files.
    """

    api_version = "67.0"

    def __init__(
        self, *, data: Path | None = None, db: Path | None = None, port: int = 0, latency: float = 0.0,
        per_record: float = 0.0, log: Path | None = None, faults: Path | None = None, now: datetime | None = None,
        app: ConnectedApp = ANY_APP, production: bool = False,
    ) -> None:  # fmt: skip
        if now is not None and now.tzinfo is None:
            raise ValueError("now must be an aware datetime")
        self._database = Database(db)
        try:
            self._open(data, port, latency, per_record, log, faults, now, app, production)
        except BaseException:
            self._database.close()
            raise

    def _open(
        self, data: Path | None, port: int, latency: float, per_record: float, log: Path | None,
        fault_file: Path | None,
        now: datetime | None, app: ConnectedApp, production: bool,
    ) -> None:  # fmt: skip
        problems: list[Problem] = []
        found = faults.load(fault_file, problems) if fault_file else faults.Faults([])
        self._clock = _clock(self._database, now)
        if self._database.empty:
            _create(self._database, data, self._clock.now(), problems)
        elif problems:
            raise InvalidData(problems)
        if production:
            self._database.execute('UPDATE "Organization" SET IsSandbox = 0')
        self._remember_clock()
        self.organization_id = str(self._database.fact("organization_id"))
        self.access_token = str(self._database.fact("access_token"))
        self._log = RequestLog(log, self.access_token)
        try:
            self._server = Server(port, self._clock, found)
        except (OSError, OverflowError) as error:
            self._log.close()
            raise InvalidData([Problem(f"port {port}", f"cannot be used: {error}")]) from None
        self.instance_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        user_id = str(self._database.fact("user_id"))
        tokens = Tokens(self.instance_url, self.organization_id, user_id, self.access_token, app)
        facts = Facts(self.instance_url, self.organization_id, user_id, tokens)
        self._exchange = Exchange(self._database, self._clock, self._log, facts, latency, per_record)
        self._server.exchange = self._exchange
        self._server.control = Control(self._clock, self._log, self._exchange)
        self._server.start()
        self._closed = False

    def ready(self) -> dict[str, str]:
        """The line that `org serve` prints when it is ready."""
        return {
            "instance_url": self.instance_url, "access_token": self.access_token, "api_version": self.api_version,
            "organization_id": self.organization_id,
        }  # fmt: skip

    def requests(self, after: int = 0) -> list[dict[str, Any]]:
        """The entries of the request log in the order of execution, without the first `after` of them."""
        return self._log.entries(after)

    def act(self, act: str, **details: Any) -> dict[str, Any]:
        """Performs an act of another person, such as `act("close", case="00001001")`; see `people_act`.

        It is neither logged nor counted. Returns the record of the act. Raises ValueError when the act is not possible.
        """
        return self._exchange.act(lambda work: people_act.perform(work, {"act": act, **details}))

    def close(self) -> None:
        """Stops serving; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._exchange.stop()
        self._server.close()
        self._remember_clock()
        self._database.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _remember_clock(self) -> None:
        self._database.remember("clock_offset", repr(self._clock.offset()))


def _clock(database: Database, now: datetime | None) -> OrgClock:
    """The org's clock. The clock of a database file runs on while the file is closed, and never goes back to `now`."""
    kept = None if database.empty else database.fact("clock_offset")
    if kept is None:
        return OrgClock(now)
    moment = datetime.now(UTC) + timedelta(seconds=float(kept))
    return OrgClock(max(moment, now) if now else moment)


def _create(database: Database, data: Path | None, now: datetime, problems: list[Problem]) -> None:
    """Fills an empty database, completely or not at all. Raises InvalidData."""
    folder = data_folder.read(data, schema.standard(), now) if data else Folder(schema.standard())
    folder.problems[:0] = problems
    organization_id = ids.make("00D", secrets.randbelow(62**6))
    database.execute("BEGIN IMMEDIATE")
    try:
        created = seed.create(database, folder, organization_id, now)
        database.remember("organization_id", created.organization_id)
        database.remember("user_id", created.user_id)
        database.remember(
            "access_token", f"{organization_id[:15]}!" + "".join(secrets.choice(_LETTERS) for _ in range(96))
        )
        database.remember("founded", clock.iso(now))
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
