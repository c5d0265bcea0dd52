"""Names in a policy: of ASCII letters and digits, each once."""

from dataclasses import dataclass, field

LONGEST = 50
RESERVED = frozenset({"none"})


def slug(text: str) -> str:
    """The ASCII letters and digits of the text in lower case, the rest as `-`; empty where none is left."""
    plain = "".join(char if char.isascii() and char.isalnum() else " " for char in text.lower())
    return "-".join(plain.split())[:LONGEST].strip("-")


@dataclass(slots=True)
class Names:
    """The names that are taken. A second one gets `-2`."""

    taken: set[str] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=dict)

    def take(self, text: str, otherwise: str) -> str:
        """A name for the text; `otherwise` where nothing is left of it."""
        plain = slug(text)
        return self.numbered(otherwise if not plain or plain in RESERVED else plain)

    def numbered(self, name: str) -> str:
        found, number = name, self.last.get(name, 1)
        while found in self.taken:
            number += 1
            ending = f"-{number}"
            found = f"{name[: LONGEST - len(ending)].rstrip('-')}{ending}"
        self.taken.add(found)
        self.last[name] = number
        return found

    def beside(self, name: str, ending: str) -> str:
        """A name for what stands beside another one."""
        return self.numbered(f"{name[: LONGEST - len(ending)].rstrip('-')}{ending}")
