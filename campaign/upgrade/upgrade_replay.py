"""Plays an upgrade token step by step and says what happens: calls, operations, the cut, the boots, the claim."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...errors import InputError
from ...impl.chip.cells import Cells
from ...impl.chip.flash import PlanNotReached
from ...model.claims.cut_claims import CUT_CLAIMS, CutClaim
from ...model.claims.observation import Observation
from ...model.claims.own_claim import is_own
from ..device_under_test import DeviceUnderTest
from ..history.player import Player
from ..history.replayed_step import ReplayedStep, replayed_step
from ..history.step import Step, StepName
from .future_oracle import FutureOracle, observe
from .script import ScriptFailed, script_of
from .uncut_run import Judge, play_script
from .upgrade_token import CutPoint, Token


@dataclass(frozen=True, slots=True)
class Replay:
    """A token, played."""

    steps: tuple[ReplayedStep, ...]
    cells: Cells
    """The flash as the cut left it."""
    observation: Observation
    is_claim_kept: bool | None
    """None for a claim of the user's own, which a token does not carry."""


def replay(token: Token, dut: DeviceUnderTest, claims: Sequence[CutClaim] = CUT_CLAIMS) -> Replay:
    """Play a token on its device.

    claims: those that can be judged. Raises InputError when the token names a cut or a claim that there is not."""
    promised = {known.id: known for known in claims}.get(token.claim_id)
    if promised is None and not is_own(token.claim_id):
        raise InputError(f"token: names claim {token.claim_id}, which this version does not know")
    script = script_of(token.scenario, dut)
    try:
        run = play_script(dut, script, is_own=isinstance(token.scenario, tuple))
    except ScriptFailed as error:
        raise InputError(f"token: its upgrade does not run on this device: {error}") from None
    cut = token.cut
    if cut.call_index >= len(script):
        raise InputError(f"token: cuts call {cut.call_index}, but the script has {len(script)}")
    player = Player(dut)
    try:
        last = cut.applied_to(script[cut.call_index])
        steps = (
            *_folded(player, script[: cut.call_index]),
            replayed_step(player, player.play(last), names_images=False),
        )
        further, started = _again(player, cut)
    except PlanNotReached as error:
        raise InputError(f"token: {error}; it was made with other images or another version") from None
    ops_begun = cut.op_index + (cut.lie is not None or (cut.torn is not None and str(cut.torn) != "before"))
    observation = Judge(dut, run, FutureOracle(dut)).observation(
        run.played[cut.call_index], ops_begun, observe(dut, player.moment), is_between=cut.step_cut is None
    )
    if observation.target in started:
        observation = replace(observation, is_tried=True)
    return Replay(
        (*steps, *further),
        player.moment.cells,
        observation,
        None if promised is None else promised.is_kept(observation),
    )


def _again(player: Player, cut: CutPoint) -> tuple[list[ReplayedStep], set[str | None]]:
    """Play the power-ons in which the power fails again; return them, and what those have started that were over."""
    steps: list[ReplayedStep] = []
    started: set[str | None] = set()
    for power_on in cut.power_ons:
        steps.append(replayed_step(player, player.play(power_on), names_images=False))
        if power_on.cut is None:
            started.add(player.running)
            steps.append(replayed_step(player, player.play(Step(StepName.POWER_OFF)), names_images=False))
    return steps, started


def _folded(player: Player, script: Iterable[Step]) -> Iterator[ReplayedStep]:
    """Play the steps and yield them, write() calls in a row as one."""
    writes: list[Step] = []
    for step in script:
        played = player.play(step)
        if step.name is StepName.WRITE:
            writes.append(step)
            continue
        if writes:
            yield _summary(writes)
            writes = []
        yield replayed_step(player, played, names_images=False)
    if writes:
        yield _summary(writes)


def _summary(writes: list[Step]) -> ReplayedStep:
    first, last = writes[0], writes[-1]
    calls = "1 call" if len(writes) == 1 else f"{len(writes)} calls"
    return ReplayedStep(f"write(bytes {first.offset} … {last.offset + last.length - 1}), {calls}: ok")
