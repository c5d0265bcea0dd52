"""`fleet`: many orgs on one schedule, on the PostgreSQL that holds their ledger."""

from pathlib import Path

import click

from sfdc_escalator.cli.commands.by_hand import person
from sfdc_escalator.cli.groups import CommandGroup
from sfdc_escalator.cli.options import FilePath, json_option, ledger_option, option, policy_option
from sfdc_escalator.cli.output import page_for, tell, tell_done, tell_json, tell_news
from sfdc_escalator.wiring.surroundings import Surroundings

WAITS = 3


@click.group("fleet", cls=CommandGroup)
def command() -> None:
    """Serve many orgs: those with `every` in config/orgs.yaml, by workers on one or more machines.

    It needs the extra [fleet] and a ledger in PostgreSQL. First: fleet init. Then, all the time: fleet schedule, and
    one fleet worker or more.
    """


@command.command("init")
@ledger_option
@click.pass_obj
def init(surroundings: Surroundings, ledger: str | None) -> int:
    """Set up the tables of the fleet in the database of the ledger, or bring older ones to this version."""
    from sfdc_escalator.wiring.fleet import looking

    done = looking.init(surroundings, ledger)
    tell_done(lambda: tell_news(done))
    return 0


@command.command("schedule")
@option("--once", is_flag=True, help="Look at the clock once, for cron, in place of until SIGTERM.")
@policy_option
@ledger_option
@option(
    "--canary-runs",
    type=click.IntRange(1, 1000),
    default=3,
    show_default=True,
    metavar="N",
    help="Changed policies go to all orgs when each canary has finished N runs with them.",
)
@option("--metrics", type=FilePath(), metavar="FILE", help="Write Prometheus metrics of the fleet to this plain file.")
@click.pass_obj
def schedule(
    surroundings: Surroundings,
    once: bool,
    policies: tuple[Path, ...],
    ledger: str | None,
    canary_runs: int,
    metrics: Path | None,
) -> int:
    """Queue a run for each org that is due, until SIGTERM. Changed policies go to canaries first.

    Several at a time are harmless.
    """
    from sfdc_escalator.wiring.fleet.schedule import Schedule, run_once, run_schedule

    made = Schedule(surroundings, ledger, policies, canary_runs)
    if not once:
        run_schedule(made, metrics)
        return 0
    done = run_once(made, metrics)
    tell_done(lambda: tell_news(f"Queued: {', '.join(done.queued)}" if done.queued else "No org is due"))
    return 0


@command.command("worker")
@option(
    "--concurrency",
    type=click.IntRange(1, 100),
    default=4,
    show_default=True,
    metavar="N",
    help="At most N runs at a time. More than the orgs that may hang at the same time.",
)
@ledger_option
@click.pass_obj
def worker(surroundings: Surroundings, concurrency: int, ledger: str | None) -> int:
    """Carry out the queued runs, each in a process of its own, until SIGTERM.

    A worker may be killed, added and started again at any time: what it had begun is taken over within 20 seconds.
    """
    from sfdc_escalator.wiring.fleet.work import work

    work(surroundings, ledger, concurrency)
    return 0


@command.command("status")
@ledger_option
@json_option
@click.pass_obj
def status(surroundings: Surroundings, ledger: str | None, as_json: bool) -> int:
    """Show each org, the workers and the rollout of changed policies.

    Exit code 3 while an org fails or is behind, or a rollout is halted.
    """
    from sfdc_escalator.reports.fleet.json import fleet_json
    from sfdc_escalator.reports.fleet.text import fleet_text
    from sfdc_escalator.wiring.fleet import looking

    found = looking.status(surroundings, ledger)
    code = WAITS if found.needs_a_person else 0
    if as_json:
        tell_json({**fleet_json(found), "exit": code})
    else:
        tell(fleet_text(found, page_for(surroundings.environ)))
    return code


@command.command("run")
@click.argument("org")
@ledger_option
@click.pass_obj
def run(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Queue a run of ORG now, also of one that is paused or waits after failures."""
    from sfdc_escalator.wiring.fleet import looking

    queued = looking.run_now(surroundings, ledger, org)
    tell_done(
        lambda: tell_news(f"A run of {org} is queued" if queued else f"A run of {org} waits in the queue already")
    )
    return 0


@command.command("pause")
@click.argument("org")
@ledger_option
@click.pass_obj
def pause(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Begin no further run of ORG until it is resumed. One that is at work goes on."""
    from sfdc_escalator.wiring.fleet import looking

    changed = looking.pause(surroundings, ledger, org, paused=True)
    tell_done(lambda: tell_news(f"{org} is paused" if changed else f"{org} is paused already"))
    return 0


@command.command("resume")
@click.argument("org")
@ledger_option
@click.pass_obj
def resume(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Serve ORG again."""
    from sfdc_escalator.wiring.fleet import looking

    changed = looking.pause(surroundings, ledger, org, paused=False)
    tell_done(lambda: tell_news(f"{org} is served again" if changed else f"{org} is not paused"))
    return 0


@command.command("promote")
@click.argument("digest")
@ledger_option
@click.pass_obj
def promote(surroundings: Surroundings, digest: str, ledger: str | None) -> int:
    """Let all orgs use the policies of this DIGEST now, also after a halt or a rollback.

    `fleet status` shows the digest; its first 6 characters are enough.
    """
    from sfdc_escalator.wiring.fleet import looking

    found = looking.promote(surroundings, ledger, digest, person(surroundings.environ))
    tell_done(lambda: tell_news(f"All orgs use the policies {(found.digest or '')[:12]} from their next run on"))
    return 0


@command.command("rollback")
@click.argument("digest")
@ledger_option
@click.pass_obj
def rollback(surroundings: Surroundings, digest: str, ledger: str | None) -> int:
    """Take the policies of this DIGEST from all orgs, and refuse them until they are promoted."""
    from sfdc_escalator.wiring.fleet import looking

    found = looking.rollback(surroundings, ledger, digest, person(surroundings.environ))
    used = f"; all orgs use {(found.stable or 'none')[:12]} from their next run on"
    tell_done(lambda: tell_news(f"The policies {digest} are refused{used}"))
    return 0
