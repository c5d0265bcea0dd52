"""Two policies over one history: the cases that they treat differently."""

from collections.abc import Iterator, Sequence

from sfdc_escalator.pipeline.read_models.backtest_result import Difference, DifferenceKind, PastMatch


def differences(here: Sequence[PastMatch], there: Sequence[PastMatch]) -> Iterator[Difference]:
    """By case number, without the cases that both match by the same route at the same poll."""
    ours, theirs = firsts(here), firsts(there)
    for number in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(number), theirs.get(number)
        if kind := compared(one, other):
            yield Difference(number, kind, one and one.route, one and one.at, other and other.route, other and other.at)


def firsts(matches: Sequence[PastMatch]) -> dict[str, PastMatch]:
    found: dict[str, PastMatch] = {}
    for match in matches:
        if match.number not in found or match.at < found[match.number].at:
            found[match.number] = match
    return found


def compared(one: PastMatch | None, other: PastMatch | None) -> DifferenceKind | None:
    if one is None or other is None:
        return "only there" if one is None else "only here"
    if one.at != other.at:
        return "earlier" if one.at < other.at else "later"
    return None if one.route == other.route else "other route"
