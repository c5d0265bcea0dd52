"""`notices`: a person looks at the messages of runs, sends undelivered ones again, drops them, and tries a channel."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels.mail_server import MailServer
from tests.channels.service import Answer, Service
from tests.stories.stopped_org import run
from tests.stories.test_main_job import case, start
from tests.stories.watched import cron, env_file
from tests.stories.world import Answer as Typed
from tests.stories.world import World, advance, select

POLICY = """
policy: support
channels: {desk: webhook, mail: email}
notices: {opens_with: ESCALATION}
teams: {leads: {queue: Leads, tell: [desk]}}
routes:
  - name: urgent
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call back.}, queue: leads, priority: High}
    notify: [{team: leads, urgent: true}]
    ladder:
      - {name: remind, after: 1h, notify: [leads], until: acknowledged}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
SECRET = "hooks/T0FAKE/B0FAKE/0123456789abcdef"
FAR = ("--expect-every", "100000h")
GONE, BUSY = Answer(410), Answer(503)


@pytest.fixture
def desk() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture
def support(stopped: World, desk: Service) -> World:
    """A sandbox with an entry of its own, whose channel `desk` leads to the service."""
    stopped.policy(POLICY)
    entry(stopped, f"channels: {{desk: {{url: '{desk.url}/{SECRET}'}}}}")
    stopped.secrets.add(SECRET)
    return stopped


def entry(world: World, text: str) -> None:
    (world.folder / "config").mkdir(exist_ok=True)
    (world.folder / "config" / "orgs.yaml").write_text(f"env: {{{text}}}\n")


def escalated(world: World, *subjects: str, code: int = 0) -> Any:
    """An org in which a run has escalated a case with each subject."""
    cases = [case(number, subject) for number, subject in enumerate(subjects or ("urgent: broken",), 1)]
    org = start(world, *cases)
    run(world, "--backlog", "escalate", code=code)
    return org


def notices(world: World, *words: str, code: int = 0) -> Any:
    answer = world.type("notices", *words, "--json")
    assert (answer.code, answer.json["exit"]) == (code, code), answer.out + answer.err
    return answer.json


def page(world: World, *words: str, code: int = 0) -> str:
    answer = world.type(*words)
    assert answer.code == code, answer.out + answer.err
    return answer.out


def the_notice(world: World) -> Any:
    (one,) = notices(world, "list")["notices"]
    return one


def refused(answer: Typed, *words: str) -> None:
    assert (answer.code, answer.out) == (2, ""), answer.out + answer.err
    assert all(word in answer.err for word in words), answer.err


def whole(world: World) -> None:
    assert world.type("audit", "verify").code == 0


# -- a run ---------------------------------------------------------------------------------------------------------


def test_a_dry_run_shows_each_notice_with_its_recipient_and_its_whole_text(support: World, desk: Service) -> None:
    org = start(support, case(1))
    text = page(support, "run", "--dry-run", "--backlog", "escalate")
    url = f"{org.instance_url}/lightning/r/Case/{select(org, 'SELECT Id FROM Case')[0]['Id']}/view"
    key = re.search(r"ESC-[A-Z0-9-]{14}", text)
    assert key
    assert (
        "\n".join(
            [
                "1 notice:",
                "(a sandbox: only addresses of the org's own entry are used, for persons `sandbox_to`, else the log)",
                "  start of support/urgent, case 00000001 to leads by desk, urgent",
                "    | [SANDBOX env] \N{POLICE CARS REVOLVING LIGHT} ESCALATION 00000001: urgent",
                "    | Needed: Call back.",
                "    | Reason: It is urgent.",
                "    | Found: Subject is urgent: broken (starts with urgent)",
                f"    | Case: {url}",
                f"    | {key[0]}",
            ]
        )
        in text
    )
    assert desk.calls == []
    run(support, "--backlog", "escalate")
    assert desk.call.json["text"] in text.replace("    | ", "")


def test_a_dry_run_says_when_nobody_can_be_reached(support: World) -> None:
    support.policy(POLICY.replace("{team: leads, urgent: true}", "{person: Owner.Manager}"))
    start(support, case(1))
    text = page(support, "run", "--dry-run", "--backlog", "escalate")
    assert "  ! start of support/urgent, case 00000001: nobody can be reached: Owner" in text


@pytest.mark.parametrize(
    ("answer", "code", "lines"),
    [
        (Answer(), 0, ["Notices: 1 sent"]),
        (BUSY, 0, ["Notices: 1 waiting"]),
        (
            GONE,
            3,
            [
                "Notices: 1 undelivered",
                "! 1 notice undelivered: see `sfdc-escalator notices list`; "
                "then `notices retry`, or `notices drop --why W`",
            ],
        ),
        (Answer(401), 0, ["Notices: 1 waiting", "! the channel desk is broken: HTTP 401"]),
    ],
)
def test_a_run_says_how_many_notices_are_sent_wait_or_are_undelivered(
    support: World, desk: Service, answer: Answer, code: int, lines: list[str]
) -> None:
    desk.answers(answer)
    start(support, case(1))
    text = page(support, "run", "--backlog", "escalate", code=code)
    assert (
        text.splitlines()[-2 - len(lines) :] == ["", *lines, "", "1 case read, 1 matched: 1 applied"][-2 - len(lines) :]
    )


def test_a_run_without_notices_says_nothing_of_them(support: World) -> None:
    start(support, case(1, "quiet"))
    assert "Notices:" not in page(support, "run")
    assert "1 notice" not in page(support, "run", "--dry-run")


def test_a_run_of_another_policy_leaves_a_notice_to_its_own(support: World, desk: Service) -> None:
    desk.answers(BUSY, Answer())
    org = escalated(support)
    advance(org, "5m")
    other = support.folder / "other.yaml"
    other.write_text(POLICY.replace("policy: support", "policy: other").replace("starts_with: urgent", "is: never"))
    assert run(support, "--policy", str(other))["notices"] == {"sent": 0, "waiting": 1, "undelivered": 0, "dropped": 0}
    assert run(support)["notices"]["sent"] == 1
    assert len(desk.calls) == 2


# -- list and show -------------------------------------------------------------------------------------------------


def test_the_list_begins_with_what_needs_a_person(support: World, desk: Service) -> None:
    desk.answers(Answer(), GONE, BUSY)
    escalated(support, "urgent: a", "urgent: b", "urgent: c", code=3)
    found = notices(support, "list")
    assert [(one["state"], one["case_number"]) for one in found["notices"]] == [
        ("undelivered", "00000002"),
        ("waiting", "00000003"),
        ("sent", "00000001"),
    ]
    assert (found["waiting"], found["undelivered"]) == (1, 1)
    assert [one["reason"] for one in found["notices"]] == ["HTTP 410", "HTTP 503", None]
    assert len(notices(support, "list", "--limit", "2")["notices"]) == 2
    lines = page(support, "notices", "list").splitlines()
    assert "1 waiting, 1 undelivered" in " ".join(" ".join(lines).split())
    shown = [" ".join(line.split()) for line in lines if "support/urgent" in line]
    ids = [one["id"][:8] for one in found["notices"]]
    assert [line.startswith(f"{one} ") for line, one in zip(shown, ids, strict=True)] == [True] * 3
    assert "leads by desk, urgent" in " ".join(" ".join(lines).split())


def test_a_ledger_without_notices_says_so(support: World) -> None:
    start(support, case(1, "quiet"))
    run(support)
    assert "has no notices." in page(support, "notices", "list")


def test_a_notice_is_shown_with_the_message_that_went_out_and_every_try(support: World, desk: Service) -> None:
    desk.answers(BUSY, Answer(504), Answer())
    org = escalated(support)
    one = the_notice(support)
    waiting = page(support, "notices", "show", one["id"][:6].upper())
    assert "the next run after 2026-03-02 15:01 UTC sends it\n" in waiting
    for _ in range(2):
        advance(org, "5m")
        run(support)
    shown = notices(support, "show", one["id"])
    assert shown["text"] == desk.calls[-1].json["text"]
    assert [(event["event"], event["reason"]) for event in shown["events"]] == [
        ("queued", None),
        ("tried", "HTTP 503"),
        ("tried", "HTTP 504"),
        ("sent", None),
    ]
    text = page(support, "notices", "show", one["id"])
    assert text.startswith(
        f"notice {one['id']}: sent, start of support/urgent, case 00000001\nto leads by desk, urgent\n"
    )
    assert "".join(f"    | {line}\n" for line in shown["text"].splitlines()) in text
    assert text.rstrip().endswith("sent")
    assert f"    | {shown['text'].splitlines()[-1]}\n" in page(support, "audit", "show", one["key"])
    assert '"lines"' not in page(support, "audit", "show", one["key"])
    whole(support)


def test_a_notice_of_a_bundle_is_shown_as_the_message_that_names_them_all(support: World, desk: Service) -> None:
    escalated(support, *(f"urgent: {letter}" for letter in "abcdef"))
    assert desk.call.json["kind"] == "bundle"
    one = notices(support, "list")["notices"][3]
    shown = notices(support, "show", one["id"])
    assert shown["text"] == desk.call.json["text"]
    assert len(shown["with"]) == 5
    assert "one message with 5 other notices: " in page(support, "notices", "show", one["id"])


def test_a_text_that_was_erased_is_shown_as_such(support: World) -> None:
    org = escalated(support)
    one = the_notice(support)
    forget(support, org)
    assert notices(support, "show", one["id"])["text"] is None
    assert "its text was erased\n" in page(support, "notices", "show", one["id"])


def forget(world: World, org: Any) -> None:
    """Erases the texts as a run does that comes later."""
    from datetime import UTC, datetime

    from sfdc_escalator.ledger.store import open_ledger
    from sfdc_escalator.ledger.trail.outbox import SqlOutbox

    report = world.type("status", "--json").json
    with open_ledger(report["ledger"], create=False) as ledger:
        outbox = SqlOutbox(ledger, report["last_run"]["organization_id"], "")
        assert outbox.forget(datetime(2026, 5, 1, tzinfo=UTC)) == 1


# -- retry ---------------------------------------------------------------------------------------------------------


def test_a_retried_notice_is_sent_by_the_next_run_with_the_same_id(support: World, desk: Service) -> None:
    desk.answers(GONE, Answer())
    escalated(support, code=3)
    one = the_notice(support)
    support.environ["LOGNAME"] = "ann"
    done = notices(support, "retry", one["id"][:8])
    assert [again["id"] for again in done["retried"]] == [one["id"]]
    assert len(desk.calls) == 1
    found = run(support)["notices"]
    assert (found["sent"], found["undelivered"]) == (1, 0)
    assert [call.json["id"] for call in desk.calls] == [one["id"]] * 2
    events = notices(support, "show", one["id"])["events"]
    assert [(event["event"], event["by"]) for event in events] == [
        ("queued", None),
        ("undelivered", None),
        ("retried", "ann"),
        ("sent", None),
    ]
    whole(support)


def test_without_ids_all_undelivered_notices_are_retried(support: World, desk: Service) -> None:
    desk.answers(GONE, GONE, BUSY)
    escalated(support, "urgent: a", "urgent: b", "urgent: c", code=3)
    text = page(support, "notices", "retry")
    assert text.startswith("2 notices will be sent by the next run.\n")
    assert page(support, "notices", "retry") == "No notice is undelivered: there is nothing to retry.\n"
    desk.answers(Answer())
    assert run(support)["notices"]["sent"] == 2  # the third one waits for a minute


def test_a_retried_notice_has_a_day_again(support: World, desk: Service) -> None:
    support.policy(POLICY[: POLICY.index("    ladder:")] + POLICY[POLICY.index("guards:") :])
    desk.answers(BUSY)
    org = escalated(support)
    advance(org, "24h")
    run(support, code=3)
    assert the_notice(support)["state"] == "undelivered"
    notices(support, "retry")
    run(support)
    one = the_notice(support)
    assert (one["state"], one["tries"], one["at"]) == ("waiting", 1, "2026-03-03T15:01:00Z")


def test_a_notice_that_nobody_can_be_reached_by_is_left(support: World, desk: Service) -> None:
    support.policy(POLICY.replace("{team: leads, urgent: true}", "leads, {person: Owner.Manager}"))
    desk.answers(GONE)
    escalated(support, code=3)
    done = notices(support, "retry")
    assert [one["channel"] for one in done["retried"]] == ["desk"]
    (left,) = done["left"]
    assert "! 1 notice without an address: call the people, then drop them" in page(support, "notices", "retry")
    refused(support.type("notices", "retry", left["id"]), "it has no address: Owner", "Call the people, then drop it")


# -- drop ----------------------------------------------------------------------------------------------------------


def test_a_dropped_notice_is_never_sent_and_its_reason_is_kept(support: World, desk: Service) -> None:
    desk.answers(GONE)
    escalated(support, code=3)
    one = the_notice(support)
    support.environ["LOGNAME"] = "ann"
    text = page(support, "notices", "drop", one["id"][:6], "--why", "We  called\nthem.")
    assert (
        text
        == f"1 notice dropped.\n  {one['id'][:8]}  start of support/urgent, case 00000001 to leads by desk, urgent\n"
    )
    assert run(support)["notices"] == {"sent": 0, "waiting": 0, "undelivered": 0, "dropped": 0}
    found = the_notice(support)
    assert (found["state"], found["reason"]) == ("dropped", "dropped by ann: We called them.")
    assert notices(support, "show", one["id"])["events"][-1] | {"at": ""} == {
        "at": "",
        "event": "dropped",
        "reason": "We called them.",
        "by": "ann",
    }
    assert len(desk.calls) == 1
    whole(support)


def test_without_ids_all_undelivered_notices_are_dropped_and_a_waiting_one_by_its_id(
    support: World, desk: Service
) -> None:
    desk.answers(GONE, BUSY)
    escalated(support, "urgent: a", "urgent: b", code=3)
    assert [one["case_number"] for one in notices(support, "drop", "--why", "called")["dropped"]] == ["00000001"]
    assert page(support, "notices", "drop", "--why", "called") == (
        "No notice is undelivered: there is nothing to drop.\n"
    )
    waiting = next(one for one in notices(support, "list")["notices"] if one["state"] == "waiting")
    assert [one["id"] for one in notices(support, "drop", waiting["id"], "--why", "called")["dropped"]] == [
        waiting["id"]
    ]


def test_a_notice_of_another_org_in_the_same_ledger_is_left(support: World, desk: Service) -> None:
    desk.answers(GONE)
    shared = str(support.folder / "shared.db")
    support.environ["SFDC_ESCALATOR_LEDGER"] = shared
    escalated(support, code=3)
    first = the_notice(support)
    start(support, case(1))  # another org
    run(support, "--backlog", "escalate", code=3)
    assert the_notice(support)["id"] != first["id"]
    assert len(notices(support, "retry")["retried"]) == 1
    refused(support.type("notices", "show", first["id"]), "no such notice")


# -- bad input -----------------------------------------------------------------------------------------------------


def test_bad_input_is_one_clear_message_and_changes_nothing(support: World, desk: Service) -> None:
    desk.answers(Answer(), GONE, BUSY)
    escalated(support, "urgent: a", "urgent: b", "urgent: c", code=3)
    undelivered, waiting, sent = (one["id"] for one in notices(support, "list")["notices"])
    unknown = ("0" if undelivered[0] != "0" else "1") + undelivered[1:12]
    for words, said in {
        ("show", unknown): ["no such notice", f"found {unknown}", f"did you mean {undelivered[:8]}?"],
        ("show", "abc"): ["no such notice", "its beginning of 6 signs or more"],
        ("show", "100%__"): ["no such notice"],
        ("retry", "zzzzzz", undelivered): ["no such notice", "found zzzzzz"],
        ("retry", sent, undelivered): [f"{sent[:8]}: it is sent already, at 2026-03-02 15:00 UTC"],
        ("retry", waiting): ["it waits already: the next run after 2026-03-02 15:01 UTC sends it"],
        ("drop", sent, "--why", "w"): ["it is sent already"],
        ("drop", undelivered, "--why", "  "): ["--why is empty: say why nobody is notified"],
        ("drop", undelivered, "--why", ""): ["--why has an empty value"],
        ("drop", undelivered, "--why", "x" * 501): ["expected 500 at most"],
        ("drop", undelivered): ["--why"],
    }.items():
        refused(support.type("notices", *words), *said)
    assert [one["id"] for one in notices(support, "list")["notices"]] == [undelivered, waiting, sent]
    notices(support, "drop", undelivered, "--why", "called")
    refused(support.type("notices", "retry", undelivered), "it is dropped already: dropped by")


def test_a_ledger_that_is_not_there_is_one_clear_message(support: World) -> None:
    start(support, case(1))
    for words in (["list"], ["show", "abcdef"], ["retry"], ["drop", "--why", "w"]):
        refused(support.type("notices", *words, "--ledger", "no.db"), "does not exist")


# -- status, explain, metrics --------------------------------------------------------------------------------------


def test_status_needs_a_person_while_a_notice_is_undelivered(support: World, desk: Service) -> None:
    desk.answers(GONE, Answer(), BUSY)
    escalated(support, "urgent: a", "urgent: b", "urgent: c", code=3)
    report = support.type("status", "--json", *FAR).json
    assert (report["exit"], report["notices"]) == (3, {"waiting": 1, "undelivered": 1})
    (waits,) = report["waiting_for_people"]
    lost, waiting, sent = notices(support, "list")["notices"]
    assert (waits["state"], waits["case_number"], waits["key"]) == ("undelivered", "00000001", lost["id"])
    assert [one["id"] for one in report["last_notices"]] == [sent["id"], lost["id"]]
    assert [one["id"] for one in report["next_notices"]] == [waiting["id"]]
    text = page(support, "status", *FAR, code=3)
    assert (
        f"case 00000001, route support/urgent: undelivered "
        f"(the notice {lost['id'][:8]} (start) to leads by desk is not delivered: HTTP 410)\n"
    ) in text
    assert "1 notice waiting\n" in text
    assert (
        f"last notices:\n  {sent['id'][:8]}  2026-03-02 15:00 UTC  sent: start of support/urgent, case 00000002" in text
    )
    assert "! 1 notice undelivered: see `sfdc-escalator notices list`" in text
    notices(support, "drop", "--why", "called")
    assert support.type("status", *FAR).code == 0


def test_an_undelivered_notice_is_mailed_when_it_begins_and_not_in_every_run(world: World, desk: Service) -> None:
    world.policy(POLICY)
    entry(world, f"channels: {{desk: {{url: '{desk.url}/{SECRET}'}}}}")
    org = start(world, case(1))
    env_file(world, org)
    desk.answers(GONE)

    def mailed(*words: str) -> list[str]:
        """The lines beside those of the log."""
        found = cron(world, "--log", "run.log", *words)
        assert found.code == 3
        return [line for line in found.err.splitlines() if not line.startswith("{")]

    first = mailed("--backlog", "escalate")
    (one,) = notices(world, "list", "--ledger", "state.db")["notices"]
    assert first[:5] == [
        "sfdc-escalator, org env: something needs a person (exit code 3)",
        "",
        "case 00000001, route support/urgent: undelivered",
        f"  the notice {one['id'][:8]} (start) to leads by desk is not delivered: HTTP 410",
        f"  To do: see `sfdc-escalator notices show {one['id']} --org env`; "
        "then notices retry, or notices drop --why W.",
    ]
    assert mailed()[2:5] == first[2:5]  # this run stores that it was reported
    assert mailed() == []
    notices(world, "drop", "--why", "called", "--ledger", "state.db")
    assert (cron(world, "--log", "run.log").code, cron(world, "--log", "run.log").err) == (0, "")
    assert len(desk.calls) == 1


def test_a_run_with_an_undelivered_notice_is_not_a_success(support: World, desk: Service) -> None:
    desk.answers(GONE)
    escalated(support, code=3)
    run(support, code=3)
    report = support.type("status", "--json", *FAR).json
    assert (report["last_run"]["exit"], len(report["waiting_for_people"])) == (3, 1)


def test_explain_shows_the_last_and_the_next_notices_of_the_case(support: World, desk: Service) -> None:
    desk.answers(Answer(), BUSY)
    org = escalated(support, "urgent: a", "urgent: b")
    found = support.type("explain", "1", "--json").json
    assert [one["state"] for one in found["last_notices"]] == ["sent"]
    assert found["next_notices"] == []
    advance(org, "1h")
    run(support)
    text = page(support, "explain", "00000001")
    assert "  2026-03-02 16:01 UTC  waiting: rung of support/urgent/remind, case 00000001 to leads by desk" in text
    assert "  2026-03-02 15:00 UTC  sent: start of support/urgent, case 00000001 to leads by desk, urgent" in text


def test_metrics_count_the_notices(support: World, desk: Service) -> None:
    desk.answers(Answer(), GONE, BUSY)
    start(support, *(case(number, f"urgent: {number}") for number in (1, 2, 3)))
    run(support, "--backlog", "escalate", "--metrics", str(support.folder / "m.prom"), code=3)
    text = (support.folder / "m.prom").read_text()
    found = dict(re.findall(r'^sfdc_escalator_notices\{org="env",state="(\w+)"\} (\d+)$', text, re.MULTILINE))
    assert found == {"sent": "1", "waiting": "1", "undelivered": "1", "dropped": "0"}


# -- test a channel ------------------------------------------------------------------------------------------------


def test_a_test_message_goes_through_the_channel_of_the_org_now(support: World, desk: Service) -> None:
    start(support, case(1))
    support.environ["LOGNAME"] = "ann"
    found = notices(support, "test", "desk")
    assert (found["delivered"], found["kind"], found["by"]) == (True, "webhook", "webhook")
    call = desk.call
    assert call.headers["idempotency-key"] == found["id"] == call.json["id"]
    assert (call.json["kind"], call.json["sandbox"], call.json["recipient"]) == ("test", True, "channel:desk")
    assert call.json["text"] == (
        "[SANDBOX env] Test of the channel desk\nann sent this with `notices test`. Nobody needs to act."
    )
    assert page(support, "notices", "test", "desk") == "The channel desk (webhook) took the message.\n"
    assert support.leaks() == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (BUSY, "HTTP 503. A run would try again."),
        (GONE, "HTTP 410."),
        (Answer(403), "HTTP 403."),
        (Answer(ends="lost"), "It may be delivered all the same."),
    ],
)
def test_a_test_message_that_is_not_delivered_says_why(
    support: World, desk: Service, answer: Answer, said: str
) -> None:
    start(support, case(1))
    desk.answers(answer)
    text = page(support, "notices", "test", "desk", code=3)
    assert text.startswith("The channel desk (webhook) did not take the message: ")
    assert text.rstrip().endswith(said)
    assert notices(support, "test", "desk", code=3)["delivered"] is False
    assert support.leaks() == []


def test_a_channel_that_no_policy_has_is_named_with_the_nearest(support: World) -> None:
    start(support, case(1))
    refused(support.type("notices", "test", "dsk"), "no such channel", "did you mean desk?")
    assert notices(support, "test", "log")["by"] == "log"


def test_in_a_sandbox_a_test_message_goes_where_a_notice_would_go(support: World) -> None:
    """N13"""
    start(support, case(1))
    found = notices(support, "test", "mail", "--to", "boss@example.com")
    assert (found["delivered"], found["by"], found["kind"]) == (True, "log", "email")
    answer = support.type("notices", "test", "mail", "--to", "boss@example.com")
    assert answer.out == "It went to the log alone: the org env gives no address for the channel mail.\n"


def test_in_a_sandbox_a_test_mail_goes_to_the_address_of_the_entry(support: World) -> None:
    """N13"""
    start(support, case(1))
    with MailServer() as server:
        mail = f"mail: {{server: 'smtp://127.0.0.1:{server.port}', from: desk@example.com}}"
        entry(support, f"channels: {{{mail}}}, sandbox_to: {{mail: test@example.com}}")
        found = notices(support, "test", "mail", "--to", "boss@example.com")
        assert (found["delivered"], found["by"], found["to"]) == (True, "email", "test@example.com")
    (one,) = server.mails
    assert (one.parsed["To"], one.parsed["Subject"]) == ("test@example.com", "[SANDBOX env] Test of the channel mail")


def test_a_test_message_rings_the_bell_of_the_person_who_is_named(support: World) -> None:
    org = start(support, case(1), production=True)
    support.policy(POLICY.replace("mail: email", "bell: salesforce"))
    entry(support, "ledger: state.db")
    (ann,) = select(org, "SELECT Id FROM User WHERE Username = 'ann@support.example'")
    assert page(support, "notices", "test", "bell", "--to", ann["Id"]) == (
        f"The channel bell (salesforce) took the message to {ann['Id']}.\n"
    )
    (rung,) = [one for one in org.requests() if one["path"].endswith("/customNotificationAction")]
    assert rung["body"]["inputs"][0]["recipientIds"] == [ann["Id"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["desk", "--to", "ann@example.com"], "the channel desk has an address of its own: leave out --to"),
        (["mail"], "the channel mail needs a recipient: name one with --to, an e-mail address"),
    ],
)
def test_a_recipient_is_named_for_a_channel_that_needs_one(support: World, words: list[str], said: str) -> None:
    start(support, case(1), production=True)
    entry(
        support,
        "channels: {desk: {url: 'http://127.0.0.1:9'}, mail: {server: 'smtp://127.0.0.1:9', from: d@example.com}}",
    )
    refused(support.type("notices", "test", *words), said)


def test_a_channel_without_settings_is_broken(support: World) -> None:
    start(support, case(1), production=True)
    entry(support, "ledger: state.db")
    text = page(support, "notices", "test", "desk", code=3)
    assert "did not take the message: the org env gives no `url` for it" in text


def test_no_message_goes_out_where_the_org_cannot_be_reached(support: World, desk: Service) -> None:
    start(support, case(1))
    support.environ["SFDC_ACCESS_TOKEN"] = "00D000000000001!stale.token"
    assert support.type("notices", "test", "desk").code == 5
    assert desk.calls == []
