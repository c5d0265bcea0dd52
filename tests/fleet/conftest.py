from collections.abc import Iterator

import psycopg
import pytest

from sfdc_escalator.fleet import tables
from tests.ledger.server import a_database


@pytest.fixture(scope="session")
def fleet_database(postgresql_server: str) -> Iterator[str]:
    """A database that holds a fleet."""
    with a_database(postgresql_server) as url:
        tables.init(url, "here")
        yield url


@pytest.fixture
def url(fleet_database: str) -> str:
    """The same, with an empty fleet."""
    with psycopg.connect(fleet_database, options=f"-csearch_path={tables.SCHEMA}") as line:
        line.execute(
            "TRUNCATE fleet_orgs, fleet_policies, fleet_workers, procrastinate_jobs, procrastinate_workers CASCADE"
        )
        line.execute("UPDATE fleet_rollout SET state = '{}'")
    return fleet_database
