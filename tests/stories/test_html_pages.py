"""The pages as a user makes them: files that need nothing else, and clear refusals before the org is asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.reports.html.checks import assert_page, elements, text_of
from tests.stories.test_main_job import POLICY, case, start
from tests.stories.world import World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "urgent <script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>"
NARROW = 390


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def test_a_dry_run_writes_its_plan_as_a_page_and_changes_nothing(support: World) -> None:
    org = start(support, case(1, HOSTILE), case(2, "urgent too"), case(3, "no hurry"))
    page = support.folder / "plan.html"
    answer = support.run("--dry-run", "--backlog", "escalate", "--html", str(page))
    assert (answer.code, answer.json["planned"]) == (0, 2)
    html = page.read_text(encoding="utf-8")
    assert_page(html, f"{org.instance_url}/lightning/r/Case/")
    assert [text_of(one).split()[0] for one in elements(html, "h4")] == ["00000001", "00000002"]
    assert HOSTILE in text_of(elements(html, "h4")[0])
    notes = [one["steps"][0]["after"] for one in answer.json["escalations"]]
    assert [one.text for one in elements(html, "pre")] == notes
    assert org.access_token not in html


def test_the_subject_and_account_cost_no_further_call(support: World) -> None:
    org = start(support, case(1, "urgent one"))
    assert support.run("--dry-run").json["api_calls"] == len(org.requests())
    polls = [one for one in org.requests() if "CaseNumber" in one["path"]]
    assert len(polls) == 1
    assert "Account.Name" in polls[0]["path"].replace("%2C", ",").replace("+", " ")


@pytest.mark.parametrize("words", [("run", "--dry-run"), ("report", "--from", "2026-03-01", "--to", "2026-03-02")])
def test_a_page_that_cannot_be_written_is_refused_before_the_org_is_asked(
    support: World, words: tuple[str, ...]
) -> None:
    org = start(support, case(1, "urgent one"))
    for place in (support.folder, support.folder / "missing" / "plan.html"):
        answer = support.type(*words, "--html", str(place))
        assert answer.code == 2
        assert f"{place} cannot be written" in answer.err
    assert org.requests() == []
    assert list(support.folder.glob(".*.new")) == []


def test_a_page_of_a_live_run_is_a_mistake(support: World) -> None:
    org = start(support, case(1, "urgent one"))
    answer = support.type("run", "--html", str(support.folder / "plan.html"))
    assert answer.code == 2
    assert "--html is for --dry-run only" in answer.err
    assert org.requests() == []


def test_a_policy_is_written_as_a_page_without_any_org(support: World) -> None:
    page = support.folder / "page.html"
    answer = support.type("page", str(support.folder / "policy.yaml"), "--html", str(page))
    assert (answer.code, answer.out) == (0, f"The page of support is {page}\n")
    assert_page(page.read_text(encoding="utf-8"))


def test_a_new_page_is_for_others_only_where_the_umask_allows_it(support: World) -> None:
    pages = {mask: support.folder / f"{mask:03o}.html" for mask in (0o022, 0o077)}
    for mask, page in pages.items():
        before = os.umask(mask)
        try:
            assert support.type("page", str(support.folder / "policy.yaml"), "--html", str(page)).code == 0
        finally:
            assert os.umask(before) == mask
    assert [page.stat().st_mode & 0o777 for page in pages.values()] == [0o644, 0o600]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("missing.yaml", None, "missing.yaml"),
        ("bad.yaml", "policy: p\nroutes: [{name: r, reason: R., when: {field: X, iss: 1}, escalate: {}}]", "iss"),
    ],
)
def test_a_missing_or_invalid_policy_is_exit_2_and_leaves_the_old_page(
    support: World, name: str, text: str | None, message: str
) -> None:
    page = support.folder / "page.html"
    page.write_text("old")
    if text is not None:
        (support.folder / name).write_text(text)
    answer = support.type("page", str(support.folder / name), "--html", str(page))
    assert answer.code == 2
    assert message in answer.err
    assert page.read_text() == "old"


def test_a_report_is_written_as_a_page(support: World) -> None:
    start(support, case(1, HOSTILE), case(2, "urgent too"))
    assert support.run("--backlog", "escalate").code == 0
    page = support.folder / "report.html"
    answer = support.type("report", "--from", "2026-03-01", "--to", "2026-04-01", "--html", str(page), "--json")
    assert answer.code == 0
    html = page.read_text(encoding="utf-8")
    assert_page(html)
    shown = [text_of(one) for one in elements(html, "h3")]
    assert shown == [one["title"] for one in answer.json["figures"] if one["rows"] and one["title"] in shown]
    assert "Escalations per day" in shown
    answer = support.type("report", "--from", "2026-03-01", "--to", "2026-04-01", "--html", str(page))
    assert (answer.code, answer.out) == (0, f"The report is {page}\n")


# -- in a browser ------------------------------------------------------------------------------------------------------

WRAPPER = """<body><iframe id=f src="{}" style="border:0;width:{}px;height:9000px"></iframe><script>
f.onload = () => {{ const d = f.contentDocument, all = [...d.querySelectorAll("body *")];
const over = all.filter(e => e.getBoundingClientRect().right > {} + 1).map(e => e.outerHTML.slice(0, 80));
document.title = JSON.stringify([d.title, d.documentElement.scrollWidth, over]) }}</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_in_a_browser_on_a_phone_nothing_runs_and_nothing_overflows(support: World) -> None:
    start(support, case(1, HOSTILE), case(2, "urgent " + "x" * 240))
    page = support.folder / "plan.html"
    support.run("--dry-run", "--backlog", "escalate", "--html", str(page))
    html = page.read_text(encoding="utf-8")
    [title] = [text_of(one) for one in elements(html, "title") if one.tag.endswith("xhtml}title")]
    assert opened(page) == f'["{title}",{NARROW},[]]'


def opened(page: Path) -> str:
    """What a browser without a network says about the page."""
    wrapper = page.with_name("wrapper.html")
    wrapper.write_text(WRAPPER.format(page.name, NARROW, NARROW))
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={page.parent / 'browser'}", "--dump-dom",
            wrapper.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout.partition("<title>")[2].partition("</title>")[0]
