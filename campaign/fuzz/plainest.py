"""The plainest form of a finding: the smallest device, the weakest fault and the plainest calls that show the same.

Delta debugging leaves steps out; this goes on where no step can be left out. Each change goes one way, so it ends:
fewer slots, no factory partition, options off, one release for both programs and the newest that shows it; an image in
one write, a restart instead of a power failure, a weaker tear, an earlier operation. What is left of findings with one
cause is mostly one history, and its outline tells causes apart.
"""

from collections.abc import Iterator
from dataclasses import replace

from ...impl.chip.torn_operations import AFTER, BEFORE, Torn, TornKind
from ...impl.release_points import with_versions
from ...model.config import Config, Release, ResetReason
from ..history.history import IMAGE_SIZE, History, SmallDevice
from ..history.step import RUNNING, WRITE_STEPS, Step, StepCut, StepName
from ..lockstep.divergence import OutOfModel
from ..lockstep.lockstep import scope_of_device
from .findings import Finding
from .shrink import shortened, shrunk

_RECORD_SIZE = 32


def plainest(finding: Finding) -> Finding:
    """Return the finding in its plainest form; it shows the same, in lock step."""
    best = shrunk(finding)
    while True:
        plainer = next((found for found in map(shortened, _candidates(best)) if found is not None), None)
        if plainer is None:
            return best
        best = shrunk(plainer)


def outline(history: History) -> tuple[str, ...]:
    """Return the steps of a history without what tells its images and its writes apart."""
    return tuple(_outlined(step) for step in history.steps)


def _outlined(step: Step) -> str:
    name = step.name.value if step.name in WRITE_STEPS else str(replace(step, image=None, cut=None))
    failures = "".join(f", {failure}" for failure in step.failures)
    return f"{name}{failures}" if step.cut is None else f"{name}{failures}: cut in {step.cut}"


def _candidates(finding: Finding) -> Iterator[Finding]:
    for device in _plainer_devices(finding.history.device):
        try:
            yield _on(finding, device)
        except (OutOfModel, ValueError, LookupError):
            continue
    for steps in _plainer_steps(finding.history.steps):
        yield replace(finding, history=replace(finding.history, steps=steps))


def _on(finding: Finding, device: SmallDevice) -> Finding:
    """Return the finding on another device; raises OutOfModel or ValueError where there is no such."""
    scope = finding.scope
    changed = scope_of_device(device, scope.faults, scope.usage, scope.versions, scope.allows, scope.remedies)
    labels = {partition.label for partition in device.table}
    if any(step.label and step.label not in {*labels, "running"} for step in finding.history.steps):
        raise LookupError("a step names a partition that is gone")
    return replace(finding, scope=changed, history=replace(finding.history, device=device))


def _plainer_devices(device: SmallDevice) -> Iterator[SmallDevice]:
    if device.has_factory:
        holds = {"ota_0": 0} | {label: image for label, image in device.holds if label != "factory"}
        yield replace(device, has_factory=False, holds=tuple(holds.items()))
    if len(device.slots) > 1:
        slots = device.slots[:-1]
        gone = f"ota_{device.slots[-1]}"
        yield replace(device, slots=slots, holds=tuple(pair for pair in device.holds if pair[0] != gone))
    for number in range(1, len(device.holds)):
        yield replace(device, holds=device.holds[:number] + device.holds[number + 1 :])
    yield from (replace(device, config=config) for config in _plainer_configs(device.config))


def _plainer_configs(config: Config) -> Iterator[Config]:
    if config.anti_rollback:
        yield replace(config, anti_rollback=False)
    if config.factory_reset_erases_otadata:
        yield replace(config, factory_reset_erases_otadata=False)
    if config.skipped_validation:
        yield config.skipping(frozenset())
    app, bootloader = config.app_release, config.bootloader_release
    newest = min(app, bootloader) if app != bootloader else app
    for release in sorted(Release, reverse=True):
        if release > newest or (app != bootloader and release >= newest):
            yield with_versions(config, release.point, release.point)


def _plainer_steps(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for number in reversed(range(len(steps))):
        before, after = steps[:number], steps[number + 1 :]
        step = steps[number]
        if after and (joined := _joined(step, after[0])) is not None:
            yield (*before, *joined, *after[1:])
        for plainer in _plainer_step(step):
            yield (*before, plainer, *after)


def _joined(step: Step, following: Step) -> tuple[Step, ...] | None:
    """Return steps that do what two do, without the power failure between them; None where there are none."""
    restart = replace(following, reason=ResetReason.SOFTWARE) if following.call_name == "power_on" else None
    if step.name is StepName.POWER_OFF and restart is not None:
        return (restart,)
    if step.cut is not None and restart is not None:
        return replace(step, cut=None), restart
    is_written_on = step.name is following.name is StepName.WRITE and step.cut is None and not step.failures
    if is_written_on and (step.image, step.offset + step.length) == (following.image, following.offset):
        return (replace(following, offset=step.offset, length=step.length + following.length),)
    return None


def _plainer_step(step: Step) -> Iterator[Step]:
    if step.name is StepName.WRITE and (step.image or 0) > 1:
        yield replace(step, image=1)
    if step.name in WRITE_STEPS and step.offset == 0 and step.length < IMAGE_SIZE and step.cut is None:
        yield replace(step, length=IMAGE_SIZE)
    if step.name is StepName.WRITE_AT:
        yield replace(step, name=StepName.WRITE)
    if step.name is StepName.RESUME and step.offset == 0:
        yield Step(StepName.COMMENCE)
    if step.name is StepName.SET_BOOT and step.label != RUNNING:
        yield replace(step, label=RUNNING)
        if step.label != "ota_0":
            yield replace(step, label="ota_0")
    if step.name is StepName.COMPLETE and step.argument not in (1, None):
        yield replace(step, argument=None)
    if step.cut == StepCut(0, BEFORE):
        yield Step(StepName.POWER_OFF)
    if step.cut is not None and step.cut.torn is not None:
        yield from (replace(step, cut=cut) for cut in _plainer_cuts(step.cut.op, step.cut.torn))


def _plainer_cuts(op: int, torn: Torn) -> Iterator[StepCut]:
    """Yield cuts in earlier operations that tear nothing, then weaker tears."""
    if torn == BEFORE and op > 0:
        yield StepCut(op - 1, AFTER)
    if torn in (BEFORE, AFTER):
        yield from (StepCut(earlier, AFTER) for earlier in range(op))
        return
    for kind in (TornKind.PREFIX, TornKind.PARTIAL):
        most = torn.length if torn.kind is kind else _RECORD_SIZE if torn.kind in _OF_PATTERNS else 0
        yield from (StepCut(op, Torn(kind, length=length)) for length in range(1, most))
    if torn.kind is TornKind.BITS:
        yield from (StepCut(op, Torn(TornKind.BYTES, pattern=pattern)) for pattern in range(_RECORD_SIZE))
    if torn.kind in _OF_PATTERNS:
        yield from (
            StepCut(op, replace(torn, pattern=pattern)) for pattern in range(min(torn.pattern, 8 * _RECORD_SIZE))
        )


_OF_PATTERNS = (TornKind.BYTES, TornKind.BITS)
