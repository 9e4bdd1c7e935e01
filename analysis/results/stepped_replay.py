"""A replay moment by moment, as a page steps through it: what flash holds after each operation, and what boots."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ...campaign.device_under_test import DeviceUnderTest
from ...campaign.history.frames import PlayFrame
from ...campaign.history.history_frames import history_frames
from ...campaign.history.history_token import decode_history_token
from ...campaign.upgrade.future_in_words import future_lines
from ...campaign.upgrade.upgrade_frames import upgrade_frames
from ...campaign.upgrade.upgrade_token import decode_token
from ...impl.chip.cells import SECTOR_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedRecord:
    """One otadata entry at a moment."""

    address: int
    """In flash, in bytes."""
    bytes: str
    """Its 32 bytes in hex."""
    changed: tuple[int, ...]
    """Which of them are not as they were a moment before."""
    decides: bool
    """It selects what boots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedPart:
    """An app partition, or otadata, at a moment."""

    label: str
    """Its name."""
    offset: int
    """In flash, in bytes."""
    size: int
    """In bytes."""
    holds: str
    """What lies in it, in words; empty for otadata."""
    state: str | None
    """Of an OTA slot, what info() says of it, or "none"."""
    touched: bool
    """The operations of the moment change bytes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayMoment:
    """What a device holds after some operations of a step."""

    text: str
    """The step; at its end, with what came of it."""
    operations: str
    """Flash operations since the moment before, in words; empty for none."""
    cut: bool
    """The power failed in the last of them."""
    records: tuple[SteppedRecord, ...]
    """Both otadata entries; none without otadata."""
    efuse: int
    """Bits of the eFuse field."""
    parts: tuple[SteppedPart, ...]
    """The app partitions and otadata."""
    boots: str | None
    """Label of the partition that starts when the power fails now; null for none."""
    slot: int | None
    """Number of that OTA slot; null where it is none."""
    image: str | None
    """The image that lies whole in it; null for none."""
    broken: tuple[str, ...]
    """What claims rule out, and has come about now, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppedReplay:
    """A replay of a token."""

    token: str
    """What `otaproof replay` plays it by."""
    slots: int
    """OTA slots of the device."""
    rollback: bool
    """App rollback is on."""
    notes_in_place: bool
    """The bootloader notes a try in the label of a record."""
    moments: tuple[ReplayMoment, ...]
    """In order; the first is the device before its first power-on."""
    at: int
    """The moment that the power cut, or the last step, leaves."""
    follows: tuple[str, ...]
    """What is seen after the cut, a line each; none for a history."""


def stepped_cut(text: str, dut: DeviceUnderTest, broken: tuple[str, ...]) -> SteppedReplay:
    """Return the replay of a token of `check` on its device. broken: what claims rule out, as it comes about."""
    played = upgrade_frames(decode_token(text), dut)
    last = {len(played.frames) - 1: broken}
    return _stepped(text, dut, played.frames, last, played.cut_at, future_lines(played.future))


def stepped_history(text: str) -> SteppedReplay:
    """Return the replay of a token of a history that the board has played."""
    history = decode_history_token(text).history
    played = history_frames(history)
    broken = {
        number: tuple(dict.fromkeys(f"{found.claim_id}: {found.text}" for found in all_found))
        for number, all_found in played.broken.items()
    }
    return _stepped(text, history.dut, played.frames, broken, len(played.frames) - 1, ())


def _stepped(
    text: str,
    dut: DeviceUnderTest,
    frames: tuple[PlayFrame, ...],
    broken: dict[int, tuple[str, ...]],
    at: int,
    follows: Iterable[str],
) -> SteppedReplay:
    pairs = pairwise((frames[0], *frames))
    return SteppedReplay(
        token=text,
        slots=sum(partition.is_ota_slot for partition in dut.table),
        rollback=dut.config.rollback,
        notes_in_place=dut.config.notes_in_place,
        moments=tuple(_moment(dut, before, frame, broken.get(n, ())) for n, (before, frame) in enumerate(pairs)),
        at=at,
        follows=tuple(follows),
    )


def _moment(dut: DeviceUnderTest, before: PlayFrame, frame: PlayFrame, broken: tuple[str, ...]) -> ReplayMoment:
    return ReplayMoment(
        text=frame.text,
        operations=frame.ops,
        cut=frame.is_cut,
        records=tuple(_records(dut, before, frame)),
        efuse=frame.efuse_bits,
        parts=tuple(
            SteppedPart(
                label=part.label,
                offset=part.offset,
                size=part.size,
                holds=part.holds,
                state=part.state,
                touched=part.is_touched,
            )
            for part in frame.parts
        ),
        boots=frame.boots,
        slot=next((number for number, label in dut.slot_labels.items() if label == frame.boots), None),
        image=frame.boots_image,
        broken=broken,
    )


def _records(dut: DeviceUnderTest, before: PlayFrame, frame: PlayFrame) -> Iterable[SteppedRecord]:
    if dut.otadata is None or frame.entries is None or before.entries is None:
        return
    for number, (old, new) in enumerate(zip(before.entries, frame.entries, strict=True)):
        yield SteppedRecord(
            address=dut.otadata.offset + number * SECTOR_SIZE,
            bytes=new.hex(),
            changed=tuple(place for place in range(len(new)) if old[place] != new[place]),
            decides=frame.decides == number,
        )
