"""The otadata entry and the decisions that read two of them."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otaproof.impl.otadata import (
    SEQ_EMPTY,
    EntryPair,
    active_otadata,
    decode_entry,
    encode_entry,
    is_initial,
    is_rejected,
    is_select_invalid,
    is_select_valid,
    make_entry,
    next_seq,
    ota_select_crc,
    select_otadata,
    slot_of_seq,
)
from otaproof.impl.program_end import Hang
from otaproof.model.ota_state import OtaImgState

WORDS = st.integers(0, 0xFFFFFFFF)
BLANK = decode_entry(b"\xff" * 32)


@pytest.mark.parametrize(
    ("ota_seq", "crc"),
    [(0, 0xFFFFFFFF), (1, 0x4743989A), (2, 0x55F63774), (3, 0xED4A5011), (0xFFFFFFFE, 0x99F8B879)],
)
def test_check_word_is_that_of_the_recordings(ota_seq: int, crc: int) -> None:
    """The values that ESP-IDF's own code computes."""
    assert crc == ota_select_crc(ota_seq)


def test_entry_lies_in_flash_as_recorded() -> None:
    """Number 1, VALID, as the bootloader's first boot writes it."""
    recorded = "01000000ffffffffffffffffffffffffffffffffffffffff020000009a984347"
    assert recorded == encode_entry(make_entry(1, OtaImgState.VALID)).hex()


@given(st.binary(min_size=32, max_size=32))
def test_any_32_bytes_are_an_entry(raw: bytes) -> None:
    """Decoding loses nothing, not even the unused label."""
    assert raw == encode_entry(decode_entry(raw))


def test_state_is_outside_the_check_word() -> None:
    """Any garbage in the state word leaves the entry bootable: R8 of the recordings."""
    assert is_select_valid(replace(make_entry(1, OtaImgState.NEW), ota_state=0x12345678))


def test_rejected_states_count_without_a_look_at_the_check_word() -> None:
    """`invalid` does not look at the check word; `rejected`, which reports to the application, does."""
    entry = replace(make_entry(1, OtaImgState.ABORTED), crc=0)
    assert is_select_invalid(entry)
    assert not is_rejected(entry)
    assert is_initial(entry)


def test_number_zero_is_bootable_and_erased_flash_is_not() -> None:
    """Number 0 has the check word of erased flash, and is an entry all the same: R23."""
    assert is_select_valid(replace(BLANK, ota_seq=0))
    assert not is_select_valid(BLANK)


def test_newest_entry_is_active_and_the_first_of_equals() -> None:
    """The higher number wins; of two equal ones entry 0."""
    one, two = make_entry(1, OtaImgState.VALID), make_entry(2, OtaImgState.VALID)
    assert [1, 0, 0, 0, 1, None] == [
        active_otadata(EntryPair(one, two)),
        active_otadata(EntryPair(two, one)),
        active_otadata(EntryPair(two, replace(two, ota_state=OtaImgState.NEW))),
        active_otadata(EntryPair(one, BLANK)),
        active_otadata(EntryPair(BLANK, one)),
        active_otadata(EntryPair(BLANK, BLANK)),
    ]


def test_oldest_entry_can_be_asked_for() -> None:
    """Of two refused images the older one is reported."""
    pair = EntryPair(make_entry(5, OtaImgState.INVALID), make_entry(4, OtaImgState.ABORTED))
    assert 1 == select_otadata(pair, (True, True), newest=False)


@pytest.mark.parametrize(("ota_seq", "slot"), [(1, 0), (2, 1), (3, 2), (4, 0), (0, 0xFFFFFFFF % 3)])
def test_slot_follows_from_the_number(ota_seq: int, slot: int) -> None:
    """(number - 1) mod slots, in 32-bit arithmetic."""
    assert slot == slot_of_seq(ota_seq, 3)


def counting_loop(current: int, slot: int, slot_count: int, limit: int) -> int | None:
    """Count as the C code does, in 32-bit arithmetic; None after `limit` steps."""
    base = (slot + 1) % slot_count
    for step in range(limit):
        value = (base + step * slot_count) % (1 << 32)
        if current <= value:
            return value
    return None


@given(st.integers(0, 5000), st.integers(0, 15), st.integers(1, 16))
def test_next_number_is_what_the_counting_loop_finds(current: int, slot: int, slot_count: int) -> None:
    """Where numbers are small, the formula and the loop can be compared."""
    slot %= slot_count
    assert counting_loop(current, slot, slot_count, 10_000) == next_seq(current, slot, slot_count)


@given(WORDS, st.integers(0, 15), st.integers(1, 16))
@example(0xFFFFFFFE, 1, 2)
@example(0xFFFFFFFF, 0, 3)
@example(0xFFFFFFFF, 1, 6)
def test_next_number_is_not_below_the_current_one(current: int, slot: int, slot_count: int) -> None:
    """Where it does not wrap it names the slot too, and is the smallest that does."""
    slot %= slot_count
    try:
        found = next_seq(current, slot, slot_count)
    except Hang:
        # An odd step comes by every number sooner or later.
        assert slot_count % 2 == 0
        return
    assert current <= found <= 0xFFFFFFFF
    if slot_of_seq(found, slot_count) == slot:
        assert found - current < slot_count


def test_number_before_the_last_leads_into_erased() -> None:
    """With two slots the number after 0xFFFFFFFE is 0xFFFFFFFF, which means "no entry": R21."""
    assert SEQ_EMPTY == next_seq(0xFFFFFFFE, 0, 2)


def test_search_without_end_is_a_hang() -> None:
    """With four slots and the wanted residue used up the C code loops for ever: R22."""
    with pytest.raises(Hang):
        next_seq(0xFFFFFFFE, 0, 4)
