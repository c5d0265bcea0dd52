"""Bad input gets one clear message and the documented exit code; nothing is written and no traceback reaches a user."""

import http.server
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback import serving
from tests.stories.world import Answer, World, writes

GOOD = """
policy: support
teams: {leads: {queue: Leads}}
routes:
  - {name: old, reason: It is old., when: [{age: CreatedDate, at_least: 2d}], escalate: {queue: leads}}
"""


@pytest.fixture
def ready(world: World) -> World:
    """An org with one case that matches, and a policy: only what the test breaks is broken."""
    world.policy(GOOD)
    world.org(
        Case=[{"CaseNumber": "00000001", "CreatedDate": "2026-02-01T00:00:00Z", "OwnerId": "Intake"}],
        Group=[
            {"Type": "Queue", "DeveloperName": "Intake", "Name": "Intake"},
            {"Type": "Queue", "DeveloperName": "Leads", "Name": "Leads"},
        ],
    )
    return world


def refused(answer: Answer, code: int, *words: str) -> None:
    """One JSON object with the exit code and the words; stderr without a traceback."""
    assert answer.code == code, (answer.out, answer.err)
    said = answer.json
    assert said["exit"] == code
    reported = json.dumps(said["error"], ensure_ascii=False)
    assert all(word in reported for word in words), reported
    assert "Traceback" not in answer.out + answer.err


def nothing_written(world: World) -> None:
    assert all(not writes(org) for org in world.orgs)
    assert not list(world.folder.glob("state/**/*.db"))


POLICIES = {
    "empty": (b"", "empty"),
    "binary": (bytes(range(256)) * 40, "binary"),
    "in UTF-16": (GOOD.encode("utf-16"), "UTF-8"),
    "in Latin-1": (GOOD.replace("It is old.", "Es ist \u00fcberf\u00e4llig.").encode("latin-1"), "UTF-8"),
    "of 5 MB": (b"# " + b"x" * 5_000_000, "4,000,000 bytes at most"),
    "nothing but a list": (b"- a\n- b\n", "mapping"),
    "not YAML": (b"policy: [unclosed\n", "line"),
}


@pytest.mark.parametrize("what", POLICIES)
def test_a_policy_that_is(what: str, ready: World) -> None:
    content, word = POLICIES[what]
    path = ready.policy("")
    path.write_bytes(content)
    answer = ready.run()
    refused(answer, 2, "policy.yaml", word)
    nothing_written(ready)
    validated = ready.type("validate", str(path))
    assert validated.code == 2
    assert "policy.yaml" in validated.out


def test_a_policy_that_is_missing_is_named_with_the_nearest_file(ready: World) -> None:
    refused(ready.run("--policy", str(ready.folder / "polcy.yaml")), 2, "polcy.yaml", "policy.yaml")


def test_a_policy_that_is_a_folder(ready: World) -> None:
    refused(ready.run("--policy", str(ready.folder)), 2, str(ready.folder))


def test_without_any_policy_the_message_says_where_one_is_looked_for(ready: World) -> None:
    del ready.environ["SFDC_ESCALATOR_POLICY"]
    refused(ready.run(), 2, "config/policies")


def test_all_problems_of_a_policy_come_at_once_each_with_its_place(ready: World) -> None:
    path = ready.policy(
        GOOD.replace("queue: leads", "queue: leeds").replace("2d", "2 days").replace("reason", "reeson")
    )
    answer = ready.run()
    refused(answer, 2)
    problems = answer.json["error"]["problems"]
    assert {(problem["file"], problem["line"]) for problem in problems} == {(str(path), 5)}
    assert {problem["nearest"] for problem in problems} >= {"leads", "reason"}
    assert len({problem["column"] for problem in problems}) >= 3


ARGUMENTS = [
    (["--limit", "0"], "--limit"),
    (["--limit", "many"], "--limit"),
    (["--backlog", "ignore"], "escalate"),
    (["--dryrun"], "--dry-run"),
    (["--now", "2026-03-02T15:00:00Z"], "--dry-run"),
    (["--dry-run", "--now", "yesterday"], "2026-03-02T15:00:00Z"),
    (["--dry-run", "--now", "2026-03-02T15:00:00"], "time zone"),
    (["--dry-run", "--now", "2026-03-02"], "write for example 2026-03-02T00:00:00Z"),
    (["--dry-run", "--now", "0001-01-01T00:00:00+14:00"], "outside the range of times"),
    (["--route", "olt"], "old"),
    (["--case", "99999999"], "99999999"),
    (["--case", "'; DROP"], "--case"),
    (["--org", "production"], "env"),
    (["surplus"], "surplus"),
    (["--org", ""], "--org has an empty value"),
    (["--ledger="], "--ledger has an empty value"),
    (["--policy", ""], "--policy has an empty value"),
    (["--route", ""], "--route has an empty value"),
    (["--metrics", ""], "--metrics has an empty value"),
]


@pytest.mark.parametrize(("words", "reported"), ARGUMENTS, ids=[" ".join(words) for words, _ in ARGUMENTS])
def test_arguments(words: list[str], reported: str, ready: World) -> None:
    refused(ready.run(*words), 2, reported)
    assert all(not writes(org) for org in ready.orgs)


def test_an_empty_path_is_not_the_folder_one_is_in(ready: World) -> None:
    before = sorted(ready.folder.rglob("*"))
    for words in (["init", "", "--procedure", "member-support"], ["validate", ""], ["ledger", "backup", ""]):
        answer = ready.type(*words)
        assert (answer.code, "the path is empty" in answer.err) == (2, True), answer
    assert sorted(ready.folder.rglob("*")) == before


def test_an_unknown_command_is_reported_with_the_nearest_one(ready: World) -> None:
    answer = ready.type("audti", "list")
    assert answer.code == 2
    assert "audit" in answer.err


def test_an_unset_or_misspelt_variable_is_named(ready: World) -> None:
    del ready.environ["SFDC_ACCESS_TOKEN"]
    ready.environ["SFDC_ACESS_TOKEN"] = "00D000000000001!secretsecretsecret"
    answer = ready.run()
    refused(answer, 2, "SFDC_ACCESS_TOKEN", "SFDC_ACESS_TOKEN")
    assert "secretsecret" not in answer.out + answer.err


def test_plain_http_to_another_host_is_unsafe(ready: World) -> None:
    ready.environ["SFDC_INSTANCE_URL"] = "http://example.my.salesforce.com"
    refused(ready.run(), 5, "https")


def test_a_wrong_token_is_reported_and_never_shown(ready: World) -> None:
    ready.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!wrongwrongwrongwrong"
    answer = ready.run()
    refused(answer, 5, "access token")
    assert "wrongwrong" not in answer.out + answer.err
    nothing_written(ready)


@pytest.mark.parametrize(
    "words",
    [["run", "--dry-run", "--json"], ["explain", "1", "--json"], ["validate", "--org", "env", "--format", "json"]],
)
def test_an_org_that_must_be_asked_twice_leaves_one_json_object_on_stdout(words: list[str], world: World) -> None:
    """What was tried again is told on stderr."""
    world.policy(GOOD)
    world.org(Case=[{"CaseNumber": "1"}], faults=[{"kind": "503", "match": {"path": "/services/data"}, "times": 1}])
    answer = world.type(*words)
    assert answer.json
    assert [json.loads(line)["event"] for line in answer.err.splitlines()] == ["salesforce.retry"]


@pytest.mark.parametrize(
    ("command", "variable"), [("run", "SFDC_ESCALATOR_JSON"), ("validate", "SFDC_ESCALATOR_FORMAT")]
)
def test_a_failure_is_json_when_the_environment_asks_for_it(command: str, variable: str, ready: World) -> None:
    ready.environ[variable] = "true" if command == "run" else "json"
    answer = ready.type(command, "--org", "nowhere")
    refused(answer, 2, "nowhere")
    assert answer.err == ""


def test_an_org_that_does_not_listen(ready: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ready.environ["SFDC_INSTANCE_URL"] = f"http://127.0.0.1:{port}"
    refused(ready.run(), 5, str(port))


@pytest.fixture(params=["html", "json", "nothing"])
def other_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A web server that is not an org."""
    body = {"html": b"<html>Welcome</html>", "json": b'{"hello": "world"}', "nothing": b""}[request.param]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_server_that_is_not_an_org_is_reported(ready: World, other_server: str) -> None:
    ready.environ["SFDC_INSTANCE_URL"] = other_server
    refused(ready.run(), 5, "Salesforce")


def ledgers(folder: Path) -> dict[str, str]:
    text = folder / "notes.txt"
    text.write_text("not a ledger\n" * 100)
    return {
        "a text file": str(text),
        "a folder": str(folder),
        "below a file": str(text / "ledger.db"),
        "PostgreSQL": "postgresql://ann:hunter2hunter2@127.0.0.1/ledger",
        "another scheme": "mysql://127.0.0.1/ledger",
        "empty": "",
    }


@pytest.mark.parametrize("what", ["a text file", "a folder", "below a file", "PostgreSQL", "another scheme"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["live", "dry"])
def test_a_ledger_that_is(what: str, more: list[str], ready: World) -> None:
    answer = ready.run("--ledger", ledgers(ready.folder)[what], "--backlog", "escalate", *more)
    if what == "below a file" and more and answer.code == 0:
        pytest.fail("a ledger that can never exist is not an empty history")
    refused(answer, 2)
    assert "hunter2" not in answer.out + answer.err
    assert all(not writes(org) for org in ready.orgs)


DATA = {
    "no such folder": None,
    "no Case.csv": {"Group.csv": b"Name\nx\n"},
    "an empty file": {"Case.csv": b""},
    "binary": {"Case.csv": bytes(range(256))},
    "Latin-1": {"Case.csv": "CaseNumber,Subject\n1,\u00fc\n".encode("latin-1")},
    "an unknown field": {"Case.csv": b"CaseNumber,Subjet\n1,x\n"},
    "an unknown type": {"Case.csv": b"CaseNumber,Risk__c:nmber\n1,2\n"},
    "a ragged row": {"Case.csv": b"CaseNumber,Subject\n1,x,y\n"},
    "a time without a zone": {"Case.csv": b"CaseNumber,CreatedDate\n1,2026-01-01T00:00:00\n"},
    "an unknown owner": {"Case.csv": b"CaseNumber,OwnerId\n1,Nobody\n"},
    "a duplicate number": {"Case.csv": b"CaseNumber\n1\n1\n"},
}


@pytest.mark.parametrize("what", DATA)
def test_a_data_folder_with(what: str, world: World) -> None:
    files, folder = DATA[what], world.folder / "data"
    if files is not None:
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    answer = world.type("org", "serve", "--data", str(folder))
    assert answer.code == 2, answer.out
    assert "data" in answer.err
    assert "Traceback" not in answer.err


def test_a_faults_file_that_is_wrong_is_reported_with_the_nearest_word(world: World) -> None:
    faults = world.folder / "faults.json"
    faults.write_text('[{"kind": "loose", "match": {"nth": 1}}]')
    answer = world.type("org", "serve", "--faults", str(faults))
    assert answer.code == 2
    assert "lose" in answer.err


def test_a_setting_of_the_environment_is_checked_like_an_argument(ready: World) -> None:
    ready.environ["SFDC_ESCALATOR_LIMIT"] = "none"
    refused(ready.run(), 2, "--limit")


def test_the_policy_in_use_is_valid(ready: World) -> None:
    """The other tests of this file break one thing each; unbroken, the run goes through."""
    assert ready.run("--backlog", "escalate").code == 0


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("fleet stauts", "No such command 'stauts'. Did you mean 'status'?"),
        ("ledger zzz", "No such command 'zzz'. The commands are backup, "),
        ("runn", "No such command 'runn'. Did you mean 'run'?"),
    ],
)
def test_the_nearest_command_is_named_also_in_a_group(world: World, typed: str, message: str) -> None:
    answer = world.type(*typed.split())
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


@pytest.mark.parametrize("typed", [[], ["fleet"]])
def test_without_a_command_the_help_is_shown_as_it_is(world: World, typed: list[str]) -> None:
    answer = world.type(*typed)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == world.type(*typed, "--help").out
