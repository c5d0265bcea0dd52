"""The key of an escalation, which identifies it in the org, in the ledger and in every run."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KEY_LINE = re.compile(r"(ESC(?:-[0-9A-HJKMNP-TV-Z]{4}){3}) (\S+)")
FIRST_RUNG = "start"
UNDO = "undo"
"""The rung in the key of an undo; no rung of a policy has this name."""
MOST_TURNS = 2**30
RouteName = tuple[str, str]
"""(policy, route)"""
RungName = tuple[str, str, str]
"""(policy, route, rung)"""


@dataclass(frozen=True, slots=True)
class Identity:
    """One case x route x rung x episode x turn in one org. Ids have 18 characters.

    `origin` is the case that the key names where the escalation began on another case, which was merged into this one:
    two escalations of one route that come together on a case keep keys of their own.
    """

    organization_id: str
    policy: str
    route: str
    case_id: str
    rung: str = FIRST_RUNG
    episode: int = 1
    turn: int = 1
    origin: str = ""

    @property
    def key(self) -> str:
        """`ESC-XXXX-XXXX-XXXX`: 60 bits of SHA-256 in Crockford's base 32."""
        case_id = self.origin or self.case_id
        facts = (self.organization_id, self.policy, self.route, case_id, self.rung, self.episode, self.turn)
        number = int.from_bytes(hashlib.sha256("\x1f".join(map(str, facts)).encode()).digest()[:8]) >> 4
        digits = "".join(CROCKFORD[number >> shift & 31] for shift in range(55, -1, -5))
        return f"ESC-{digits[:4]}-{digits[4:8]}-{digits[8:]}"

    @property
    def start_key(self) -> str:
        """The key of the start to which a turn of a rung belongs."""
        return replace(self, rung=FIRST_RUNG, turn=1).key

    @property
    def undo(self) -> "Identity":
        """The identity of its undo. That of a start has the turn 1; that of a turn of a rung has a turn that follows
        from its key, so that every ledger finds the same."""
        if self.rung == FIRST_RUNG:
            return replace(self, rung=UNDO, turn=1)
        return replace(self, rung=UNDO, turn=turn_of_undo(self.key))

    @property
    def line(self) -> str:
        """The last line of the note: the key, then the same facts in clear."""
        return f"{self.key} {self.policy}/{self.route}/{self.rung}/{self.episode}/{self.turn}"


def turn_of_undo(key: str) -> int:
    """The turn in the key of the undo of a turn of a rung with this key: 2 or more."""
    return 2 + int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % MOST_TURNS


def identity_on(line: str, organization_id: str, case_ids: Iterable[str]) -> Identity | None:
    """The identity in the facts of a note's last line, where they give its key for one of these cases."""
    key, _, facts = line.partition(" ")
    try:
        policy, route, rung, episode, turn = facts.strip().split("/")
        numbers = (int(episode), int(turn))
    except ValueError:
        return None
    if not line.isprintable():
        return None
    made = (Identity(organization_id, policy, route, case_id, rung, *numbers) for case_id in case_ids)
    return next((identity for identity in made if identity.key == key), None)


def key_of(note: str) -> str | None:
    """The key on the note's last line, or None: a key anywhere else is somebody's text."""
    lines = note.rstrip().splitlines()
    found = KEY_LINE.fullmatch(lines[-1].strip()) if lines else None
    return found[1] if found else None
