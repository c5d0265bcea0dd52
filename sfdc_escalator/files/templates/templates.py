"""Note templates: a sandbox that renders data as data, and the fields that a template uses, found before any run.

The only module that imports jinja2.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from sfdc_escalator.errors import Problem
from sfdc_escalator.escalation.policy.escalate import Template
from sfdc_escalator.files.templates import bounds
from sfdc_escalator.files.templates.template_names import Reads, need_of
from sfdc_escalator.files.text.fault import nearest, one_of

BUILT_IN = "hand-off.md.j2"
MAX_BYTES, MAX_OUTPUT, MAX_RANGE, MAX_NUMBER = 100_000, 100_000, 100, 10**12
NO_FILTER = "No filter named "
SURROGATE = re.compile("[\ud800-\udfff]")
METHODS = frozenset((
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal", "isdigit",
    "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "lower", "lstrip", "partition", "removeprefix",
    "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strip", "swapcase", "title", "upper",
))  # fmt: skip
"""The methods of a text that a template may call. Numbers and lists have none."""
COUNTED, JOINED = "_counted", "_joined"


class Named(StrictUndefined):
    """An unknown name; its message names the nearest known one."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        name, holder = str(self._undefined_name), self._undefined_obj
        names = map(str, holder) if isinstance(holder, Mapping) else (one for one in dir(holder) if one[0] != "_")
        near = nearest(name, names)
        return f"`{name}` is not there" + (f": did you mean {near}?" if near else "")


class Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox with bounded numbers and output and no files. A mapping gives only its entries; an empty record has
    empty fields."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if obj is None or isinstance(obj, Mapping):
            return self.entry(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(argument, str) and (obj is None or isinstance(obj, Mapping)):
            return self.entry(obj, argument)
        return super().getitem(obj, argument)

    def entry(self, obj: Mapping[str, Any] | None, path: str) -> Any:
        if obj is None:
            return None
        if path in obj:
            return obj[path]
        first, _, rest = path.partition(".")
        return self.entry(obj[first], rest) if rest and first in obj else self.undefined(obj=obj, name=path)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, (str, int, float, list, tuple)) and type(obj).__module__ == "builtins":
            return isinstance(obj, str) and attr in METHODS
        return super().is_safe_attribute(obj, attr, value)

    def call(self, context: Any, obj: Any, *given: Any, **named: Any) -> Any:
        bounds.affordable(str(getattr(obj, "__name__", "")), getattr(obj, "__self__", None), *given)
        bounds.step()
        return bounds.of_size(super().call(context, obj, *given, **named))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and type(left) is type(right) and isinstance(left, (str, list)):
            return bounds.of_size(super().call_binop(context, operator, left, right))
        if not all(isinstance(side, (int, float)) and abs(side) < MAX_NUMBER for side in (left, right)):
            raise ValueError(f"`{operator}` works on numbers only")
        if operator == "**" and abs(right) > 20:
            raise ValueError("`**` works up to the power of 20 only")
        return super().call_binop(context, operator, left, right)


def short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise ValueError(f"a range has at most {MAX_RANGE} numbers")
    return numbers


def given(value: Any) -> Any:
    return "" if value is None else bounds.of_size(value)


def sandbox() -> Sandbox:
    sandbox = Sandbox(undefined=Named, trim_blocks=True, lstrip_blocks=True, finalize=given, cache_size=0)
    sandbox.globals = {"range": short_range}
    for unsafe in ("random", "center", "format", "pprint", "indent", "attr"):
        del sandbox.filters[unsafe]
    sandbox.filters = {name: bounds.limited(name, work) for name, work in sandbox.filters.items()}
    sandbox.filters[COUNTED] = bounds.counted
    sandbox.filters[JOINED] = bounds.joined
    return sandbox


class Bounded(NodeTransformer):
    """Loops whose turns are counted, and `~` whose texts have a limit."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        found: nodes.For = self.generic_visit(node)  # type: ignore[assignment]
        found.iter = nodes.Filter(found.iter, COUNTED, [], [], None, None, lineno=node.lineno)
        return found

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        found: nodes.Concat = self.generic_visit(node)  # type: ignore[assignment]
        texts = nodes.List(found.nodes, lineno=node.lineno)
        return nodes.Filter(texts, JOINED, [], [], None, None, lineno=node.lineno)


SANDBOX = sandbox()


@dataclass(frozen=True, slots=True)
class NoteTemplate:
    """A template file that was read, with what it needs and what is wrong with it."""

    file: str
    text: str
    needs: Reads = field(default_factory=Reads, compare=False)
    problems: tuple[Problem, ...] = ()

    @property
    def source(self) -> Template:
        """The template as a policy holds it."""
        return Template(self.file, self.text)


def render(template: Template, context: Mapping[str, Any]) -> str:
    """The note; ValueError, with advice, when the template cannot be rendered."""
    pieces, length = list[str](), 0
    try:
        with bounds.bounded():
            for piece in stream_of(template.text)(context):
                piece.encode()  # fails on half of a surrogate pair, which no ledger can store
                pieces.append(piece)
                length += len(piece)
                if length > MAX_OUTPUT:
                    raise ValueError(f"the note grows over {MAX_OUTPUT} characters")
    except Exception as error:
        raise ValueError(f"the template {template.name} cannot be rendered: {error}") from error
    return "".join(pieces)


def html_templates(package: str, finalize: Callable[[Any], Any]) -> Callable[..., str]:
    """Renders the templates of our own HTML pages, which stand in this package, by name. Every value is finalized and
    escaped; an unknown name is an error."""

    def source(name: str) -> str:
        return files(package).joinpath(name).read_text(encoding="utf-8")

    pages = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.loader, pages.finalize = FunctionLoader(source), finalize
    return lambda name, /, **values: pages.get_template(name).render(values)


@cache
def stream_of(text: str) -> Callable[..., Any]:
    """The compiled template. Raises TemplateError and whatever else a compiler raises."""
    tree = Bounded().visit(SANDBOX.parse(text))
    return SANDBOX.from_string(tree).generate


def built_in() -> NoteTemplate:
    """The hand-off note of a policy that names no template."""
    return compiled(BUILT_IN, files(__package__).joinpath(BUILT_IN).read_text(encoding="utf-8"))


def compiled(file: str, text: str) -> NoteTemplate:
    try:
        tree = SANDBOX.parse(text)
        needs, faults = need_of(tree)
        stream_of(text)
        for constant in tree.find_all(nodes.Const):
            if isinstance(constant.value, str) and SURROGATE.search(constant.value):
                raise TemplateSyntaxError("half of a surrogate pair cannot be in a note", constant.lineno)
    except TemplateError as error:
        return NoteTemplate(file, text, problems=(syntax_problem(file, error),))
    except (RecursionError, SyntaxError, MemoryError, ValueError):
        problem = Problem(
            "the template cannot be read: it is nested too deep, or holds a number that is too long", file
        )
        return NoteTemplate(file, text, problems=(problem,))
    problems = [
        Problem(fault.message, file, line, None, fault.found, fault.expected, fault.nearest) for line, fault in faults
    ]
    if not writes_something(tree):
        problems.append(
            Problem("the template writes nothing", file, 1, expected="a text, or a value such as {{ now }}")
        )
    return NoteTemplate(file, text, needs, tuple(problems))


def writes_something(tree: nodes.Template) -> bool:
    """True where it holds a text or a value."""
    written = (piece for output in tree.find_all(nodes.Output) for piece in output.nodes)
    return any(not isinstance(piece, nodes.TemplateData) or piece.data.strip() for piece in written)


def syntax_problem(file: str, error: TemplateError) -> Problem:
    message, line = str(error.message or "it cannot be read").rstrip("."), getattr(error, "lineno", None)
    if not message.startswith(NO_FILTER):
        return Problem(f"the template cannot be read: {message}", file, line)
    name, allowed = (
        message.removeprefix(NO_FILTER).strip("'"),
        sorted({*SANDBOX.filters} - {COUNTED, JOINED}),
    )
    return Problem(f"unknown filter `{name}`", file, line, None, name, one_of(allowed), nearest(name, allowed))
