"""The files that `init` writes beside the policy: the org and its login, the environment, cron and systemd."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sfdc_escalator.files.first_hour.first_channels import channel_lines, channel_variables
from sfdc_escalator.files.orgs.org_logins import FLOWS

PLAIN = re.compile(r"[\w./~][\w./~@:?=&+,-]*|--?[\w-]+", re.ASCII)
MORE = ("--deadline", "8m")
SECRET_OF = {
    "access_token": "SFDC_TOKEN",
    "client_secret": "SFDC_CLIENT_SECRET",
    "refresh_token": "SFDC_REFRESH_TOKEN",
    "password": "SFDC_PASSWORD",
    "security_token": "SFDC_SECURITY_TOKEN",
}
EXAMPLE = {
    "instance_url": "https://YOURCOMPANY--SANDBOX.sandbox.my.salesforce.com  # Setup, My Domain",
    "client_id": "CONSUMER_KEY_OF_THE_APP",
    "username": "escalator@yourcompany.example.SANDBOX",
    "private_key": "file:~/.config/sfdc-escalator/server.key  # mode 0600",
    "alias": "ALIAS  # as `sf org list` shows it",
}
LOGINS = {
    "jwt": "a key pair; for cron, nothing to renew (recommended)",
    "client_credentials": "a consumer secret; for cron",
    "refresh_token": "a token of one user's own login",
    "token": "an access token that you put into the environment yourself",
    "cli": "the login of Salesforce's own CLI, for runs by hand",
    "password": "user name and password; being retired by Salesforce",
}


@dataclass(frozen=True, slots=True)
class Setup:
    """The choices of the user. `program` is the command that starts a run: cron-run, or the program itself.

    `folder` is absolute; `ledger` None means the state folder.
    """

    procedure: str
    org: str
    login: str
    ledger: str | None
    folder: Path
    program: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The command of cron and systemd. It names its org, so that no setting leads it to another one."""
        return (*self.program, "--org", self.org, *MORE)

    @property
    def has_script(self) -> bool:
        """True for cron-run, which finds the folder and the log by itself."""
        return self.program[0].endswith("cron-run")


def first_files(setup: Setup) -> Mapping[Path, str]:
    cron = Path("config/cron")
    return {
        Path("config/orgs.yaml"): orgs_yaml(setup),
        Path(".env.example"): env_example(setup),
        Path(".gitignore"): ".env\n*.key\n*.log\n*.db\n*.db-*\n",
        cron / "crontab": crontab(setup),
        cron / "sfdc-escalator.service": service(setup),
        cron / "sfdc-escalator.timer": TIMER,
    }


def orgs_yaml(setup: Setup) -> str:
    keys = FLOWS[setup.login].needs
    given = [f"  {key}: {EXAMPLE.get(key) or 'env:' + SECRET_OF[key]}" for key in keys]
    ledger = f"  ledger: {in_yaml(setup.ledger)}" if setup.ledger else "  # ledger: /var/lib/sfdc-escalator/sandbox.db"
    lines = [
        "# The orgs by name: run --org NAME. Secrets are never written here, only references to them:",
        "# env:NAME, file:PATH (mode 0600) or cmd:COMMAND.",
        f"{setup.org}:",
        f"  flow: {setup.login}",
        *given,
        "  expect: {sandbox: true}  # and organization_id: 00D..., so that no other org is ever written to",
        ledger + "  # on a local disk and in your backup; or postgresql://user@host/database",
        "  # heartbeat: env:HEARTBEAT_URL  # pinged at /start, then at the address itself, or at /EXIT_CODE",
        *(f"  {line}" for line in channel_lines(setup.procedure)),
    ]
    return "\n".join(lines) + "\n"


def in_yaml(text: str) -> str:
    """The text in quotes if YAML would read it as something else; JSON is YAML."""
    return text if PLAIN.fullmatch(text) and "/" in text else json.dumps(text, ensure_ascii=False)


def env_example(setup: Setup) -> str:
    names = [SECRET_OF[key] for key in FLOWS[setup.login].keys if key in SECRET_OF]
    lines = [
        "# Copy to .env and chmod 600 it. Lines of NAME='VALUE'; commands by hand read it too.",
        f"SFDC_ESCALATOR_ORG={setup.org}",
        *(f"{name}=''" for name in names),
        "# HEARTBEAT_URL=https://hc-ping.com/your-uuid",
        *(f"# {name}=''" for name in channel_variables(setup.procedure)),
        "# SFDC_ESCALATOR_METRICS=/var/lib/node_exporter/textfile/sfdc_escalator.prom",
        "# HTTPS_PROXY=http://proxy.yourcompany.example:3128",
        "# PGPASSWORD=            for a ledger in PostgreSQL",
    ]
    return "\n".join(lines) + "\n"


UNREPORTED = (
    "case $? in [1-6]|10) ;; "  # the program has reported what there is to report
    "*) echo 'sfdc-escalator: the run was killed, or did not start; its output, if any, is in run.log' >&2 ;; esac"
)


def crontab(setup: Setup) -> str:
    words, home = shlex.join(setup.words), shlex.quote(str(setup.folder))
    private = "(umask 077 && : >>run.log)"  # the log holds texts of cases
    logged = f"SFDC_ESCALATOR_RUN_LOG={home}/run.log {words} >>run.log || {UNREPORTED}"
    line = words if setup.has_script else f"cd {home} && {private} && {logged}"
    escaped = line.replace("%", "\\%")  # for cron a bare one ends the line
    return f"""\
# Put these lines into the crontab of the user that runs it (crontab -e). Cron starts it with an almost empty
# environment: the program reads {setup.folder}/.env. Runs may overlap: the ledger lets one run at a time work on an
# org, and a run that finds another one at work ends with exit code 0. The log gets one JSON line a run, and
# may be renamed at any time (logrotate without copytruncate). A run reports its work and its errors on stderr, which
# cron sends by mail. A run with nothing to do prints nothing there.
MAILTO=you@yourcompany.example
*/10 * * * * {escaped}
"""


def service(setup: Setup) -> str:
    folder = str(setup.folder).replace("%", "%%")
    return f"""\
# mkdir -p ~/.config/systemd/user && cp config/cron/sfdc-escalator.* ~/.config/systemd/user/
# systemctl --user enable --now sfdc-escalator.timer
# (and once: loginctl enable-linger, so that it runs while nobody is logged in). journalctl --user -u sfdc-escalator
# shows its stderr. The exit code 3 means that something needs a person: see sfdc-escalator status.
[Unit]
Description=sfdc-escalator, one run
After=network-online.target

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={" ".join(map(quoted, setup.words))}
# On SIGTERM a run finishes the calls under way and records them.
TimeoutStopSec=11min
"""


def quoted(word: str) -> str:
    """The text as systemd reads it in a command line."""
    if PLAIN.fullmatch(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'


TIMER = """\
[Unit]
Description=sfdc-escalator, every ten minutes

[Timer]
OnCalendar=*:0/10
# After the machine was off, one run catches up.
Persistent=true

[Install]
WantedBy=timers.target
"""
