"""Policy files into policies, each file read once: every problem of every file at once."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from sfdc_escalator.errors import Invalid, Problem, counted
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.files.assembly.assembly import assemble, terms_of
from sfdc_escalator.files.assembly.steps import Templates
from sfdc_escalator.files.checks.cross_checks import mapping, name_crosses, raw_routes, raw_rungs
from sfdc_escalator.files.checks.cutoffs import cutoff_lints
from sfdc_escalator.files.checks.ladder_crosses import ladder_crosses
from sfdc_escalator.files.checks.ladder_lints import ladder_lints
from sfdc_escalator.files.checks.lints import route_lints, table_lints
from sfdc_escalator.files.checks.note_crosses import DEFAULT_NOTE, note_crosses
from sfdc_escalator.files.checks.notice_crosses import notice_crosses
from sfdc_escalator.files.checks.notice_lints import notice_lints
from sfdc_escalator.files.checks.ranks import rank_lints
from sfdc_escalator.files.language.declared_names import Names
from sfdc_escalator.files.language.schema_errors import problems_of
from sfdc_escalator.files.language.shape import SchemaError, check
from sfdc_escalator.files.source_map import SourceMap
from sfdc_escalator.files.templates.template_files import load_template, places_of
from sfdc_escalator.files.templates.template_names import Reads
from sfdc_escalator.files.templates.templates import NoteTemplate, built_in
from sfdc_escalator.files.text.document import Document, problem_of
from sfdc_escalator.files.text.document import Path as Loc
from sfdc_escalator.files.text.fault import Fault
from sfdc_escalator.files.text.source_text import Unreadable, read_text
from sfdc_escalator.files.text.yaml_document import parse

NOTICES = ("notices",)
MAX_BYTES, MAX_PROBLEMS = 4_000_000, 200
EXPECTED = "a policy file in YAML"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The policies that have no error, in the order of their files; their source maps by file; every problem."""

    policies: tuple[Policy, ...]
    sources: Mapping[str, SourceMap]
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


class PolicyFile(NamedTuple):
    """One file as it was read. `name` is the policy's name and where it stands."""

    path: Path
    problems: Sequence[Problem]
    policy: Policy | None = None
    source: SourceMap | None = None
    name: tuple[str, Problem] | None = None


def load_policies(paths: Sequence[Path]) -> Loaded:
    """The policies of the files, in their order, for a run: parts without effect are not looked for.

    Raises Invalid, with every error of every file, when there is one.
    """
    loaded = read_policies(paths, linted=False)
    if errors := loaded.errors:
        count = "one problem" if len(errors) == 1 else f"{len(errors)} problems"
        raise Invalid(f"the policy is invalid: {count}", errors)
    return loaded


def check_policies(paths: Sequence[Path]) -> tuple[Problem, ...]:
    """Every problem of the files, warnings among them; empty when there is none."""
    return read_policies(paths).problems


def read_policies(paths: Sequence[Path], *, linted: bool = True) -> Loaded:
    """Reads each file once. A file with an error gives its problems and no policy."""
    files = [read_policy(path, linted) for path in paths]
    sources = {one.policy.file: one.source for one in files if one.policy and one.source}
    return Loaded(tuple(one.policy for one in files if one.policy), sources, tuple(problems_in(files)))


def problems_in(files: Sequence[PolicyFile]) -> Iterator[Problem]:
    """Those of each file, and names that two files share."""
    if not files:
        yield Problem("no policy file was found", expected=f"{EXPECTED}, such as config/policies/support.yaml")
    paths: dict[str, Path] = {}
    for file in files:
        yield from file.problems
        if file.name:
            name, problem = file.name
            first = paths.setdefault(name, file.path)
            if first is not file.path:
                expected = f"each policy once; {first} has this name too"
                yield replace(problem, message=f"two files hold the policy `{name}`", expected=expected)


def read_policy(path: Path, linted: bool) -> PolicyFile:
    try:
        document = parse(str(path), read_text(path, EXPECTED, MAX_BYTES))
    except Unreadable as error:
        return PolicyFile(path, [error.problem])
    templates, problems = read_templates(path, document)
    shape, errors = check(document.value, Names.of(document.value, loud=False))
    warnings = once_each(warnings_of(document)) if linted else []
    crosses = [*name_crosses(document), *ladder_crosses(document)]
    crosses += note_crosses(document, template_reads(document, templates))
    crosses += notice_crosses(document, reads_of_notices(document, templates))
    crosses += table_lints(document) if linted else ()
    problems += document.problems
    known = document.broken | {cross.path for cross in crosses if cross.fault.severity == "error"}
    unknown = [error for error in [*errors, *warnings] if document.path(error.loc) not in known]
    problems += problems_of(document, unknown)
    problems += (problem_of(document, cross.path, cross.fault) for cross in crosses)
    problems = in_order(str(path), problems)
    if shape is None or any(problem.severity == "error" for problem in problems):
        return PolicyFile(path, problems, name=policy_name(document))
    policy = assemble(document, shape, templates, digest(document, templates))
    calendars = terms_of(shape).calendars
    lints = [*route_lints(policy, document), *ladder_lints(policy, document), *notice_lints(policy)] if linted else []
    late = [*cutoff_lints(document, calendars), *(rank_lints(document) if linted else ()), *lints]
    problems += (problem_of(document, cross.path, cross.fault) for cross in late)
    return PolicyFile(path, in_order(str(path), problems), policy, SourceMap(document), policy_name(document))


def warnings_of(document: Document) -> Iterator[SchemaError]:
    """The warnings about single values."""
    _, found = check(document.value, Names.of(document.value, loud=True))
    return (error for error in found if getattr(error.about.get("error"), "severity", None) == "warning")


def once_each(warnings: Iterable[SchemaError]) -> list[SchemaError]:
    """One warning for all the places with the same message."""
    by_message: dict[str, list[SchemaError]] = {}
    for error in warnings:
        by_message.setdefault(error.about["error"].message, []).append(error)
    return [first_of(errors, message) for message, errors in by_message.items()]


def first_of(errors: Sequence[SchemaError], message: str) -> SchemaError:
    """The first of these, with their count in its message."""
    first = errors[0]
    if len(errors) == 1:
        return first
    counted = first.about["error"].but(message=f"{message} ({len(errors)} times in this file)")
    return first._replace(about={**first.about, "error": counted})


def in_order(file: str, problems: Sequence[Problem]) -> list[Problem]:
    """Each once, by its place; those of other files (templates) last."""
    once = dict.fromkeys(problems)
    ordered = sorted(once, key=lambda one: (one.file != file, one.file or "", one.line or 0, one.column or 0))
    if len(ordered) <= MAX_PROBLEMS:
        return ordered
    worst = sorted(ordered, key=lambda one: one.severity == "warning")
    message = f"and {counted(len(ordered) - MAX_PROBLEMS, 'more problem')} in this file"
    return [*worst[:MAX_PROBLEMS], Problem(message, file, severity=worst[MAX_PROBLEMS].severity)]


def policy_name(document: Document) -> tuple[str, Problem] | None:
    name = mapping(document.value).get("policy")
    if not isinstance(name, str):
        return None
    return name, problem_of(document, ("policy",), Fault("", found=name))


def note_spots(document: Document) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
    """The notes of routes and rungs that may be written, each with its place."""
    for route in raw_routes(document):
        yield (*route.path, "escalate", "note"), route.note
        yield from ((rung.note_path, rung.note) for rung in raw_rungs(route) if rung.moves)


def notes_in(document: Document) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
    """The default note first."""
    yield DEFAULT_NOTE, mapping(document.value, *DEFAULT_NOTE)
    yield from note_spots(document)


def files_of(paths: Sequence[Path]) -> Iterator[str]:
    """The policy files and every place of their templates. A file that cannot be read names none."""
    for path in paths:
        yield str(path)
        try:
            document = parse(str(path), read_text(path, EXPECTED, MAX_BYTES))
        except Unreadable:
            continue
        for _, given in spots_of_templates(document):
            name = given.get("template")
            yield from map(str, places_of(path, name)) if isinstance(name, str) else ()


def spots_of_templates(document: Document) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
    """The mappings that may name a template, each with its place."""
    yield from notes_in(document)
    yield NOTICES, mapping(document.value, *NOTICES)


def read_templates(path: Path, document: Document) -> tuple[dict[str, NoteTemplate], list[Problem]]:
    """The templates that the policy names, and their problems."""
    templates, problems = {"": built_in()}, list[Problem]()
    for spot, given in spots_of_templates(document):
        name = given.get("template")
        if not isinstance(name, str) or not name.strip():
            continue
        try:
            templates[name] = templates.get(name) or load_template(path, name)
            problems += templates[name].problems
        except Fault as fault:
            problems.append(problem_of(document, (*spot, "template"), fault))
    return templates, problems


def template_names(document: Document) -> dict[Loc, str]:
    """The template of each note."""
    default = mapping(document.value, *DEFAULT_NOTE).get("template", "")
    return {path: note.get("template", default) for path, note in note_spots(document)}


def template_reads(document: Document, templates: Templates) -> dict[Loc, Reads]:
    """The fields and texts that the template of each note reads, where it has one."""
    named = template_names(document).items()
    return {path: templates[name].needs for path, name in named if isinstance(name, str) and name in templates}


def reads_of_notices(document: Document, templates: Templates) -> Reads:
    """The fields and texts that the template of notices reads; nothing without one."""
    name = mapping(document.value, *NOTICES).get("template")
    return templates[name].needs if isinstance(name, str) and name in templates else Reads()


def digest(document: Document, templates: Templates) -> str:
    """A digest of the content: comments, layout and place do not count; the order of the note's parts does."""
    parts = [list(mapping(note.get("parts"))) for _, note in notes_in(document)]
    of_notices = mapping(document.value, *NOTICES).get("template")
    named = {*template_names(document).values(), *([of_notices] if of_notices else ())}
    texts = {name: templates[name].text for name in named}
    canonical = json.dumps([document.value, parts, texts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
