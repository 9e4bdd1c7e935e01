"""The secure version in the eFuse."""

import pytest

from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.chip.flash import PlanNotReached
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.program_end import PowerCut


def test_version_is_the_number_of_burned_bits() -> None:
    """A popcount, of the bits that the option counts."""
    assert [0, 2, 3, 4] == [Efuse(bits, 4).secure_version for bits in (0, 0b101, 0b111, 0xFFFF)]


def test_update_burns_the_missing_bits_once() -> None:
    """A second update to the same version burns nothing."""
    efuse = Efuse.of_version(1)
    efuse.update_secure_version(3)
    efuse.update_secure_version(3)
    assert (3, [0b110]) == (efuse.secure_version, efuse.take_burns())


def test_version_never_goes_down() -> None:
    """An older version is refused with ESP_FAIL and leaves the field."""
    efuse = Efuse.of_version(2)
    with pytest.raises(OtaError) as caught:
        efuse.update_secure_version(1)
    assert (EspErr.FAIL, 2) == (caught.value.code, efuse.secure_version)


def test_version_above_the_field_is_refused() -> None:
    """R16: 17 does not fit 16 bits."""
    efuse = Efuse.of_version(0)
    with pytest.raises(OtaError) as caught:
        efuse.update_secure_version(17)
    assert (EspErr.INVALID_ARG, 0) == (caught.value.code, efuse.secure_version)


def test_torn_burn_leaves_any_of_its_bits() -> None:
    """A cut inside the burn lets a chosen set of bits take effect."""
    efuse = Efuse.of_version(0)
    efuse.plan_cut(0, 0b100)
    with pytest.raises(PowerCut):
        efuse.update_secure_version(3)
    assert (0b100, 1) == (efuse.bits, efuse.secure_version)


def test_gap_of_a_torn_burn_is_never_filled() -> None:
    """The next burn would program a burned bit again, is refused whole, and the error is ignored: K15."""
    efuse = Efuse(0b100)
    efuse.update_secure_version(3)
    assert (0b100, []) == (efuse.bits, efuse.take_burns())


def test_cut_that_never_fires_is_an_error() -> None:
    """As for flash."""
    efuse = Efuse.of_version(3)
    efuse.plan_cut(0, 0)
    efuse.update_secure_version(3)
    with pytest.raises(PlanNotReached):
        efuse.end_plan()
