"""The mails of the corpus: the odd ones, and every format in every language."""

import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
AGENT, MAIL = "Ann Agent", "ann@support.example"
CUSTOMER = "Carl Customer <carl@customer.example>"
SUBJECT = "Case 00001234"


class Mail(NamedTuple):
    """A mail, the lines in it that its writer wrote, and lines that the writer did not."""

    name: str
    text: str
    own: tuple[str, ...]
    quoted: tuple[str, ...]


Language = Mapping[str, Any]


def lines(*parts: str) -> str:
    return "\n".join(parts)


def marked(texts: list[str]) -> str:
    return "\n".join(f"> {text}" for text in texts)


def headers_of(language: Language, shape: str = "{word}: {value}", name: str = f"{AGENT} <{MAIL}>") -> str:
    values = [name, language["sent"], CUSTOMER, f"{language['reply']}: {SUBJECT}"]
    return lines(
        *(shape.format(word=word, value=value) for word, value in zip(language["headers"], values, strict=True))
    )


def wrapped(intro: str) -> str:
    """As a mail program wraps it: full lines of 60."""
    return "\n".join(textwrap.wrap(intro, 60, break_long_words=False, break_on_hyphens=False))


def in_pieces(intro: str) -> str:
    """As some mail programs break it: before the name and before the address."""
    return intro.replace(f" {AGENT}", f"\n{AGENT}").replace(f"{AGENT} ", f"{AGENT}\n")


def below(introduction: str, language: Language) -> str:
    """The customer's words, then the introduction, then what is quoted."""
    return lines(*language["own"], "", introduction, "", *language["quoted"])


def with_marks(introduction: str, language: Language) -> str:
    first, last = language["own"]
    return lines(first, "", introduction, "", marked(language["quoted"]), "", last)


INTRODUCED: dict[str, Callable[[str, Language], str]] = {
    "one line": below,
    "wrapped": lambda intro, language: below(wrapped(intro), language),
    "in pieces": lambda intro, language: below(in_pieces(intro), language),
    "close": lambda intro, language: lines(*language["own"], intro, *language["quoted"]),
    "with marks": with_marks,
    "wrapped, with marks": lambda intro, language: with_marks(wrapped(intro), language),
    "answer below": lambda intro, language: lines(intro, marked(language["quoted"]), "", *language["own"]),
    "answers between": lambda intro, language: lines(
        intro, f"> {language['quoted'][0]}", language["own"][0], f"> {language['quoted'][1]}", language["own"][1]
    ),
}
HEADED: dict[str, Callable[[Language], str]] = {
    "headers": headers_of,
    "bold": lambda language: headers_of(language, "**{word}:** {value}"),
    "stars": lambda language: headers_of(language, "*{word}:* {value}"),
    "bold, colon outside": lambda language: headers_of(language, "**{word}**: {value}"),
    "tab": lambda language: headers_of(language, "{word}:\t{value}"),
    "wide colon": lambda language: headers_of(language, "{word}\uff1a{value}"),
    "link": lambda language: headers_of(language, name=f"{AGENT} [mailto:{MAIL}]"),
    "address alone": lambda language: headers_of(language, name=MAIL),
    "name alone": lambda language: headers_of(language, name=AGENT),
    "mobile": lambda language: lines("_" * 32, headers_of(language)),
    "classic": lambda language: lines(f"-----{language['rule']}-----", headers_of(language)),
    "classic, name alone": lambda language: lines(f"-----{language['rule']}-----", headers_of(language, name=AGENT)),
    "wide rule": lambda language: lines(
        f"------------------ {language['rule']} ------------------", headers_of(language)
    ),
    "forwarded": lambda language: lines(
        f"---------- {language['rule']} ---------",
        f"{language['headers'][0]}: {AGENT} <{MAIL}>",
        f"{language['headers'][1]}: {language['sent']}",
        f"{language['headers'][3]}: {SUBJECT}",
        f"{language['headers'][2]}: <carl@customer.example>",
    ),
    "help desk": lambda language: f"##- {language['above']} -##",
}


def languages() -> dict[str, Language]:
    found: dict[str, Language] = yaml.safe_load((HERE / "languages.yaml").read_text(encoding="utf-8"))
    return found


def tabled() -> Iterator[Mail]:
    for code, language in languages().items():
        own, quoted = tuple(language["own"]), tuple(language["quoted"])
        for place, intro in enumerate(language["intros"]):
            for name, write in INTRODUCED.items():
                text = write(intro.format(name=AGENT, mail=MAIL), language)
                yield Mail(f"{code} introduction {place} {name}", text, own, quoted)
        for intro in language["plain"]:
            for name in ("with marks", "answer below", "answers between"):
                yield Mail(f"{code} plain {name}", INTRODUCED[name](intro.format(name=AGENT), language), own, quoted)
        for name, head in HEADED.items():
            yield Mail(f"{code} {name}", below(head(language), language), own, quoted)


def odd() -> Iterator[Mail]:
    for one in yaml.safe_load((HERE / "odd.yaml").read_text(encoding="utf-8")):
        yield Mail(one["name"], one["text"], tuple(one.get("own", ())), tuple(one.get("quoted", ())))
