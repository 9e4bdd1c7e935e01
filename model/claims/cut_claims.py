"""The claims that one power cut, and what follows it, can break: how an Observation is read.

A reading has two parts. The *premise* is when the claim says anything; tests show that sweeps meet each, and that they
also make observations that do not. What is met then is a predicate with the name of the claim.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .claims import Claim, claim
from .observation import NEW, TESTING, VALID, Boot, Observation

Reading = Callable[[Observation], bool]

DOWNLOAD = ("commence", "write")
"""The calls that bring bytes and mark nothing."""


@dataclass(frozen=True, slots=True)
class CutClaim:
    """One claim, as a fact about what follows one power cut."""

    claim: Claim
    is_met: Reading
    """Holds of every observation with the premise, if the claim does."""
    is_due: Reading
    """The premise."""

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.claim.id

    def is_kept(self, after: Observation) -> bool:
        """Tell whether the observation does not break the claim."""
        return not self.is_due(after) or self.is_met(after)


def some_image_always_boots(after: Observation) -> bool:
    """A whole image starts."""
    return after.future.boot.image is not None


def _board_holds_an_image(after: Observation) -> bool:
    return after.has_begun and bool(after.finished)


def unfinished_image_never_boots(after: Observation) -> bool:
    """Every image that starts, at the next power-on, at the one after, or through rollback(), is whole and finished."""
    return all(boot.image is not None and boot.partition in after.finished for boot in _idle_starts(after))


def _something_is_unfinished(after: Observation) -> bool:
    return after.target not in after.finished or any(boot.image is None for boot in _idle_starts(after))


def running_partition_is_never_written(after: Observation) -> bool:
    """No operation of this upgrade or a further one touches the partition that runs."""
    further = after.future.upgrade
    return not after.wrote_running and not (further is not None and further.wrote_running)


def _upgrade_writes(after: Observation) -> bool:
    return (after.call in (*DOWNLOAD, "complete") and after.has_begun) or after.future.upgrade is not None


def new_image_gets_one_boot(after: Observation) -> bool:
    """A marked image starts or was tried, and the start after its try is that of the previous image."""
    boot, idle = after.future.boot, after.future.idle_boot
    if after.is_tried:
        return boot.partition == after.previous
    return boot.partition == after.target and _partition(idle) == after.previous


def _try_is_due(after: Observation) -> bool:
    return not after.is_accepting and (after.is_marked or _is_marking(after))


def accepted_image_stays(after: Observation) -> bool:
    """An accepted image is the one that boots."""
    return after.future.boot.partition == after.accepted


def _is_accepted(after: Observation) -> bool:
    return after.accepted is not None


def rollback_reboots_or_changes_nothing(after: Observation) -> bool:
    """rollback() restarts into another whole image, or raises an error and leaves flash as it was."""
    rollback = after.future.rollback
    assert rollback is not None
    if rollback.error is not None:
        return not rollback.changed_flash
    boot = rollback.boot
    return boot is not None and boot.image is not None and boot.partition != after.future.boot.partition


def _rollback_acts(after: Observation) -> bool:
    rollback = after.future.rollback
    return rollback is not None and (rollback.error is None or rollback.changed_flash)


def cut_leaves_old_or_new_choice(after: Observation) -> bool:
    """What boots is what would have booted before the call, or what the call is to make boot."""
    return after.future.boot.partition in (after.old_boot, after.new_boot)


def _is_cut_in_call(after: Observation) -> bool:
    return after.has_begun and not after.is_between_calls


def old_secure_version_never_runs(after: Observation) -> bool:
    """No image older than the eFuse runs, and the eFuse never goes down."""
    lowest = after.efuse_before
    for boot in _boots(after):
        if boot.efuse_version < lowest or (boot.partition is not None and boot.secure_version < boot.efuse_version):
            return False
        lowest = max(lowest, after.future.boot.efuse_version)
    return True


def _some_version_is_burned(after: Observation) -> bool:
    return after.efuse_before > 0 or any(boot.efuse_version for boot in _boots(after))


def further_upgrade_completes(after: Observation) -> bool:
    """A further upgrade ends with its image running from the partition it went to, accepted if the application does."""
    further = after.future.upgrade
    if further is None or further.error is not None or further.boot is None:
        return False
    boot = further.boot
    is_accepted = boot.state == VALID or not further.accepts
    return (boot.partition, boot.image) == (further.target, further.image) and is_accepted


def _has_begun(after: Observation) -> bool:
    return after.has_begun


def info_tells_the_truth(after: Observation) -> bool:
    """info() names what runs and, unless that is under test, what the next power-on starts."""
    future = after.future
    is_next_right = future.boot.is_under_test or future.info_next == _partition(future.idle_boot)
    return future.info_running == future.boot.partition and is_next_right


def _something_runs(after: Observation) -> bool:
    return after.future.boot.partition is not None


def marked_image_starts(after: Observation) -> bool:
    """A marked image starts."""
    return after.future.boot.partition == after.target


def _start_is_due(after: Observation) -> bool:
    return after.is_marked and not after.is_tried


def rejected_image_never_starts(after: Observation) -> bool:
    """No boot starts what was INVALID or ABORTED at the cut, or has become so since."""
    return all(boot.partition not in rejected for boot, rejected in _rejected_at(after))


def _something_is_rejected(after: Observation) -> bool:
    return any(rejected for _, rejected in _rejected_at(after))


def info_tells_the_deciding_state(after: Observation) -> bool:
    """Where the deciding record names what runs, info() tells the state of this record."""
    return all(boot.deciding is None or boot.state == boot.deciding for boot in _boots(after))


def _decider_names_what_runs(after: Observation) -> bool:
    return any(boot.deciding is not None for boot in _boots(after))


def accepted_image_is_called_valid(after: Observation) -> bool:
    """info() calls the accepted image that runs "valid"."""
    return after.future.boot.state == VALID


def _accepted_image_runs(after: Observation) -> bool:
    return after.accepted is not None and after.future.boot.partition == after.accepted


def download_changes_no_choice(after: Observation) -> bool:
    """What boots is what would have booted before commence() or write()."""
    return after.future.boot.partition == after.old_boot


def _download_has_begun(after: Observation) -> bool:
    return after.call in DOWNLOAD and after.has_begun


def rollback_starts_the_previous_image(after: Observation) -> bool:
    """rollback() starts the image that ran when the running one was marked."""
    if after.is_rolled_back:
        return after.future.boot.partition == after.previous
    rollback = after.future.rollback
    return rollback is not None and _partition(rollback.boot) == after.previous


def _rollback_leaves_the_new_image(after: Observation) -> bool:
    rollback = after.future.rollback
    restarts = rollback is not None and rollback.error is None
    runs_new = after.future.boot.partition == after.target and (after.is_marked or _is_marking(after))
    return after.is_rolled_back or (restarts and runs_new)


def settled_boot_writes_nothing(after: Observation) -> bool:
    """The power-on after the next changes nothing."""
    idle = after.future.idle_boot
    return idle is not None and not idle.wrote


def _is_settled(after: Observation) -> bool:
    future, boot = after.future, after.future.boot
    is_selected = boot.partition is not None and future.info_next == boot.partition
    return is_selected and boot.state != TESTING and boot.deciding not in (NEW, TESTING)


def accepted_image_comes_back(after: Observation) -> bool:
    """The power-on after the next starts an image that was accepted or provisioned."""
    return _partition(after.future.idle_boot) in after.earned


def _unaccepted_image_starts(after: Observation) -> bool:
    return after.future.boot.partition not in after.earned


CUT_CLAIMS: tuple[CutClaim, ...] = (
    CutClaim(claim("C1"), some_image_always_boots, _board_holds_an_image),
    CutClaim(claim("C2"), unfinished_image_never_boots, _something_is_unfinished),
    CutClaim(claim("C3"), running_partition_is_never_written, _upgrade_writes),
    CutClaim(claim("C4"), new_image_gets_one_boot, _try_is_due),
    CutClaim(claim("C5"), accepted_image_stays, _is_accepted),
    CutClaim(claim("C6"), rollback_reboots_or_changes_nothing, _rollback_acts),
    CutClaim(claim("C7"), cut_leaves_old_or_new_choice, _is_cut_in_call),
    CutClaim(claim("C8"), old_secure_version_never_runs, _some_version_is_burned),
    CutClaim(claim("C9"), further_upgrade_completes, _has_begun),
    CutClaim(claim("C10"), info_tells_the_truth, _something_runs),
    CutClaim(claim("C17"), marked_image_starts, _start_is_due),
    CutClaim(claim("C18"), rejected_image_never_starts, _something_is_rejected),
    CutClaim(claim("C19"), info_tells_the_deciding_state, _decider_names_what_runs),
    CutClaim(claim("C20"), accepted_image_is_called_valid, _accepted_image_runs),
    CutClaim(claim("C21"), download_changes_no_choice, _download_has_begun),
    CutClaim(claim("C22"), rollback_starts_the_previous_image, _rollback_leaves_the_new_image),
    CutClaim(claim("C24"), settled_boot_writes_nothing, _is_settled),
    CutClaim(claim("C25"), accepted_image_comes_back, _unaccepted_image_starts),
)
"""The claims that a sweep checks, in the order of their ids. The others take more than one cut, or no cut, to tell."""


def cut_claim(claim_id: str) -> CutClaim:
    """Return the claim with that id, of those that a sweep checks; raises KeyError for another."""
    return {known.id: known for known in CUT_CLAIMS}[claim_id]


def _partition(boot: Boot | None) -> str | None:
    return None if boot is None else boot.partition


def _is_marking(after: Observation) -> bool:
    """Tell whether a cut in complete() has left the mark of the new image, so that this starts."""
    return after.call == "complete" and after.future.boot.partition == after.target


def _idle_starts(after: Observation) -> Iterator[Boot]:
    """Yield what starts at the next power-on, at the one after, and after rollback()."""
    future = after.future
    rolled_back = future.rollback.boot if future.rollback else None
    for boot in (future.boot, future.idle_boot, rolled_back):
        if boot is not None and boot.partition is not None:
            yield boot


def _boots(after: Observation) -> Iterator[Boot]:
    """Yield every power-on of the future; the first one comes before all others."""
    future = after.future
    rolled_back = future.rollback.boot if future.rollback else None
    upgraded = future.upgrade.boot if future.upgrade else None
    yield from (boot for boot in (future.boot, future.idle_boot, rolled_back, upgraded) if boot is not None)


def _rejected_at(after: Observation) -> Iterator[tuple[Boot, frozenset[str]]]:
    """Yield the power-ons up to the one after rollback(), each with the partitions that may not start at it."""
    future = after.future
    rejected = after.rejected | future.boot.rejected
    yield future.boot, rejected
    if future.idle_boot is not None:
        yield future.idle_boot, rejected | future.idle_boot.rejected
    rollback = future.rollback
    if rollback is not None and rollback.boot is not None:
        excused = frozenset({rollback.selected} if rollback.selected else ())
        yield rollback.boot, ((rejected | rollback.rejected) - excused) | rollback.boot.rejected
