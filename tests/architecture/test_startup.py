"""What a command imports before it knows that it is needed."""

import subprocess
import sys

HEAVY = {
    "simple_salesforce", "requests", "urllib3", "pydantic", "sqlalchemy", "jinja2", "rich", "lark", "yaml", "structlog",
    "tenacity", "alembic", "psycopg",
}  # fmt: skip


def imported_by(*arguments: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "sfdc_escalator", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}


def test_help_imports_no_heavy_library() -> None:
    names = imported_by("--help")
    assert "sfdc_escalator" in names
    assert "click" in names
    assert sorted(names & HEAVY) == []


def test_version_imports_no_heavy_library() -> None:
    assert sorted(imported_by("--version") & HEAVY) == []
