"""Wrong boards: the bootloader, or the verification of images, with one function replaced.

Each function here replaces one, for as long as the test runs that the MonkeyPatch is of; it says what is wrong then.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from otaproof.impl import bootloader
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.efuse import Efuse
from otaproof.impl.image import header_walk, verify
from otaproof.impl.image.data import ImageMetadata, is_data_right
from otaproof.impl.image.verify import verify_image
from otaproof.impl.otadata import ENTRY_SIZE, EntryPair, active_otadata, encode_entry, is_initial, slot_of_seq
from otaproof.model.ota_state import OtaImgState

Patch = pytest.MonkeyPatch


def no_fallback(patch: Patch) -> None:
    """Only the selected partition is tried."""
    patch.setattr(bootloader, "fallback_order", lambda start, count: iter([start]))


def starts_the_slot_after(patch: Patch) -> None:
    """The number names the slot after the right one."""
    real = slot_of_seq
    patch.setattr(bootloader, "slot_of_seq", lambda seq, count: (real(seq, count) + 1) % count)


def verifies_nothing(patch: Patch) -> None:
    """Whatever the selected slot holds is started."""
    patch.setattr(Bootloader, "_is_loadable", lambda self, partition, mode: True)


def aborts_nothing(patch: Patch) -> None:
    """What was under test is tried again and again."""
    patch.setattr(Bootloader, "_abort_pending", lambda self, otadata, entries: entries)


def forgives(patch: Patch) -> None:
    """What is ABORTED is NEW again at the next boot."""
    real = Bootloader._abort_pending

    def abort(self: Bootloader, otadata: Any, entries: EntryPair) -> EntryPair:
        after = list(real(self, otadata, entries))
        for number, entry in enumerate(entries):
            if entry.ota_state == OtaImgState.ABORTED:
                after[number] = replace(entry, ota_state=OtaImgState.NEW)
                self._write_entry(otadata, number, encode_entry(after[number]))
        return EntryPair(*after)

    patch.setattr(Bootloader, "_abort_pending", abort)


def starts_what_it_aborts(patch: Patch) -> None:
    """ABORTED is written, and the entries are used as they were."""
    real = Bootloader._abort_pending

    def abort(self: Bootloader, otadata: Any, entries: EntryPair) -> EntryPair:
        real(self, otadata, entries)
        return entries

    patch.setattr(Bootloader, "_abort_pending", abort)


def takes_invalid_for_bootable(patch: Patch) -> None:
    """Only ABORTED keeps an entry from being selected."""

    def select(entries: EntryPair) -> int | None:
        lenient = (
            replace(e, ota_state=OtaImgState.VALID) if e.ota_state == OtaImgState.INVALID else e for e in entries
        )
        return active_otadata(EntryPair(*lenient))

    patch.setattr(bootloader, "active_otadata", select)


def accepts_by_itself(patch: Patch) -> None:
    """NEW becomes VALID, not PENDING_VERIFY."""
    real = encode_entry

    def encode(entry: Any) -> bytes:
        is_pending = entry.ota_state == OtaImgState.PENDING_VERIFY
        return real(replace(entry, ota_state=OtaImgState.VALID) if is_pending else entry)

    patch.setattr(bootloader, "encode_entry", encode)


def rewrites_always(patch: Patch) -> None:
    """The entry that decides is written at every boot."""
    real = Bootloader._note_selected

    def note(self: Bootloader, state: Any, entries: EntryPair, active: int, index: int) -> None:
        real(self, state, entries, active, index)
        if entries[active].ota_state == OtaImgState.VALID:
            self._write_entry(state.otadata, active, encode_entry(entries[active]))

    patch.setattr(Bootloader, "_note_selected", note)


def refuses_what_is_torn(patch: Patch) -> None:
    """Nothing boots while an entry is neither blank nor whole."""
    real = Bootloader._select

    def select(self: Bootloader, state: Any) -> Any:
        entries = self._read_otadata(state.otadata)
        is_torn = any(is_initial(entry) and encode_entry(entry) != b"\xff" * ENTRY_SIZE for entry in entries)
        return None if is_torn else real(self, state)

    patch.setattr(Bootloader, "_select", select)


def allows_old_versions(patch: Patch) -> None:
    """The secure version is not compared, neither by the bootloader nor by the application."""
    real = verify_image
    patch.setattr(Efuse, "is_secure_version_allowed", lambda self, version: True)
    patch.setattr(bootloader, "verify_image", lambda *arguments: real(*arguments[:5]))


def burns_what_it_is_given(patch: Patch) -> None:
    """The eFuse takes any version, a lower one too."""

    def update(self: Efuse, version: int) -> None:
        self.burns.append(0)
        self.bits = (1 << version) - 1

    patch.setattr(Efuse, "update_secure_version", update)
    allows_old_versions(patch)


def looks_past_the_partition(patch: Patch) -> None:
    """An image may go on beyond the end of its partition."""
    real = header_walk.read_headers
    patch.setattr(verify, "read_headers", lambda cells, offset, size, rules: real(cells, offset, 2 * size, rules))


def ignores_the_last_byte_of_the_hash(patch: Patch) -> None:
    """31 bytes of the SHA-256 are compared."""
    _ignore(patch, lambda metadata: metadata.length - 1)


def ignores_the_last_byte_of_a_segment(patch: Patch) -> None:
    """Checksum and SHA-256 leave out the last byte of the first segment."""
    _ignore(patch, lambda metadata: metadata.data[0].start + metadata.data[0].length - 1)


def ignores_the_last_byte_of_the_data(patch: Patch) -> None:
    """The same of the last segment."""
    _ignore(patch, lambda metadata: metadata.data[-1].start + metadata.data[-1].length - 1)


def _ignore(patch: Patch, place: Callable[[ImageMetadata], int]) -> None:
    """Take an image for right when it is with any value of one byte."""
    real = is_data_right

    def is_right(cells: Cells, offset: int, metadata: ImageMetadata) -> bool:
        at = offset + place(metadata)
        return any(real(cells.with_bytes(at, bytes([value])), offset, metadata) for value in range(256))

    patch.setattr(verify, "is_data_right", is_right)
