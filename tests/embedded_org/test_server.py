"""The org as a server: sessions, versions, pages, limits, clock, log, and the data kept by a restart."""

from __future__ import annotations

import gzip
import json
import os
import socket
import sqlite3
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg, InvalidData
from sfdc_escalator.embedded_org.http.request_log import RequestLog
from sfdc_escalator.embedded_org.rest.resources import versions
from tests.embedded_org.client import BASE, FILES, NOW, Client, sub, write_folder


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    cases = "Subject\n" + "".join(f"s{i:04d}\n" for i in range(4_500))
    comments = "ParentId,CommentBody\n" + "".join(f"0000{1001 + i // 3},c{i}\n" for i in range(4_500))
    folder = write_folder(tmp_path_factory.mktemp("large"), {"Case": cases, "CaseComment": comments})
    with EmbeddedOrg(data=folder, now=NOW) as org, Client(org) as client:
        yield client


def test_the_ready_line_has_the_address_and_token_of_the_org(reading: Client) -> None:
    ready = reading.org.ready()
    assert list(ready) == ["instance_url", "access_token", "api_version", "organization_id"]
    assert ready["instance_url"].startswith("http://127.0.0.1:")
    assert ready["access_token"].startswith(ready["organization_id"][:15] + "!")
    assert json.dumps(ready)


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic x"])
def test_without_the_token_nothing_is_answered(reading: Client, token: str) -> None:
    answer = reading.call("GET", "/limits", headers={"Authorization": token})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert "Sforce-Limit-Info" not in answer.headers


def test_versions_are_listed_and_not_counted(org: Client) -> None:
    listed = org.call("GET", "/services/data/", headers={"Authorization": ""})
    assert listed.json() == versions()
    assert listed.json()[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert listed.json()[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert "Sforce-Limit-Info" not in listed.headers
    for used in (1, 2):
        answer = org.call("GET", "/limits/")
        assert answer.headers["Sforce-Limit-Info"] == f"api-usage={used}/15000"
        assert answer.json()["DailyApiRequests"] == {"Max": 15000, "Remaining": 15000 - used}


@pytest.mark.parametrize(
    ("version", "status"), [("31.0", 200), ("30.0", 410), ("68.0", 404), ("20.0", 404), ("iAmBad", 404)]
)
def test_only_known_versions_of_the_interface_are_served(reading: Client, version: str, status: int) -> None:
    assert reading.call("GET", f"/services/data/v{version}/limits").status_code == status


def test_the_identity_of_the_token_is_answered(reading: Client) -> None:
    url = reading.call("GET", BASE).json()["identity"]
    assert url.startswith(f"{reading.org.instance_url}/id/{reading.org.organization_id}/005")
    known = reading.call("GET", url.removeprefix(reading.org.instance_url)).json()
    assert (known["id"], known["organization_id"]) == (url, reading.org.organization_id)


def test_pages_follow_each_other_to_the_end(large: Client) -> None:
    page = large.query("SELECT Id FROM Case")
    seen = [each["Id"] for each in page["records"]]
    assert (page["totalSize"], page["done"], len(seen)) == (4_500, False, 2_000)
    sizes = []
    while not page["done"]:
        page = large.call("GET", page["nextRecordsUrl"] + "?q=repeated").json()
        sizes.append(len(page["records"]))
        seen += [each["Id"] for each in page["records"]]
    assert sizes == [2_000, 500]
    assert "nextRecordsUrl" not in page
    assert len(set(seen)) == 4_500


def test_pages_are_from_the_time_of_the_query(large: Client) -> None:
    page = large.query("SELECT Id FROM Case WHERE Status = 'New' ORDER BY Subject")
    last = large.id("SELECT Id FROM Case WHERE Subject = 's4499'")
    large.call("PATCH", f"/sobjects/Case/{last}", json={"Status": "Working"})
    while not page["done"]:
        page = large.call("GET", page["nextRecordsUrl"]).json()
    assert page["records"][-1]["Id"] == last


def test_requested_page_sizes_are_kept_within_limits(large: Client) -> None:
    for asked, got in ((200, 200), (300, 300), (1, 200), (9_999, 2_000)):
        page = large.query("SELECT Id FROM Case", headers={"Sforce-Query-Options": f"batchSize={asked}"})
        assert len(page["records"]) == got


def test_wide_queries_and_children_have_shorter_pages(large: Client) -> None:
    wide = large.query("SELECT FIELDS(STANDARD) FROM Case")
    assert len(wide["records"]) == 1_000
    page = large.query("SELECT Id, (SELECT Id FROM CaseComments) FROM Case ORDER BY CaseNumber")
    assert (page["totalSize"], len(page["records"])) == (4_500, 500)
    assert large.call("GET", page["nextRecordsUrl"]).json()["records"][0]["CaseComments"]["totalSize"] == 3


def test_the_eleventh_open_query_of_a_user_ends_the_oldest(large: Client) -> None:
    pages = [large.query("SELECT Id FROM Case", headers={"Sforce-Query-Options": "batchSize=200"}) for _ in range(11)]
    answers = [large.call("GET", page["nextRecordsUrl"]) for page in pages]
    assert [answer.status_code for answer in answers] == [400, *[200] * 10]
    assert answers[0].json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize("locator", ["01gNOTHING-2000", "nonsense", "01gNOTHING-x", "known", "known-" + "9" * 5_000])
def test_an_unknown_locator_is_refused(large: Client, locator: str) -> None:
    known = large.query("SELECT Id FROM Case")["nextRecordsUrl"].rpartition("/")[2].partition("-")[0]
    answer = large.call("GET", f"/query/{locator.replace('known', known)}")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_a_thousand_ids_fit_a_composite_but_not_an_address(large: Client) -> None:
    ids = "','".join(large.ids("SELECT Id FROM Case LIMIT 1000"))
    soql = f"SELECT Id FROM Case WHERE Id IN ('{ids}')"
    assert large.call("GET", "/query", params={"q": soql}).status_code == 414
    assert large.composite(sub("GET", f"/query?q={soql}", "q"))[0]["body"]["totalSize"] == 1000
    assert large.call("GET", "/limits", headers={"X-Large": "x" * 16_384}).status_code == 431


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"", b"\xff", b'{"Name": "a", "Name": "b"}', b"[" * 99_999, b'{"Name": "\\ud800"}', b'{"Name": NaN}',
     b'{"Name": ' + b"9" * 5_000 + b"}"],
    ids=["open", "a list", "nothing", "not UTF-8", "a field twice", "too deep", "half a character", "no number",
         "a number of thousands of digits"],
)  # fmt: skip
def test_a_body_that_is_not_valid_json_is_refused(reading: Client, body: bytes) -> None:
    answer = reading.call("POST", "/sobjects/Account", data=body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_records_are_counted_by_object(reading: Client) -> None:
    counted = reading.call("GET", "/limits/recordCount?sObjects=case,Account,Nothing__c").json()
    assert counted == {"sObjects": [{"count": 2, "name": "Account"}, {"count": 4, "name": "Case"}]}
    everything = reading.call("GET", "/limits/recordCount").json()["sObjects"]
    assert {"count": 3, "name": "CaseComment"} in everything
    assert len({each["name"] for each in everything}) == len(everything) > 20


def test_a_method_that_is_not_allowed_is_refused(reading: Client) -> None:
    answer = reading.call("DELETE", "/query", params={"q": "SELECT Id FROM Case"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("application/xml", 415), ("multipart/form-data; boundary=x", 415),
     ("application/json; charset=UTF-8", 201), ("Application/JSON", 201), ("application/x-www-form-urlencoded", 201)],
)  # fmt: skip
def test_a_body_of_another_kind_is_not_read(org: Client, kind: str, status: int) -> None:
    answer = org.call("POST", "/sobjects/Account", data=b'{"Name": "x"}', headers={"Content-Type": kind})
    assert answer.status_code == status
    assert status == 201 or answer.json()[0]["errorCode"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("depth", [100, 450, 600, 750, 900, 5_000])
def test_a_body_of_any_depth_is_answered(reading: Client, depth: int, capsys: pytest.CaptureFixture[str]) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    one = f'{{"method": "POST", "url": "{BASE}/sobjects/Account", "referenceId": "a", "body": {deep}}}'
    answer = reading.call("POST", "/composite", data=f'{{"compositeRequest": [{one}]}}')
    assert answer.status_code in (200, 400)
    assert capsys.readouterr().err == ""


def test_numbers_of_thousands_of_digits_are_answered(reading: Client) -> None:
    many = "9" * 5_000
    assert reading.call("GET", "/query?q=SELECT Id FROM Case", headers={"Sforce-Query-Options": f"batchSize={many}"}).ok
    assert reading.call("GET", f"/services/data/v{many}.0/limits").status_code == 404
    query, row = sub("GET", "/query?q=SELECT Id FROM Case", "q"), f"/sobjects/Case/@{{q.records[{many}].Id}}"
    assert "Invalid reference" in reading.composite(query, sub("GET", row, "g"))[1]["body"][0]["message"]
    head = f"POST {BASE}/sobjects/Case HTTP/1.1\r\nHost: x\r\nContent-Length: {many}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(reading.org.instance_url.rsplit(":", 1)[1])), timeout=10) as to:
        to.sendall(head.encode())
        assert to.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"


@pytest.mark.parametrize("path", [f"{BASE}//limits", "/services/data//v67.0/limits", f"{BASE}/sobjects//Case", "/"])
def test_a_path_with_an_empty_part_is_not_found(reading: Client, path: str) -> None:
    answer = reading.session.get(reading.org.instance_url + path)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("size", [b"-5", b"0x1", b"+1", b"", b"z", b"1" * 17])
def test_a_chunk_size_that_is_not_a_number_is_answered(reading: Client, size: bytes) -> None:
    head = f"POST {BASE}/sobjects/Case HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", int(reading.org.instance_url.rsplit(":", 1)[1])), timeout=10) as to:
        to.sendall(head + size + b"\r\nabc\r\n")
        assert to.makefile("rb").readline() == b"HTTP/1.1 400 Bad Request\r\n"


def test_compressed_and_chunked_bodies_are_read_and_large_answers_compressed(org: Client) -> None:
    packed = gzip.compress(json.dumps({"Name": "Packed"}).encode())
    assert org.call("POST", "/sobjects/Account", data=packed, headers={"Content-Encoding": "gzip"}).status_code == 201
    assert org.call("POST", "/sobjects/Account", data=iter([b'{"Name":', b' "Chunked"}'])).status_code == 201
    assert org.call("POST", "/sobjects/Account", data=b"x", headers={"Content-Encoding": "gzip"}).status_code == 400
    assert org.call("GET", "/sobjects/Case/describe").headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in org.call("GET", "/limits").headers


def test_the_date_header_is_the_orgs_clock_which_moves_forward_only(org: Client) -> None:
    before = parsedate_to_datetime(org.call("GET", "/limits").headers["Date"])
    assert timedelta(0) <= before - NOW < timedelta(minutes=1)
    moved = org.call("POST", "/__embedded__/clock", json={"advance": "16m"}, headers={"Authorization": ""}).json()
    assert moved["now"].startswith("2026-03-01T10:16:")
    org.call("POST", "/__embedded__/clock", json={"now": "2026-03-02T00:00:00+01:00"})
    assert parsedate_to_datetime(org.call("GET", "/limits").headers["Date"]).hour == 23
    made = org.call("POST", "/sobjects/Account", json={"Name": "Later"}).json()["id"]
    assert org.call("GET", f"/sobjects/Account/{made}").json()["CreatedDate"].startswith("2026-03-01T23:00:")
    bodies: tuple[object, ...] = (
        {"now": "2026-03-01T10:00:00Z"},
        {"advance": "-1m"},
        {"advance": "99999999999999w"},
        {"advance": "120000w"},
        {"now": "9999-12-31T23:59:59-14:00"},
        {"now": "2026-03-05T10:00:00"},
        {"add": "1m"},
        [],
    )
    for body in bodies:
        answer = org.call("POST", "/__embedded__/clock", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_the_log_has_each_request_and_its_writes_but_never_the_token(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    folder = write_folder(tmp_path / "data")
    with EmbeddedOrg(data=folder, now=NOW, log=log) as org, Client(org) as client:
        case = client.case("00001001")
        client.call(
            "PATCH", f"/sobjects/Case/{case[:15]}", json={"Status": "Escalated"}, headers={"X-Mine": org.access_token}
        )
        client.call("PATCH", f"/sobjects/Case/{case}", json={"IsClosed": True})
        client.call("POST", "/sobjects/Case", data=b"nonsense")
        client.call("GET", "/__embedded__/clock")
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        assert client.call("GET", "/__embedded__/requests").json() == lines == org.requests()
    assert list(lines[1]) == ["n", "at", "method", "path", "headers", "body", "status", "written"]
    assert [each["n"] for each in lines] == [1, 2, 3, 4]
    assert [each["status"] for each in lines] == [200, 204, 400, 400]
    assert lines[0]["path"].startswith(f"{BASE}/query?q=SELECT")
    assert lines[1]["at"].startswith("2026-03-01T10:00:0")
    assert lines[1]["written"] == [{"object": "Case", "id": case, "op": "update", "fields": {"Status": "Escalated"}}]
    assert (lines[2]["body"], lines[2]["written"]) == ({"IsClosed": True}, [])
    assert lines[3]["body"] is None
    assert org.access_token not in log.read_text("utf-8")


def test_the_log_can_be_read_from_an_entry_on(org: Client) -> None:
    for _ in range(3):
        org.call("GET", "/limits")
    assert [each["n"] for each in org.call("GET", "/__embedded__/requests?after=1").json()] == [2, 3]
    assert [each["n"] for each in org.org.requests(after=2)] == [3]
    assert org.call("GET", "/__embedded__/requests?after=x").status_code == 400


def test_the_log_of_many_requests_stays_small(tmp_path: Path) -> None:
    """100,000 entries take about 1 KB each: here a tenth of them, measured."""
    headers = {"Host": "127.0.0.1", "Accept": "*/*", "Content-Type": "application/json"}
    log = RequestLog(None, "secret")
    tracemalloc.start()
    for number in range(10_000):
        log.add(NOW, "POST", f"{BASE}/composite", headers, {"records": ["x" * 500, number]}, 200, [])
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 15_000_000
    assert log.entries(after=9_999)[0]["body"]["records"][1] == 9_999


def test_a_closed_org_leaves_nothing_behind() -> None:
    before, threads = len(os.listdir("/dev/fd")), threading.active_count()
    for _ in range(10):
        with EmbeddedOrg() as org, Client(org) as client:
            client.call("GET", "/limits")
    assert len(os.listdir("/dev/fd")) <= before
    assert threading.active_count() <= threads


def test_writes_are_logged_in_the_order_they_were_written(org: Client) -> None:
    case = org.case("00001001")
    org.composite(
        sub("POST", "/sobjects/CaseComment", "n", {"ParentId": case, "CommentBody": "x"}),
        sub("PATCH", f"/sobjects/Case/{case}", "o", {"OwnerId": org.queue("second_line")}),
        sub("DELETE", f"/sobjects/Case/{org.case('00001002')}", "d"),
        collateSubrequests=False,
    )
    assert [(each["object"], each["op"]) for each in org.org.requests()[-1]["written"]] == [
        ("CaseComment", "insert"),
        ("Case", "update"),
        ("Case", "delete"),
    ]


def test_delays_run_in_parallel(tmp_path: Path) -> None:
    """Four requests of 0.2 s each, at once, take far less than 0.8 s."""
    folder = write_folder(tmp_path)
    with EmbeddedOrg(data=folder, now=NOW, latency=0.1, per_record=0.1) as org:
        barrier, times = threading.Barrier(5), []

        def post() -> None:
            with Client(org) as client:
                barrier.wait()
                answer = client.call("POST", "/sobjects/Account", json={"Name": "x"})
                times.append(answer.elapsed.total_seconds())

        threads = [threading.Thread(target=post) for _ in range(4)]
        for each in threads:
            each.start()
        barrier.wait()
        for each in threads:
            each.join()
    assert len(times) == 4
    assert min(times) >= 0.2
    assert max(times) < 0.6


def test_a_database_file_keeps_the_org(tmp_path: Path) -> None:
    folder, db = write_folder(tmp_path / "data"), tmp_path / "org.db"
    with EmbeddedOrg(data=folder, db=db, now=NOW) as org, Client(org) as client:
        first = org.ready()
        case = client.case("00001001")
        client.call("PATCH", f"/sobjects/Case/{case}", json={"Status": "Escalated"})
        client.call("POST", "/__embedded__/clock", json={"advance": "2d"})
    with EmbeddedOrg(data=folder, db=db, now=NOW) as org, Client(org) as client:
        assert {**org.ready(), "instance_url": ""} == {**first, "instance_url": ""}
        (found,) = client.query(f"SELECT Status, Vip__c FROM Case WHERE Id = '{case}'")["records"]
        assert (found["Status"], found["Vip__c"]) == ("Escalated", True)
        assert client.query("SELECT COUNT() FROM RMA__c")["totalSize"] == 2
        made = client.call("POST", "/sobjects/Case", json={"Subject": "new"}).json()["id"]
        assert made not in (case, *client.ids("SELECT Id FROM Case WHERE Subject != 'new'"))
        assert client.call("GET", "/__embedded__/clock").json()["now"] >= "2026-03-03T10:00:00"


def test_a_failed_start_leaves_an_empty_database_that_can_be_filled_later(tmp_path: Path) -> None:
    db = tmp_path / "org.db"
    with pytest.raises(InvalidData):
        EmbeddedOrg(data=write_folder(tmp_path / "bad", {"Case": "Nonsense\nx\n"}), db=db)
    with EmbeddedOrg(data=write_folder(tmp_path / "good"), db=db, now=NOW) as org, Client(org) as client:
        assert client.query("SELECT COUNT() FROM Case")["totalSize"] == 4


def test_a_file_that_is_not_an_orgs_database_is_refused(tmp_path: Path) -> None:
    text, foreign = tmp_path / "text.db", tmp_path / "foreign.db"
    text.write_text("this is not a database at all, but long enough to be looked at" * 20)
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    for path in (text, foreign, tmp_path, tmp_path / "no" / "folder.db"):
        with pytest.raises(InvalidData) as caught:
            EmbeddedOrg(db=path)
        assert caught.value.problems[0].file == str(path)


def test_a_database_serves_one_org_at_a_time(tmp_path: Path) -> None:
    with EmbeddedOrg(db=tmp_path / "org.db"), pytest.raises(InvalidData, match="locked"):
        EmbeddedOrg(db=tmp_path / "org.db")


def test_a_port_or_log_that_cannot_be_used_is_reported(tmp_path: Path) -> None:
    with EmbeddedOrg() as org, pytest.raises(InvalidData, match="port"):
        EmbeddedOrg(port=int(org.instance_url.rpartition(":")[2]))
    with pytest.raises(InvalidData, match="cannot be written"):
        EmbeddedOrg(log=tmp_path)


def test_it_listens_on_loopback_only_and_can_be_closed_twice() -> None:
    org = EmbeddedOrg()
    port = int(org.instance_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)):
        org.close()
        org.close()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):  # noqa: PT011
        pass


def test_an_error_in_the_org_itself_is_an_answer(
    org: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("\x9b2J\u202e")

    monkeypatch.setattr("sfdc_escalator.embedded_org.rest.rows.create", fail)
    answer = org.call("POST", "/sobjects/Account", json={"Name": "x"})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (500, "UNKNOWN_EXCEPTION")
    shown = capfd.readouterr().err
    assert "ValueError" in shown
    assert all(line.isprintable() for line in shown.splitlines())
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == 2


def test_data_is_not_needed_for_a_filled_database(tmp_path: Path) -> None:
    """`data` fills only an empty database, so the folder may be missing later."""
    with EmbeddedOrg(data=write_folder(tmp_path / "data", FILES), db=tmp_path / "org.db", now=NOW):
        pass
    with EmbeddedOrg(data=tmp_path / "gone", db=tmp_path / "org.db") as org, Client(org) as client:
        assert client.query("SELECT COUNT() FROM Case")["totalSize"] == 4
