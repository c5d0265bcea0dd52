"""Acts on one case, by minutes after its creation."""

from datetime import timedelta

from sfdc_escalator.escalation.shadow.acts import Effect, OurAct, TheirAct
from sfdc_escalator.escalation.world.case import FieldChange
from tests.builders import NOW, numbered

CASE, LEADS, NIGHT, ROBOT, ANN = (
    numbered("500", 1), numbered("00G", 1), numbered("00G", 2), numbered("005", 8), numbered("005", 9),
)  # fmt: skip
CREATED = NOW - timedelta(days=1)


def ours(minutes: int, value: str = LEADS, field: str = "OwnerId", *, faint: bool = False) -> OurAct:
    at = CREATED + timedelta(minutes=minutes)
    return OurAct(Effect(CASE, field, value), at, "desk", "high", "start", 1, faint)


def theirs(minutes: int, value: str = LEADS, field: str = "OwnerId", *, at_creation: bool = False) -> TheirAct:
    return TheirAct(Effect(CASE, field, value), CREATED + timedelta(minutes=minutes), ROBOT, at_creation)


def change(minutes: float, after: object, by: str = ROBOT, *, rule: bool = False, before: object = None) -> FieldChange:
    at = CREATED + timedelta(minutes=minutes)
    return FieldChange(at, before, after, by, by_person=by == ANN, by_rule=rule)  # type: ignore[arg-type]
