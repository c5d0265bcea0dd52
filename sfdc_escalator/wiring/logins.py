"""Logins with the secrets of an entry. A refresh token that the org replaces is stored where the old one came from."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sfdc_escalator.errors import Invalid, LoginRefused
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.files.orgs.orgs import OrgEntry
    from sfdc_escalator.files.orgs.settings import OrgLogin
    from sfdc_escalator.files.values.secret import SecretReference
    from sfdc_escalator.salesforce.line.token import Grant

NAME = "refresh_token"
ROTATED = "the org gave a new refresh token and no longer accepts the old one (refresh token rotation)"
NEXT = "Log in once more by hand, then {}; or switch Refresh Token Rotation off in the app, or use `flow: jwt`"
log = logging.getLogger(__name__)


class Logins:
    """The logins of one command to one org. `latest` is a refresh token that could not be stored."""

    def __init__(self, surroundings: Surroundings, entry: OrgEntry) -> None:
        self._here, self._entry = surroundings, entry
        found = entry.given.get(NAME)
        self._reference: SecretReference | None = None if found is None or isinstance(found, str) else found
        self._latest: str | None = None

    def first(self, given: OrgLogin) -> Grant:
        """A login with secrets that were just read."""
        with self._alone():
            used = self._with_latest(given)
            try:
                return self._granted(used)
            except LoginRefused:
                other = self._with_latest(given)  # another program may have stored a new one meanwhile
                if other == used:
                    raise
                return self._granted(other)

    def again(self) -> Grant:
        """A login with secrets that are read anew: a file or a command may have another one now."""
        try:
            return self.first(self._entry.login(self._here.environ, self._here.folder))
        except Invalid as error:
            raise LoginRefused(error.message, error.problems) from None

    def _granted(self, given: OrgLogin) -> Grant:
        """One login. Its secrets are known before they are used."""
        from sfdc_escalator.salesforce.login.login import login

        self._here.secrets.add(given.secrets)
        grant = login(given.flow, given.values, self._here.environ)()
        self._here.secrets.add([grant.access_token, grant.refresh_token or ""])
        if self._reference and grant.refresh_token not in (None, given.values.get(NAME)):
            self._keep(self._reference, str(grant.refresh_token))
        return grant

    def _with_latest(self, given: OrgLogin) -> OrgLogin:
        """The login with the refresh token of this moment."""
        if NAME not in given.values or self._reference is None:
            return given
        latest = self._latest
        if latest is None and self._reference.kind == "file":
            latest = self._read(self._reference)
        return given if latest is None else replace(given, values={**given.values, NAME: latest})

    def _read(self, reference: SecretReference) -> str:
        from sfdc_escalator.files.text.fault import Fault

        try:
            return reference.secret(self._here.environ, self._here.folder)
        except Fault as fault:
            raise Invalid(fault.message, [self._entry.problem(NAME, fault)]) from None

    def _keep(self, reference: SecretReference, fresh: str) -> None:
        """Stores the new token before the access token is used. A failure does not stop the run, whose login holds."""
        from sfdc_escalator.files.text.fault import Fault
        from sfdc_escalator.files.values.secret_file import store

        path, about = reference.path(self._here.environ, self._here.folder), f"org {self._entry.name}: {ROTATED}"
        self._latest = fresh
        if path is None:
            name = f"env:{reference.where}" if reference.kind == "env" else "a command (cmd:)"
            step = NEXT.format("keep the token in a file and name it with `refresh_token: file:PATH`")
            log.warning("%s; %s cannot be written, so the next run will be refused. %s", about, name, step)
            return
        try:
            store(path, fresh)
            self._latest = None
        except Fault as fault:
            step = NEXT.format(f"store the token in {path} and let this user write it")
            log.error("%s; %s, so the next run will be refused. %s", about, fault.message, step)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other run uses the token: one that is used twice is revoked."""
        from sfdc_escalator.files.text.fault import Fault
        from sfdc_escalator.files.values.secret_file import alone_with

        path = self._reference.path(self._here.environ, self._here.folder) if self._reference else None
        if path is None:
            yield
            return
        try:
            with alone_with(path, self._here.wait):
                yield
        except Fault as fault:
            raise LoginRefused(str(fault)) from None
