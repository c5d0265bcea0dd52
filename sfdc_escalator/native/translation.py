"""From metadata files to the policies that they become."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sfdc_escalator.errors import Invalid, Problem
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.world.org import Describe
from sfdc_escalator.native.criteria.fields import Fields
from sfdc_escalator.native.imported import INACTIVE, ImportedFile, ImportedRule
from sfdc_escalator.native.policy.names import Names, slug
from sfdc_escalator.native.policy.text import file_text, weight_of
from sfdc_escalator.native.rules.book import Material
from sfdc_escalator.native.rules.hours import hours_of
from sfdc_escalator.native.rules.rules import Rule, rules_of
from sfdc_escalator.native.rules.workflow import workflow_of
from sfdc_escalator.native.source.custom_fields import custom_fields
from sfdc_escalator.native.source.element import Element
from sfdc_escalator.native.source.finding import EXPECTED, SourceFile, found_files
from sfdc_escalator.native.source.kinds import CASE, HOURS, PROCESS, RULES, WORKFLOW, skipped, stem_of
from sfdc_escalator.native.source.neighbours import nearest_of, older_versions

MOST_BYTES, MOST_VALUES = 1_000_000, 49_000
"""Of a policy file that can be read."""
ReadsAll = Callable[[Condition], bool]


def translated(
    arguments: Sequence[tuple[Path, str]], standard: Describe, reads_all: ReadsAll
) -> tuple[ImportedFile, ...]:
    """Each file with its rules and the policies that they become. Raises Invalid for files that cannot be read, and
    where nothing can be imported."""
    files = found_files(arguments)
    if problems := list(nothing_importable(files)):
        raise Invalid("nothing was imported", problems)
    if not files:
        shown = ", ".join(typed for _, typed in arguments)
        raise Invalid(f"no rules are in {shown}", [Problem("it holds no rules", shown, expected=EXPECTED)])
    return tuple(Translation(files, standard, reads_all).files())


def nothing_importable(files: Sequence[SourceFile]) -> Iterator[Problem]:
    """The files that the command line names itself and of which nothing is imported."""
    has_rules = any(one.root.name in RULES for one in files)
    for file in files:
        why = skipped(file.root, file.name)
        if why is None and not has_rules:
            why = "no rules are among the files"
        if file.named and why:
            message = f"the file holds nothing that can be imported: {why}"
            yield Problem(message, file.shown, file.root.line, found=f"<{file.root.name}>", expected=EXPECTED)


class Translation:
    """The translation of all files of one import; names of policies are given once."""

    def __init__(self, files: Sequence[SourceFile], standard: Describe, reads_all: ReadsAll) -> None:
        self.sources, self.reads_all, self.names = files, reads_all, Names()
        self.fields = Fields(custom_fields(files).over(standard))
        self.older = older_versions(files)

    def files(self) -> Iterator[ImportedFile]:
        for file in self.sources:
            why = skipped(file.root, file.name)
            if why is None and file.root.name in RULES:
                rules = rules_of(file.root, self.material(file))
                made = tuple(self.written(file, number, rule) for number, rule in enumerate(rules, 1))
                yield ImportedFile(file.shown, file.sha256, None, made)
            else:
                holidays = hours_of(file.root).holidays if file.root.name == HOURS else ()
                yield ImportedFile(file.shown, file.sha256, why, (), holidays)

    def material(self, file: SourceFile) -> Material:
        settings = nearest_of(file, [one for one in self.sources if one.root.name == HOURS])
        workflows = [one for one in self.sources if one.root.name == WORKFLOW and stem_of(one.name)[0] == CASE]
        workflow = nearest_of(file, workflows)
        return Material(
            file.name, self.fields, hours_of(root_of(settings)), workflow_of(root_of(workflow)), self.reads_all
        )

    def written(self, file: SourceFile, number: int, rule: Rule) -> ImportedRule:
        active = rule.active and not (file.root.name == PROCESS and file.path in self.older)
        path = text = None
        if rule.draft is not None:
            called = self.names.numbered(f"{rule.kind}-{slug(rule.name) or number}")
            path = f"{called}.yaml" if active else f"{INACTIVE}{called}.yaml"
            text = file_text(called, rule.draft, file.name, rule.name, file.sha256)
            if len(text.encode()) > MOST_BYTES or weight_of(rule.draft) > MOST_VALUES:
                raise too_large(file, rule)
        return ImportedRule(rule.name, active, rule.sample, rule.entries, path, text)


def too_large(file: SourceFile, rule: Rule) -> Invalid:
    message = f'rule "{rule.name}" makes a policy that is larger than a policy file can be'
    expected = f"at most {MOST_BYTES:,} bytes and {MOST_VALUES:,} values; split the rule, and import its parts"
    return Invalid(message, [Problem(message, file.shown, file.root.line, expected=expected)])


def root_of(file: SourceFile | None) -> Element | None:
    return file.root if file else None
