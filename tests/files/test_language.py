"""The language is declared once: what stands beside the declaration agrees with it."""

from typing import get_args

from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.registry import KINDS
from sfdc_escalator.files.language.condition_shapes import CONDITIONS
from sfdc_escalator.files.language.declared_names import DECLARING, NOTE_KEYS, OTHER
from sfdc_escalator.files.language.note_shapes import NoteShape
from sfdc_escalator.files.language.shape import PolicyShape


def test_every_operator_of_a_field_can_be_written() -> None:
    assert CONDITIONS["kind:field"].allowed() == ["field", *get_args(Operator)]


def test_a_text_of_the_route_is_not_taken_for_a_key_of_the_note() -> None:
    assert tuple(NoteShape.model_fields) == NOTE_KEYS


def test_a_misspelt_key_is_not_taken_for_a_key_of_the_policy() -> None:
    assert {*DECLARING, *OTHER} == set(PolicyShape.allowed())


def test_every_kind_of_condition_has_a_shape_that_starts_with_it() -> None:
    assert [shape.allowed()[0] for shape in CONDITIONS.values()] == list(KINDS)
