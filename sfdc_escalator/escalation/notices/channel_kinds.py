"""The kinds of channels, and the settings of each in `orgs.yaml`. Adding a kind is one row and one module."""

from typing import Literal, NamedTuple

Form = Literal["address", "secret", "text", "headers"]
"""An address may hold a secret, so it may be written as a reference; a secret must be one; a text is neither."""

Reaches = Literal["address", "users", "mail"]
"""Whom a channel can be sent to: its own address; users, queues and groups by their ids; e-mail addresses."""


class Setting(NamedTuple):
    """One setting of a channel of an org."""

    name: str
    form: Form
    about: str


class ChannelKind(NamedTuple):
    """A kind of channel. One of `needed` must be given whole. `size` is the size of one message there, in units of the
    kind; 0 means that it has no limit. `library` is the package that it needs, by the extra `extra`. `knows_ids`: a
    message that comes twice counts as one there, by its id; others get at most one repeat."""

    name: str
    about: str
    settings: tuple[Setting, ...] = ()
    needed: tuple[tuple[str, ...], ...] = ((),)
    reaches: Reaches = "address"
    size: int = 0
    extra: str = ""
    library: str = ""
    knows_ids: bool = False


BELL_TYPE = "SFDC_Escalator"
"""The custom notification type of the bell, where an org names no other one."""
URL = Setting("url", "address", "The address that the service gave for it.")

KINDS = {
    one.name: one
    for one in (
        ChannelKind(
            "salesforce",
            "The bell in Salesforce: a notification to users, queues and groups. No second login.",
            (Setting("type", "text", f"DeveloperName of the custom notification type; default {BELL_TYPE}."),),
            reaches="users",
            size=1_000,
        ),
        ChannelKind("chatter", "A post on the case.", size=10_000),
        ChannelKind(
            "slack",
            "A message in Slack, by an incoming webhook or by a bot's token.",
            (
                Setting(
                    "url", "address", "The incoming webhook; with a token the API (default https://slack.com/api)."
                ),
                Setting("token", "secret", "The bot's token, xoxb-..."),
                Setting("to", "text", "With a token: the id of the channel, C..."),
            ),
            needed=(("url",), ("token", "to")),
            size=10_000,
            extra="slack",
            library="slack_sdk",
        ),
        ChannelKind(
            "teams",
            "A card in Microsoft Teams, by a webhook of Workflows.",
            (URL,),
            needed=(("url",),),
            size=20_000,
        ),
        ChannelKind(
            "email",
            "An e-mail.",
            (
                Setting(
                    "server", "text", "smtp://HOST:PORT (STARTTLS, default port 587) or smtps://HOST:PORT (TLS, 465)."
                ),
                Setting("from", "text", "The sender's address, with or without a name."),
                Setting("to", "text", "The recipient where a policy names the channel itself."),
                Setting("user", "text", "The user name at the server."),
                Setting("password", "secret", "The password at the server."),
            ),
            needed=(("server", "from"),),
            reaches="mail",
            size=40_000,
            knows_ids=True,
        ),
        ChannelKind(
            "basecamp", "A line in a Campfire of Basecamp, by a chatbot.", (URL,), needed=(("url",),), size=10_000
        ),
        ChannelKind(
            "clickup",
            "A task in ClickUp.",
            (
                Setting("url", "address", "The API; default https://api.clickup.com/api/v2."),
                Setting("list", "text", "The id of the list."),
                Setting("token", "secret", "A personal token, pk_..."),
            ),
            needed=(("list", "token"),),
            size=20_000,
            knows_ids=True,
        ),
        ChannelKind(
            "sharepoint",
            "An item of a list in SharePoint, by Microsoft Graph.",
            (
                Setting("url", "address", "The API; default https://graph.microsoft.com/v1.0."),
                Setting("login", "address", "The login; default https://login.microsoftonline.com."),
                Setting("tenant", "text", "The id of the tenant."),
                Setting("client_id", "text", "The id of the application."),
                Setting("client_secret", "secret", "A client secret of the application."),
                Setting("site", "text", "The id of the site."),
                Setting("list", "text", "The id or the name of the list."),
            ),
            needed=(("tenant", "client_id", "client_secret", "site", "list"),),
            size=30_000,
            knows_ids=True,
        ),
        ChannelKind(
            "webhook",
            "A POST with JSON to a program of your own.",
            (URL, Setting("headers", "headers", "Further headers, such as Authorization.")),
            needed=(("url",),),
            knows_ids=True,
        ),
        ChannelKind(
            "pagerduty",
            "An incident in PagerDuty, resolved when the escalation ends.",
            (
                Setting("url", "address", "The API; default https://events.pagerduty.com/v2/enqueue."),
                Setting("routing_key", "secret", "The integration key of the service (Events API v2)."),
            ),
            needed=(("routing_key",),),
            size=400_000,
            knows_ids=True,
        ),
        ChannelKind(
            "apprise",
            "Any address of Apprise.",
            (URL,),
            needed=(("url",),),
            size=20_000,
            extra="apprise",
            library="apprise",
        ),
        ChannelKind("log", "The log of the run.", knows_ids=True),
    )
}
