"""The engines by the scheme of a ledger's URL. A new engine is a module here and a line in `ENGINES`."""

from importlib import import_module

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.ledger.engines.database import Database

PATH = "path"
ENGINES = {
    PATH: "sqlite_file",
    "sqlite": "sqlite_file",
    "postgresql": "postgresql",
    "postgres": "postgresql",
}
"""The module for each scheme; its `database_at` makes the Database. An address without a scheme is a path."""


def database_of(where: str) -> Database:
    """The database that a path or a URL names. Raises Invalid."""
    scheme, is_url, _ = where.partition("://")
    kind = scheme.partition("+")[0] if is_url else PATH
    if kind not in ENGINES:
        known = ", ".join(f"{name}://..." for name in ENGINES if name != PATH)
        problem = Problem("a ledger", found=f"{kind}://...", expected=f"a path, or one of {known}")
        raise Invalid("the ledger's address is not understood", [problem])
    module = import_module(f"{__package__}.{ENGINES[kind]}")  # an engine may need a driver that is not installed
    database: Database = module.database_at(where)
    return database
