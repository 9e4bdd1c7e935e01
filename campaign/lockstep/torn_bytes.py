"""Byte-level tears for each abstract outcome: from what the model says a cut leaves to a tear of bytes."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.chip.flash import FlashOp, FlashOpKind
from ...impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind
from ...impl.image.format import APP_DESC_OFFSET
from ...impl.otadata import ENTRY_SIZE, SEQ_EMPTY, decode_entry, is_crc_right
from ...model.device.action import Action
from ...model.device.end_numbers import FITTING
from ...model.device.records import Check, Word
from ...model.device.stray_numbers import Stray, stray_named
from ...model.fault_model import FaultModel
from ..history.history import OTADATA
from ..history.player import Moment
from .stray_tears import find_stray, find_tear_towards

HEADER_GONE = 16
"""Bytes that a cut in the erase of a slot erases: the header, and not the description."""
TURN_PROGRAMMED = "cut_in_program_leaves_new"
"""The cut that leaves a record by turns whole: in the second of its two programs."""
_NAMED = {
    "cut_before_wipe": BEFORE,
    "cut_after_wipe": AFTER,
    "cut_in_wipe": Torn(TornKind.PARTIAL, length=HEADER_GONE),
    "cut_in_wipe_leaves_headers": Torn(TornKind.PARTIAL, length=1),
    "cut_in_wipe_leaves_headers_alone": Torn(TornKind.MASK, mask=bytes(APP_DESC_OFFSET) + b"\xff"),
    "cut_in_try_leaves_new": BEFORE,
    "cut_in_try_leaves_pending_verify": AFTER,
    "cut_in_erase_leaves_old": BEFORE,
    "cut_in_erase_leaves_none": AFTER,
    "cut_in_program_leaves_none": BEFORE,
    TURN_PROGRAMMED: AFTER,
}
"""Cuts in the erase of a slot, in a note in place, which is one byte, and in a record by turns."""
_DESCRIPTION_TORN = Torn(TornKind.MASK, mask=bytes(APP_DESC_OFFSET + 150) + b"\xff")
"""What cut_in_wipe_leaves_headers is where the bootloader looks at the first byte: the description has another hash."""


def tear_named(cut: Action) -> Torn | None:
    """Return the tear that the name of a cut stands for; None for a cut in the rewriting of a record."""
    # The weakest fault model that has the cut tells whether the first byte may go.
    if cut.name == "cut_in_wipe_leaves_headers" and cut.weakest is FaultModel.F2:
        return _DESCRIPTION_TORN
    return _NAMED.get(cut.name)


def classes_of(entry: bytes, is_patched: bool = False) -> tuple[Check, Word]:
    """Return how the model reads the 32 bytes of a record; is_patched: a try may be noted in its label."""
    decoded = decode_entry(entry, is_patched)
    word = Word(decoded.ota_state) if decoded.ota_state < Word.UNDEFINED else Word.UNDEFINED
    if decoded.ota_seq == SEQ_EMPTY:
        return Check.EMPTY, word
    return (Check.RIGHT if is_crc_right(decoded) else Check.WRONG), word


def is_fitting(entry: bytes) -> bool:
    """Tell whether a record has the number that reads as erased, and a check word that fits it."""
    decoded = decode_entry(entry)
    return decoded.ota_seq == SEQ_EMPTY and is_crc_right(decoded)


def torn_by_cut(
    name: str,
    op: FlashOp,
    moments: Sequence[Moment],
    slots: int,
    faults: FaultModel,
    to_come: Sequence[Stray] = (),
) -> Torn | None:
    """Return a tear of an operation on a record, of the weakest model possible, that leaves what a cut's name says.

    name: of an action of the model; moments: before the operation and after it; to_come: the stray numbers that later
    cuts are to make of what is left."""
    before, after = (moment.cells.read(op.address, ENTRY_SIZE) for moment in moments)
    stray = stray_named(name)
    if stray is None and not to_come:
        return find_torn(op.kind, before, after, *_classes_named(name), faults, _names_fitting(name))
    is_first = op.address < OTADATA + SECTOR_SIZE
    other = decode_entry(moments[0].cells.read(OTADATA + SECTOR_SIZE * is_first, ENTRY_SIZE))
    number = other.ota_seq if is_crc_right(other) and other.ota_seq != SEQ_EMPTY else None
    entry = after if op.kind is FlashOpKind.PROGRAM else before
    if stray is not None:
        return find_stray(entry, (stray, *to_come), slots, number)
    check, word = _classes_named(name)
    if check is Check.WRONG and to_come:
        return find_tear_towards(entry, to_come, slots, number, word)
    return find_torn(op.kind, before, after, check, word, faults)


def is_left_by_cut(name: str, left: bytes, before: bytes, after: bytes) -> bool:
    """Tell whether the 32 bytes that a tear has left are those of a cut's name, with the number that was there."""
    classes = _classes_named(name)
    # A check word that is right still names the number that it came with.
    is_same = classes[0] is not Check.RIGHT or left[:4] in (before[:4], after[:4])
    return classes_of(left) == classes and is_same and is_fitting(left) == _names_fitting(name)


def _classes_named(name: str) -> tuple[Check, Word]:
    _, _, check, word = name.removeprefix("cut_in_").split("_", 3)
    return Check.EMPTY if check == FITTING else Check[check.upper()], Word[word.upper()]


def _names_fitting(name: str) -> bool:
    return f"_leaves_{FITTING}_" in name


def find_torn(
    kind: FlashOpKind,
    before: bytes,
    after: bytes,
    check: Check,
    word: Word,
    faults: FaultModel,
    fits: bool = False,
) -> Torn | None:
    """Return a tear of an operation on a record, of the weakest model possible, that leaves these classes.

    before, after: the 32 bytes before the operation and after it, whole. fits: of EMPTY, the check word is there."""
    return _find_torn(kind, before, after, check, word, faults, fits)


@lru_cache(maxsize=4096)
def _find_torn(
    kind: FlashOpKind, before: bytes, after: bytes, check: Check, word: Word, faults: FaultModel, fits: bool
) -> Torn | None:
    for torn in _candidates(kind, before, after, check, word):
        if torn.weakest_model > faults:
            continue
        left = leaves(torn, kind, before, after)
        # A check word that is right still names the number that it came with.
        is_same = check is not Check.RIGHT or left[:4] in (before[:4], after[:4])
        if classes_of(left) == (check, word) and is_same and is_fitting(left) == fits:
            return torn
    return None


def leaves(torn: Torn, kind: FlashOpKind, before: bytes, after: bytes) -> bytes:
    """Return what a torn operation leaves of the 32 bytes of a record."""
    if kind is FlashOpKind.PROGRAM:
        return torn.programmed(before, after, 0)
    return bytes(old | done for old, done in zip(before, _erased_bits(torn), strict=True))


@lru_cache(maxsize=4096)
def _erased_bits(torn: Torn) -> bytes:
    """Return which bits of a record a torn erase sets."""
    return torn.erased(bytes(SECTOR_SIZE))[:ENTRY_SIZE]


_PATTERNS = 512
"""Pattern numbers that are tried: those of a single unit, and of all units but one."""


def _candidates(kind: FlashOpKind, before: bytes, after: bytes, check: Check, word: Word) -> Iterator[Torn]:
    yield BEFORE
    yield AFTER
    prefix = TornKind.PREFIX if kind is FlashOpKind.PROGRAM else TornKind.PARTIAL
    yield from (Torn(prefix, length=length) for length in range(1, ENTRY_SIZE))
    for whole_bytes in (True, False):
        pattern = TornKind.BYTES if whole_bytes else TornKind.BITS
        yield from (Torn(pattern, pattern=number) for number in range(_PATTERNS))
        yield from _masks(kind, before, after, check, word, whole_bytes)


def _masks(
    kind: FlashOpKind, before: bytes, after: bytes, check: Check, word: Word, whole_bytes: bool
) -> Iterator[Torn]:
    """Yield masks that tear number and state word each by itself; the check word stays as it is."""
    base = int.from_bytes(after if kind is FlashOpKind.PROGRAM else before, "little")
    everything = 0xFFFFFFFF
    wrong = [0, everything, *(0xFF << shift for shift in (0, 8, 16, 24))]
    numbers = {
        Check.EMPTY: [(everything, 0)],
        Check.RIGHT: [(0, 0)],
        Check.WRONG: [*((0, check_word) for check_word in wrong), *((number, 0) for number in wrong)],
    }[check]
    old_word = base >> 8 * _WORD_AT & everything
    words = [0, everything] if whole_bytes or word is Word.UNDEFINED else [0, int(word) & ~old_word]
    for number, check_word in numbers:
        for state in words:
            mask = number | state << 8 * _WORD_AT | check_word << 8 * _CHECK_AT
            if mask:
                yield Torn(TornKind.MASK, mask=mask.to_bytes(ENTRY_SIZE, "little").rstrip(b"\0"))


_WORD_AT = 24
"""Where the state word lies in a record, in bytes."""
_CHECK_AT = 28
"""Where the check word lies."""
