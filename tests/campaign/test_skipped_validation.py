"""Bootloaders that skip validation: model and board agree, what falls is a theorem, and wrong devices are caught."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

import pytest
from model_traces import first_takes

from otaproof.campaign.fuzz.findings import DIVERGENCE, run
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.history.history import FIRST_PART, SLOT_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.player import Moment
from otaproof.campaign.history.step import COMMENCE, POWER_ON, Step, StepName
from otaproof.campaign.history.whole_images import loads_unchecked, verifies
from otaproof.campaign.lockstep import abstraction, lockstep
from otaproof.campaign.lockstep.divergence import Divergence, OutOfModel
from otaproof.campaign.lockstep.trace_replay import confirm
from otaproof.impl import bootloader
from otaproof.impl.bootloader import Bootloader
from otaproof.impl.chip.cells import SECTOR_SIZE, Cells
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.image import verify
from otaproof.impl.image.verify_rules import VerifyMode
from otaproof.impl.partitions.partition import Partition
from otaproof.model.config import Config, Release, ResetReason, SkipValidation
from otaproof.model.device.model import device_model
from otaproof.model.device.search import follow
from otaproof.model.device.state import Ghost, Scope, Task, Usage
from otaproof.model.device.stepper import stepper
from otaproof.model.fault_model import FaultModel

ALWAYS, ON_POWER_ON = frozenset({SkipValidation.ALWAYS}), frozenset({SkipValidation.ON_POWER_ON})
F1, F2 = FaultModel.F1, FaultModel.F2


def newest(rollback: bool = False, anti_rollback: bool = False) -> Config:
    """Return a build of the newest release that always skips validation."""
    plain = Config(rollback, anti_rollback, app_release=Release.V6_2_DEV, bootloader_release=Release.V6_2_DEV)
    return plain.skipping(ALWAYS)


SCOPES = {
    "always": Scope(Config().skipping(ALWAYS), faults=F2),
    "always, 6.2": Scope(newest(rollback=True), faults=F2),
    "power-on": Scope(Config(rollback=True).skipping(ON_POWER_ON), faults=F1),
    "anti-rollback, 5.1": Scope(Config(True, True).skipping(ALWAYS), faults=F1, usage=Usage.DOCUMENTED, versions=2),
    "anti-rollback, 6.2": Scope(newest(True, True), faults=F2, usage=Usage.DOCUMENTED, versions=2),
}
BEGUN = "power_on boot_starts fresh_erases fresh_programs image_begins"
MARKED = f"{BEGUN} commence commence_erases write_first write_rest complete complete_erases complete_programs"
HALF_ERASED = f"{MARKED} commence cut_in_wipe_leaves_headers"
HALF_STARTED = tuple(f"{HALF_ERASED} power_on boot_starts".split())
RESTARTED = (*HALF_STARTED, "image_begins", "restart", "boot_starts")
"""The chip is reset while the image runs that the power-on has started."""


def in_state(scope: Scope, trace: str) -> dict[str, int]:
    """Return the fields of the state that a trace leads to."""
    steps = stepper(scope)
    state = follow(steps, tuple(trace.split()))
    assert state is not None, trace
    return steps.as_dict(state)


@pytest.mark.parametrize("name", SCOPES)
def test_board_goes_the_way_of_every_action(name: str) -> None:
    """Each is taken at the end of a shortest trace; those of skipped validation are among them."""
    taken = first_takes(SCOPES[name])
    added = {"write_headers", "cut_in_wipe_leaves_headers"}
    if name in ("always", "always, 6.2"):
        added.add("cut_in_wipe_leaves_headers_alone")
    assert added <= set(taken)
    for trace in taken.values():
        assert confirm(SCOPES[name], trace, "C1").divergence is None, trace


def test_first_byte_may_go_before_6_2_alone() -> None:
    """From 6.2 on the bootloader looks at it, so no prefix of an erase leaves an image that loads."""
    for release in Release:
        config = Config(app_release=release, bootloader_release=release).skipping(ALWAYS)
        names = {action.name for action in device_model(Scope(config, faults=F1)).actions}
        assert ("cut_in_wipe_leaves_headers" in names) == (release < Release.V6_2_DEV)


@pytest.mark.parametrize("claim_id", ["C1", "C2"])
@pytest.mark.parametrize("skips", [ALWAYS, ON_POWER_ON])
def test_half_erased_image_starts(claim_id: str, skips: frozenset[SkipValidation]) -> None:
    """One cut in the next commence(), after complete(nil); the board confirms it."""
    scope = Scope(Config().skipping(skips), faults=F1, usage=Usage.DOCUMENTED, ghosts=frozenset(Ghost))
    assert confirm(scope, HALF_STARTED, claim_id).is_confirmed
    checked = replace(scope, config=Config())
    with pytest.raises(ValueError, match="cannot be taken"):
        confirm(checked, HALF_STARTED, claim_id)


def test_restart_validates_where_the_power_on_does_not() -> None:
    """The same flash: at a power-on the half-erased slot starts, and after the restart the other one."""
    scope = SCOPES["power-on"]
    tried = "power_on boot_tries_new try_erases try_programs"
    half = in_state(scope, f"{HALF_ERASED} {tried}")
    assert (Task.STARTED, 1) == (half["task"], half["running"])
    plain = Scope(Config().skipping(ON_POWER_ON), faults=F1)
    restarted = in_state(plain, " ".join(RESTARTED))
    assert (Task.STARTED, 0) == (restarted["task"], restarted["running"])
    assert confirm(plain, RESTARTED, "C1").divergence is None


def test_running_image_that_does_not_verify_cannot_be_asked_for() -> None:
    """The application verifies as ever."""
    scope = SCOPES["always"]
    (call,) = (action for action in device_model(scope).actions if action.name == "set_boot_running")
    steps = stepper(scope)
    for trace, place in ((BEGUN, 0), (" ".join((*HALF_STARTED, "image_begins")), 1)):
        fields = in_state(scope, trace)
        assert fields["running"] == place
        assert bool(steps.value(call.when, tuple(fields[name] for name in steps.names))) == (place == 0)


def test_no_image_loads_once_a_version_is_burned_from_5_5_on() -> None:
    """Anti-rollback takes the version of an image that is not validated for 0: the device is lost, C1 falls."""
    for release in Release:
        config = Config(True, True, app_release=release, bootloader_release=release).skipping(ALWAYS)
        scope = Scope(config, faults=F1, versions=2)
        trace = MARKED.replace("write_first", "write_first_version_1") + " restart boot_tries_new try_erases"
        trace += " try_programs image_begins accept accept_erases accept_programs burn_accept_burns restart boot_starts"
        assert (Task.STARTED, Task.STUCK)[release >= Release.V5_5] == in_state(scope, trace)["task"]
        found = confirm(replace(scope, ghosts=frozenset(Ghost)), tuple(trace.split()), "C1")
        assert found.divergence is None
        assert found.is_confirmed == (release >= Release.V5_5)


def diverges(skips: frozenset[SkipValidation], number: int = 40) -> bool:
    """Tell whether random histories show a divergence."""
    found = (run(11, index, Worlds(skips=skips)).findings for index in range(number))
    return any(finding.claim_id == DIVERGENCE for findings in found for finding in findings)


@pytest.mark.parametrize("skips", [ALWAYS, ON_POWER_ON])
def test_random_histories_do_not_diverge(skips: frozenset[SkipValidation]) -> None:
    """What the wrong boards below are measured against."""
    assert not diverges(skips)


def try_load_as(reason: ResetReason) -> object:
    """Return a bootloader's _try_load that takes each reset for one of this kind."""
    right = Bootloader._try_load

    def wrong(self: Bootloader, partition: Partition | None, _: ResetReason) -> bool:
        return right(self, partition, reason)

    return wrong


@pytest.mark.parametrize("reason", [ResetReason.POWER_ON, ResetReason.SOFTWARE])
def test_board_that_takes_one_reset_for_another_is_caught(reason: ResetReason, monkeypatch: pytest.MonkeyPatch) -> None:
    """It skips validation at every reset, or at none."""
    scope = Scope(Config().skipping(ON_POWER_ON), faults=F1)
    monkeypatch.setattr(Bootloader, "_try_load", try_load_as(reason))
    assert confirm(scope, RESTARTED, "C1").divergence is not None


def test_board_that_validates_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first half of an image that should have started."""
    right = verify.verify_image

    def validating(*args: object, **options: object) -> object:
        modes = {VerifyMode.BOOTLOADER_LOAD_NO_VALIDATE: VerifyMode.BOOTLOADER_LOAD}
        return right(*(modes.get(arg, arg) if isinstance(arg, VerifyMode) else arg for arg in args), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(bootloader, "verify_image", validating)
    assert confirm(SCOPES["always"], HALF_STARTED, "C1").divergence is not None


def test_model_that_skips_at_every_reset_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same history: it starts what the board does not."""
    monkeypatch.setattr(Scope, "skips_at_power_on_alone", property(lambda _: False))
    # No other test has a scope of four versions.
    scope = Scope(Config().skipping(ON_POWER_ON), faults=F1, versions=4)
    assert confirm(scope, RESTARTED, "C1").divergence is not None


def torn_images() -> Iterator[tuple[Config, bytes]]:
    """Yield slots whose first sector was torn while it was erased, and what a bootloader of each kind makes of them."""
    source = Random(3)
    tears = [f"partial:{count}" for count in range(0, 40)]
    tears += [f"bytes:0.{number}" for number in (*range(0, 40), *range(256, 300))]
    tears += [f"mask:{'00' * at}ff" for at in (*range(0, 36), *range(255, 256))]
    for release, tear in product((Release.V5_1, Release.V6_2_DEV), tears):
        image = SmallImage(source.randrange(9), size=source.choice([1000, 996, 640, 2000])).contents()
        torn = Torn.parse(tear).erased(image.ljust(SECTOR_SIZE, b"\xff"))
        yield Config(bootloader_release=release).skipping(ALWAYS), torn


def test_abstraction_and_board_agree_on_what_loads() -> None:
    """Two readings of the headers that share no code, on torn images."""
    seen = set()
    for config, torn in torn_images():
        history = History(SmallDevice(config), (SmallImage(),))
        partition = history.dut.partition("ota_0")
        cells = Cells.erased(4 * SLOT_SIZE).with_bytes(partition.offset, torn)
        read = cells.sectors(partition.offset, partition.size)
        looks = config.bootloader_release >= Release.V6_2_DEV
        loads = loads_unchecked(history.dut, Moment(cells, 0), partition)
        assert loads == abstraction.are_headers_whole(read, partition.offset, looks), torn[:32].hex()
        seen.add((loads, verifies(history.dut, cells, partition)))
    assert {(True, True), (True, False), (False, False)} == seen


def test_header_that_nobody_reads_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """An abstraction that looks at the first segment alone parts from the board."""
    right = abstraction.are_headers_whole

    def first_alone(sectors: tuple[bytes, ...], address: int, looks_at_magic: bool) -> bool:
        first, *rest = sectors
        one = bytes([first[0], 1]) + first[2:]
        return right((one, *rest), address, looks_at_magic)

    device = SmallDevice(Config().skipping(ALWAYS))
    scope = lockstep.scope_of_device(device, F1)
    first_part = Step(StepName.WRITE, image=2, offset=0, length=FIRST_PART)
    steps = (POWER_ON, *upgrade(1, argument=None), COMMENCE, first_part, POWER_ON)
    history = History(device, (SmallImage(1), SmallImage(2), SmallImage(3)), steps)
    assert len(list(lockstep.play_in_lockstep(history, scope))) == len(steps)
    monkeypatch.setattr(abstraction, "are_headers_whole", first_alone)
    with pytest.raises(Divergence, match="starts place 0, the model place 1"):
        list(lockstep.play_in_lockstep(history, scope))


def test_headers_that_are_written_over_are_out_of_the_model() -> None:
    """By an image of another layout, which clears bits of a length."""
    device = SmallDevice(newest())
    images = (SmallImage(1), SmallImage(2), SmallImage(3, size=640))
    over = Step(StepName.WRITE_AT, image=2, offset=0, length=640)
    history = History(device, images, (POWER_ON, *upgrade(1)[:3], over))
    with pytest.raises(OutOfModel, match="headers are written over"):
        list(lockstep.play_in_lockstep(history, lockstep.scope_of_device(device, F1)))


def test_scope_without_the_options_has_none_of_it() -> None:
    """Neither fields nor actions."""
    for config in (Config(), Config(skip_validate_in_deep_sleep=True)):
        model = device_model(Scope(config, faults=F2))
        assert not {field.name for field in model.fields if field.name.endswith(("is_loadable", "is_power_on"))}
        assert not {action.name for action in model.actions if "headers" in action.name}
