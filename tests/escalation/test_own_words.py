"""The writer's own words: what mail programs quote does not count, and no line of the writer is lost."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from sfdc_escalator.escalation.conditions.speech import headers, introductions, own_words
from tests.mails.corpus import Mail, odd, tabled

CORPUS = [*tabled(), *odd()]
ANSWER = "Re: Case\nThanks, all is well now.\n\n{}\n\nYou can always ask for a supervisor."
REQUEST = "Re: Case\nHello,\n\n{}\nPlease call me now"


def lines_of(mail: Mail) -> set[str]:
    return {line.strip() for line in own_words.own_words(f"Re: Case\n{mail.text}").splitlines()}


def test_of_all_mails_of_the_corpus_every_own_line_counts_and_no_quoted_one() -> None:
    kept = [(mail, lines_of(mail)) for mail in CORPUS]
    lost = [(mail.name, line) for mail, found in kept for line in mail.own if line not in found]
    counted = [(mail.name, line) for mail, found in kept for line in mail.quoted if line in found]
    own, quoted = (sum(map(len, column)) for column in zip(*((mail.own, mail.quoted) for mail in CORPUS), strict=True))
    print(
        f"{len(CORPUS)} mails; own lines lost: {len(lost)} of {own}; quoted lines counted: {len(counted)} of {quoted}"
    )
    assert (len(CORPUS) > 800, lost, counted) == (True, [], [])


@pytest.mark.parametrize(
    "introduction",
    [
        "On Tue, Nov 24, 2026 at\n9:00 AM Ann Agent\n<ann@support.example> wrote:",
        "On Nov 24, Ann wrote:",
        "In a message dated 11/24/2026 9:00:00 AM Eastern Standard Time, ann@support.example writes:",
        "Am 24.11.2026 um 09:00 schrieb Ihr Acme-Team <team@support.example>:",
        "On 24/11/2026 09:00, Ann Agent via Acme Support wrote:",
        "On 24 Nov 2026, at 09:00, Acme customer support <ann@support.example> wrote:",
        "2026-11-24 9:00 GMT+01:00 Ann Agent <ann@support.example>:",
        "Ann Agent (ann@support.example) wrote on Nov 24, 2026:",
        "--- Ann Agent <ann@support.example> wrote:",
        "---- On Tue, 24 Nov 2026 09:00:00 +0100 Ann Agent <ann@support.example> wrote ----",
        "---- W dniu wt., 24 lis 2026 09:00:00 +0100 Ann <ann@support.example> napisa\u0142(a) ----",
        "El 24 nov. 2026, Ann escribi\u00f3:",
        "El mar, 24 nov 2026 a las 9:00, Ann Agent escribi\u00f3:",
        "Em ter., 24 de nov. de 2026 Ann escreveu:",
        "wt., 24 lis 2026 o 09:00 Ann Agent napisa\u0142(a):",
        "Ann Agent kirjoitti 25.11.2026 klo 9.00:",
        "**From:** Ann Agent\n**Sent:** Tuesday\n**To:** Carl\n**Subject:** RE: Case",
        "From: Ann <ann@support.example> Sent: Tuesday, November 24, 2026 9:00 AM To: Carl Subject: RE: Case",
        "-----Urspr\u00fcngliche Nachricht-----\nVon: Ann Agent\nGesendet: Dienstag",
        "----- Mensaje original -----\nDe: Ann",
        "----- Forwarded by Ann/Acme on 24.11.2026 09:00 -----\n\nFrom: Ann/Acme\nTo: carl@x.example\nSubject: Re: x",
        "Fra: Ann\nSendt: mandag\nTil: Bob\nEmne: Case",
        "De: Ann\nEnviado: lunes\nPara: Bob\nAsunto: Caso",
        "Van: Ann\nVerzonden: maandag\nAan: Bob\nOnderwerp: x",
        "## Please type your reply above this line ##",
        "##- Tapez votre r\u00e9ponse au-dessus de cette ligne -##",
        "From: Ann\nSent: Tuesday, November 24, 2026 9:00 AM\nTo: Carl",
        "From: Ann <ann@support.example>\nSent: Tuesday, November 24, 2026 9:00 AM",
        "Von: Ann <ann@support.example>\nGesendet: Dienstag, 24. November 2026 09:00",
        "From: Ann <ann@support.example>\n\nSent: Tuesday\n\nTo: Carl\n\nSubject: RE: Case",
        "------ Originalnachricht ------\nVon: Ann <ann@support.example>\nAn: c@x.example\nGesendet: 24.11.2026",
        "-------- Nachricht --------\nBetreff: \tx\nDatum: \tTue, 24 Nov 2026\nVon: \tAnn <ann@support.example>",
        "Le mar. 24 nov. 2026 \u00e0 09:00, Ann Agent <ann@support.example> a\n\u00e9crit :",
        "On Tue, Nov 24, 2026 at 9:00 AM Ann Agent\u00a0<ann@support.example>\u00a0wrote:",
    ],
)
def test_what_introduces_a_quotation_ends_the_own_words(introduction: str) -> None:
    assert own_words.own_words(ANSWER.format(introduction)).rstrip() == "Re: Case\nThanks, all is well now."


@pytest.mark.parametrize(
    "words",
    [
        "On Monday I wrote:",
        "On the 3rd of May, your agent wrote:",
        "I wrote to you on 24 Nov 2026 at 10:00:",
        "On 3 May 2026 at 10:00 I wrote to Support <info@x.example>:",
        "I wrote to Support <info@x.example> on 3 May 2026 at 10:00:",
        "Am 3. Mai 2026 um 10:00 schrieb ich an Ann <ann@support.example>:",
        "Please write to ann@support.example before 3 May 2026, 10:00:",
        "What Ann <ann@support.example> told me on 3 May 2026 at 10:00:",
        "Today (3 May 2026, 10:00) your colleague ann@support.example wrote:",
        "Order 123 (3 May 2026, 10:00) for ada@x.example:",
        "From: Berlin\nTo: Hamburg\nDate: 3 May 2026",
        "Von: Berlin\nAn: Hamburg\nDatum: 3.5.2026",
        "Subject: broken lamp\nDate: 3 May 2026\nFrom: Springfield\nTo: Shelbyville",
        "Name: Ada Long <ada@x.example>\nDate: 3 May 2026\nOrder: 123",
        "Contact: Ada Long <ada@x.example>\nPhone: 1234\nBest time: 3 May 2026 10:00",
        "Date: 3 May 2026\nTime: 10:00\nName: Ada\nE-mail: ada@x.example",
        "URL: http://x.example\nUser: ada@x.example\nTime: 2026-05-03 10:00:00\nError: E12: disk full",
        "Customer: Ada (ada@x.example)\nOrdered: 3 May 2026 10:00\nShip to: Bob (bob@x.example)\nItem: lamp",
        "-----------\nName: Ada\nEmail: ada@x.example\nDate: 3 May 2026 10:00",
        "----- Summary -----",
        "From: 10:00\nTo: 12:00\nDate: 3 May 2026\nSubject: meeting",
        "From: BER\nTo: LHR\nDate: 3 May 2026\nContact: ada@x.example",
        "Name: Ada Long\nE-Mail: ada@x.example\nSubject: Re: broken lamp\nDate: 3 May 2026",
        "Usuario: ada@x.example\nFecha: 3/5/2026 10:00\nAsunto: l\u00e1mpara",
        "Here is what Ann (ann@support.example) promised on 3 May 2026, 10:00:",
        "El 3 de mayo de 2026 escrib\u00ed a info@x.example:",
        "Ho scritto a info@x.example il 3 maggio 2026 alle 10:00:",
        "--- Question 1 ---",
        "## Problem\nIt is broken.\n## What I did ##",
        "On page 12 of the manual the author wrote:",
        "Am 25.11.2026 schrieb Ihre Kollegin Frau Meier:",
        "Le 25/11/2026 votre agent a \u00e9crit :",
        "El 25/11/2026 a las 9:00 mi abogado escribi\u00f3:",
        "Il 25/11/2026 alle 9:00 un vostro collega ha scritto:",
        "Em 25/11/2026 o seu agente escreveu:",
        "Op 25-11-2026 om 09:00 schreef uw collega Ann:",
        "W dniu 25.11.2026 wasz pracownik napisa\u0142:",
        "An: info@x.example\nBetreff: K\u00fcndigung\nDatum: 3.5.2026",
    ],
)
def test_the_writers_own_lines_with_colons_are_the_writers(words: str) -> None:
    text = REQUEST.format(words)
    assert own_words.own_words(text) == text


@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_a_line_with_a_colon_above_the_headers_is_the_writers(between: str) -> None:
    line = "Write to: Ada <ada@x.example>"
    introduction = "From: Ann <ann@support.example>\nSent: 24 Nov 2026 09:00\nTo: Carl\nSubject: Re: Case"
    assert own_words.own_words(f"Re: Case\n{line}{between}{introduction}\n\nask").rstrip() == f"Re: Case\n{line}"


class Counted:
    """A pattern that counts the characters which it is given."""

    def __init__(self, pattern: re.Pattern[str], seen: list[int]) -> None:
        self.pattern, self.seen = pattern, seen

    def __getattr__(self, name: str) -> Any:
        def call(text: str, *more: str) -> Any:
            self.seen.append(len(more[0] if name == "sub" else text))
            return getattr(self.pattern, name)(text, *more)

        return call


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The lengths of all texts that were given to a pattern."""
    found: list[int] = []
    for module in (headers, introductions, own_words):
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Counted(value, found))
    yield found
    headers.headers_in.cache_clear()


HOSTILE = {
    "one long line": "From: a <a@b.example> On 1.1.2026 10:00 a wrote:",
    "stars": f"{'*' * 399}\n",
    "rules": f"{'-=' * 190}x{'-=' * 5}\n",
    "rules with words": "-----a-----\n",
    "headers": "From: a <a@b.example>, 2026-01-01\n",
    "headers that never end": "a: b@c.example;\n",
    "introductions that never end": "On 1.1.2026 10:00 a <a@b.example>\n",
    "introductions before marks": "On 1.1.2026 a wrote:\n\n> a\n",
    "colons": "a@b.example 1:\n",
    "desks": f"{'##-' * 120}\n",
    "blank lines": " \n",
    "numbers": f"{'1 ' * 190}:\n",
    "addresses": f"{'a@' * 190}:\n",
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_the_work_grows_with_the_length_of_the_text_only(unit: str, seen: list[int]) -> None:
    work = []
    for size in (20_000, 40_000, 80_000):
        seen.clear()
        headers.headers_in.cache_clear()
        own_words.own_words("Re: Case\n" + unit * (size // len(unit)))
        work.append(sum(seen))
        assert max(seen, default=0) <= 2 * headers.LONG
    assert all(later <= 2.2 * earlier + 1000 for earlier, later in pairwise(work))
