"""The proof of a core: every theorem, for each build that is asked for, by every semantics of the architecture."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...bounded_input import read_bounded
from ...errors import InputError
from ..elf_file import MAX_FILE_SIZE, BootloaderElf, parse_core_elf
from ..linking.object_archive import is_unlinked
from ..linking.object_linker import link_objects
from ..struct_layout import StructLayout
from ..theorems.machine_setup import Semantics, semantics_for
from ..theorems.question import TheoremVerdict
from .core_theorems import CoreTheorem, prove_core

SENTENCES: Mapping[str, str] = {
    "obt_is_on_trial": "whether the running image is on trial",
    "obt_image_state": "the state word that ESP-IDF reads",
    "obt_first": "the state after a boot without a record",
    "obt_boot": "the note of a try",
    "obt_burns": "whether a boot burns the secure version",
    "obt_slot_state": "what esp_ota_get_state_partition tells",
    "obt_begin": "the state after esp_ota_begin, or its error",
    "obt_write": "whether esp_ota_write is refused",
    "obt_set_boot": "the state after esp_ota_set_boot_partition, or its error",
    "obt_accept": "the state after an image is accepted, or the error",
    "obt_way_back": "where rollback goes",
    "obt_refuse": "the state after an image is refused, or the error",
    "obt_last_refused": "which image was refused last",
    "obt_forget_last": "the state after the other image is forgotten, or the error",
    "obt_read": "which 32 bytes are a whole record, and of which state",
    "obt_fill": "the 32 bytes of a record",
    "obt_decide": "which of two records decides",
    "obt_sector_to_write": "the sector that an update writes",
    "obt_next_seq": "the number of the next record",
    "obt_take_over": "which state two records of ESP-IDF stand for",
    "obt_candidate": "the image that starts, in the order of trying",
}
"""By function, what of it is proved equal to the model."""
PREMISES = (
    "The processor does what the descriptions of its instructions say.",
    "The record that decides is well formed, and its number is far from the end of the numbers.",
    "The check word may be any, and the remainder any function of two words that is right for small ones.",
    "obt_begin and obt_write are asked of the slot that esp_ota_get_next_update_partition names, obt_slot_state of any "
    "slot; for obt_way_back and obt_refuse every slot holds an image that verifies.",
    "Left out: the functions that take a state word apart (obt_kind, obt_current, obt_other, obt_is_state).",
)
"""What every theorem rests on."""


@dataclass(frozen=True, slots=True)
class CoreBuild:
    """For what the code is compared."""

    rollback: bool
    slots: int
    """1 to 16."""
    has_factory: bool

    @property
    def text(self) -> str:
        """For people."""
        slots = f"{self.slots} slot{'' if self.slots == 1 else 's'}"
        return f"rollback {'on' if self.rollback else 'off'}, {slots}, {'with' if self.has_factory else 'no'} factory"


@dataclass(frozen=True, slots=True)
class CoreFunction:
    """One function for one build: the theorems of all semantics."""

    name: str
    theorems: Mapping[Semantics, tuple[CoreTheorem, ...]]

    @property
    def verdict(self) -> TheoremVerdict:
        """Undecided where the semantics do not agree."""
        found = {_all_of(theorems) for theorems in self.theorems.values()}
        return found.pop() if len(found) == 1 else TheoremVerdict.UNDECIDED

    @property
    def detail(self) -> str:
        """Who says so, or why nobody does."""
        theorems = [theorem for of_semantics in self.theorems.values() for theorem in of_semantics]
        return next((theorem.detail for theorem in theorems if theorem.verdict is self.verdict), "semantics differ")

    @property
    def example(self) -> str | None:
        """Inputs for which the code differs; None unless refuted."""
        theorems = (theorem for of_semantics in self.theorems.values() for theorem in of_semantics)
        examples = (theorem.example for theorem in theorems if theorem.example is not None)
        return next(examples, None) if self.verdict is TheoremVerdict.REFUTED else None

    @property
    def paths(self) -> dict[str, int]:
        """Paths of the machine code, by semantics."""
        return {key.value: sum(item.paths for item in theorems) for key, theorems in self.theorems.items()}


def _all_of(theorems: tuple[CoreTheorem, ...]) -> TheoremVerdict:
    verdicts = {theorem.verdict for theorem in theorems}
    for verdict in (TheoremVerdict.REFUTED, TheoremVerdict.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return TheoremVerdict.PROVED


@dataclass(frozen=True, slots=True)
class CoreProof:
    """What is known of a file's core."""

    elf: BootloaderElf
    functions: Mapping[CoreBuild, tuple[CoreFunction, ...]]
    """Those that the file has."""
    seconds: float

    @property
    def absent(self) -> tuple[str, ...]:
        """Functions that the file has not: of a linked program, those that nothing calls."""
        return tuple(name for name in SENTENCES if not self.elf.has_code(name))

    @property
    def verdict(self) -> TheoremVerdict:
        """Proved where every function is, for every build."""
        verdicts = {item.verdict for functions in self.functions.values() for item in functions}
        for verdict in (TheoremVerdict.REFUTED, TheoremVerdict.UNDECIDED):
            if verdict in verdicts:
                return verdict
        return TheoremVerdict.PROVED

    def questions(self) -> list[tuple[str, str]]:
        """Return each question that was asked, with a name for its file."""
        return [
            (f"{name}-{'rollback' if build.rollback else 'plain'}-{semantics.value}-{number}", theorem.question)
            for build, functions in self.functions.items()
            for item in functions
            for name in (item.name,)
            for semantics, theorems in item.theorems.items()
            for number, theorem in enumerate(theorems)
            if theorem.question
        ]


def read_core(path: Path) -> BootloaderElf:
    """Return the program in a file that holds the core, an object, archive or ELF file; raises InputError."""
    raw, name = read_bounded(path, MAX_FILE_SIZE), str(path)
    no_struct = StructLayout(0, {})
    elf = link_objects(raw, name, no_struct) if is_unlinked(raw) else parse_core_elf(raw, name, no_struct)
    if not any(elf.has_code(function) for function in SENTENCES):
        raise InputError(f"{name}: no function obt_…; want an object of the selector's core, or a program with it")
    return elf


def prove_whole_core(
    elf: BootloaderElf, builds: tuple[CoreBuild, ...], progress: Callable[[str], None] = lambda text: None
) -> CoreProof:
    """Return what is known of every function that the file has, for every build."""
    started = time.perf_counter()
    functions = {build: _functions_of(elf, build, progress) for build in builds}
    return CoreProof(elf, functions, time.perf_counter() - started)


def _functions_of(elf: BootloaderElf, build: CoreBuild, progress: Callable[[str], None]) -> tuple[CoreFunction, ...]:
    found: dict[str, dict[Semantics, list[CoreTheorem]]] = {name: {} for name in SENTENCES if elf.has_code(name)}
    for semantics in semantics_for(elf):
        for theorem in prove_core(elf, build.rollback, build.slots, build.has_factory, semantics):
            progress(f"{theorem.function}, {build.text}")
            found[theorem.function].setdefault(semantics, []).append(theorem)
    return tuple(
        CoreFunction(name, {key: tuple(theorems) for key, theorems in by_semantics.items()})
        for name, by_semantics in found.items()
    )
