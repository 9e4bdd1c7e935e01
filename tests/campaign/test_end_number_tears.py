"""What a power cut leaves of a record at an end of the number range: the model allows what bytes can be, no more."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from itertools import product

import pytest

from otaproof.campaign.lockstep.abstraction import record_in_bytes
from otaproof.campaign.lockstep.record_view import RecordView
from otaproof.impl.chip.torn_operations import can_erase_leave, can_program_leave
from otaproof.model.config import Config, Release
from otaproof.model.device.allowance import Allowance
from otaproof.model.device.end_numbers import ERASED, LAST
from otaproof.model.device.records import Check, Numbers, Word
from otaproof.model.device.state import Phase, Scope, Task, Usage
from otaproof.model.device.stepper import Stepper, stepper
from otaproof.model.fault_model import FaultModel

SCOPE = Scope(
    Config(rollback=True, app_release=Release.V6_1, bootloader_release=Release.V6_1),
    usage=Usage.ANY,
    allows=frozenset({Allowance.END_NUMBERS}),
    numbers=Numbers.EXACT,
)
ENDS = (0, *range(ERASED - LAST, ERASED + 1))
FAULTS = (FaultModel.F0, FaultModel.F1, FaultModel.F2)
BLANK = b"\xff" * 12
VALUES = {word: ERASED if word is Word.UNDEFINED else int(word) for word in Word}


def record(number: int, word: Word) -> bytes:
    """Return number, state word and check word, as they lie in this order with the label between them."""
    raw = struct.pack("<I", number)
    return raw + struct.pack("<II", VALUES[word], zlib.crc32(raw, 0xFFFFFFFF))


def in_sector(words: bytes) -> bytes:
    """Return a record with its label, which stays erased."""
    return words[:4] + b"\xff" * 20 + words[4:]


def read(words: bytes) -> RecordView:
    """Return what the model sees of a record."""
    return record_in_bytes(in_sector(words), SCOPE.slots, has_ends=True)


def tears(whole: bytes, phase: Phase) -> Iterator[bytes]:
    """Yield every record of which each byte is done or not; the fault models allow some of them."""
    for done in product((False, True), repeat=len(whole)):
        yield bytes(
            0xFF if is_done == (phase is Phase.ERASE) else byte for is_done, byte in zip(done, whole, strict=True)
        )


@cache
def left_in_bytes(number: int, word: Word, phase: Phase, fault: FaultModel) -> frozenset[RecordView]:
    """Return all that a cut can leave, read as the model reads it."""
    whole = record(number, word)

    def is_possible(after: bytes) -> bool:
        if phase is Phase.ERASE:
            return can_erase_leave(after, whole, fault)
        return can_program_leave(after, BLANK, whole, fault)

    return frozenset(read(after) for after in set(tears(whole, phase)) if is_possible(after))


def left_in_model(steps: Stepper, number: int, word: Word, phase: Phase) -> frozenset[RecordView]:
    """Return what the cuts of the model leave."""
    view = read(record(number, word))
    known: dict[str, int] = {
        **{f"record0_{name}": value for name, value in asdict(view).items() if f"record0_{name}" in steps.names},
        **{"sector": 0, "phase": phase, "task": Task.COMPLETE, "running": 0, "session": 1},
    }
    state = tuple({**steps.as_dict(steps.initial), **known}.values())
    after = [
        steps.as_dict(new)
        for number, new in steps.successors(state)
        if steps.model.actions[number].name.startswith("cut_in_")
    ]
    return frozenset(
        RecordView(
            Check(fields["record0_check"]), Word(fields["record0_word"]), fields["record0_slot"], fields["record0_seq"]
        )
        for fields in after
    )


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("number", ENDS, ids=hex)
def test_model_allows_what_bytes_can_be_and_no_more(number: int, phase: Phase, fault: FaultModel) -> None:
    """Whichever state word the record has."""
    steps = stepper(replace(SCOPE, faults=fault))
    words = (Word.NEW, Word.UNDEFINED) if number == ERASED else tuple(Word)
    found = {word: left_in_model(steps, number, word, phase) for word in words}
    assert {word: left_in_bytes(number, word, phase, fault) for word in words} == found
