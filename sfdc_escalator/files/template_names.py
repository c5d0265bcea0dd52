"""What a template reads, found in its syntax tree: fields of the case, texts of the route, names it must not use."""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from sfdc_escalator.files.literals import field_path
from sfdc_escalator.files.wrong import Wrong, unknown

CONTEXT = ("case", "policy", "route", "parts", "findings", "now")
