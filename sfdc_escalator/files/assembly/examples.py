"""The examples of a policy from their checked shapes, each with its place."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.escalation.policy.example import Example, ExpectedLater
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS
from sfdc_escalator.files.language.shape import ExampleShape
from sfdc_escalator.files.language.step_shapes import ExpectedStepsShape
from sfdc_escalator.files.text.document import Document, Path
from sfdc_escalator.files.values.amounts import time_after


def examples_of(shapes: Sequence[ExampleShape], document: Document) -> Iterator[Example]:
    for place, shape in enumerate(shapes):
        path: Path = ("examples", place)
        yield Example(
            fields=shape.case,
            expect=shape.expect,
            age=shape.age,
            customer_spoke=shape.customer_spoke,
            agent_spoke=shape.agent_spoke,
            related=shape.related,
            steps=expected(shape),
            later=tuple(later_of(shape, document, path)),
            place=document.place(path),
        )


def later_of(shape: ExampleShape, document: Document, path: Path) -> Iterator[ExpectedLater]:
    for written in document.value["examples"][path[-1]].get("then", ()):
        time = time_after(written)
        yield ExpectedLater(time, expected(shape.then[time]), document.place((*path, "then", written), on_key=True))


def expected(shape: ExpectedStepsShape) -> dict[str, str]:
    """The values that are expected, by the keys of their steps."""
    return {one.key: value for one in FIELD_STEPS if (value := getattr(shape, one.key))}
