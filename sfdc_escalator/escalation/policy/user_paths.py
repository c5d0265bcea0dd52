"""The fields of a case that lead to the persons whom a policy notifies."""

from typing import NamedTuple

MANAGER = "manager"


class UserPath(NamedTuple):
    """The field of the case that holds the id of a user, and how many managers up from that user."""

    field: str
    managers: int


def user_path(path: str) -> UserPath:
    """`Owner.Manager` -> OwnerId and one manager up; `Account.Owner` -> Account.OwnerId; `Lead__r` -> Lead__c."""
    steps, managers = path.split("."), 0
    while len(steps) > 1 and steps[-1].lower() == MANAGER:
        steps.pop()
        managers += 1
    *way, last = steps
    by_id = f"{last[:-3]}__c" if last.lower().endswith("__r") else f"{last}Id"
    return UserPath(".".join((*way, by_id)), managers)
