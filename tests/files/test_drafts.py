"""The language can say what real escalation procedures say: the drafts of five of them are sound, examples included."""

import re
from pathlib import Path

import pytest

from sfdc_escalator.files.first_hour.editor_schema import editor_schema
from sfdc_escalator.files.policies import check_policies, load_policies
from sfdc_escalator.wiring.validation import check

DRAFTS = Path(__file__).parents[3] / "shared" / "policy-drafts"
NAMES = sorted(path.name for path in DRAFTS.glob("*.yaml")) if DRAFTS.is_dir() else []
pytestmark = pytest.mark.skipif(not DRAFTS.is_dir(), reason="the drafts of real procedures are not here")


def draft_at(folder: Path, name: str) -> Path:
    """The draft with the templates that it names; one text in a flow mapping needs quotes for its comma."""
    text = (DRAFTS / name).read_text(encoding="utf-8")
    comma = "Review, then agree the next step with the customer."
    path = folder / "config" / "policies" / name
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(f" {comma}", f' "{comma}"'), encoding="utf-8")
    for template in set(re.findall(r"template: (\S+?)[,}\s]", text)):
        note = folder / "config" / template
        note.parent.mkdir(exist_ok=True)
        note.write_text("{% for part in parts %}{{ part.text }}\n{% endfor %}", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_what_a_real_procedure_says_can_be_said_and_its_examples_come_out(tmp_path: Path, name: str) -> None:
    found = check([draft_at(tmp_path, name)]).problems
    assert [str(one) for one in found if one.severity == "error"] == []
    assert [one for one in found if "reads every open case" not in one.message] == []


RUNGS = {
    "customer-success.yaml": {"after-14d", "after-25d", "after-30d"},
    "member-support.yaml": {"after-15m", "after-30m"},
    "onboarding.yaml": {"before-due-12h", "after-1w", "after-2w", "repeat"},
    "supervisor-callback.yaml": {"before-due-4h", "after-24h", "before-due-1h", "after-due-0m"},
    "tiered-support.yaml": {"after-1h", "after-4h", "after-16h"},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_ladders_of_a_real_procedure_become_rungs(tmp_path: Path, name: str) -> None:
    (policy,) = load_policies([draft_at(tmp_path, name)]).policies
    assert {rung.id for route in policy.routes for rung in route.ladder.rungs} == RUNGS[name]


LANGUAGE = {key for one in editor_schema()["$defs"].values() for key in one.get("properties", ())}


@pytest.mark.parametrize("name", NAMES)
def test_no_key_of_a_real_procedure_may_be_misspelt(tmp_path: Path, name: str) -> None:
    path = draft_at(tmp_path, name)
    text = path.read_text(encoding="utf-8")
    last = {found[1]: found.start(1) for found in re.finditer(r"[{,\n] *([a-z_]{3,}):[ \n]", text)}
    asked = LANGUAGE & last.keys()
    assert len(asked) > 20
    for key in asked:
        path.write_text(f"{text[: last[key]]}x{text[last[key] :]}", encoding="utf-8")
        wrong = [one for one in check_policies([path]) if one.severity == "error"]
        line = text.count("\n", 0, last[key]) + 1
        assert line in [one.line for one in wrong], (key, wrong)
