"""What is promised of an upgrade when the power fails: each promise once, for every checker.

The wording says exactly what is checked; where ESP-IDF does not keep a promise, the claim is violated, and that is a
result. A claim has up to two readings: cut_claims.py reads what the board does after one power cut, state_claims.py
the state of the device model. campaign/history/claim_monitor.py judges whole histories on the board by the same words.
"""

from dataclasses import dataclass, field
from enum import Enum

from ..config import Config


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
    needs_trial: bool = field(default=False, kw_only=True)
    """Says nothing of an application that accepts itself as soon as it starts."""
    needs_accept: bool = field(default=False, kw_only=True)
    """Says nothing of an application that never calls accept()."""

    def applies_to(self, config: Config) -> bool:
        """Tell whether the configuration has what the claim speaks of."""
        if (self.needs_trial and config.accepts_at_start) or (self.needs_accept and config.accepts_nothing):
            return False
        return (config.rollback or not self.needs_rollback) and (config.anti_rollback or not self.needs_anti_rollback)


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "C1",
        "some_image_always_boots",
        "After a power cut the board boots a complete, verified image, as long as it holds one that commence() "
        "did not wipe.",
        "SEED-INTRO",
    ),
    Claim(
        "C2",
        "unfinished_image_never_boots",
        "An image whose download or verification did not finish never boots, neither at the next power-on, nor at "
        "the one after, nor through rollback().",
        "SEED-INTRO",
    ),
    Claim(
        "C3",
        "running_partition_is_never_written",
        "commence(), write() and complete() never change the partition of the running image.",
        "SEED-COMMENCE",
    ),
    Claim(
        "C4",
        "new_image_gets_one_boot",
        "With rollback, an image that complete() has marked gets one try: it is what starts next, or the note of its "
        "try is whole when the power fails; unless it is accepted then, the start after its try is that of the "
        "previous image.",
        "SEED-ACCEPT",
        needs_rollback=True,
        needs_trial=True,
    ),
    Claim(
        "C5",
        "accepted_image_stays",
        "Once accept() has returned, the image stays the one that boots, until another one is marked or selected or "
        "rollback() restarts; a download, and a complete() that marks nothing, do not end that.",
        "SEED-ACCEPT",
        needs_accept=True,
    ),
    Claim(
        "C6",
        "rollback_reboots_or_changes_nothing",
        "rollback() never returns normally: the board reboots into another whole image, or an error is raised and "
        "flash is unchanged.",
        "SEED-ROLLBACK",
    ),
    Claim(
        "C7",
        "cut_leaves_old_or_new_choice",
        "A power cut inside a call leaves the boot choice as it was before the call or as the call is to make it, "
        "never a third; a call that marks nothing is to leave it as it was.",
        "IDF-OTA-SAFE-UPDATE",
    ),
    Claim(
        "C8",
        "old_secure_version_never_runs",
        "With anti-rollback, an image whose secure version is below the eFuse's never runs, and the eFuse's never "
        "goes down.",
        "IDF-OTA-ANTI-ROLLBACK",
        needs_anti_rollback=True,
    ),
    Claim(
        "C9",
        "further_upgrade_completes",
        "After a power cut, a further upgrade can be completed and accepted.",
        "SEED-INTRO",
    ),
    Claim(
        "C10",
        "info_tells_the_truth",
        "info() names the partition that runs and, unless its image is under test, the one that the next power-on "
        "starts.",
        "SEED-INFO",
    ),
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
        "An upgrade raises the sequence number that decides by less than the number of slots, and where none does "
        "begins at no more than that; so no number of upgrades that the flash can endure brings it to 0xFFFFFFFF, "
        "which means erased.",
        "IDF-OTA-SET-BOOT",
    ),
    Claim(
        "C13",
        "valid_image_earned_it",
        'A whole image that info() calls "valid" called accept() itself, with rollback while it was under test, or was '
        "provisioned.",
        "SEED-ACCEPT",
    ),
    Claim(
        "C14",
        "lost_record_selects_whole_image",
        "With the power off, the otadata record that decides what boots names a slot that holds a whole image, "
        "whatever power cuts have cost.",
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
        "With the power off, the second power-on from now starts what every later one starts, if no call is made.",
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
        'Once accept() has returned, info() calls the accepted image "valid" when it runs, until another one is marked '
        "or selected or rollback() restarts.",
        "SEED-ACCEPT",
        needs_accept=True,
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
        "Where rollback() restarts from the image that was marked last, it starts the image that ran when that one was "
        "marked, as long as its slot was not wiped.",
        "SEED-ROLLBACK",
    ),
    Claim(
        "C23",
        "selected_partition_starts",
        "Once esp_ota_set_boot_partition() has returned ESP_OK, the partition that it was given, OTA slot or factory, "
        "starts next, if no call is made before; a try that was noted whole counts as a start.",
        "IDF-OTA-SET-BOOT",
    ),
    Claim(
        "C24",
        "settled_boot_writes_nothing",
        "A power-on changes neither flash nor eFuse, where the running image is the one selected and is not new or "
        "under test.",
        "IDF-BOOT-SELECT",
    ),
    Claim(
        "C25",
        "accepted_image_comes_back",
        "With the power off or an image running, one of the next two power-ons starts an image that was accepted or "
        "provisioned, if no call is made in between.",
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
"""All claims, in the order of their ids."""


def claim(claim_id: str) -> Claim:
    """Return the claim with that id; raises KeyError for another."""
    return {known.id: known for known in CLAIMS}[claim_id]
