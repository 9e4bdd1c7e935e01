"""The board against the random histories of November 2026, and seven rules that it did not know before them.

Each rule is taken away from the board in turn; then the vectors of its family differ, and those of no other family do.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from otaproof.bounded_input import read_lines
from otaproof.campaign.conformance.vector_replay import replay_vector
from otaproof.campaign.conformance.vectors import read_vectors
from otaproof.impl import bootloader
from otaproof.impl.app import esp_ota, esp_ota_select
from otaproof.impl.app.esp_ota import EspOta
from otaproof.impl.app.esp_ota_select import OtaSelection
from otaproof.impl.board import App, Board
from otaproof.impl.chip.chips import CHIPS, ChipTraits
from otaproof.impl.esp_err import OtaError
from otaproof.impl.image import header_walk, verify
from otaproof.impl.partitions.label_search import is_label_listed
from otaproof.impl.program_end import Hang
from otaproof.impl.release_rules import app_rules
from otaproof.model.config import Chip, Release
from places import DATA, SHARED

RANDOM = DATA / "vectors-2026-11"
SHARED_RANDOM = SHARED / "vectors-2026-11"
DIVERGENCES = ("divergences.jsonl.gz", "extended-divergences.jsonl.gz")
VECTOR_COUNTS = {
    "divergences.jsonl.gz": 36,
    "extended-divergences.jsonl.gz": 23,
    "extended-sample.jsonl.gz": 24,
    "plain-sample.jsonl.gz": 35,
    "releases-sample.jsonl.gz": 196,
}
"""How many vectors each file holds, counted by `zcat FILE | wc -l`."""
ORIGINS = {
    "divergences.jsonl.gz": ("divergences.jsonl.gz",),
    "extended-divergences.jsonl.gz": ("extended/divergences.jsonl.gz",),
    "extended-sample.jsonl.gz": ("extended/random.jsonl.gz",),
    "plain-sample.jsonl.gz": ("long.jsonl.gz", "cuts.jsonl.gz", "parttypes.jsonl.gz", "boot.jsonl.gz"),
}

Patch = pytest.MonkeyPatch


def differing(files: tuple[str, ...]) -> dict[str, set[str]]:
    """Return the vectors that differ from their record, by family."""
    found: dict[str, set[str]] = {}
    for name in files:
        for vector in read_vectors(RANDOM / name):
            if replay_vector(vector) is not None:
                found.setdefault(vector.family, set()).add(vector.id)
    return found


@pytest.mark.parametrize("name", sorted(VECTOR_COUNTS))
def test_board_does_all_that_was_recorded_at_random(name: str) -> None:
    """Every field of every vector agrees, in the plain format and in the extended one."""
    outcomes = [replay_vector(vector) for vector in read_vectors(RANDOM / name)]
    assert (VECTOR_COUNTS[name], []) == (len(outcomes), [found for found in outcomes if found is not None])


def test_every_file_of_random_histories_is_replayed() -> None:
    """A file that is added must be counted above."""
    assert sorted(VECTOR_COUNTS) == sorted(path.name for path in RANDOM.glob("*.jsonl*"))


@pytest.mark.skipif(not SHARED_RANDOM.is_dir(), reason="the recordings are not beside the repository")
@pytest.mark.parametrize("name", sorted(ORIGINS))
def test_selected_vectors_are_as_they_were_recorded(name: str) -> None:
    """Line for line; the two files of divergences are whole."""
    origin = [line for part in ORIGINS[name] for line in read_lines(SHARED_RANDOM / part)]
    selected = list(read_lines(RANDOM / name))
    assert set() == set(selected) - set(origin)
    assert name not in DIVERGENCES or selected == origin


@pytest.mark.skipif(not SHARED_RANDOM.is_dir(), reason="the recordings are not beside the repository")
@pytest.mark.parametrize("name", ["layouts.json", "images.json"])
def test_selected_tables_are_as_they_were_recorded(name: str) -> None:
    """Layouts and images of the selection are those of the whole set."""
    whole: dict[str, Any] = json.loads((SHARED_RANDOM / name).read_text())
    selected: dict[str, Any] = json.loads((RANDOM / name).read_text())
    assert {key: whole[key] for key in selected} == selected


def offset_belongs_to_no_one(patch: Patch) -> None:
    """No session says where a bootloader lies."""
    patch.setattr(EspOta, "_expect_bootloader", lambda self, final, staging: None)


def abort_restores_the_offset(patch: Patch) -> None:
    """esp_ota_abort does what esp_ota_end does."""
    real = EspOta.esp_ota_abort

    def abort(self: EspOta, handle: int) -> None:
        real(self, handle)
        self._bootloader_offset = CHIPS[self.config.chip].bootloader_offset

    patch.setattr(EspOta, "esp_ota_abort", abort)


def offset_outlives_the_restart(patch: Patch) -> None:
    """The variable is kept where a restart leaves it."""
    kept: dict[int, int] = {}
    real_set, real_init = EspOta._expect_bootloader, OtaSelection.__init__

    def expect(self: EspOta, final: Any, staging: Any) -> None:
        real_set(self, final, staging)
        kept[0] = self._bootloader_offset

    def start(self: OtaSelection, *arguments: Any) -> None:
        real_init(self, *arguments)
        self._bootloader_offset = kept.get(0, self._bootloader_offset)

    patch.setattr(EspOta, "_expect_bootloader", expect)
    patch.setattr(OtaSelection, "__init__", start)


def retains_the_test_app(patch: Patch) -> None:
    """RTC memory keeps whatever was started."""
    real = Board.power_on

    def power_on(self: Board, *arguments: Any, **named: Any) -> App | None:
        app = real(self, *arguments, **named)
        self._retained = app.running if app is not None else self._retained
        return app

    patch.setattr(Board, "power_on", power_on)


def seventeen_segments_crash(patch: Patch) -> None:
    """No number of segments above 16 is taken."""
    patch.setattr(header_walk, "_OVERRUN_SEGMENTS", 16)


def labels_are_split_at_commas(patch: Patch) -> None:
    """The option is a list of labels."""
    patch.setattr(bootloader, "is_label_listed", lambda option, label: label in filter(None, option.split(",")))


def search_for_a_label_ends(patch: Patch) -> None:
    """A search that would not end finds nothing."""

    def is_listed(option: str, label: str) -> bool:
        try:
            return is_label_listed(option, label)
        except Hang:
            return False

    patch.setattr(bootloader, "is_label_listed", is_listed)


def wake_up_loads_rtc_memory(patch: Patch) -> None:
    """Segments for RTC memory are loaded after every reset."""
    patch.setattr(ChipTraits, "is_rtc", lambda self, load_addr: False)


def one_byte_is_enough(patch: Patch) -> None:
    """A first byte for a partition table is never compared."""
    patch.setattr(EspOta, "_is_first_chunk_plausible", lambda self, final, data: final.type == 3 or data[0] == 0xE9)


def small_table_partition_is_read(patch: Patch) -> None:
    """What does not fit the partition is no error."""
    real = EspOta._is_download_valid

    def is_valid(self: EspOta, session: Any) -> bool:
        try:
            return real(self, session)
        except OtaError:
            return True

    patch.setattr(EspOta, "_is_download_valid", is_valid)


def primary_bootloader_is_an_app(patch: Patch) -> None:
    """An image where the ROM looks for the bootloader is verified as any other."""
    chips = {**CHIPS, Chip.ESP32: replace(CHIPS[Chip.ESP32], bootloader_offset=1)}
    for module in (verify, esp_ota, esp_ota_select):
        patch.setattr(module, "CHIPS", chips)


MUTANTS: tuple[tuple[Callable[[Patch], None], str], ...] = (
    (offset_belongs_to_no_one, "bootloader_offset"),
    (abort_restores_the_offset, "bootloader_offset"),
    (offset_outlives_the_restart, "bootloader_offset"),
    (retains_the_test_app, "retained_partition"),
    (seventeen_segments_crash, "many_segments"),
    (labels_are_split_at_commas, "reset_labels"),
    (search_for_a_label_ends, "reset_labels"),
    (wake_up_loads_rtc_memory, "rtc_segment"),
    (one_byte_is_enough, "table_first_byte"),
    (small_table_partition_is_read, "small_table_partition"),
    (primary_bootloader_is_an_app, "primary_bootloader"),
)


@pytest.mark.parametrize(("mutant", "family"), MUTANTS, ids=[mutant.__name__ for mutant, _ in MUTANTS])
def test_board_without_a_rule_differs_in_the_family_of_the_rule(
    mutant: Callable[[Patch], None], family: str, monkeypatch: Patch
) -> None:
    """And in no other, so each family shows its own rule."""
    mutant(monkeypatch)
    assert {family} == differing(DIVERGENCES).keys()


def test_single_byte_of_a_table_is_compared_in_three_releases() -> None:
    """5.5, 6.0 and 6.1: the recordings have 6.2-dev take any single byte."""
    comparing = [release for release in Release if app_rules(release).compares_two_bytes_of_table]
    assert [Release.V5_5, Release.V6_0, Release.V6_1] == comparing
