"""The problems that `validate` found, as text, JUnit XML and annotations of GitHub Actions."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from sfdc_escalator.errors import Problem
from sfdc_escalator.reports.json.problems import is_ok
from sfdc_escalator.reports.page import PLAIN, Page
from sfdc_escalator.reports.values import counted, visible

SUITE = "sfdc-escalator validate"
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ELSEWHERE = "the org"


def as_text(files: Sequence[str], problems: Sequence[Problem], *, strict: bool, page: Page = PLAIN) -> str:
    """A line for each problem, then the result. A quiet page has only what counts as an error."""
    errors = sum(problem.severity == "error" for problem in problems)
    warned = len(problems) - errors
    good = is_ok(problems, strict=strict)
    if page.is_quiet and good:
        return ""
    shown = [one for one in problems if not page.is_quiet or strict or one.severity == "error"]
    lines = [f"{page.state(one.severity)}: {visible(str(one))}" for one in shown]
    result = f"{page.paint('ok', 'green')} ({visible(', '.join(files))})" if good else counted(errors, "problem")
    after = f", {counted(warned, 'warning')}{' (--strict)' if strict else ''}" if warned else ""
    return "\n".join([*lines, result + after])


def as_github(problems: Sequence[Problem], about: str) -> str:
    """Workflow commands: each problem is shown on its line of the pull request (GitHub Docs, Workflow commands).

    `about` is a notice before them; empty for none.
    """
    opening = [f"::notice title={escaped(SUITE)}::{data(about)}"] if about else []
    return "\n".join(
        [*opening, *(f"::{one.severity} {annotated(one)}::{data(without_place(one))}" for one in problems)]
    )


def annotated(problem: Problem) -> str:
    place = {"file": problem.file, "line": problem.line, "col": problem.column, "title": SUITE}
    return ",".join(f"{key}={escaped(str(value))}" for key, value in place.items() if value is not None)


def data(text: str) -> str:
    return visible(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def escaped(text: str) -> str:
    return data(text).replace(":", "%3A").replace(",", "%2C")


def without_place(problem: Problem) -> str:
    """The annotation has a place of its own."""
    return str(Problem(problem.message, None, None, None, problem.found, problem.expected, problem.nearest))


def as_junit(files: Sequence[str], problems: Sequence[Problem], about: str, *, strict: bool) -> str:
    """A test case for each file, and for each problem; a warning is a failure only where it counts as one."""
    cases = [Xml.Element("testcase", classname="policy", name=clean(file)) for file in files]
    cases += [case_of(problem, failing=strict or problem.severity == "error") for problem in problems]
    failures = sum(case.find("failure") is not None for case in cases)
    suite = Xml.Element("testsuite", name=SUITE, tests=str(len(cases)), failures=str(failures), errors="0", time="0")
    suite.extend(cases)
    if about:
        Xml.SubElement(suite, "system-out").text = clean(about)
    suites = Xml.Element("testsuites", tests=str(len(cases)), failures=str(failures), errors="0")
    suites.append(suite)
    Xml.indent(suites)
    text = Xml.tostring(suites, encoding="unicode")
    # A reader of XML gets the same text; a terminal obeys nothing in it.
    shown = "".join(one if one == "\n" or visible(one) == one else f"&#{ord(one)};" for one in text)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{shown}'


def case_of(problem: Problem, *, failing: bool) -> Xml.Element:
    place = ":".join(str(part) for part in (problem.line, problem.column) if part is not None)
    name = clean(f"{place}: {problem.message}" if place else problem.message)
    case = Xml.Element("testcase", classname=clean(problem.file or ELSEWHERE), name=name)
    if problem.file:
        case.set("file", clean(problem.file))
    if problem.line is not None:
        case.set("line", str(problem.line))
    inside = Xml.SubElement(case, "failure" if failing else "system-out")
    if failing:
        inside.set("message", name)
        inside.set("type", problem.severity)
    inside.text = clean(f"{problem.severity}: {problem}")
    return case


def clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
