"""What is promised of an upgrade when the power fails: each promise once, for every checker.

A claim reads an Observation and says whether the promise was kept there. The wording says exactly what is
checked; where ESP-IDF does not keep a promise, the claim is violated, and that is a result.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from ..config import Config
from .observation import Boot, Observation


class Verdict(Enum):
    """What a checker found of a claim."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not applicable"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Claim:
    """One promise."""

    id: str
    name: str
    """The promise as a name in the present tense."""
    title: str
    """The promise as one plain sentence."""
    source: str
    """Id in docs/sources.toml of the text that promises it."""
    needs_rollback: bool = field(default=False, kw_only=True)
    needs_anti_rollback: bool = field(default=False, kw_only=True)

    def applies_to(self, config: Config) -> bool:
        """Tell whether the configuration has what the claim speaks of."""
        return (config.rollback or not self.needs_rollback) and (config.anti_rollback or not self.needs_anti_rollback)


@dataclass(frozen=True, slots=True)
class CutClaim(Claim):
    """A promise that one power cut, and what follows it, can break."""

    is_kept: Callable[[Observation], bool]


def some_image_always_boots(after: Observation) -> bool:
    """A whole image starts."""
    return after.future.boot.image is not None


def unfinished_image_never_boots(after: Observation) -> bool:
    """No boot that can follow starts an image whose download or verification did not finish."""
    later = (after.future.boot, after.future.idle_boot)
    rolled_back = after.future.rollback.boot if after.future.rollback else None
    return all(
        boot.image is not None and boot.partition in after.finished
        for boot in (*later, rolled_back)
        if boot is not None and boot.partition is not None
    )


def running_partition_is_never_written(after: Observation) -> bool:
    """No operation of this upgrade or a further one touches the partition that runs."""
    further = after.future.upgrade
    return not after.wrote_running and not (further is not None and further.wrote_running)


def new_image_gets_one_boot(after: Observation) -> bool:
    """A marked image starts, and unless it is accepted then, the boot after that starts the previous one."""
    if after.is_accepting:
        return True
    started = after.future.boot.partition == after.target
    if after.is_marked and not started:
        return False
    return not started or _partition(after.future.idle_boot) == after.previous


def accepted_image_stays(after: Observation) -> bool:
    """An accepted image is the one that boots."""
    return not after.is_accepted or after.future.boot.partition == after.target


def rollback_reboots_or_changes_nothing(after: Observation) -> bool:
    """rollback() restarts into another whole image, or raises an error and leaves flash as it was."""
    rollback = after.future.rollback
    if rollback is None:
        return True
    if rollback.error is not None:
        return not rollback.changed_flash
    boot = rollback.boot
    return boot is not None and boot.image is not None and boot.partition != after.future.boot.partition


def cut_leaves_old_or_new_choice(after: Observation) -> bool:
    """What boots is what would have booted before the call, or after it."""
    return after.future.boot.partition in (after.old_boot, after.new_boot)


def old_secure_version_never_runs(after: Observation) -> bool:
    """No image older than the eFuse runs, and the eFuse never goes down."""
    efuse = after.efuse_before
    for boot in _boots(after):
        if boot.efuse_version < efuse or (boot.partition is not None and boot.secure_version < boot.efuse_version):
            return False
    return True


def further_upgrade_completes(after: Observation) -> bool:
    """A further upgrade ends with its image running, accepted, from the partition it went to."""
    further = after.future.upgrade
    if further is None or further.error is not None or further.boot is None:
        return False
    return further.boot.partition == further.target and further.boot.image is not None


def info_tells_the_truth(after: Observation) -> bool:
    """info() names what runs and, unless that is under test, what the next power-on starts."""
    future = after.future
    if future.boot.partition is None:
        return True
    return future.info_running == future.boot.partition and (
        future.boot.is_under_test or future.info_next == _partition(future.idle_boot)
    )


CUT_CLAIMS: tuple[CutClaim, ...] = (
    CutClaim(
        "C1",
        "some_image_always_boots",
        "After a power cut the board boots a complete, verified image, as long as it holds one that commence() "
        "did not wipe.",
        "SEED-INTRO",
        some_image_always_boots,
    ),
    CutClaim(
        "C2",
        "unfinished_image_never_boots",
        "An image whose download or verification did not finish never boots, neither at the next power-on, nor at "
        "the one after, nor through rollback().",
        "SEED-INTRO",
        unfinished_image_never_boots,
    ),
    CutClaim(
        "C3",
        "running_partition_is_never_written",
        "commence(), write() and complete() never change the partition of the running image.",
        "SEED-COMMENCE",
        running_partition_is_never_written,
    ),
    CutClaim(
        "C4",
        "new_image_gets_one_boot",
        "With rollback, an image that complete() has marked is started at the next boot, and unless it is accepted "
        "then, the boot after that starts the previous image.",
        "SEED-ACCEPT",
        new_image_gets_one_boot,
        needs_rollback=True,
    ),
    CutClaim(
        "C5",
        "accepted_image_stays",
        "Once accept() has returned, the image stays the one that boots until another upgrade or rollback().",
        "SEED-ACCEPT",
        accepted_image_stays,
    ),
    CutClaim(
        "C6",
        "rollback_reboots_or_changes_nothing",
        "rollback() never returns normally: the board reboots into another whole image, or an error is raised and "
        "flash is unchanged.",
        "SEED-ROLLBACK",
        rollback_reboots_or_changes_nothing,
    ),
    CutClaim(
        "C7",
        "cut_leaves_old_or_new_choice",
        "A power cut inside a call leaves the boot choice as it was before the call or as it is after it, never a "
        "third.",
        "IDF-OTA-SAFE-UPDATE",
        cut_leaves_old_or_new_choice,
    ),
    CutClaim(
        "C8",
        "old_secure_version_never_runs",
        "With anti-rollback, an image whose secure version is below the eFuse's never runs, and the eFuse's never "
        "goes down.",
        "IDF-OTA-ANTI-ROLLBACK",
        old_secure_version_never_runs,
        needs_anti_rollback=True,
    ),
    CutClaim(
        "C9",
        "further_upgrade_completes",
        "After a power cut, a further upgrade can be completed and accepted.",
        "SEED-INTRO",
        further_upgrade_completes,
    ),
    CutClaim(
        "C10",
        "info_tells_the_truth",
        "info() names the partition that runs and, unless its image is under test, the one that the next power-on "
        "starts.",
        "SEED-INFO",
        info_tells_the_truth,
    ),
)
"""The claims that a sweep checks: one cut and what follows decide them."""

HISTORY_CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C11",
        "records_of_one_slot_agree",
        "Two otadata records that name the same slot with different states never lead to different boot choices, each "
        "by itself.",
        "IDF-OTA-SAFE-UPDATE",
    ),
    Claim(
        "C12",
        "sequence_number_never_wraps",
        "No number of upgrades that the flash can endure brings the sequence number to 0xFFFFFFFF, which means erased.",
        "IDF-OTA-SET-BOOT",
    ),
    Claim(
        "C13",
        "valid_image_earned_it",
        'An image that info() calls "valid" was accepted by itself while it was under test, or was provisioned.',
        "SEED-ACCEPT",
    ),
    Claim(
        "C14",
        "lost_record_selects_whole_image",
        "The otadata record that decides what boots, after a power cut has cost another, never names a slot that is "
        "only partly written.",
        "IDF-OTA-SAFE-UPDATE",
    ),
    Claim(
        "C15",
        "upgrade_is_never_locked_out",
        "A running application can always begin an upgrade, after accept() if it is under test.",
        "SEED-COMMENCE",
    ),
    Claim(
        "C16",
        "choice_settles_in_two_boots",
        "After a power cut, the second power-on starts what every later one starts.",
        "IDF-OTA-SAFE-UPDATE",
    ),
    Claim(
        "C17",
        "marked_image_starts",
        "The image that complete() has marked is what starts next, if no call is made before; a try that was noted "
        "whole counts as a start.",
        "SEED-COMPLETE",
    ),
    Claim(
        "C18",
        "rejected_image_never_starts",
        "An image whose record was written as INVALID or ABORTED never starts again, until its slot is written anew or "
        "esp_ota_set_boot_partition() asks for it.",
        "SEED-INFO",
    ),
    Claim(
        "C19",
        "info_tells_the_deciding_state",
        "Where the record that decides names the running slot, the state that info() tells of that slot is the one of "
        "this record.",
        "SEED-INFO",
    ),
    Claim(
        "C20",
        "accepted_image_is_called_valid",
        'Once accept() has returned, info() calls the image that runs "valid", until another upgrade or rollback().',
        "SEED-ACCEPT",
    ),
    Claim(
        "C21",
        "download_changes_no_choice",
        "commence() and write() do not change what the next power-on starts, whether they return or the power fails.",
        "SEED-COMMENCE",
    ),
    Claim(
        "C22",
        "rollback_starts_the_previous_image",
        "rollback() starts the image that ran when the running one was marked, as long as its slot was not wiped.",
        "SEED-ROLLBACK",
    ),
    Claim(
        "C23",
        "selected_partition_starts",
        "Once esp_ota_set_boot_partition() has returned ESP_OK, the partition that it was given starts next, OTA slot "
        "or factory.",
        "IDF-OTA-SET-BOOT",
    ),
    Claim(
        "C24",
        "settled_boot_writes_nothing",
        "A power-on writes neither otadata nor eFuse, where the running image is the one selected and is not new or "
        "under test.",
        "IDF-BOOT-SELECT",
    ),
    Claim(
        "C25",
        "accepted_image_comes_back",
        "Whatever an image does that never calls accept(), one of the next two power-ons starts an image that was "
        "accepted or provisioned.",
        "SEED-ACCEPT",
    ),
    Claim(
        "C26",
        "error_changes_no_choice",
        "Where commence(), accept() or esp_ota_set_boot_partition() raises an error, the next power-on starts what it "
        "would have started without the call.",
        "IDF-OTA-SAFE-UPDATE",
    ),
)
"""The claims that take more than one cut, or no cut at all, to tell; state_claims.py asks the device model."""

CLAIMS: tuple[Claim, ...] = tuple(
    sorted((*CUT_CLAIMS, *HISTORY_CLAIMS), key=lambda promise: int(promise.id.removeprefix("C")))
)
"""All claims, in the order of their ids."""


def cut_claim(claim_id: str) -> CutClaim:
    """Return the claim with that id, of those that a sweep checks; raises KeyError for another."""
    return {known.id: known for known in CUT_CLAIMS}[claim_id]


def claim(claim_id: str) -> Claim:
    """Return the claim with that id; raises KeyError for another."""
    return {known.id: known for known in CLAIMS}[claim_id]


def _partition(boot: Boot | None) -> str | None:
    return None if boot is None else boot.partition


def _boots(after: Observation) -> Iterator[Boot]:
    future = after.future
    rolled_back = future.rollback.boot if future.rollback else None
    upgraded = future.upgrade.boot if future.upgrade else None
    for boot in (future.boot, future.idle_boot, rolled_back, upgraded):
        if boot is not None:
            yield boot
