"""Every path of a function in the file, and what they come to."""

from dataclasses import dataclass

from ..execution.path_search import Exploration
from .machine_setup import Machine, Semantics
from .outcome import Outcome


@dataclass(frozen=True, slots=True)
class TheoremCode:
    """The machine code of one function, by one semantics."""

    machine: Machine
    semantics: Semantics
    exploration: Exploration
    hooks: tuple[str, ...]
    """Names of the functions that hooks stood for on some path."""
    outcomes: tuple[Outcome, ...]
