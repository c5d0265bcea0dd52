"""A file that is not a plan, or not as it was written, is one clear error."""

import json
import os
import re
from pathlib import Path

import pytest

from sfdc_escalator.errors import Invalid, PlanRefused
from sfdc_escalator.escalation.saved.plan_json import plan_json, plan_text, sha256_of
from sfdc_escalator.files import saved_plan
from sfdc_escalator.files.saved_plan import read_saved_plan
from tests.escalation.test_saved_plan_json import order, plan

TEXT = plan_text(plan(order(1), order(2)))


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "plan.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_plan_is_read_as_it_was_written_also_when_it_was_laid_out_anew(tmp_path: Path) -> None:
    found = read_saved_plan(written(tmp_path, TEXT))
    assert found.sha256 == sha256_of(plan_json(found))
    assert read_saved_plan(written(tmp_path, json.dumps(json.loads(TEXT), indent=2))) == found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the plan is not whole JSON"),
        (TEXT[:500], r":1:\d+: the plan is not whole JSON"),
        (TEXT + "}", r":1:\d+: the plan is not whole JSON: extra data"),
        ("[]", "the plan is not a JSON object"),
        ("[" * 100_000, "nested too deep"),
        (b"\xff\xfe{}", "not UTF-8 text: byte 0"),
        (b"\x1f\x8b\x08", "not UTF-8 text: byte 1"),
        ("{}", "this is not a saved plan; found another JSON object"),
        ('{"run":"1","escalations":[]}', "found a report of a run"),
        (TEXT.replace('"format":1', '"format":2'), "found format 2; expected format 1"),
        (TEXT.replace('"format":1', '"format":"1"'), "has a format that this program does not know"),
        (TEXT.replace('"format":1', '"format":true'), "has a format that this program does not know"),
        (TEXT.replace('"format":1', '"format":1,"format":1'), "the key 'format' stands twice"),
        (TEXT.replace('"episode":1', '"episode":1,"episode":1'), "the key 'episode' stands twice"),
        (TEXT.replace('"turn":1', '"turn":NaN'), "NaN is not a number"),
        (TEXT.replace('"turn":1', f'"turn":{"9" * 5000}'), "not sound JSON"),
    ],
)
def test_a_file_that_is_not_a_plan_is_invalid(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_saved_plan(written(tmp_path, content))
    [problem] = caught.value.problems
    assert re.search(message, str(problem)), problem
    assert problem.file == str(tmp_path / "plan.json")
    assert caught.value.exit_code == 2
    assert caught.value.message.endswith(problem.message)


@pytest.mark.parametrize(
    ("old", "new"),
    [("Please", "please"), ('"org":"env"', '"org":"other"'), ('"sha256":"', '"sha256":"0'), ('"sha256"', '"sha265"')],
)
def test_a_plan_that_was_edited_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(PlanRefused, match="was changed after it was written") as caught:
        read_saved_plan(written(tmp_path, TEXT.replace(old, new, 1)))
    assert caught.value.exit_code == 4


def test_a_forged_plan_with_a_case_id_that_is_none_is_invalid(tmp_path: Path) -> None:
    found = json.loads(TEXT)
    found["orders"][1]["case_id"] = "500000000000002AAB"
    path = written(tmp_path, json.dumps({**found, "sha256": sha256_of(found)}))
    with pytest.raises(Invalid, match=r"order 2: .* is not a record id"):
        read_saved_plan(path)


def test_a_file_that_is_too_large_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 50_000_000)
    with pytest.raises(Invalid, match="too large for a plan"):
        read_saved_plan(path)
    assert saved_plan.MOST_BYTES < 50_000_000


def test_a_path_that_leads_to_no_file_is_invalid(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("none.json", "pipe", ".", "a\0b"):
        with pytest.raises(Invalid, match="the plan cannot be read"):
            read_saved_plan(tmp_path / name)
