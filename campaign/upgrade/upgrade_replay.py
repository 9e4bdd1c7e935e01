"""Plays a token step by step and says what happens: calls, operations, the cut, the boots, the claim."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InputError
from ...impl.chip.cells import Cells
from ...impl.chip.flash import Cut, Op, PlanNotReached
from ...impl.program_end import PowerCut
from ...model.claims.claims import cut_claim
from ...model.claims.observation import Aftermath
from ..device_under_test import World
from .future_oracle import FutureOracle, observe
from .script import Call, CallName, ScriptFailed, play, script_of
from .uncut_run import Judge, play_script
from .upgrade_token import Token


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a replay."""

    text: str
    """What was done, and what came of it."""
    ops: tuple[Op, ...] = ()
    """Flash operations of the step."""
    entries: tuple[bytes, bytes] | None = None
    """The otadata entries after it, where it changed them."""
    is_cut: bool = False
    """The power failed in this step."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A token, played."""

    steps: tuple[Step, ...]
    cells: Cells
    """The flash as the cut left it."""
    aftermath: Aftermath
    is_claim_kept: bool


def replay(token: Token, world: World) -> Replay:
    """Play a token on its world.

    Raises InputError when the token names a cut or a claim that the world does not have."""
    try:
        promised = cut_claim(token.claim_id)
    except KeyError:
        raise InputError(f"token: names claim {token.claim_id}, which this version does not know") from None
    script = script_of(token.scenario, world)
    try:
        setting = play_script(world, script)
    except ScriptFailed as error:
        raise InputError(f"token: its upgrade does not run on this device: {error}") from None
    cut = token.cut
    if cut.call_index >= len(setting.calls):
        raise InputError(f"token: cuts call {cut.call_index}, but the script has {len(setting.calls)}")
    played = setting.calls[cut.call_index]
    player = _Player(world, token)
    try:
        steps = tuple(player.play(script[: cut.call_index + 1]))
    except PlanNotReached as error:
        raise InputError(f"token: {error}; it was made with other images or another version") from None
    future = observe(world, player.cells, player.efuse_bits)
    is_between = cut.torn is None and cut.efuse_done is None
    ops_begun = cut.op_index + (cut.torn is not None and str(cut.torn) != "before")
    judge = Judge(world, setting, FutureOracle(world))
    aftermath = judge.aftermath(played, ops_begun, future, is_between)
    return Replay(steps, player.cells, aftermath, promised.is_kept(aftermath))


class _Player:
    """Plays the calls of a script up to the cut, and takes each down."""

    def __init__(self, world: World, token: Token) -> None:
        self._world = world
        self._token = token
        self._board = world.board()

    @property
    def cells(self) -> Cells:
        """The flash as it is now."""
        return self._board.flash.cells

    @property
    def efuse_bits(self) -> int:
        """The eFuse field as it is now."""
        return self._board.efuse.bits

    def play(self, script: tuple[Call, ...]) -> Iterator[Step]:
        """Yield the steps; the last call of the script is the one that is cut, or after which the reset comes."""
        app = None
        writes: list[Call] = []
        for call in script:
            if call.index == self._token.cut.call_index:
                self._plan()
            before = self._world.entries(self.cells)
            try:
                app = play(call, self._board, app, self._world)
                text = self._result(call, None if app is None else app.running.label)
                is_cut = False
            except PowerCut:
                text, is_cut = f"{call}: THE POWER FAILS ({self._where()})", True
            ops, after = tuple(self._board.flash.take_ops()), self._world.entries(self.cells)
            if call.name is CallName.WRITE and not is_cut and call.index != script[-1].index:
                writes.append(call)
                continue
            if writes:
                yield _summary(writes)
                writes = []
            yield Step(text, ops, after if after != before else None, is_cut)
        self._board.flash.end_plan()
        self._board.efuse.end_plan()

    def _plan(self) -> None:
        cut = self._token.cut
        if cut.torn is not None:
            self._board.flash.plan_cut(Cut(cut.op_index, cut.torn))
        elif cut.efuse_done is not None:
            self._board.efuse.plan_cut(0, cut.efuse_done)

    def _where(self) -> str:
        cut = self._token.cut
        if cut.torn is None:
            return f"eFuse burn, bits done 0x{cut.efuse_done or 0:x}"
        return f"operation {cut.op_index}, {cut.torn}"

    @staticmethod
    def _result(call: Call, running: str | None) -> str:
        if call.name is CallName.POWER_ON:
            return f"{call}: {running} boots"
        return f"{call}: restarts" if running is None else f"{call}: ok"


def _summary(writes: list[Call]) -> Step:
    first, last = writes[0], writes[-1]
    calls = "1 call" if len(writes) == 1 else f"{len(writes)} calls"
    return Step(f"write(bytes {first.offset} … {last.offset + last.length - 1}), {calls}: ok")
