"""A message to any address of Apprise, by the library `apprise` (the extra `apprise`).

By the source of apprise 2.2 and 2.3: a message given as TEXT is escaped for services that read HTML or Markdown; an
address may ask for more tries, an image, a footer, emojis or a success in any case, which are all turned off here; the
status of HTTP stands only in what it logs ("error=404"), and its logs show addresses and messages, so they are read
here and go nowhere else. A service that cuts long messages gets several.

Which signs are a mention depends on the service, and some make links of every address. So a sign without width stands
in both where they are in texts of strangers. Chats that read Markdown in any text get a backslash before its signs.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sfdc_escalator.channels.exchange import Reply, all_delivered, answered, loopback
from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.notices.message import Message
from sfdc_escalator.escalation.notices.pages import numbered, pages, plain_text
from sfdc_escalator.pipeline.ports.channel import Broken, Channel, Delayed, Delivered, Delivery, Unanswered

if TYPE_CHECKING:
    from apprise import AppriseResult, NotifyBase

SHORT = 1_000
"""A service that takes fewer characters gets what must be said alone."""
MOST = KINDS["apprise"].size
NO_WIDTH = "\N{ZERO WIDTH SPACE}"
ALIVE = re.compile(r"(?<!\w)@|@(?=everyone|here|channel|all\b)|(?<=:)(?=//)", re.IGNORECASE)
READ_MARKDOWN = {
    "discord", "guilded", "humhub", "humhubs", "mmost", "mmosts", "nctalk", "nctalks", "revolt", "ringc", "ryver",
    "zulip",
}  # fmt: skip
"""Chats that read Markdown in every text, though they get plain text from Apprise."""
MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!<>~|$^&])")
NOT_CONNECTED = re.compile("NewConnectionError|NameResolutionError|ConnectTimeout|Failed to establish a new connection")


def channel(settings: Mapping[str, Any]) -> Channel:
    return AppriseAddress(str(settings["url"]))


class AppriseAddress:
    """One address. It may hold a secret."""

    def __init__(self, url: str) -> None:
        self._url = url

    def deliver(self, message: Message) -> Delivery:
        try:
            service = service_at(self._url)
        except ModuleNotFoundError:
            return Broken("the library of Apprise is not installed: pip install 'sfdc-escalator[apprise]'")
        if service is None:
            return Broken("the address is not one that Apprise takes")
        scheme = self._url.partition("://")[0].strip().lower()
        if is_plain(service, scheme) and not loopback(str(service.host or "")):
            return Broken("the address sends in plain text: take the scheme with TLS, such as jsons:// for json://")
        return all_delivered(parts_for(message, service.body_maxlen, scheme), lambda part: notified(service, part))


def service_at(url: str) -> "NotifyBase | None":
    """The service that an address names, with one try and nothing of its own around the message."""
    quiet()
    from apprise import Apprise, AppriseAsset, OverflowMode

    asset = AppriseAsset(
        app_id="sfdc-escalator", app_desc="sfdc-escalator", async_mode=False, interpret_emojis=False,
        http_redirects=False, image_url_mask="", image_url_logo="", pgp_autogen=False, pem_autogen=False,
    )  # fmt: skip
    service = Apprise.instantiate(url, asset=asset)
    if service is None:
        return None
    for name in ("include_image", "include_footer", "interpret_emojis", "optional", "redirects"):
        if hasattr(service, name):
            setattr(service, name, False)
    service.retry, service.request_rate_per_sec, service.overflow_mode = 0, 0.0, OverflowMode.SPLIT
    return service


def quiet() -> None:
    """Keeps the library's logs, all of which are read here, from ours: they show addresses, and words of strangers."""
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    for other in log.handlers[:]:
        if type(other).__module__ != "apprise.logger" and not isinstance(other, logging.NullHandler):
            log.removeHandler(other)
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def is_plain(service: "NotifyBase", scheme: str) -> bool:
    """True when the scheme is the one without TLS of two."""
    plain = service.protocol
    return bool(service.secure_protocol) and scheme in ((plain,) if isinstance(plain, str) else plain or ())


def parts_for(message: Message, most: int, scheme: str) -> tuple[Message, ...]:
    """The message as the service takes it: the words of strangers without effect, in parts of its size."""
    lines = tuple(one._replace(text=without_effect(one.text, scheme)) for one in message.lines)
    if 0 < most < SHORT:
        return (replace(message, lines=tuple(one for one in lines if one.kept)),)
    return numbered(pages(replace(message, lines=lines), min(most or MOST, MOST)))


def without_effect(text: str, scheme: str) -> str:
    broken_up = ALIVE.sub(lambda found: found[0] + NO_WIDTH, text)
    return MARKUP.sub(r"\\\1", broken_up) if scheme in READ_MARKDOWN else broken_up


def notified(service: "NotifyBase", part: Message) -> Delivery:
    from apprise import Apprise, NotifyFormat, NotifyType

    title, _, body = plain_text(part).partition("\n")
    if len(title) > service.title_maxlen - 20 or not body:  # it may count the messages in the title, and cut it
        title, body = "", plain_text(part)
    kind = NotifyType.SUCCESS if part.ends else NotifyType.FAILURE if part.urgent else NotifyType.WARNING
    sender = Apprise(service)
    try:
        result = sender.notify(body, title, kind, NotifyFormat.TEXT, interpret_escapes=False, log_level=logging.DEBUG)
    except Exception as error:  # noqa: BLE001 - whatever a service does, the run goes on
        return Unanswered(f"Apprise ended with {type(error).__name__}")
    return outcome(result)


def outcome(result: "AppriseResult") -> Delivery:
    if result.status.name == "SUCCESS":
        return Delivered()
    said = "\n".join(entry.message for entry in result.logs())
    if codes := re.findall(r"\berror=(\d{3})\b", said):
        return answered(Reply(int(codes[-1]), {}, b""))
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return Broken("the certificate of the service is not valid")
    if NOT_CONNECTED.search(said):
        return Delayed("the service cannot be reached")
    return Unanswered("Apprise did not deliver it, and reported no status")
