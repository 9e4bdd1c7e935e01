"""A history, moment by moment, with the claims that each step breaks."""

from collections.abc import Mapping
from dataclasses import dataclass

from .claim_monitor import BrokenClaim, ClaimMonitor
from .frames import PlayFrame, frame_of, frames_of
from .history import History
from .player import Player
from .replayed_step import replayed_step


@dataclass(frozen=True, slots=True)
class HistoryFrames:
    """A replay, moment by moment."""

    frames: tuple[PlayFrame, ...]
    """The first is the device before its first step."""
    broken: Mapping[int, tuple[BrokenClaim, ...]]
    """By the number of a frame, what is broken then."""


def history_frames(history: History) -> HistoryFrames:
    """Play a history that has been replayed."""
    player = Player(history.dut)
    monitor = ClaimMonitor(player)
    frames = [frame_of(history.dut, player.moment, "before the first step")]
    broken: dict[int, tuple[BrokenClaim, ...]] = {}
    for step in history.steps:
        played, found = monitor.play(step)
        frames += frames_of(history.dut, played, replayed_step(player, played).text)
        if found:
            broken[len(frames) - 1] = found
    return HistoryFrames(tuple(frames), broken)
