"""Pairs of otadata records that a selection is run on: every class of pairs, and random ones.

A class is a word of each state, right or wrong or blank check words, an order of the two numbers, a slot count, and
whether there is a factory app. Words that differ from a state in one byte or half word are classes of their own: a
bootloader that reads too little of a word takes them for the state.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random

from ...impl.chip.cells import SECTOR_SIZE
from ...impl.otadata import ENTRY_SIZE, SEQ_EMPTY, ota_select_crc
from ...model.ota_state import OtaImgState

BLANK_RECORD = b"\xff" * ENTRY_SIZE
RECORD_LAYOUT = "<I20sII"
_LABEL_SIZE = 20
_STATES = tuple(int(state) for state in OtaImgState)
_PLAIN_WORDS = (*_STATES, 5)
"""The states, and a word that is none."""
_ALTERED_WORDS = tuple(
    state ^ change for state in _STATES for change in (0x100, 0x10000, 0x80000000) if state ^ change not in _PLAIN_WORDS
)
_CHECK_WORDS = ("right", "wrong", "blank")
_NUMBERS = (
    (1, 1),
    (1, 2),
    (2, 1),
    (4, 3),
    (5, 6),
    (0, 1),
    (1, 0),
    (0x7FFFFFFF, 0x80000000),
    (0x80000000, 0x7FFFFFFF),
    (0xFFFFFFFE, 1),
    (0x10001, 2),
    (SEQ_EMPTY, 1),
    (1, SEQ_EMPTY),
    (SEQ_EMPTY, SEQ_EMPTY),
)
_SLOT_COUNTS = (0, 1, 2, 3, 16)
_EDGES = (0, 1, 2, 3, 4, 5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, SEQ_EMPTY)


@dataclass(frozen=True, slots=True)
class OtadataPair:
    """Two records, and all else that a selection goes by."""

    records: tuple[bytes, bytes]
    """The 32 bytes of each."""
    app_count: int
    """OTA slots of the partition table."""
    has_factory: bool
    is_encrypted: bool = False
    """Flash encryption is on; what is programmed must then say so."""
    otadata_size: int = 2 * SECTOR_SIZE
    """Bytes of the otadata partition; 0: there is none."""


def make_record(number: int, state: int, check: int, label: bytes = b"\xff" * _LABEL_SIZE) -> bytes:
    """Return the 32 bytes of a record of any words."""
    return struct.pack(RECORD_LAYOUT, number, label, state, check)


def simpler_pairs(pair: OtadataPair) -> Iterator[OtadataPair]:
    """Yield pairs that are simpler in one respect."""
    yield replace(pair, otadata_size=2 * SECTOR_SIZE)
    yield replace(pair, is_encrypted=False)
    yield replace(pair, has_factory=False)
    for count in (1, 2):
        if count < pair.app_count or pair.app_count == 0:
            yield replace(pair, app_count=count)
    first, second = pair.records
    yield from (replace(pair, records=(record, second)) for record in _simpler_records(first))
    yield from (replace(pair, records=(first, record)) for record in _simpler_records(second))


def _simpler_records(record: bytes) -> Iterator[bytes]:
    """Yield simpler records, the simplest first; none of them leads back."""
    if record == BLANK_RECORD:
        return
    yield BLANK_RECORD
    number, _, state, check = struct.unpack(RECORD_LAYOUT, record)
    right = ota_select_crc(number)
    plain = make_record(number, state, right)
    if record != plain:
        yield plain
        yield make_record(number, state, check)
        return
    for simple in (1, 2, 3):
        if simple < number:
            yield make_record(simple, state, ota_select_crc(simple))
    if state != OtaImgState.VALID:
        yield make_record(number, OtaImgState.VALID, right)


def classes() -> Iterator[OtadataPair]:
    """Yield a pair of each class, the same ones in each run."""
    for words, checks, numbers in product(product(_PLAIN_WORDS, repeat=2), product(_CHECK_WORDS, repeat=2), _NUMBERS):
        records = _records(words, checks, numbers)
        for count, has_factory in product(_SLOT_COUNTS, (False, True)):
            yield OtadataPair(records, count, has_factory)
    altered = [(first, second) for first in _ALTERED_WORDS for second in _PLAIN_WORDS]
    for words in (*altered, *((second, first) for first, second in altered)):
        for numbers in _NUMBERS[:5]:
            yield OtadataPair(_records(words, ("right", "right"), numbers), 2, False)
    for words, size in product(product(_PLAIN_WORDS, repeat=2), (0, SECTOR_SIZE, 3 * SECTOR_SIZE)):
        for has_factory in (False, True):
            yield OtadataPair(_records(words, ("right", "right"), (1, 2)), 2, has_factory, otadata_size=size)


def writing_pairs() -> Iterator[OtadataPair]:
    """Yield pairs whose states and order make a selection write in each way that it can, and others beside them."""
    for words, numbers in product(product(_PLAIN_WORDS, repeat=2), ((1, 2), (2, 1), (SEQ_EMPTY, 1))):
        for has_factory in (False, True):
            yield OtadataPair(_records(words, ("right", "right"), numbers), 2, has_factory)


def random_pairs(seed: int, count: int) -> Iterator[OtadataPair]:
    """Yield pairs of random records, most of their words near those that matter; a seed gives the same ones always."""
    random = Random(f"otaproof binary {seed}")
    for _ in range(count):
        records = random_record(random), random_record(random)
        yield OtadataPair(
            records, random.choice(_SLOT_COUNTS), random.getrandbits(1) == 1, is_encrypted=random.getrandbits(2) == 0
        )


def random_record(random: Random) -> bytes:
    """Return a record whose words are mostly near those that matter."""
    number = random.choice(_EDGES) if random.random() < 0.8 else random.getrandbits(32)
    state = random.choice(_PLAIN_WORDS) if random.random() < 0.8 else random.getrandbits(32)
    if random.random() < 0.1:
        state ^= 1 << random.randrange(32)
    check = ota_select_crc(number)
    kind = random.random()
    if kind < 0.15:
        check ^= 1 << random.randrange(32)
    elif kind < 0.25:
        check = random.getrandbits(32)
    return make_record(number, state, check, random.randbytes(_LABEL_SIZE))


def _records(words: Sequence[int], checks: Sequence[str], numbers: Sequence[int]) -> tuple[bytes, bytes]:
    first, second = (
        make_record(number, word, _check_word(number, check))
        for number, word, check in zip(numbers, words, checks, strict=True)
    )
    return first, second


def _check_word(number: int, kind: str) -> int:
    right = ota_select_crc(number)
    return {"right": right, "wrong": right ^ 1, "blank": 0xFFFFFFFF}[kind]
