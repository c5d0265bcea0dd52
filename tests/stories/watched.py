"""An org with one case that matches, watched runs of cron's script on it, and a server that hears their heartbeats."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.loopback import serving
from tests.stories.world import Answer, World
from tests.warm import cron_run

POLICY = """
policy: support
routes:
  - {name: high, reason: High., when: [{field: Priority, is: High}], escalate: {status: Escalated}}
guards: {max_cases: 10, max_share_of_open: 100%}
"""
CASE = {"CaseNumber": "1", "Priority": "High", "Status": "New"}


@contextmanager
def listener(before: Callable[[str], None] = lambda _path: None) -> Iterator[tuple[str, list[str]]]:
    """A server for heartbeats: its address, and the requested paths. `before` sees each path before it is answered."""
    heard: list[str] = []

    class Hears(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            before(self.path)
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Hears) as port:
        yield f"http://127.0.0.1:{port}/ping", heard


def orgs(world: World, heartbeat: str) -> None:
    world.secrets.add(heartbeat)
    (world.folder / "config" / "orgs.yaml").write_text(f"env: {{heartbeat: '{heartbeat}'}}\n")


def env_file(world: World, org: EmbeddedOrg, mode: int = 0o600) -> Path:
    path = world.folder / ".env"
    text = f"# who we are\nSFDC_INSTANCE_URL='{org.instance_url}'\nexport SFDC_ACCESS_TOKEN=\"{org.access_token}\"\r\n"
    path.write_text(text + "IGNORED=$(touch pwned)`touch pwned`\n\nSFDC_ESCALATOR_POLICY=policy.yaml")
    path.chmod(mode)
    return path


def cron(world: World, *words: str, **environ: str) -> Answer:
    """The script as cron starts it: with an almost empty environment, in another folder and time zone."""
    bare = {"PATH": "/usr/bin:/bin", "TZ": "Asia/Kathmandu", **environ}
    state = world.folder / "state.db"
    return world.spawn(cron_run(), "--home", world.folder, *words, "--ledger", state, env=bare, cwd="/")
