"""All that follows from one state of the device: the boot, the boot after, rollback(), a further upgrade.

`observe` plays it on a board; `FutureOracle` tells it from memory where it can.
"""

from ...impl.board import App
from ...impl.chip.flash import ReadTracker
from ...impl.esp_err import OtaError
from ...model.claims.observation import Boot, Future, Rollback, Upgrade
from ...model.ota_state import api_name
from ...model.remedies import Remedy
from ..cuts.state_oracle import StateOracle
from ..device_under_test import DeviceUnderTest
from ..history.player import Moment, Played, Player, StepOutcome
from ..history.step import ACCEPT, COMPLETE, ERASE_LAST_BOOT, POWER_ON, ROLLBACK, Step, StepName
from ..history.whole_records import deciding_note, notes_in, rejected_by, selected_by_rollback
from .script import accepts_of, commence_of, erases_of, returns_to_factory

NOTHING_BOOTS = Boot(partition=None, image=None)


class FutureOracle(StateOracle[Future]):
    """Tells the future of any state of one device under test; plays each that differs once."""

    def __init__(self, dut: DeviceUnderTest) -> None:
        """Know nothing yet."""
        super().__init__(lambda moment, tracker: observe(dut, moment, tracker))
        self.dut = dut


def observe(dut: DeviceUnderTest, moment: Moment, tracker: ReadTracker | None = None) -> Future:
    """Play what follows from a state; `tracker` notes the cells of that state that matter to it."""
    player = Player(dut, moment)
    player.board.flash.tracker = tracker
    notes = notes_in(dut, player.board.flash.look)
    first = _boot(player)
    if player.app is None:
        return Future(notes, first, None, None, None, None, None)
    # The first two results of info(), and no more: a future depends on all that is read for it.
    ota = player.app.ota
    running, boot = ota.esp_ota_get_running_partition().label, ota.esp_ota_get_boot_partition()
    following = None if boot is None else boot.label
    is_selected = running == following
    return Future(
        notes=notes,
        boot=first,
        info_running=running,
        info_next=following,
        idle_boot=_boot(player.fork_off()),
        rollback=_roll_back(player.fork_at_start()) if may_roll_back(dut, is_selected, first.is_under_test) else None,
        upgrade=_upgrade(player.fork_at_start(), is_selected, first.is_under_test),
    )


def may_roll_back(dut: DeviceUnderTest, is_selected: bool, is_under_test: bool) -> bool:
    """Tell whether the remedies of a device let its application call rollback() right after a boot.

    is_selected: info() names what runs as what boots next."""
    rules = {
        Remedy.NEVER_ROLLBACK: False,
        Remedy.ROLLBACK_ON_TRIAL: is_under_test,
        Remedy.ROLLBACK_IF_SELECTED: is_selected,
    }
    return all(rules.get(remedy, True) for remedy in dut.remedies)


def _roll_back(player: Player) -> Rollback:
    dut, read = player.dut, player.board.flash.look
    before = notes_in(dut, read)
    played = player.play(ROLLBACK)
    rejected = rejected_by(dut, before, played, read)
    selected = selected_by_rollback(dut, played)
    boot = _boot(player) if played.outcome is StepOutcome.RESTARTED else None
    return Rollback(_problem(played), bool(played.ops), boot, rejected, selected)


def _upgrade(player: Player, is_selected: bool, is_under_test: bool) -> Upgrade:
    """Accept what is under test, bring the update in one write(), start it, and accept it.

    From the only OTA slot of a device with factory, factory is selected and started first."""
    app, contents = player.app, player.dut.update.contents
    assert app is not None
    target = app.ota.esp_ota_get_next_update_partition()
    label = None if target is None else target.label
    image = next((known.name for known in player.dut.images if known.contents == contents), None)
    wrote_running = False
    if Remedy.COMMENCE_IF_SELECTED in player.dut.remedies and not is_selected:
        return Upgrade(label, image, "commence: the application waits until what runs is selected", None, False)
    accept = (ACCEPT,) if is_under_test else ()
    first = (*accept, *returns_to_factory(player.dut, player.running), *erases_of(player.dut))
    for step in (*first, commence_of(player.dut), Step(StepName.WRITE, image=None, length=len(contents)), COMPLETE):
        running = player.running
        played = player.play(step)
        wrote_running |= running is not None and played.touches(player.dut.partition(running))
        if (problem := _problem(played)) is not None and step != ERASE_LAST_BOOT:
            return Upgrade(label, image, f"{step.call_name}: {problem}", None, wrote_running)
    error = _start_and_accept(player, label)
    boot = _boot(player) if error is None else None
    return Upgrade(label, image, error, boot, wrote_running, accepts=bool(accepts_of(player.dut)))


def _start_and_accept(player: Player, label: str | None) -> str | None:
    """Start what the upgrade brought, and accept it where it runs; return what went wrong."""
    player.play(POWER_ON)
    if player.app is None:
        return "power_on: nothing boots"
    if player.running != label:
        return None
    problems = (_problem(player.play(step)) for step in accepts_of(player.dut))
    return next((f"accept: {problem}" for problem in problems if problem is not None), None)


def _problem(played: Played) -> str | None:
    """Return why a call did not do what it is for; None when it did."""
    if played.outcome is StepOutcome.RAISED:
        return played.error
    if played.outcome is StepOutcome.PANICKED:
        return "panic"
    return "hang" if played.outcome is StepOutcome.HUNG else None


def _boot(player: Player) -> Boot:
    """Switch the board on and return what runs."""
    dut, board = player.dut, player.board
    before = notes_in(dut, board.flash.look)
    played = player.play(POWER_ON)
    app = player.app
    if app is None:
        return NOTHING_BOOTS
    image = dut.image_found(app.running, board.flash.ask)
    deciding = deciding_note(dut, board.flash.look)
    return Boot(
        partition=app.running.label,
        image=None if image is None else image.name,
        state=_reported_state(app),
        deciding=deciding.state if deciding is not None and deciding.partition == app.running.label else None,
        rejected=rejected_by(dut, before, played, board.flash.look),
        wrote=bool(played.ops or played.burns),
        secure_version=_secure_version(app),
        efuse_version=board.efuse.secure_version,
    )


def _reported_state(app: App) -> str | None:
    """Return the state that info() tells of the running slot; None where no otadata entry names it."""
    try:
        return api_name(app.ota.esp_ota_get_state_partition(app.running))
    except OtaError:
        return None


def _secure_version(app: App) -> int:
    try:
        return app.ota.esp_ota_get_partition_description(app.running).secure_version
    except OtaError:
        return 0
