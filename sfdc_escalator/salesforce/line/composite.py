"""The composite request, which reads several resources in one call: its limits, its body and its answer."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.salesforce.line.failures import not_an_org, of_answer, wait_asked

SUBREQUESTS = 25  # in one composite (REST guide, Composite)
QUERIES = 5  # query and collection subrequests in one composite (REST guide, Composite)


def composites(paths: Sequence[str]) -> list[list[str]]:
    """The paths in order, in groups that one composite may contain."""
    calls: list[list[str]] = []
    queries = 0
    for path in paths:
        is_query = path.startswith("query")
        if not calls or len(calls[-1]) == SUBREQUESTS or (is_query and queries == QUERIES):
            calls.append([])
            queries = 0
        calls[-1].append(path)
        queries += is_query
    return calls


def query_path(soql: str, resource: str = "query") -> str:
    return f"{resource}?q=" + quote(soql, safe="")


def composite(base: str, paths: Sequence[str]) -> Mapping[str, Any]:
    """The body of a composite that reads these paths below `base`."""
    parts = [
        {"method": "GET", "url": f"{base}/{path}", "referenceId": reference(place)} for place, path in enumerate(paths)
    ]
    return {"allOrNone": False, "collateSubrequests": False, "compositeRequest": parts}


def bodies(body: Any, count: int) -> list[Any | OrgUnavailable]:
    """The bodies in the answer to a composite of `count` parts, with an error in place of a refused one."""
    answers = an_object(body).get("compositeResponse")
    expected = [reference(place) for place in range(count)]
    if not isinstance(answers, list) or expected != [
        isinstance(answer, dict) and answer.get("referenceId") for answer in answers
    ]:
        raise not_an_org("a composite answer with missing parts")
    return [body_or_error(answer) for answer in answers]


def reference(place: int) -> str:
    return f"r{place}"


def body_or_error(answer: Mapping[str, Any]) -> Any | OrgUnavailable:
    status = answer.get("httpStatusCode")
    if type(status) is not int or not 100 <= status <= 599:
        return not_an_org("a composite answer without a status")
    if 200 <= status < 300:
        return answer.get("body")
    headers = answer.get("httpHeaders")
    return of_answer(status, answer.get("body"), wait_asked(headers if isinstance(headers, dict) else {}))


def an_object(body: Any) -> Mapping[str, Any]:
    """The body, which must be a JSON object."""
    if not isinstance(body, dict):
        raise not_an_org("an answer that is not an object")
    return body
