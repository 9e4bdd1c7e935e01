"""The pages of the public modules: what each is for, an example, and its names with their parameters."""

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from types import FunctionType, ModuleType

from otaproof.diagrams.model_reading.member_docs import member_docs

from .spec_page import SpecPage, code, fenced, first_line, repo_file

PUBLIC_MODULES = ("boards", "faults", "claims", "remedies", "strategies", "campaigns", "prover", "pictures")
"""Of otaproof.library."""
TOLD = {
    "boards": ("LiveBoard", "OtaWorld", "PowerCuts"),
    "claims": ("OwnClaim", "Observation", "Future", "Boot", "Rollback", "Upgrade", "Device", "Slot"),
    "prover": ("Scope",),
}
"""Classes whose members are told too, by module."""
MADE = frozenset(
    {
        "CampaignEffort",
        "CampaignPlan",
        "Config",
        "CutStep",
        "Effort",
        "LiveBoard",
        "OtaWorld",
        "OwnClaim",
        "PowerCuts",
        "Scope",
        "Shard",
        "SmallImage",
        "Step",
        "StepCut",
        "StepFailure",
    }
)
"""Classes that users make; the others they are given."""
_INDENTED = re.compile(r"(?:^ {4}.*\n|^\n)+", re.MULTILINE)


def library_pages() -> Iterator[SpecPage]:
    """Yield a page for each module."""
    for name in PUBLIC_MODULES:
        yield _page(name, import_module(f"otaproof.library.{name}"))


def examples_in(module: ModuleType) -> list[str]:
    """Return the code in the docstring of a module."""
    blocks = (textwrap.dedent(block).strip() for block in _INDENTED.findall(f"{module.__doc__}\n"))
    return [block for block in blocks if block]


def _page(name: str, module: ModuleType) -> SpecPage:
    page = SpecPage(f"library-{name}", f"otaproof.library.{name}")
    for paragraph in (module.__doc__ or "").split("\n\n"):
        if not paragraph.startswith("    ") and paragraph.strip():
            page.add(" ".join(paragraph.split()))
    for example in examples_in(module):
        page.add(fenced(example, "python"))
    page.add(f"[A library to build on](library.md) shows how these go together. Source: {_source(module)}.")
    page.heading("Names")
    page.table(("name", "what it is"), (_row(module, public) for public in module.__all__))
    for told in TOLD.get(name, ()):
        page.heading(told)
        page.table(("member", "what it is"), _members(getattr(module, told)))
    return page


def _members(told: type) -> Iterator[tuple[str, str]]:
    """Yield the fields, properties and methods of a class with their descriptions."""
    texts = member_docs(told)
    for field in dataclasses.fields(told) if dataclasses.is_dataclass(told) else ():
        if not field.name.startswith("_"):
            yield code(field.name), texts.get(field.name, "")
    for name, member in vars(told).items():
        if isinstance(member, property) and not name.startswith("_"):
            yield code(name), first_line(inspect.getdoc(member))
        elif inspect.isfunction(member) and not name.startswith("_"):
            yield code(f"{name}{_of_method(member)}"), first_line(inspect.getdoc(member))


def _of_method(member: FunctionType) -> str:
    return parameters_text(member).replace("(self, ", "(").replace("(self)", "()")


def _row(module: ModuleType, name: str) -> tuple[str, str]:
    value = getattr(module, name)
    return code(f"{name}{parameters_text(value)}"), _described(value)


def parameters_text(value: object) -> str:
    """Return the names of the parameters of a function, or of a class that users make; else nothing."""
    is_made = isinstance(value, type) and value.__name__ in MADE
    if not is_made and not inspect.isfunction(value):
        return ""
    assert callable(value)
    names = [
        f"{'*' if item.kind is item.VAR_POSITIONAL else ''}{item.name}{'' if item.default is item.empty else '='}"
        for item in inspect.signature(value).parameters.values()
    ]
    return f"({', '.join(names)})"


def _described(value: object) -> str:
    if isinstance(value, type) or inspect.isfunction(value):
        told = first_line(inspect.getdoc(value))
        if isinstance(value, type) and issubclass(value, Enum):
            return f"{told} Members: {', '.join(value.__members__)}."
        return told
    if isinstance(value, tuple):
        return f"{len(value)} of {type(value[0]).__name__}."
    if isinstance(value, str):
        return f"The text {code(value)}."
    return f"{type(value).__name__}."


def _source(module: ModuleType) -> str:
    return repo_file(f"library/{module.__name__.rpartition('.')[2]}.py")
