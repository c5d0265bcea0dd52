"""The files that `init` writes beside the policy: the org and its login, the environment, and what is shipped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sfdc_escalator.files.first_hour.first_channels import channel_lines, channel_variables
from sfdc_escalator.files.first_hour.machine import FOLDER, ORG, PLAIN, PROGRAM, for_this_machine
from sfdc_escalator.files.first_hour.shipped_files import shipped_files
from sfdc_escalator.files.orgs.org_logins import FLOWS

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
    """The choices of the user. `program` is the path of sfdc-escalator, `folder` is absolute.

    `ledger` None means the state folder.
    """

    procedure: str
    org: str
    login: str
    ledger: str | None
    folder: Path
    program: str


def first_files(setup: Setup) -> Mapping[Path, str]:
    """The texts by their paths below the folder. Cron and systemd name the org, so that no setting leads them to
    another one."""
    chosen = {FOLDER: str(setup.folder), PROGRAM: setup.program, ORG: setup.org}
    shipped = shipped_files().items()
    return {
        Path("config/orgs.yaml"): orgs_yaml(setup),
        Path(".env.example"): env_example(setup),
        Path(".gitignore"): ".env\n*.key\n*.log\n*.db\n*.db-*\n",
        **{path: for_this_machine(path, text, chosen) for path, text in shipped},
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
