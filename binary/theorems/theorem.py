"""A theorem of one function of a bootloader or an application, as an object that the prover and the reports read."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...model.config import Config
from ..elf_file import BootloaderElf
from ..execution.path_search import PathExploration
from .deeds import Deed
from .expected_side import ExpectedSide
from .machine_setup import Machine, Semantics
from .model_reader import ModelReader
from .outcome import FunctionOutcome

MACHINE_PREMISES = (
    "The processor: instructions do what pypcode's description of it says; on RISC-V what our own decoder says gives "
    "the same verdict.",
    "The loader: memory is as the file has it.",
)
"""What every theorem rests on, in sentences."""
COMMON_PREMISES = (
    *MACHINE_PREMISES,
    "otadata begins at a sector in the first 256 MiB of flash.",
    "The check word may be any function of ota_seq.",
)
"""What theorems about otadata in a bootloader rest on."""


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
    inputs: Callable[[ModelReader, Config], object]
    """Read the inputs of an example."""
    played: Callable[[Any, Collection[int], Config], Deed]
    """Return what impl does on simulated flash with such inputs, where the operations of these numbers fail."""
    refined: Callable[[Config, TheoremCode], Config] = lambda config, code: config
    """Add to a configuration what the code itself tells of it."""
    signs_against: Callable[[Config, Collection[str]], int] = lambda config, hooks: 0
    """Count what speaks against a configuration, by the functions that are called."""
    facts: Callable[[Sequence[Any]], Sequence[Any]] = lambda terms: ()
    """What is known of the open functions in some terms."""
    example_facts: Callable[[Sequence[Any]], Sequence[Any]] = lambda terms: ()
    """Which inputs an example is looked for among, beside that."""
    is_by_case: bool = False
    """Each outcome of the code can meet few of impl's: which ones is asked first, as outcomes are large."""
