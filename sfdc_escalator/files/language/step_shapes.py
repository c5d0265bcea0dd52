"""The shapes of steps: what a route or a rung writes, what it must never write, and what an example expects.

A further step is a further key of each of these. Its rule stands in the table of steps.
"""

from typing import Annotated, Any

from pydantic import PlainValidator

from sfdc_escalator.files.language import names, table_values
from sfdc_escalator.files.language.note_shapes import RouteNoteShape
from sfdc_escalator.files.language.types import OneOrMore, Shape, Text


class StepsShape(Shape):
    """A note, then the fields of the case in the order in which they are written."""

    note: RouteNoteShape = RouteNoteShape.model_construct()
    queue: Annotated[Any, PlainValidator(table_values.team)] = ""
    status: Text = ""
    priority: Annotated[Any, PlainValidator(table_values.priority)] = ""


class EscalateShape(StepsShape):
    """The steps, always in this order: note, queue, status, priority. A priority is raised, never lowered."""


class RungStepsShape(StepsShape):
    """The steps of a rung. It writes a note only when a field changes."""


class NeverShape(Shape):
    """Values that no step and no rung of the route may set."""

    queue: OneOrMore[Annotated[str, PlainValidator(names.team)]] = []
    status: OneOrMore[Text] = []
    priority: OneOrMore[Annotated[str, PlainValidator(names.priority)]] = []


class ExpectedStepsShape(Shape):
    """The values that an example expects after the steps."""

    queue: Text = ""
    priority: Text = ""
    status: Text = ""
