"""The record that is kept by turns: its bytes, and that a tear of it is seen for certain."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from turn_boards import BLANK, FACTORY, NEW, NONE, SELECTED, TRIED, VALID, check_word, entry, record

from otaproof.impl.by_turns.turn_record import (
    Turn,
    TurnKind,
    TurnPlaces,
    TurnState,
    decide,
    decode_record,
    encode_record,
    next_record,
    sector_to_write,
)
from otaproof.impl.chip.cells import and_bytes
from otaproof.impl.esp_err import OtaError
from otaproof.impl.otadata import decode_entry, is_crc_right

PLACES = TurnPlaces(3, has_factory=True)
ALL_STATES = [
    TurnState(kind, current, other)
    for kind, current, other in itertools.product(TurnKind, (0, 1, 2, FACTORY), (0, 1, 2, FACTORY, NONE))
]
NUMBERS = st.integers(1, 0xFFFFFFBF)


@pytest.mark.parametrize(
    ("seq", "state", "expected"),
    [
        (5, (TurnKind.NEW, 1, 0), "05000000 010001b7 faffffff fefffe48 ffffffff 32f0de37 00000000 cd0f21c8"),
        (
            2,
            (TurnKind.TRIED, 16, 1),
            "02000000 020110b7 fdffffff fdfeef48 fbffffff 8bc809aa 04000000 7437f655",
        ),
        (
            1,
            (TurnKind.SELECTED, 0, 31),
            "01000000 041f00b7 feffffff fbe0ff48 00000000 6567bcb8 ffffffff 9a984347",
        ),
    ],
)
def test_bytes_of_a_record(seq: int, state: tuple[TurnKind, int, int], expected: str) -> None:
    """Each word, little-endian, and its complement; the check word of 1 is that of ESP-IDF's own first record."""
    assert bytes.fromhex(expected) == encode_record(seq, TurnState(*state))


@pytest.mark.parametrize("state", ALL_STATES)
def test_every_state_is_read_as_written(state: TurnState) -> None:
    """And as the design has it, word by word."""
    raw = encode_record(7, state)
    assert record(7, state.kind, state.current, state.other) == raw
    assert (7, state) == decode_record(raw, PLACES)


@pytest.mark.parametrize(
    "raw",
    [
        BLANK,
        bytes(32),
        entry(3, 2),
        record(3, 0, 0),
        record(3, 5, 0),
        record(3, VALID, 3),
        record(3, VALID, 0, 3),
        record(3, VALID, NONE),
        record(3, VALID, 17),
        record(3, VALID, 0, 17),
    ],
    ids=[
        "blank",
        "zeros",
        "of ESP-IDF",
        "kind 0",
        "kind 5",
        "no slot",
        "no other",
        "none",
        "no place",
        "other no place",
    ],
)
def test_what_says_nothing_is_not_whole(raw: bytes) -> None:
    """No kind, or a place that the table does not have."""
    assert decode_record(raw, PLACES) is None


@given(at=st.integers(0, 31), bit=st.integers(0, 7), state=st.sampled_from(ALL_STATES), seq=NUMBERS)
def test_no_single_bit_may_differ(at: int, bit: int, state: TurnState, seq: int) -> None:
    """Every word is checked."""
    raw = bytearray(record(seq, state.kind, state.current, state.other))
    raw[at] ^= 1 << bit
    assert decode_record(bytes(raw), PLACES) is None


@given(seq=NUMBERS, state=st.sampled_from(ALL_STATES), undone=st.binary(min_size=28, max_size=28))
def test_a_program_that_was_cut_leaves_no_record(seq: int, state: TurnState, undone: bytes) -> None:
    """Neither by turns nor, since the check word comes last, for ESP-IDF: whatever bits are done."""
    raw = record(seq, state.kind, state.current, state.other)
    torn = bytes(done | left for done, left in zip(raw, undone, strict=False)) + b"\xff" * 4
    assert decode_record(torn, PLACES) is None
    assert decode_entry(torn).ota_seq == 0xFFFFFFFF or not is_crc_right(decode_entry(torn))


@given(seq=NUMBERS, state=st.sampled_from(ALL_STATES), undone=st.binary(min_size=4, max_size=4))
def test_a_check_word_that_was_cut_is_wrong_for_both(seq: int, state: TurnState, undone: bytes) -> None:
    """Or it is done, and the record whole."""
    raw = record(seq, state.kind, state.current, state.other)
    torn = raw[:28] + bytes(done | left for done, left in zip(raw[28:], undone, strict=True))
    assert (torn == raw) == (decode_record(torn, PLACES) is not None) == is_crc_right(decode_entry(torn))


@given(seq=NUMBERS, state=st.sampled_from(ALL_STATES), done=st.binary(min_size=32, max_size=32))
def test_an_erase_that_was_cut_leaves_the_record_or_none(seq: int, state: TurnState, done: bytes) -> None:
    """Bits that are set come in pairs that are seen."""
    raw = record(seq, state.kind, state.current, state.other)
    torn = bytes(old | one for old, one in zip(raw, done, strict=True))
    assert (torn == raw) == (decode_record(torn, PLACES) is not None)


@given(first=st.tuples(NUMBERS, st.sampled_from(ALL_STATES)), second=st.tuples(NUMBERS, st.sampled_from(ALL_STATES)))
def test_a_record_over_another_is_none(first: tuple[int, TurnState], second: tuple[int, TurnState]) -> None:
    """Where an erase did nothing and said nothing of it."""
    one, two = encode_record(*first), encode_record(*second)
    over = and_bytes(one, two)
    assert one == two or decode_record(over, PLACES) is None


def test_higher_number_decides() -> None:
    """Of two whole records; one that is not whole counts as none, whatever its number."""
    low, high = record(4, VALID, 0, 1), record(6, TRIED, 2, 0)
    says = TurnState(TurnKind.TRIED, 2, 0)
    assert Turn(says, 1, 6) == decide((low, high), PLACES)
    assert Turn(says, 0, 6) == decide((high, low), PLACES)
    assert Turn(says, 1, 6) == decide((entry(9, 2), high), PLACES)
    assert Turn(says, 0, 6) == decide((high, BLANK), PLACES)
    assert decide((entry(9, 2), BLANK), PLACES) is None


@pytest.mark.parametrize(
    ("above", "current", "slots", "expected"),
    [
        (0, 0, 2, 1),
        (0, 1, 2, 2),
        (1, 1, 2, 2),
        (1, 0, 2, 3),
        (7, 0, 3, 10),
        (7, 1, 3, 8),
        (7, FACTORY, 3, 8),
        (0, FACTORY, 0, 1),
    ],
)
def test_number_is_the_next_that_names_the_slot(above: int, current: int, slots: int, expected: int) -> None:
    """(number - 1) mod slots is the slot, as for ESP-IDF; factory takes the next."""
    turn = Turn(TurnState(TurnKind.VALID, 0, NONE), 0, above) if above else None
    assert record(expected, NEW, current) == next_record(turn, TurnState(TurnKind.NEW, current, NONE), slots)


def test_numbers_end() -> None:
    """The last number that is written leaves room for every counting loop of ESP-IDF."""

    def state(slot: int) -> TurnState:
        return TurnState(TurnKind.SELECTED, slot, NONE)

    last = Turn(state(0), 0, 0xFFFFFFBE)
    assert record(0xFFFFFFBF, SELECTED, 0) == next_record(last, state(0), 2)
    with pytest.raises(OtaError, match="ESP_ERR_INVALID_STATE"):
        next_record(last, state(1), 2)
    with pytest.raises(OtaError, match="ESP_ERR_INVALID_STATE"):
        next_record(Turn(state(0), 0, 0xFFFFFFFF), state(1), 2)


def test_sector_that_decides_is_not_written() -> None:
    """Nor is one that a takeover has to keep."""
    state = TurnState(TurnKind.VALID, 0, NONE)
    assert [1, 0, 0, 0] == [
        sector_to_write(turn) for turn in (Turn(state, 0, 1), Turn(state, 1, 1), Turn(state, None, 0), None)
    ]
    assert 0x4743989A == check_word(1)
