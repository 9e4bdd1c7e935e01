"""esp_partition_copy, as an application calls it: which bytes, which operations, which error."""

import pytest

from otaproof.impl.app.esp_partition import COPY_TO_THE_END, EspPartitions
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.flash import NorFlash, Strictness
from otaproof.impl.esp_err import EspErr, OtaError
from otaproof.impl.partitions.partition import Partition, PartitionType
from otaproof.impl.release_rules import app_rules
from otaproof.model.config import Release

SOURCE = Partition("source", PartitionType.DATA, 0x40, 0x4000, 3 * SECTOR_SIZE)
TARGET = Partition("target", PartitionType.DATA, 0x41, 0x8000, 4 * SECTOR_SIZE)
CONTENTS = bytes(range(1, 251)) * 50
OLD = b"\x00" * TARGET.size
READ_ONLY = Partition("fixed", PartitionType.DATA, 0x42, 0x8000, 4 * SECTOR_SIZE, readonly=True)


def device(release: Release = Release.V6_1) -> EspPartitions:
    """Return partitions with something in both."""
    cells = Cells.erased(0x10000).with_bytes(SOURCE.offset, CONTENTS[: SOURCE.size]).with_bytes(TARGET.offset, OLD)
    return EspPartitions(NorFlash(cells, Strictness.CHIP), (SOURCE, TARGET), app_rules(release))


def ops(partitions: EspPartitions) -> list[tuple[str, int, int]]:
    """Return the operations since the last call: kind, offset in the target, length."""
    return [(op.kind.value, op.address - TARGET.offset, op.length) for op in partitions.flash.take_ops()]


@pytest.mark.parametrize("release", [Release.V5_5, Release.V6_1], ids=lambda release: release.label)
@pytest.mark.parametrize(
    ("size", "target_offset", "source_offset", "copied", "erased"),
    [
        (SECTOR_SIZE, 0, 0, SECTOR_SIZE, SECTOR_SIZE),
        (100, 0, 7, 100, SECTOR_SIZE),
        (SECTOR_SIZE + 1, SECTOR_SIZE, 0, SECTOR_SIZE + 1, 2 * SECTOR_SIZE),
        (COPY_TO_THE_END, 0, 0, 3 * SECTOR_SIZE, 4 * SECTOR_SIZE),
        (COPY_TO_THE_END, SECTOR_SIZE, SECTOR_SIZE, 2 * SECTOR_SIZE, 3 * SECTOR_SIZE),
        (0, 0, 0, 0, 0),
    ],
)
def test_copy_puts_the_bytes_over_erased_sectors(
    release: Release, size: int, target_offset: int, source_offset: int, copied: int, erased: int
) -> None:
    """Whole sectors are erased first; what lies outside them stays."""
    partitions = device(release)
    partitions.copy(TARGET, SOURCE, size, target_offset, source_offset)
    wanted = CONTENTS[source_offset : source_offset + copied].ljust(erased, b"\xff")
    after = OLD[:target_offset] + wanted + OLD[target_offset + erased :]
    assert after == partitions.read(TARGET, 0, TARGET.size)


def test_copy_programs_by_sector_from_6_0_on_and_at_once_before() -> None:
    """5.5 maps the source and writes it in one call."""
    erases = [("e", 0, SECTOR_SIZE), ("e", SECTOR_SIZE, SECTOR_SIZE)]
    for release, programs in (
        (Release.V5_5, [("p", 0, SECTOR_SIZE + 9)]),
        (Release.V6_0, [("p", 0, SECTOR_SIZE), ("p", SECTOR_SIZE, 9)]),
    ):
        partitions = device(release)
        partitions.copy(TARGET, SOURCE, SECTOR_SIZE + 9)
        assert erases + programs == ops(partitions)


@pytest.mark.parametrize(
    ("target", "source", "size", "target_offset", "source_offset", "code"),
    [
        (None, SOURCE, 1, 0, 0, EspErr.INVALID_ARG),
        (TARGET, None, 1, 0, 0, EspErr.INVALID_ARG),
        (TARGET, TARGET, 1, 0, 0, EspErr.INVALID_ARG),
        (TARGET, SOURCE, 0, 0, SOURCE.size + 1, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, 0, TARGET.size + 1, 0, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, SOURCE.size + 1, 0, 0, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, SECTOR_SIZE, 0, SOURCE.size - SECTOR_SIZE + 1, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, 2 * SECTOR_SIZE, 3 * SECTOR_SIZE, 0, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, COPY_TO_THE_END, 2 * SECTOR_SIZE, 0, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, COPY_TO_THE_END - 1, 0, 2, EspErr.INVALID_SIZE),
        (TARGET, SOURCE, 1, 1, 0, EspErr.INVALID_ARG),
        (READ_ONLY, SOURCE, 1, 0, 0, EspErr.NOT_ALLOWED),
    ],
)
def test_copy_that_is_refused_changes_nothing(
    target: Partition | None,
    source: Partition | None,
    size: int,
    target_offset: int,
    source_offset: int,
    code: EspErr,
) -> None:
    """The sizes are looked at before anything is erased."""
    partitions = device()
    with pytest.raises(OtaError) as caught:
        partitions.copy(target, source, size, target_offset, source_offset)
    assert (code, []) == (caught.value.code, ops(partitions))
