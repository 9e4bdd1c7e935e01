"""A theorem of one function of the bootloader, as an object that the prover and the reports read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.path_search import PathExploration
from .expected_selection import ExpectedSide
from .machine_setup import Machine, Semantics
from .outcome import FunctionOutcome


@dataclass(frozen=True, slots=True)
class TheoremCode:
    """Every path of a function in the file, by one semantics."""

    machine: Machine
    semantics: Semantics
    exploration: PathExploration
    hooks: tuple[str, ...]
    """Names of the functions that hooks stood for on some path."""
    outcomes: tuple[FunctionOutcome, ...]


@dataclass(frozen=True, slots=True)
class Theorem:
    """What a function does equals what impl does."""

    name: str
    title: str
    sentence: str
    """What is proved, for a reader without the code."""
    explore: Callable[[BootloaderElf, Semantics], TheoremCode]
    """Follow the machine code; raises InputError and ExecutionStopped."""
    expected: Callable[[Config], ExpectedSide]
    """Follow impl."""
    given: tuple[Any, ...]
    """What is assumed of the inputs."""
    wishes: Callable[[], Iterator[Any]]
    """How an example of a difference is to look, what matters most first."""
