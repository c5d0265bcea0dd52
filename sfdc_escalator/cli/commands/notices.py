"""`notices`: the messages to people, and what a person does with those that are not delivered."""

from pathlib import Path

import click

from sfdc_escalator.cli.commands.by_hand import person
from sfdc_escalator.cli.groups import CommandGroup
from sfdc_escalator.cli.manner import EVERYTHING, all_option, manner
from sfdc_escalator.cli.options import json_option, ledger_option, option, org_option, policy_option
from sfdc_escalator.cli.output import page_for, tell, tell_done, tell_json, tell_news
from sfdc_escalator.wiring.surroundings import Surroundings

NOT_DELIVERED = 3


@click.group("notices", cls=CommandGroup)
def command() -> None:
    """Show the messages to people; send undelivered ones again, or drop them; try a channel.

    An ID may be shortened to its first 6 signs or more.
    """


@command.command("list")
@org_option
@ledger_option
@option(
    "--limit",
    type=click.IntRange(1, EVERYTHING),
    default=50,
    show_default=True,
    help="At most N notices: undelivered ones first, then those that wait, then the newest others.",
)
@all_option
@json_option
@click.pass_obj
def list_(surroundings: Surroundings, org: str, ledger: str | None, limit: int, as_json: bool) -> int:
    """List the notices in the ledger: undelivered ones, those that wait, and the last that were sent or dropped."""
    from sfdc_escalator.reports.json.notices import list_json
    from sfdc_escalator.reports.text.notices import list_text
    from sfdc_escalator.wiring.by_hand import outbox
    from sfdc_escalator.wiring.errand import Errand

    found = outbox.listed(Errand(surroundings, org, ledger), EVERYTHING if manner().everything else limit)
    if as_json:
        tell_json({**list_json(found), "exit": 0})
    else:
        tell(list_text(found, page_for(surroundings.environ)))
    return 0


@command.command("show")
@click.argument("notice", metavar="ID")
@org_option
@ledger_option
@json_option
@click.pass_obj
def show(surroundings: Surroundings, notice: str, org: str, ledger: str | None, as_json: bool) -> int:
    """Show one notice: to whom it goes, its whole message, and every try."""
    from sfdc_escalator.reports.json.notices import shown_json
    from sfdc_escalator.reports.text.notices import show_text
    from sfdc_escalator.wiring.by_hand import outbox
    from sfdc_escalator.wiring.errand import Errand

    shown = outbox.shown(Errand(surroundings, org, ledger), notice)
    if as_json:
        tell_json({**shown_json(shown, org), "exit": 0})
    else:
        tell(show_text(shown, org))
    return 0


@command.command("retry")
@click.argument("notices", metavar="[ID]...", nargs=-1)
@org_option
@ledger_option
@json_option
@click.pass_obj
def retry(surroundings: Surroundings, notices: tuple[str, ...], org: str, ledger: str | None, as_json: bool) -> int:
    """Let undelivered notices wait again, all of them or those with an ID. The next run sends them."""
    from sfdc_escalator.reports.json.notices import retried_json
    from sfdc_escalator.reports.text.notices import retried_text
    from sfdc_escalator.wiring.by_hand import outbox
    from sfdc_escalator.wiring.errand import Errand

    done = outbox.retried(Errand(surroundings, org, ledger), notices, person(surroundings.environ))
    if as_json:
        tell_done(lambda: tell_json({**retried_json(done.again, done.left), "exit": 0}))
    else:
        tell_done(lambda: tell_news(retried_text(done.again, done.left)))
    return 0


@command.command("drop")
@click.argument("notices", metavar="[ID]...", nargs=-1)
@option("--why", required=True, metavar="W", help="The reason, for those who wonder why nobody was notified.")
@org_option
@ledger_option
@json_option
@click.pass_obj
def drop(
    surroundings: Surroundings, notices: tuple[str, ...], why: str, org: str, ledger: str | None, as_json: bool
) -> int:
    """Drop notices for good: all that are undelivered, or those with an ID, also if they still wait."""
    from sfdc_escalator.pipeline.holding import why_of
    from sfdc_escalator.reports.json.notices import dropped_json
    from sfdc_escalator.reports.text.notices import dropped_text
    from sfdc_escalator.wiring.by_hand import outbox
    from sfdc_escalator.wiring.errand import Errand

    reason = why_of(why, "say why nobody is notified")
    done = outbox.dropped(Errand(surroundings, org, ledger), notices, person(surroundings.environ), reason)
    if as_json:
        tell_done(lambda: tell_json({**dropped_json(done, reason), "exit": 0}))
    else:
        tell_done(lambda: tell_news(dropped_text(done)))
    return 0


@command.command("test")
@click.argument("channel")
@org_option
@policy_option
@option("--to", default="", metavar="ADDRESS", help="The recipient: an e-mail address, or the id of a user or a case.")
@json_option
@click.pass_obj
def test(surroundings: Surroundings, channel: str, org: str, policies: tuple[Path, ...], to: str, as_json: bool) -> int:
    """Send one message through a CHANNEL of the policies now, by the addresses of the org.

    Exit codes: 0 delivered, 2 no such channel, 3 not delivered, 5 the org cannot be reached.
    """
    from sfdc_escalator.pipeline.ports.channel import Delivered
    from sfdc_escalator.reports.json.notices import tried_json
    from sfdc_escalator.reports.text.notices import tried_text
    from sfdc_escalator.wiring.by_hand import outbox
    from sfdc_escalator.wiring.errand import Errand

    errand = Errand(surroundings, org, policies=policies)
    tried = outbox.tried(errand, channel, to, person(surroundings.environ))
    code = 0 if isinstance(tried.answer, Delivered) else NOT_DELIVERED
    if as_json:
        tell_done(lambda: tell_json({**tried_json(tried), "exit": code}))
    else:
        tell_done(lambda: tell_news(tried_text(tried, org)))
    return code
