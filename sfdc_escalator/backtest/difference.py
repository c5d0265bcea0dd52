"""Two policies over one history: the cases that they treat differently."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.pipeline.read_models.backtest_result import Difference, DifferenceKind, PastMatch

Key = tuple[str, bool, str, int]
"""A case, and a turn of a rung; the start of a case comes before its rungs."""


def differences(here: Sequence[PastMatch], there: Sequence[PastMatch]) -> Iterator[Difference]:
    """By case number, without the cases that both match by the same route at the same poll. Of rungs the same counts
    for each turn."""
    ours, theirs = firsts(here), firsts(there)
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key), theirs.get(key)
        if kind := compared(one, other):
            number, _, rung, turn = key
            found = (one and one.route, one and one.at, other and other.route, other and other.at)
            yield Difference(number, kind, *found, rung, turn)


def firsts(matches: Sequence[PastMatch]) -> dict[Key, PastMatch]:
    found: dict[Key, PastMatch] = {}
    for match in matches:
        key = match.number, not match.is_start, match.rung, match.turn
        if key not in found or match.at < found[key].at:
            found[key] = match
    return found


def compared(one: PastMatch | None, other: PastMatch | None) -> DifferenceKind | None:
    if one is None or other is None:
        return "only there" if one is None else "only here"
    if one.at != other.at:
        return "earlier" if one.at < other.at else "later"
    return None if one.route == other.route else "other route"
