"""`hold`, `release`, `resolve`, `undo`: the commands by which a person decides what runs go by, or takes it
back."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import click

from sfdc_escalator.cli.commands.explain import named
from sfdc_escalator.cli.options import json_option, ledger_option, option, org_option, policy_option
from sfdc_escalator.cli.output import page_for, tell, tell_done, tell_json, tell_news, warn
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

FOLLOWS = {
    "applied": "It counts as escalated and is never sent again.",
    "absent": "The next run sends it, if the case still matches and no note with this key stands on it.",
}


@click.command("hold")
@click.argument("case")
@option("--until", required=True, metavar="T", help="A time with its zone, or a duration such as 4h; 30 days at most.")
@option("--why", required=True, metavar="W", help="The reason, for those who wonder why nobody is called.")
@option("--route", metavar="R", help="Hold this route alone, in every policy that has it.")
@org_option
@policy_option
@ledger_option
@json_option
@click.pass_obj
def hold(
    surroundings: Surroundings,
    case: str,
    until: str,
    why: str,
    route: str | None,
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    as_json: bool,
) -> int:
    """Leave a CASE (number, id, or the address of its page) as it is for some time: no start and no rung.

    A second hold replaces the first. Time on hold does not count for rungs that count from the start; a due time stays
    as it is. Nothing is written in the org.
    """
    from sfdc_escalator.pipeline.holding import WantedHold
    from sfdc_escalator.reports.json.by_hand.holds import held_json
    from sfdc_escalator.reports.text.by_hand.changes import held_text
    from sfdc_escalator.wiring import errand

    wanted = WantedHold(until, why, person(surroundings.environ), route)
    done = errand.hold(errand.Errand(surroundings, org, ledger, policies), named(case), wanted)
    if as_json:
        tell_done(lambda: tell_json({**held_json(done), "exit": 0}))
    else:
        tell_done(lambda: tell_news(held_text(done)))
    return 0


@click.command("release")
@click.argument("case")
@org_option
@policy_option
@ledger_option
@json_option
@click.pass_obj
def release(
    surroundings: Surroundings, case: str, org: str, policies: tuple[Path, ...], ledger: str | None, as_json: bool
) -> int:
    """End the holds of a CASE (number, id, or the address of its page) that `hold` made. Rungs go on from the next run.

    Nothing is written in the org.
    """
    from sfdc_escalator.reports.json.by_hand.holds import held_json
    from sfdc_escalator.reports.text.by_hand.changes import released_text
    from sfdc_escalator.wiring import errand

    done = errand.release(errand.Errand(surroundings, org, ledger, policies), named(case), person(surroundings.environ))
    if as_json:
        tell_done(lambda: tell_json({**held_json(done), "exit": 0}))
    else:
        tell_done(lambda: tell_news(released_text(done)))
    return 0


@click.command("resolve")
@click.argument("key")
@option(
    "--as",
    "outcome",
    type=click.Choice(["applied", "absent"]),
    required=True,
    help="applied: its note stands on the case; absent: it does not.",
)
@org_option
@ledger_option
@click.pass_obj
def resolve(
    surroundings: Surroundings, key: str, outcome: Literal["applied", "absent"], org: str, ledger: str | None
) -> int:
    """Record whether an escalation with an unknown outcome was written. Look at the case first.

    KEY is its key (ESC-XXXX-XXXX-XXXX). Runs settle most unknown outcomes by themselves, by reading the org; this
    command is for the rest.
    """
    from sfdc_escalator.wiring import errand

    now = errand.resolve(
        errand.Errand(surroundings, org, ledger), key, applied=outcome == "applied", by=person(surroundings.environ)
    )
    subject = f"{now.key} (case {visible(now.case_number or now.case_id)}, {now.policy}/{now.route})"
    tell_done(lambda: tell_news(f"{subject} is recorded as {outcome}. {FOLLOWS[outcome]}"))
    return 0


@click.command("undo")
@click.argument("names", nargs=-1, required=True, metavar="RUN|KEY...")
@option("--why", required=True, metavar="W", help="The reason; the correcting note and the notices say it.")
@option("--case", "case", metavar="CASE", help="Only what was written on this case (number, id, or its address).")
@option("--yes", is_flag=True, help="Take it back. Without it the command only shows what it would do.")
@org_option
@policy_option
@ledger_option
@json_option
@click.pass_obj
def undo(
    surroundings: Surroundings,
    names: tuple[str, ...],
    why: str,
    case: str | None,
    yes: bool,
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    as_json: bool,
) -> int:
    """Take back what a RUN wrote, or what stands behind each KEY: a rung, or with the key of a start everything since.

    On each case a correcting note comes first. Then owner, status and priority get their values from before, where they
    hold what was written and nobody else changed them since. The escalation ends, and those who were notified of it are
    notified. Closed cases stay as they are.

    Exit codes: 0 done, 2 invalid input, 3 something is rejected or not known yet (the same command finishes it), or a
    run is at work, 5 the org cannot be reached.
    """
    from sfdc_escalator.errors import Invalid
    from sfdc_escalator.pipeline.undoing.targets import Wanted
    from sfdc_escalator.wiring.by_hand import undo as errands
    from sfdc_escalator.wiring.errand import Errand

    if not why.strip():
        raise Invalid("--why is empty: say why it is taken back, for those who read the note")
    wanted = Wanted(names, why, person(surroundings.environ), named(case) if case is not None else None)
    errand = Errand(surroundings, org, ledger, policies)
    result, warnings = errands.undo(errand, wanted) if yes else errands.show(errand, wanted)
    code = result.exit_code

    def report() -> None:
        if as_json:
            from sfdc_escalator.reports.json.by_hand.undo import undo_json

            warned = [str(problem) for problem in warnings]
            tell_json({**undo_json(result, org), "dry_run": not yes, "exit": code, "warnings": warned})
            return
        from sfdc_escalator.reports.text.by_hand.undo import undo_text

        for problem in warnings:
            warn(f"! {visible(str(problem))}")
        tell(undo_text(result, page_for(surroundings.environ)))

    if yes:
        tell_done(report)
    else:
        report()
    return code


def person(environ: Mapping[str, str]) -> str:
    """The login name, or the user id without a name."""
    if name := environ.get("LOGNAME") or environ.get("USER"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
