"""An org that gives the answers of a test: exact HTTP, without a server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import responses

from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.salesforce.org import SalesforceOrg
from tests.builders import ME

ORG = long_id("00D000000000001")
URL = "https://acme.my.salesforce.com"
DATA = f"{URL}/services/data/v67.0"
DATE = "Mon, 02 Mar 2026 15:00:00 GMT"
IDENTITY = f"https://login.salesforce.com/id/{ORG}/{ME}"
TOKEN = "00D000000000001!top.secret.token"


class Stage:
    """The org under test and the answers that it gets; `slept` are the waits before attempts."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock, self.slept = mock, list[float]()
        self.org = SalesforceOrg(URL, TOKEN, budget=60, sleep=self.slept.append)

    def answers(
        self, method: str, path: str, body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        sent = body if isinstance(body, (str, bytes, Exception)) else json.dumps(body)
        self.mock.add(method, f"{DATA}/{path}", body=sent, status=status, headers={"Date": DATE, **(headers or {})})

    def identified(self) -> "Stage":
        self.answers("GET", "", {"identity": IDENTITY, "query": "/services/data/v67.0/query"})
        self.org.identify()
        return self

    def composite(self, *bodies: Any, headers: Mapping[str, str] | None = None) -> None:
        """Answers a composite read with these parts; (status, body) for a part that is not a success."""
        self.answers("POST", "composite", read_answer(bodies), headers=headers)

    def sent(self, number: int = -1) -> Any:
        """The JSON body of a request."""
        return json.loads(self.mock.calls[number].request.body or b"null")

    def urls(self, number: int = -1) -> list[str]:
        """The URLs of the parts of a composite."""
        return [part["url"] for part in self.sent(number)["compositeRequest"]]


def read_answer(bodies: Sequence[Any]) -> dict[str, Any]:
    parts = [body if isinstance(body, tuple) else (200, body) for body in bodies]
    return {
        "compositeResponse": [
            {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"r{place}"}
            for place, (status, body) in enumerate(parts)
        ]
    }


def page(*records: Mapping[str, Any], more: str | None = None, total: int | None = None) -> dict[str, Any]:
    """One page of a query; `total` is the number of records of all pages, by default of this one."""
    count = len(records) if total is None else total
    found: dict[str, Any] = {"totalSize": count, "done": more is None, "records": list(records)}
    return found | ({"nextRecordsUrl": more} if more else {})


def error(code: str, message: str = "no") -> list[dict[str, str]]:
    return [{"errorCode": code, "message": message}]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        made = Stage(mock)
        yield made
        made.org.close()
