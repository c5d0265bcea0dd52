"""Every kind of condition: what it declares is what the file, the editor and the judgement take."""

import re
from pathlib import Path

import pytest

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.findings import in_plain_words
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.registry import KINDS, LEAVES
from sfdc_escalator.escalation.conditions.tree import Not, judge, leaves
from sfdc_escalator.escalation.explaining.misses import misses
from sfdc_escalator.escalation.proof.implication import contradiction, implies
from sfdc_escalator.files.policies import check_policies
from sfdc_escalator.files.text.yaml_document import parse
from tests.builders import SCENE, case
from tests.files.test_editor_schema import SCHEMA, accepts
from tests.kind_examples import CONDITIONS, EXAMPLES, policy_with

OUT = re.compile(r"\bfits?\b|so many|is no \b|is told|says nothing")
LEAF_EXAMPLES = [(kind.name, one) for kind in LEAVES for one in kind.examples]


def problems(tmp_path: Path, when: str) -> list[tuple[str, str | None]]:
    path = tmp_path / "policy.yaml"
    path.write_text(policy_with(when))
    return [(one.message, one.nearest) for one in check_policies([path]) if one.severity == "error"]


def leaf_of(condition: Condition) -> Leaf:
    return next(leaves(condition))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_declares_its_own_key_first_and_examples_of_itself(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert kind.keys[0].required
    assert kind.examples
    assert all(example.startswith(f"{{{name}: ") for example in kind.examples)
    assert not OUT.search(" ".join([kind.about, *(key.hover for key in kind.keys)]))


@pytest.mark.parametrize(("name", "example"), LEAF_EXAMPLES)
def test_an_example_is_built_as_its_kind(name: str, example: str) -> None:
    assert {leaf.kind for leaf in leaves(CONDITIONS[example])} == {name}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_checks_and_the_editor_take_every_example(name: str, example: str, tmp_path: Path) -> None:
    assert problems(tmp_path, example) == []
    assert accepts(SCHEMA, parse("policy.yaml", policy_with(example)).value)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_checks_and_the_editor_refuse_an_example_with_an_unknown_key(
    name: str, example: str, tmp_path: Path
) -> None:
    wrong = example[:-1] + ", surplus: 1}"
    assert problems(tmp_path, wrong) == [("unknown key `surplus`", None)]
    assert not accepts(SCHEMA, parse("policy.yaml", policy_with(wrong)).value)


@pytest.mark.parametrize(("name", "example"), LEAF_EXAMPLES)
def test_every_kind_says_what_it_sees_and_what_is_missing(name: str, example: str) -> None:
    condition = CONDITIONS[example]
    assert condition.needs
    finding = judge(condition, case(), SCENE)
    assert finding.holds == condition.holds(case(), SCENE)
    words = [in_plain_words(finding), leaf_of(condition).brief, *(one.text for one in misses(finding))]
    assert all(words)
    assert not [one for one in words if "\n" in one or OUT.search(one)]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_a_condition_implies_itself_and_never_holds_with_its_opposite(name: str, example: str) -> None:
    condition = CONDITIONS[example]
    assert implies(condition, condition)
    assert not implies(condition, Not(condition))
    assert contradiction(condition) is None
