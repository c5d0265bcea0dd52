"""Filters for the server of the kinds that count time."""

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.clock import LOWER, Clock
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours, values
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Narrowing, Since, some


def since(clock: Clock, path: str, operator: Operator, circumstances: Circumstances, want: bool = True) -> Narrowing:
    """The time since the field's, against every limit by every calendar that the clock's tables may give."""
    found = list[Narrowing]()
    for limit in values(clock.limit):
        for calendar in values(clock.calendar):
            known = circumstances.calendars.get(calendar.name) if isinstance(calendar, BusinessHours) else calendar
            unknown = known is None and calendar is not None
            found.append(EVERYTHING if unknown else Since(path, operator, limit, known, want))
    return some(found)


def at_least_as_old(clock: Clock, want: bool, circumstances: Circumstances) -> Narrowing:
    """A clock that starts with the case at the earliest cannot show more than the case's age."""
    if want and clock.operator in LOWER:
        return since(clock, "CreatedDate", "at_least", circumstances)
    return EVERYTHING
