"""A partition that the application registers: esp_partition_register_external of ESP-IDF, error by error."""

from dataclasses import replace

import pytest

from otaproof.impl.app.esp_partition import EspPartitions
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.flash import NorFlash, Strictness
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.partitions.partition import PRIMARY_SUBTYPE, Partition, PartitionType
from otaproof.impl.program_end import Panic
from otaproof.impl.release_rules import app_rules
from otaproof.model.config import Release

FLASH_SIZE = 0x100000
NVS = Partition("nvs", PartitionType.DATA, 0x02, 0x9000, 0x4000)
BOOTLOADER = Partition("PrimaryBTLDR", PartitionType.BOOTLOADER, PRIMARY_SUBTYPE, 0x1000, 0x7000)


def partitions(*table: Partition) -> EspPartitions:
    """Return the partitions of an application whose table has one row, unless others are given."""
    flash = NorFlash(Cells.erased(FLASH_SIZE), Strictness.CHIP)
    return EspPartitions(flash, table or (NVS,), app_rules(Release.V6_1))


def code_of(registry: EspPartitions, wanted: Partition) -> EspErr:
    """Return the error of a registration that is refused; the table stays as it was."""
    before = registry.table
    with pytest.raises(OtaError) as caught:
        registry.register_external(wanted)
    assert before == registry.table
    return caught.value.code


def test_registered_partition_is_found_and_verified_as_one_of_the_table() -> None:
    """It comes last, and the pointer that is found is the one that was returned."""
    registry = partitions()
    registered = registry.register_external(BOOTLOADER)
    assert (NVS, BOOTLOADER) == registry.table
    assert registered is registry.find_first(PartitionType.BOOTLOADER, PRIMARY_SUBTYPE)
    assert registered is registry.verify(replace(BOOTLOADER))


def test_registered_partition_can_be_written_at_once() -> None:
    """Neither flag of a row is taken over: it is writable."""
    registry = partitions()
    registered = registry.register_external(replace(BOOTLOADER, readonly=True, encrypted=True))
    assert (False, False) == (registered.readonly, registered.encrypted)
    registry.write(registered, 0, b"\xe9")
    assert b"\xe9\xff" == registry.flash.read(BOOTLOADER.offset, 2)


def test_label_is_cut_off_after_16_bytes() -> None:
    """As strlcpy into a field of 17 does."""
    assert "0123456789abcdef" == partitions().register_external(replace(BOOTLOADER, label="0123456789abcdefg")).label


@pytest.mark.parametrize(
    ("offset", "size", "refused"),
    [
        (0x9000, 0x4000, True),
        (0x8000, 0x1001, True),
        (0xCFFF, 0x1000, True),
        (0xA000, 0x1000, True),
        (0x1000, 0x20000, True),
        (0x8000, 0x1000, False),
        (0xD000, 0x1000, False),
    ],
)
def test_partition_that_overlaps_another_is_an_invalid_argument(offset: int, size: int, refused: bool) -> None:
    """From one byte on; one that begins where the other ends does not overlap it."""
    wanted = replace(BOOTLOADER, offset=offset, size=size)
    if refused:
        assert EspErr.INVALID_ARG == code_of(partitions(), wanted)
    else:
        assert wanted == partitions().register_external(wanted)


def test_place_is_taken_once_it_is_registered() -> None:
    """A second call for the same place is refused."""
    registry = partitions()
    registry.register_external(BOOTLOADER)
    assert EspErr.INVALID_ARG == code_of(registry, BOOTLOADER)


@pytest.mark.parametrize(("size", "refused"), [(0x1000, False), (0x1001, True), (0xFFF00001, True)])
def test_partition_past_the_end_of_the_chip_has_an_invalid_size(size: int, refused: bool) -> None:
    """The last byte of the chip is the last that belongs to one; so it is before any overlap is looked for."""
    wanted = replace(BOOTLOADER, offset=FLASH_SIZE - 0x1000, size=size)
    if refused:
        assert EspErr.INVALID_SIZE == code_of(partitions(), wanted)
        assert EspErr.INVALID_SIZE == code_of(partitions(replace(NVS, offset=FLASH_SIZE - 0x1000)), wanted)
    else:
        assert wanted == partitions().register_external(wanted)


@pytest.mark.parametrize(
    ("table", "wanted"),
    [((NVS,), replace(BOOTLOADER, size=0)), ((replace(NVS, size=0),), BOOTLOADER)],
    ids=["registered", "row"],
)
def test_empty_partition_fails_an_assertion(table: tuple[Partition, ...], wanted: Partition) -> None:
    """Regions are compared that must not be empty."""
    with pytest.raises(Panic):
        partitions(*table).register_external(wanted)
