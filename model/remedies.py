"""Remedies: what an application, or a patch of the bootloader, can do so that more claims hold.

A discipline is a rule for the application that makes the calls: it permits fewer of the histories that are documented,
and asks nothing of ESP-IDF. A scope turns remedies on (device/remedy_steps.py has what each changes, in terms), so that
proofs, searches and random histories are about devices with them. Which make which claim hold is decided by the prover:
analysis/remedy_table.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..errors import InputError
from .config import Release


class Remedy(Enum):
    """One remedy. The value is its name on the command line."""

    # By identity, which is faster than by name.
    __hash__ = object.__hash__

    RESTART_AT_ONCE = "restart-at-once"
    ERASE_LAST_BOOT = "erase-last-boot"
    ACCEPT_ON_TRIAL = "accept-on-trial"
    NEVER_ROLLBACK = "never-rollback"
    ROLLBACK_ON_TRIAL = "rollback-on-trial"
    ROLLBACK_IF_SELECTED = "rollback-if-selected"
    COMMENCE_IF_SELECTED = "commence-if-selected"
    FLAG_DOWNLOAD = "flag-download"
    NOTE_IN_PLACE = "note-in-place"


class RemedyKind(Enum):
    """Where a remedy is put."""

    APPLICATION = "application"
    """A rule for the code that calls esp_ota_*."""
    PATCH = "patch"
    """A change of the bootloader."""


@dataclass(frozen=True, slots=True)
class RemedyTraits:
    """What one says."""

    kind: RemedyKind
    advice: str
    """What to do, as one plain sentence."""
    changes: str
    """The guard or effect of the model that is another."""
    cost: str
    """What it costs: flash operations, or a way back that is given up."""
    restricts: tuple[str, ...] = ()
    """The calls that the application makes less often."""
    since: Release = Release.V4_4
    """The first release that has what it needs."""


REMEDIES: Mapping[Remedy, RemedyTraits] = {
    Remedy.RESTART_AT_ONCE: RemedyTraits(
        RemedyKind.APPLICATION,
        "Restart as soon as complete() has marked the new image: make no call in between.",
        "complete() restarts; it is the usage restart-at-once",
        "Nothing in flash; what the application still has to do, it does before complete().",
        ("commence", "accept", "rollback"),
    ),
    Remedy.ERASE_LAST_BOOT: RemedyTraits(
        RemedyKind.APPLICATION,
        "Before commence(), while the image is not under test, erase the other image and its record: call "
        "esp_ota_erase_last_boot_app_partition(), or before 5.5 esp_partition_erase_range() on the slot, then on the "
        "sector of the record that does not decide.",
        "commence: no right record but the deciding one names a slot other than the running one; the action "
        "erase_last_boot is there",
        "One more erase of a slot and one of a sector for each update; from then on rollback() has no image to go back "
        "to, as with commence() from 5.5 on with rollback.",
        ("commence",),
    ),
    Remedy.ACCEPT_ON_TRIAL: RemedyTraits(
        RemedyKind.APPLICATION,
        'Call accept() only while info() says "testing" of the running image: without rollback, never.',
        "accept: info() says testing of the running image",
        "None: without rollback the state word decides nothing.",
        ("accept", "accept_again"),
    ),
    Remedy.NEVER_ROLLBACK: RemedyTraits(
        RemedyKind.APPLICATION,
        "Never call rollback(): with rollback a restart before accept() brings the image before back.",
        "rollback: never",
        "An image that was accepted cannot be taken back.",
        ("rollback",),
    ),
    Remedy.ROLLBACK_ON_TRIAL: RemedyTraits(
        RemedyKind.APPLICATION,
        'Call rollback() only while info() says "testing" of the running image.',
        "rollback: info() says testing of the running image",
        "An image that was accepted cannot be taken back.",
        ("rollback",),
    ),
    Remedy.ROLLBACK_IF_SELECTED: RemedyTraits(
        RemedyKind.APPLICATION,
        "Call rollback() only while info() names the running partition as the one that boots next.",
        "rollback: the running partition is what the deciding record names",
        "None: after complete() the application restarts before it can roll back.",
        ("rollback",),
    ),
    Remedy.COMMENCE_IF_SELECTED: RemedyTraits(
        RemedyKind.APPLICATION,
        "Call commence() only while info() names the running partition as the one that boots next.",
        "commence: the running partition is what the deciding record names",
        "After complete() the application restarts before it can begin another update; where another image runs than "
        "is selected, none can begin.",
        ("commence",),
    ),
    Remedy.FLAG_DOWNLOAD: RemedyTraits(
        RemedyKind.APPLICATION,
        "Keep a flag in NVS that is set before commence() and cleared once complete() has marked an image; call no "
        "rollback() while it is set.",
        "rollback: no download was begun that complete() has not marked; the field download_flag is there",
        "Two writes to NVS for each update.",
        ("rollback",),
    ),
    Remedy.NOTE_IN_PLACE: RemedyTraits(
        RemedyKind.PATCH,
        "Have the bootloader note the try of a NEW record in a byte of its label that is still erased, by one program "
        "operation and without an erase; bootloader and esp_ota_ops read a NEW record with this note as "
        "PENDING_VERIFY.",
        "the try is one flash operation: a cut in it leaves NEW or PENDING_VERIFY, and no blank sector",
        "A bootloader of your own; one erase less for each update.",
    ),
}
"""Every remedy, and what it says."""


def remedy_named(remedy: Remedy | str) -> Remedy:
    """Return a remedy by its name; raises InputError for another text."""
    try:
        return Remedy(remedy)
    except ValueError:
        names = ", ".join(known.value for known in Remedy)
        raise InputError(f"remedies: {str(remedy)[:40]!r} is none of {names}") from None
