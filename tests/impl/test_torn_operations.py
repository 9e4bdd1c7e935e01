"""What a cut leaves: tears, patterns and the exact predicates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otaproof.impl.chip.cells import SECTOR_SIZE, and_bytes
from otaproof.impl.chip.torn_operations import (
    Torn,
    TornKind,
    can_erase_leave,
    can_program_leave,
    page_bounds,
    pattern_mask,
)
from otaproof.model.fault_model import MODELLED_FAULTS, FaultModel

ENTRY = st.binary(min_size=32, max_size=32)
MODELS = list(MODELLED_FAULTS)


@pytest.mark.parametrize("text", ["before", "after", "prefix:7", "partial:2048", "bytes:0.5", "bits:3.700"])
def test_tear_is_written_as_it_is_read(text: str) -> None:
    """The text of a tear is its name in tokens, tables and vectors."""
    assert text == str(Torn.parse(text))


def test_partial_without_number_is_half_a_sector() -> None:
    """The recordings write `partial` for 2048 bytes."""
    assert Torn.parse("partial:2048") == Torn.parse("partial")


@pytest.mark.parametrize("text", ["", "before:1", "prefix", "prefix:-1", "prefix:x", "bits:1", "bytes:1.2.3", "half"])
def test_unknown_tear_is_refused_with_the_allowed_forms(text: str) -> None:
    """A typing error in a token or a vector is told apart from a tear."""
    with pytest.raises(ValueError, match="want before, after"):
        Torn.parse(text)


@pytest.mark.parametrize(
    ("text", "model"),
    [("after", "F0"), ("prefix:1", "F1"), ("partial:1", "F1"), ("bytes:0.1", "F2"), ("bits:0.1", "F3")],
)
def test_tear_knows_the_weakest_model_that_admits_it(text: str, model: str) -> None:
    """Verdicts report the weakest model that breaks a claim."""
    assert FaultModel[model] is Torn.parse(text).weakest_model


TEARS = st.one_of(
    st.sampled_from(["before", "after"]),
    st.integers(0, 32).map(lambda n: f"prefix:{n}"),
    st.integers(0, 900).map(lambda n: f"bytes:0.{n}"),
    st.integers(0, 900).map(lambda n: f"bits:0.{n}"),
).map(Torn.parse)


@given(ENTRY, ENTRY, TEARS)
def test_torn_program_is_what_its_model_admits(over: bytes, record: bytes, torn: Torn) -> None:
    """Every tear the simulator makes satisfies the exact predicate of its model and of all larger ones."""
    after = torn.programmed(over, record, 0x40)
    admitted = [can_program_leave(after, over, record, model) for model in MODELS]
    assert [True] * len(MODELS[torn.weakest_model :]) == admitted[torn.weakest_model :]


@given(ENTRY, st.one_of(st.integers(0, 40).map(lambda n: f"partial:{n}"), TEARS.map(str)).map(Torn.parse))
def test_torn_erase_is_what_its_model_admits(over: bytes, torn: Torn) -> None:
    """The same for an erase, seen through the first 32 bytes of the sector."""
    after = torn.erased(over + bytes(SECTOR_SIZE - 32))[:32]
    model = FaultModel.F0 if torn.kind is TornKind.PREFIX else torn.weakest_model
    assert all(can_erase_leave(after, over, larger) for larger in MODELS[model:])


@given(ENTRY, ENTRY, ENTRY)
def test_models_are_nested(after: bytes, over: bytes, record: bytes) -> None:
    """What a model admits, every larger model admits."""
    programs = [can_program_leave(after, over, record, model) for model in MODELS]
    erases = [can_erase_leave(after, over, model) for model in MODELS]
    assert sorted(programs) == programs
    assert sorted(erases) == erases


def test_models_are_not_equal() -> None:
    """Each model admits something that the one before does not."""
    over, record = b"\xff" * 32, bytes(32)
    prefix = bytes(5) + b"\xff" * 27
    some_bytes = b"\xff" + bytes(1) + b"\xff" * 30
    some_bits = b"\x01" + b"\xff" * 31
    weakest = [
        min(model for model in MODELS if can_program_leave(after, over, record, model))
        for after in (record, prefix, some_bytes, some_bits)
    ]
    assert MODELS == weakest


def test_bit_that_the_program_does_not_clear_stays() -> None:
    """No model lets a program touch a bit that is not on its way."""
    assert not can_program_leave(b"\x00", b"\xff", b"\x01", FaultModel.F3)


def test_torn_state_word_new_can_read_as_valid() -> None:
    """Programming NEW (0) over erased flash can leave VALID (2) when one bit lags: R31 of the recordings."""
    assert can_program_leave(b"\x02\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\0", FaultModel.F3)
    assert not can_program_leave(b"\x02\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\0", FaultModel.F2)


def test_pages_before_the_torn_one_are_whole_and_later_ones_untouched() -> None:
    """A program writes its pages one after the other."""
    data = bytes(0x220)
    left = Torn.parse("bits:1.513").programmed(b"\xff" * 0x220, data, 0x10F0)
    start, end = page_bounds(0x10F0, 0x220, 1)
    assert (0x10, 0x110) == (start, end)
    assert bytes(0x10) == left[:start]
    assert b"\xff" * 0x110 == left[end:]
    assert left[start:end] not in (bytes(0x100), b"\xff" * 0x100)


def test_page_that_a_program_does_not_touch_is_refused() -> None:
    """A tear of page 2 of a program in one page is a mistake of the caller."""
    with pytest.raises(ValueError, match="no page 2"):
        Torn.parse("bits:2.1").programmed(b"\xff" * 32, bytes(32), 0)


def test_first_patterns_are_each_single_bit_and_its_complement() -> None:
    """256 bits of an otadata entry are covered one by one, without and with all others."""
    singles = [int.from_bytes(pattern_mask(False, 0, number, 32), "little") for number in range(256)]
    others = [int.from_bytes(pattern_mask(False, 0, 256 + number, 32), "little") for number in range(256)]
    assert [1 << number for number in range(256)] == singles
    assert [(1 << 256) - 1 - single for single in singles] == others


def test_patterns_are_the_same_everywhere() -> None:
    """A token made on one machine means the same tear on every other: these bytes are part of the format."""
    assert "0a0600c1420e2c91" == pattern_mask(False, 0, 513, 8).hex()
    assert "00ff00ffffff0000" == pattern_mask(True, 2, 512, 8).hex()


@given(ENTRY, st.integers(0, 600))
def test_byte_patterns_leave_no_byte_half_done(data: bytes, number: int) -> None:
    """F2 tears whole bytes."""
    left = Torn(TornKind.BYTES, pattern=number).programmed(b"\xff" * 32, data, 0)
    assert all(byte in (0xFF, asked) for byte, asked in zip(left, and_bytes(b"\xff" * 32, data), strict=True))
