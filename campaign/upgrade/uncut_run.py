"""One run of a script without a cut, taken down operation by operation: what a sweep cuts into."""

from dataclasses import dataclass

from ...impl.chip.cells import Cells
from ...impl.chip.flash import Op
from ...model.claims.observation import Aftermath, Future
from ..device_under_test import World
from .future_oracle import FutureOracle, touches
from .script import Call, CallName, play


@dataclass(frozen=True, slots=True)
class PlayedCall:
    """One call as it went."""

    call: Call
    start: Cells
    end: Cells
    ops: tuple[Op, ...]
    before_op: tuple[Cells, ...]
    """Contents of the flash before each operation."""
    efuse_start: int
    """Raw bits of the eFuse field."""
    efuse_end: int
    efuse_version: int
    """Secure version in the eFuse before the call."""
    running: str | None
    """Label of the partition that runs before the call."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sweep has to know of a script's run to judge a cut in one of its calls."""

    calls: tuple[PlayedCall, ...]
    upgrade_start: int
    """Number of the commence() that begins the script's last upgrade; the cuts to judge are those of it."""
    previous: str
    """Partition that runs when that upgrade begins."""
    target: str
    """Partition that it goes to."""
    provisioned: frozenset[str]
    """App partitions that hold a whole known image when it begins."""


def play_script(world: World, script: tuple[Call, ...]) -> Setting:
    """Play the script and take it down; raises ScriptFailed when a call does not go as the script needs."""
    board = world.board()
    board.flash.snapshots = []
    app = None
    played: list[PlayedCall] = []
    targets: list[str] = []
    for call in script:
        start, efuse_start, running = board.flash.cells, board.efuse.bits, app
        efuse_version = board.efuse.secure_version
        board.flash.snapshots.clear()
        board.flash.take_ops()
        if call.name is CallName.COMMENCE and app is not None:
            target = app.ota.esp_ota_get_next_update_partition()
            targets.append("" if target is None else target.label)
        app = play(call, board, app, world)
        played.append(
            PlayedCall(
                call,
                start,
                board.flash.cells,
                tuple(board.flash.take_ops()),
                tuple(board.flash.snapshots),
                efuse_start,
                board.efuse.bits,
                efuse_version,
                None if running is None else running.running.label,
            )
        )
    begin = next(call for call in reversed(played) if call.call.name is CallName.COMMENCE)
    assert begin.running is not None
    provisioned = frozenset(
        partition.label
        for partition in world.table
        if partition.is_app and world.image_in(begin.start, partition) is not None
    )
    return Setting(tuple(played), begin.call.index, begin.running, targets[-1], provisioned)


class Judge:
    """Puts a future beside the call that was cut: the aftermath that claims read."""

    def __init__(self, world: World, setting: Setting, oracle: FutureOracle) -> None:
        """Judge cuts in this run of a script."""
        self._world = world
        self._setting = setting
        self._oracle = oracle
        self._boots: dict[int, tuple[str | None, str | None]] = {}

    def aftermath(self, played: PlayedCall, ops_begun: int, future: Future, is_between: bool = False) -> Aftermath:
        """Return the aftermath of a cut in `played` once `ops_begun` of its operations had any effect.

        is_between: no cut, but a reset after the call returned."""
        setting, call = self._setting, played.call
        past = {
            earlier.call.name for earlier in setting.calls if setting.upgrade_start <= earlier.call.index < call.index
        }
        if is_between:
            past.add(call.name)
        is_withdrawn = CallName.ROLLBACK in past or call.name is CallName.ROLLBACK
        old_boot, new_boot = self._boot_choice(played)
        return Aftermath(
            call=call.name.value,
            is_between_calls=is_between,
            old_boot=new_boot if is_between else old_boot,
            new_boot=new_boot,
            finished=self._finished(played, ops_begun, past),
            previous=setting.previous,
            target=setting.target,
            is_marked=CallName.COMPLETE in past and not is_withdrawn,
            is_accepting=CallName.ACCEPT in past or call.name is CallName.ACCEPT or is_withdrawn,
            is_accepted=CallName.ACCEPT in past and not is_withdrawn,
            wrote_running=self._wrote_running(played),
            efuse_before=played.efuse_version,
            future=future,
        )

    def _boot_choice(self, played: PlayedCall) -> tuple[str | None, str | None]:
        """Return what boots when the power fails just before the call, and just after it."""
        index = played.call.index
        if index not in self._boots:
            old = self._oracle.tell(played.start, played.efuse_start).future
            new = self._oracle.tell(played.end, played.efuse_end).future
            self._boots[index] = old.boot.partition, new.boot.partition
        return self._boots[index]

    def _finished(self, played: PlayedCall, ops_begun: int, past: set[CallName]) -> frozenset[str]:
        """Return the partitions whose image is finished; see Aftermath.finished."""
        setting, name = self._setting, played.call.name
        if CallName.COMPLETE in past or name is CallName.COMPLETE:
            # complete() verifies before it changes anything.
            return setting.provisioned | {setting.target}
        is_wiped = CallName.COMMENCE in past or (name is CallName.COMMENCE and ops_begun > 0)
        return setting.provisioned - {setting.target} if is_wiped else setting.provisioned

    def _wrote_running(self, played: PlayedCall) -> bool:
        is_upgrading = played.call.name in (CallName.COMMENCE, CallName.WRITE, CallName.COMPLETE)
        if not is_upgrading or played.running is None:
            return False
        return touches(list(played.ops), self._world.partition(played.running))
