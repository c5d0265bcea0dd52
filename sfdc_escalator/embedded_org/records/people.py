"""The users who act in an org beside the token's user: an agent, a portal customer, the org's automation."""

from __future__ import annotations

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.store import schema
from sfdc_escalator.embedded_org.store.work import Work

# Role -> Username, LastName and UserType; each becomes a user of the org with its first act.
_ROLES = {
    "agent": ("agent@embedded.example", "Agent", "Standard"),
    "customer": ("customer@embedded.example", "Customer", "CspLitePortal"),
    "automation": ("autoproc@embedded.example", "Automated Process", "AutomatedProcess"),
}


def named(work: Work, text: str) -> str | None:
    """The id of an active user by Username or Id."""
    rows = work.database.query(
        'SELECT Id FROM "User" WHERE (Username = ? OR Id = ?) AND IsActive = 1', (text, ids.canonical(text))
    )
    return str(rows[0][0]) if rows else None


def acting(work: Work, role: str) -> str:
    """The user id of the agent, the customer or the automation; the user is created on first use."""
    username, name, user_type = _ROLES[role]
    known = work.database.query('SELECT Id FROM "User" WHERE Username = ?', (username,))
    if known:
        return str(known[0][0])
    users = work.database.schema["User"]
    made = work.database.next_id(users)
    profile = work.database.query("SELECT Id FROM Profile ORDER BY rowid LIMIT 1")[0][0]
    work.database.insert(users, {
        **schema.preset(users), "Id": made, "Username": username, "LastName": name, "Name": name, "Email": username,
        "Alias": role[:8], "CommunityNickname": role, "UserType": user_type, "ProfileId": profile,
        "CreatedById": work.user_id, "CreatedDate": work.now, "LastModifiedById": work.user_id,
        "LastModifiedDate": work.now, "SystemModstamp": work.now,
    })  # fmt: skip
    return made
