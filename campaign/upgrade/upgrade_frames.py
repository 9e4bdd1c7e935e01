"""A token of `check`, moment by moment: the upgrade up to its cut, and the power-on after it."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...model.claims.observation import Future
from ..device_under_test import DeviceUnderTest
from ..history.frames import PlayFrame, frame_of, frames_of
from ..history.player import Moment, Played, Player
from ..history.replayed_step import replayed_step
from ..history.step import POWER_ON, WRITE_STEPS, Step
from .future_oracle import observe
from .script import script_of
from .upgrade_token import Token


@dataclass(frozen=True, slots=True)
class UpgradeFrames:
    """A replay, moment by moment."""

    frames: tuple[PlayFrame, ...]
    """Until the power is back; the first is the device before its first power-on."""
    cut_at: int
    """Which of them the cut, or the reset between calls, leaves."""
    future: Future
    """All that is observed of what follows the cut."""


def upgrade_frames(token: Token, dut: DeviceUnderTest) -> UpgradeFrames:
    """Play a token that has been replayed."""
    player, cut = Player(dut), token.cut
    start = player.moment
    script = script_of(token.scenario, dut)[: cut.call_index + 1]
    steps = (*script[:-1], cut.applied_to(script[-1]), *cut.power_ons)
    frames = [frame_of(dut, start, "before the first power-on"), *_frames(player, steps)]
    cut_at, left = len(frames) - 1, player.moment
    boot = player.play(POWER_ON)
    frames += frames_of(dut, boot, replayed_step(player, boot).text)
    return UpgradeFrames(tuple(frames), cut_at, observe(dut, left))


def _frames(player: Player, steps: tuple[Step, ...]) -> Iterator[PlayFrame]:
    """Play steps and yield their frames, calls of write() in a row as one."""
    writes: list[Played] = []
    for step in steps:
        played = player.play(step)
        if step.name in WRITE_STEPS and step.cut is None:
            writes.append(played)
            continue
        if writes:
            yield from _joined(player, writes)
            writes = []
        yield from frames_of(player.dut, played, replayed_step(player, played).text)
    if writes:
        yield from _joined(player, writes)


def _joined(player: Player, writes: list[Played]) -> Iterator[PlayFrame]:
    """Yield what many calls of write() leave."""
    first, last = writes[0], writes[-1]
    end = last.step.offset + last.step.length
    calls = "1 call" if len(writes) == 1 else f"{len(writes):,} calls"
    ops = tuple(op for played in writes for op in played.ops)
    moment: Moment = last.after
    yield frame_of(player.dut, moment, f"write(bytes {first.step.offset} … {end - 1}), {calls}: ok", ops)
