"""One run of a script without a cut, taken down operation by operation: what a sweep cuts into."""

from dataclasses import dataclass
from functools import cached_property

from ...impl.chip.efuse import Efuse
from ...model.claims.observation import NEW, TESTING, Future, Notes, Observation
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played, Player, touches
from ..history.step import ERASE_LAST_BOOT, UPGRADE_STEPS, Step, StepName
from ..history.turn_notes import tried_by
from ..history.whole_records import newly_rejected, notes_in, rejected_after, rejected_at_first
from .future_oracle import FutureOracle
from .script import ScriptFailed, require_success


@dataclass(frozen=True, slots=True)
class UncutRun:
    """What a sweep has to know of a script's run to judge a cut in one of its steps."""

    played: tuple[Played, ...]
    upgrade_start: int
    """Number of the step that begins the script's last upgrade, commence() or an erase before it; the cuts to judge are
    those of it."""
    previous: str
    """Partition that runs when that upgrade begins."""
    target: str
    """Partition that it goes to."""
    provisioned: frozenset[str]
    """App partitions that hold a whole known image when it begins."""


def play_script(dut: DeviceUnderTest, script: tuple[Step, ...], is_own: bool = False) -> UncutRun:
    """Play the script and take it down; raises ScriptFailed when a step does not go as the script needs.

    is_own: the steps are a user's own, so that a call may raise an error."""
    player = Player(dut)
    run: list[Played] = []
    target, begin = "", None
    for step in script:
        app = player.app
        run.append(player.play(step))
        if not is_own:
            require_success(run[-1])
        if step.name is StepName.COMMENCE and app is not None:
            partition = app.ota.esp_ota_get_next_update_partition()
            target, begin = "" if partition is None else partition.label, run[-1]
    if begin is None or not target:
        raise ScriptFailed("it begins no update")
    begin = run[begin.number - 1] if run[begin.number - 1].step == ERASE_LAST_BOOT else begin
    assert begin.ran is not None
    provisioned = frozenset(
        partition.label
        for partition in dut.table
        if partition.is_app and dut.image_in(begin.before.cells, partition) is not None
    )
    return UncutRun(tuple(run), begin.number, begin.ran, target, provisioned)


class Judge:
    """Puts a future beside the step that was cut: the observation that claims read."""

    def __init__(self, dut: DeviceUnderTest, run: UncutRun, oracle: FutureOracle) -> None:
        """Judge cuts in this run of a script."""
        self._dut = dut
        self._run = run
        self._oracle = oracle
        self._boots: dict[int, tuple[str | None, str | None]] = {}
        self._rejected = [rejected_at_first(dut)]
        """By the number of a step: what is rejected before it."""
        for played in run.played:
            self._rejected.append(rejected_after(dut, self._rejected[-1], played))

    def observation(self, played: Played, ops_begun: int, future: Future, is_between: bool = False) -> Observation:
        """Return the observation of a cut in `played` once `ops_begun` of its operations had any effect.

        is_between: no cut, but a reset after the call returned."""
        run, name = self._run, played.step.name
        past = {earlier.step.name for earlier in run.played[run.upgrade_start : played.number]}
        if is_between:
            past.add(name)
        is_withdrawn = StepName.ROLLBACK in past or name is StepName.ROLLBACK
        old_boot, new_boot = self._boot_choice(played)
        return Observation(
            call=played.step.call_name,
            is_between_calls=is_between,
            has_begun=bool(played.ops) if is_between else ops_begun > 0,
            old_boot=old_boot,
            new_boot=old_boot if name in (StepName.COMMENCE, StepName.WRITE) else new_boot,
            finished=self._finished(played, ops_begun, past),
            earned=self._earned(played, ops_begun, past),
            rejected=self._rejected_at(played, ops_begun, future, is_between),
            previous=run.previous,
            target=run.target,
            is_marked=StepName.COMPLETE in past and not is_withdrawn,
            is_tried=self._is_tried(past, future),
            is_accepting=StepName.ACCEPT in past or name is StepName.ACCEPT or is_withdrawn,
            accepted=self._accepted(played, is_between),
            is_rolled_back=StepName.ROLLBACK in past,
            wrote_running=self._wrote_running(played),
            efuse_before=self._efuse_version(played.before),
            future=future,
        )

    def _boot_choice(self, played: Played) -> tuple[str | None, str | None]:
        """Return what boots when the power fails just before the call, and just after it."""
        if played.number not in self._boots:
            old, new = (self._oracle.tell(moment).future for moment in (played.before, played.after))
            self._boots[played.number] = old.boot.partition, new.boot.partition
        return self._boots[played.number]

    def _finished(self, played: Played, ops_begun: int, past: set[StepName]) -> frozenset[str]:
        """Return the partitions whose image is finished; see Observation.finished."""
        if StepName.COMPLETE in past or played.step.name is StepName.COMPLETE:
            # complete() verifies before it changes anything but the image, which may get its last bytes now.
            return self._run.provisioned | {self._run.target}
        return self._provisioned(played, ops_begun)

    def _earned(self, played: Played, ops_begun: int, past: set[StepName]) -> frozenset[str]:
        """Return the partitions whose image was accepted or provisioned; see Observation.earned."""
        accepting = {StepName.ACCEPT}
        if self._dut.config.accepts_at_start:
            # To start the image is to accept it.
            accepting.add(StepName.COMPLETE)
        if accepting & {*past, played.step.name}:
            return self._run.provisioned | {self._run.target}
        return self._provisioned(played, ops_begun)

    def _provisioned(self, played: Played, ops_begun: int) -> frozenset[str]:
        """Return the partitions that held an image when the upgrade began, and hold it still."""
        run = self._run
        return run.provisioned - {run.target} if self._is_wiped(played, ops_begun) else run.provisioned

    def _is_wiped(self, played: Played, ops_begun: int) -> bool:
        """Tell whether the upgrade has begun to erase its target: in commence(), or with the first data."""
        target = self._dut.partition(self._run.target)
        earlier = self._run.played[self._run.upgrade_start : played.number]
        begun = played.ops[:ops_begun] if played.number >= self._run.upgrade_start else ()
        is_now = touches(begun, target)
        return is_now or any(before.touches(target) for before in earlier)

    def _rejected_at(self, played: Played, ops_begun: int, future: Future, is_between: bool) -> frozenset[str]:
        """Return the partitions that may not start; see Observation.rejected."""
        if is_between:
            return self._rejected[played.number + 1]
        rejected = self._rejected[played.number]
        if played.step.name in (StepName.COMMENCE, StepName.WRITE) and self._is_wiped(played, ops_begun):
            rejected -= {self._run.target}
        if self._dut.config.is_by_turns:
            refused = tried_by(future.notes) if played.step.name is StepName.ROLLBACK else None
            return rejected | ({refused} if refused is not None and refused == played.ran else frozenset())
        return rejected | newly_rejected(notes_in(self._dut, played.before.cells.read), future.notes)

    def _is_tried(self, past: set[StepName], future: Future) -> bool:
        """Tell whether the marked image was started, or its record tells so, whole."""
        if StepName.RESET in past:
            return True
        if self._dut.config.is_by_turns:
            return tried_by(future.notes) == self._run.target
        marked = [note.number for note in self._marking_notes if note is not None and note.state == NEW]
        return any(
            note is not None and note.state == TESTING and note.number in marked and note.partition == self._run.target
            for note in future.notes
        )

    @cached_property
    def _marking_notes(self) -> Notes:
        """The records that the upgrade's complete() has left."""
        steps = self._run.played[self._run.upgrade_start :]
        complete = next((played for played in steps if played.step.name is StepName.COMPLETE), None)
        return (None, None) if complete is None else notes_in(self._dut, complete.after.cells.read)

    def _accepted(self, played: Played, is_between: bool) -> str | None:
        """Return the partition that ran when accept() returned; see Observation.accepted."""
        deciding = (StepName.COMPLETE, StepName.ACCEPT, StepName.ROLLBACK, StepName.SET_BOOT)
        if played.step.name in deciding and not is_between:
            return None
        done = self._run.played[: played.number + is_between]
        last = next((earlier for earlier in reversed(done) if earlier.step.name in deciding), None)
        return None if last is None or last.step.name is not StepName.ACCEPT else last.ran

    def _wrote_running(self, played: Played) -> bool:
        is_upgrading = played.step.name in UPGRADE_STEPS
        return is_upgrading and played.ran is not None and played.touches(self._dut.partition(played.ran))

    def _efuse_version(self, moment: Moment) -> int:
        return Efuse(moment.efuse_bits, self._dut.config.secure_version_bits).secure_version
