"""What a command imports before it knows that it is needed."""

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.stories.world import World

HEAVY = {
    "simple_salesforce", "requests", "urllib3", "pydantic", "sqlalchemy", "jinja2", "rich", "lark", "yaml", "structlog",
    "tenacity", "alembic", "psycopg", "slack_sdk", "apprise",
    "vl_convert", "duckdb", "procrastinate",
}  # fmt: skip
UNUSED = {
    "alembic", "structlog", "rich", "lark", "psycopg", "holidays", "zeep", "lxml", "jwt", "cryptography",
    "pydantic", "yaml", "jinja2",
}  # fmt: skip
"""Libraries that a run with nothing to do does not need."""


def imported_by(*arguments: str, environ: Mapping[str, str] = os.environ) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "sfdc_escalator", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=dict(environ))
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


def test_help_imports_no_heavy_library() -> None:
    names = imported_by("--help")
    assert "sfdc_escalator" in names
    assert "click" in names
    assert sorted(names & HEAVY) == []


def test_version_imports_no_heavy_library() -> None:
    assert sorted(imported_by("--version") & HEAVY) == []


def test_a_run_with_nothing_to_do_loads_nothing_that_it_does_not_use(world: World) -> None:
    """No migrations where the schema is current, no lines of a log where there are none, no tables, no grammar; no
    policy file is read again."""
    world.policy("policy: p\nroutes: [{name: r, reason: R., when: [{field: Type, is: A}], escalate: {status: B}}]")
    world.org(Case=[{"CaseNumber": "1"}])
    assert world.run().code == 0  # the ledger is made, and the policy kept
    names = imported_by("run", "--json", environ=world.environ)
    assert {"simple_salesforce", "sqlalchemy"} <= names
    assert sorted(names & UNUSED) == []
