"""A theorem of one function of the bootloader, as an object that the prover and the reports read."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.path_search import PathExploration
from .counterexample import TheoremInputs
from .deeds import Deed
from .expected_selection import ExpectedSide
from .machine_setup import Machine, Semantics
from .model_reader import ModelReader
from .outcome import FunctionOutcome

COMMON_PREMISES = (
    "The processor: instructions do what pypcode's description of it says; on RISC-V what our own decoder says gives "
    "the same verdict.",
    "The loader: memory is as the file has it.",
    "otadata begins at a sector in the first 256 MiB of flash.",
    "The check word may be any function of ota_seq.",
)
"""What theorems about otadata rest on, in sentences."""


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
    sentence: Callable[[Config], str]
    """What is proved, for a reader without the code."""
    premises: Callable[[Config], tuple[str, ...]]
    """What it rests on, in sentences, beside the functions that hooks stand for."""
    explore: Callable[[BootloaderElf, Semantics, tuple[Any, ...]], TheoremCode]
    """Follow the machine code under what is given; raises InputError and ExecutionStopped."""
    expected: Callable[[Config], ExpectedSide]
    """Follow impl."""
    given: Callable[[Config], tuple[Any, ...]]
    """What is assumed of the inputs, as formulas."""
    wishes: Callable[[Config], Iterator[Any]]
    """How an example of a difference is to look, what matters most first."""
    inputs: Callable[[ModelReader, Config], TheoremInputs]
    """Read the inputs of an example."""
    played: Callable[[Any, Collection[int], Config], Deed]
    """Return what impl does on simulated flash with such inputs, where the operations of these numbers fail."""
    is_by_case: bool = False
    """Each outcome of the code can meet few of impl's: which ones is asked first, as outcomes are large."""
