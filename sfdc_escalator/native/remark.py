"""A remark about a construct of a native rule."""

from dataclasses import dataclass
from typing import Literal

Weight = Literal["remark", "warned", "unmapped"]


@dataclass(frozen=True, slots=True)
class Remark:
    """`construct` as the file writes it, on that line. A `remark` changes nothing; `warned`: carried over with a
    difference; `unmapped`: its entry becomes a fence."""

    line: int
    construct: str
    why: str
    nearest: str | None = None
    weight: Weight = "unmapped"
