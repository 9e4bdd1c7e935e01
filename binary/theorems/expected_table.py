"""What impl's own bootloader makes of a partition table, on symbolic rows.

`Bootloader._load_partition_table` and `decode_table` run unchanged. What stands for something else meanwhile:
Python's struct and hashlib, as the bytes are symbolic; `_partition`, which leaves out label and flags, as the
bootloader heeds neither; `_check_place`, which is run apart and forks once; and `reduce`, which carries out
`BootloaderState.with_row` for any state and any row once and then puts the rows in, so that paths do not multiply.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import z3

from ...impl import bootloader
from ...impl.bootloader import NO_PARTITIONS, Bootloader, BootloaderState
from ...impl.chip.cells import Cells
from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import NorFlash
from ...impl.partitions import table
from ...impl.partitions.partition import MAX_OTA_SLOTS, Partition
from ...impl.partitions.table import ROW_SIZE, TABLE_MAX_LENGTH, TableError
from ...model.config import Config
from ...proofs.refinement.symbolic_board import SmallWord, UnknownAccess
from ...proofs.refinement.symbolic_entries import standing_in
from ...proofs.refinement.symbolic_execution import AtomSolver, Path, SymBool, SymWord, bits_of, explored_paths
from .expected_flash import word_of
from .expected_side import ExpectedSide, RecordedConfig
from .outcome import FunctionOutcome
from .table_inputs import FLASH_SIZE, TABLE_PLACES, md5_of_rows, table_part

StateWords = tuple[Any, ...]
"""Offset and size of each of TABLE_PLACES, then app_count: z3 bit-vectors of 32 bits."""
_NOTHING = z3.BitVecVal(0, 32)
_BEFORE = tuple(z3.BitVec(f"before{number}", 32) for number in range(2 * len(TABLE_PLACES) + 1))
_ROW = tuple(
    z3.BitVec(f"row_{field}", bits) for field, bits in (("type", 8), ("subtype", 8), ("offset", 32), ("size", 32))
)


def expected_table(config: Config) -> ExpectedSide:
    """Return what impl's bootloader makes of the table with this configuration, as every path of it."""
    recorded = RecordedConfig(config)
    with _open_table():
        paths = explored_paths(partial(_loaded, recorded), solver=AtomSolver())
    found: dict[int, list[Path]] = {}
    for path in paths:
        found.setdefault(id(path.result[1]), []).append(path)
    outcomes = tuple(_outcome(same) for same in found.values())
    return recorded.side(outcomes, len(paths))


def _outcome(paths: list[Path]) -> FunctionOutcome:
    """Return the end of the paths that come to one state."""
    read_at, state = paths[0].result
    words = _words_of(NO_PARTITIONS if state is None else state)
    result = table_result(read_at, z3.BoolVal(state is not None), words)
    return FunctionOutcome(z3.Or(*(path.condition for path in paths)), result, z3.BoolVal(False), ())


def table_result(address: Any, is_taken: Any, words: StateWords) -> Any:
    """Return as one term: whether the table is taken, where it was read, and then what is known of it."""
    kept = (z3.If(is_taken, word, _NOTHING) for word in words)
    return z3.simplify(z3.Concat(z3.If(is_taken, z3.BitVecVal(1, 32), _NOTHING), address, *kept))


class SymbolicBytes:
    """Bytes that may be anything, compared with others."""

    def __init__(self, term: Any) -> None:
        """Wrap a z3 bit-vector with byte 0 in its lowest bits."""
        self._term = term

    @property
    def term(self) -> Any:
        """The bit-vector."""
        return self._term

    def __eq__(self, other: object) -> SymBool:  # type: ignore[override]  # forks where Python wants a bool
        """Tell whether they are the same bytes."""
        return SymBool(self.term == _bytes_term(other))

    def __ne__(self, other: object) -> SymBool:  # type: ignore[override]
        """Tell whether they differ."""
        return SymBool(self.term != _bytes_term(other))

    def __hash__(self) -> int:
        """Refuse: equality forks."""
        raise TypeError("symbolic bytes cannot be a key")

    def hex(self) -> str:
        """Return what an error message says of bytes that are not known."""
        return "?"


class TableBytes(SymbolicBytes):
    """A part of the partition table."""

    def __init__(self, places: range) -> None:
        """Take the bytes at these places."""
        self._places = places

    @property
    def term(self) -> Any:
        """The bit-vector; raises UnknownAccess for what lies behind the end row."""
        try:
            return table_part(self._places.start, len(self._places))
        except IndexError as error:
            raise UnknownAccess(f"read of byte {error} of the partition table, behind its end row") from error

    def __len__(self) -> int:
        """Return how many bytes there are."""
        return len(self._places)

    def __getitem__(self, part: slice) -> "TableBytes":
        """Return some of them."""
        return TableBytes(self._places[part])


class _NamedWord(SymWord):
    """A word that an error message may name, and whose lowest bits may be a key."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Return what a message says of a word that is not known."""
        return "?"

    def __and__(self, other: object) -> SymWord:
        """Return the common bits; they are few."""
        return (
            SmallWord(super().__and__(other).term, 0, int(other)) if isinstance(other, int) else super().__and__(other)
        )


class _TableFlash(NorFlash):
    """A flash of any size with a partition table of any rows."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        super().__init__(Cells.erased(0x1000))
        self.read_at = _NOTHING

    @property
    def size(self) -> Any:
        """Bytes of the chip."""
        return _named(FLASH_SIZE)

    def read(self, address: int, length: int) -> Any:
        """Return the table."""
        self.read_at = z3.BitVecVal(address, 32)
        return TableBytes(range(length))


def _open_table() -> Any:
    """Let impl read a table of any rows, for a while."""
    return standing_in(
        (
            (table, "_ROW", SimpleNamespace(unpack_from=_unpacked)),
            (table, "hashlib", SimpleNamespace(md5=_digest)),
            (table, "_partition", _partition),
            (table, "_check_place", _PlaceCheck(table._check_place)),
            (bootloader, "decode_table", table.decode_table.__wrapped__),
            (bootloader, "reduce", _RowFold()),
        )
    )


def _unpacked(raw: TableBytes, at: int) -> tuple[Any, ...]:
    """Return the fields of a row, as struct has them."""
    assert len(raw) == TABLE_MAX_LENGTH
    return _fields(at)


@cache
def _fields(at: int) -> tuple[Any, ...]:
    row = TableBytes(range(at, at + ROW_SIZE))
    kind, subtype, offset, size = (_named(row[start:end].term) for start, end in ((2, 3), (3, 4), (4, 8), (8, 12)))
    return row[:2], kind, subtype, offset, size, row[12:28], row[28:]


class _PlaceCheck:
    """Stands for _check_place: does what it does, with one fork in place of several."""

    def __init__(self, check_place: Callable[..., None]) -> None:
        """Take the function."""
        self._check_place = check_place
        self._refused: dict[int, Any] = {}

    def __call__(self, number: int, *arguments: Any) -> None:
        """Raise TableError for a row that is refused; the row of a number is always the same."""
        if number not in self._refused:
            paths = explored_paths(partial(self._check_place, number, *arguments), raises=(TableError,))
            self._refused[number] = z3.simplify(z3.Or(*(path.condition for path in paths if path.raised)))
        if SymBool(self._refused[number]):
            raise TableError


def _digest(data: TableBytes) -> Any:
    assert len(data) % ROW_SIZE == 0
    return SimpleNamespace(digest=lambda: SymbolicBytes(md5_of_rows(len(data) // ROW_SIZE)))


def _partition(row: Any) -> Partition:
    return Partition("", row.type, row.subtype, row.offset, row.size)


class _RowFold:
    """Stands for functools.reduce: keeps the states after the first rows, which are the same on every path."""

    def __init__(self) -> None:
        """No row was noted yet."""
        self._states: list[tuple[StateWords, BootloaderState]] = []

    def __call__(
        self, with_row: Callable[..., BootloaderState], rows: Sequence[Partition], start: BootloaderState
    ) -> BootloaderState:
        """Return the state after all rows; each row has to be at its place in the table."""
        if not self._states:
            self._states.append((_words_of(start), start))
        for number in range(len(self._states) - 1, len(rows)):
            row = rows[number]
            words = self._states[number][0]
            put_in = list(zip((*_BEFORE, *_ROW), (*words, *_row_terms(row)), strict=True))
            after = tuple(z3.simplify(z3.substitute(term, *put_in)) for term in _step(with_row))
            self._states.append((after, _state_of(after)))
        assert all(_row_terms(row)[1].eq(table_part(ROW_SIZE * number + 3, 1)) for number, row in enumerate(rows))
        return self._states[len(rows)][1]


def _row_terms(row: Partition) -> tuple[Any, ...]:
    values = (row.type, row.subtype, row.offset, row.size)
    return tuple(z3.simplify(bits_of(value, term.size())) for value, term in zip(values, _ROW, strict=True))


@cache
def _step(with_row: Callable[..., BootloaderState]) -> StateWords:
    """Return the words of the state after a row, for any state before it and any row."""
    before = _state_of(_BEFORE)

    def noted() -> StateWords:
        kind, subtype, offset, size = map(_named, _ROW)
        return _words_of(with_row(before, Partition("", kind, subtype, offset, size)))

    paths = explored_paths(noted)
    return tuple(_merged_word(paths, number) for number in range(len(_BEFORE)))


def _merged_word(paths: Any, number: int) -> Any:
    """Return one word after the row: what it was, but for the paths that change it."""
    changes: dict[int, list[Path]] = {}
    for path in paths:
        if not path.result[number].eq(_BEFORE[number]):
            changes.setdefault(path.result[number].get_id(), []).append(path)
    term = _BEFORE[number]
    for same in changes.values():
        term = z3.If(z3.Or(*(path.condition for path in same)), same[0].result[number], term)
    return z3.simplify(term)


def _loaded(config: Any) -> Any:
    flash = _TableFlash()
    state = Bootloader(flash, Efuse(0, config.secure_version_bits), config)._load_partition_table()
    return flash.read_at, state


def numbers_of(state: BootloaderState) -> tuple[Any, ...]:
    """Return offset and size of each of TABLE_PLACES, 0 and 0 where there is none, and app_count."""
    places = (state.otadata, state.factory, state.test, *(state.ota.get(slot) for slot in range(MAX_OTA_SLOTS)))
    numbers = (number for place in places for number in ((place.offset, place.size) if place else (0, 0)))
    return *numbers, state.app_count


def _words_of(state: BootloaderState) -> StateWords:
    return tuple(z3.simplify(bits_of(number)) for number in numbers_of(state))


def _state_of(words: StateWords) -> BootloaderState:
    places = [
        Partition("", 0, 0, word_of(words[number]), word_of(words[number + 1]))
        for number in range(0, len(words) - 1, 2)
    ]
    otadata, factory, test, *slots = places
    return BootloaderState(factory, test, dict(enumerate(slots)), word_of(words[-1]), otadata)


def _named(term: Any) -> Any:
    return _NamedWord(z3.ZeroExt(1, term), 0, (1 << term.size()) - 1)


def _bytes_term(value: object) -> Any:
    if isinstance(value, SymbolicBytes):
        return value.term
    assert isinstance(value, bytes)
    return z3.BitVecVal(int.from_bytes(value, "little"), 8 * len(value))
