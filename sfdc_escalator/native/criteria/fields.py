"""The fields that native criteria name, as paths from the case, with their types where they are known."""

from collections.abc import Mapping
from dataclasses import dataclass

from sfdc_escalator.escalation.conditions.comparison import Literal_, Operator
from sfdc_escalator.escalation.conditions.leaf import Comparison
from sfdc_escalator.escalation.readiness.comparisons import misfit
from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.native.criteria.tree import USER_OWNS, Tree, fails
from sfdc_escalator.native.criteria.values import NotMappable

OBJECTS = ("account", "contact")
SAVER = "who saves the record is known only to Salesforce, in the moment of the save"


@dataclass(frozen=True, slots=True)
class FieldPath:
    """A field on a path from the case. `guard`: only cases that meet it have the field; the others' is empty."""

    path: str
    info: FieldInfo | None = None
    guard: Tree | None = None

    @property
    def is_checkbox(self) -> bool | None:
        """None where the type is not known."""
        return None if self.info is None else self.info.type == "boolean"

    @property
    def is_id(self) -> bool:
        return self.info is not None and self.info.type in ("reference", "id")

    def check(self, operator: Operator, value: Literal_, construct: str) -> None:
        """Raises NotMappable where no value of the field can meet the comparison, or each does."""
        wrong = self.info and misfit(self.info, Comparison(self.path, operator, (value,)), value)
        if wrong:
            why = f"{self.path} is not compared so by this program; expected {wrong.expected}"
            raise NotMappable(construct, why, wrong.nearest)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of the case and of the records that it refers to: those of a new org, and those of the input."""

    describe: Describe

    def of_criteria(self, written: str) -> FieldPath:
        """`Case.X`, `Account.X`, `Contact.X`; a look-up is compared by the name of its record. Raises NotMappable."""
        start, _, name = written.partition(".")
        if start.lower() == "user":
            raise NotMappable(written, SAVER)
        if start.lower() not in ("case", *OBJECTS) or not is_name(name):
            raise NotMappable(written, "only fields of Case, Account and Contact are known to a poll")
        return self.by_name(name if start.lower() == "case" else f"{start.capitalize()}.{name}")

    def by_name(self, path: str) -> FieldPath:
        info = self.describe.field_at(path)
        if info is None or info.type != "reference" or not info.relationship:
            return FieldPath(path, info)
        named = "CaseNumber" if info.reference_to == ("Case",) else "Name"
        before = path.rpartition(".")[0]
        path = ".".join(filter(None, (before, info.relationship, named)))
        return FieldPath(path, self.describe.field_at(path))

    def of_formula(self, written: str) -> FieldPath:
        """A path of a formula. Raises NotMappable."""
        steps = written.split(".")
        kind, last = steps[0].lower(), steps[-1]
        if len(steps) == 1 and is_name(written):
            return FieldPath(written, self.describe.field_at(written))
        if len(steps) == 2 and is_name(last):
            if kind in OBJECTS or (kind == "recordtype" and last.lower() in ("name", "developername")):
                path = f"{RECORDS[kind]}.{last}"
                return FieldPath(path, self.describe.field_at(path))
            if kind == "owner:queue" and last.lower() == "queuename":
                return FieldPath("Owner.Name", self.describe.field_at("Owner.Name"), fails(USER_OWNS))
            if kind == "owner:user":
                return FieldPath(f"Owner.{last}", self.describe.field_at(last, "User"), USER_OWNS)
        raise NotMappable(written, "this path of a formula is not among those that a poll reads")


RECORDS: Mapping[str, str] = {"account": "Account", "contact": "Contact", "recordtype": "RecordType"}


def is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier() and not text.startswith("_")
