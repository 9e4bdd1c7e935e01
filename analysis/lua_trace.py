"""A history as a Lua script: the calls of otaupgrade that it makes, for `otaproof run` and for a device with NodeMCU.

Each boot goes on behind the last call that was begun, whose number is in a file, so a power cut needs no more than the
place where `run` makes it. Whether `run` can play the history is found out by playing it.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..campaign.history.history import History
from ..campaign.history.player import Moment, Played, Player, StepOutcome
from ..campaign.history.step import WRITE_STEPS, Step, StepName
from ..errors import InputError
from ..impl.chip.flash import PlanNotReached
from ..lua.lua_machine import LuaVersion, load_lupa
from ..lua.script_player import ScriptCut
from ..lua.script_run import ScriptRun
from ..lua.script_setup import ScriptLimits, ScriptSetup
from ..model.claims.cut_claims import CUT_CLAIMS
from ..model.config import Config
from ..model.fault_model import FaultModel

SCRIPT, BEFORE, FILES = "trace.lua", "before.bin", "files"
_CALLS = {
    StepName.COMMENCE: "otaupgrade.commence()",
    StepName.ACCEPT: "otaupgrade.accept()",
    StepName.ROLLBACK: "otaupgrade.rollback()",
    StepName.RESET: "node.restart()",
}
_WHOLE_RUN = """\
-- Each boot goes on behind the last call that was begun.
local number = tonumber(file.getcontents("step") or "0")
while number < #steps do
  number = number + 1
  file.putcontents("step", tostring(number))
  local is_done, why = pcall(steps[number])
  if not is_done then print(why) end
end
"""
_PLAYED = (*_CALLS, StepName.WRITE, StepName.COMPLETE)
"""The steps that are steps of a run too."""


@dataclass(frozen=True, slots=True)
class LuaCall:
    """A line of the script that makes a call, or the reason why there is none."""

    step: int
    """Number of the step in the history, from 0."""
    text: str = ""
    problem: str = ""


def require_lua() -> None:
    """Raise ModuleNotFoundError where lupa is not installed, without which nothing is known of what `run` can play."""
    load_lupa(LuaVersion.LUA_51)


def lua_files(
    history: History, claim_id: str, words: Sequence[str], origin: str, test: str
) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the script and of what it is run with.

    claim_id: what the history breaks. words: what happens, one line each. origin: what made it, and from what. test:
    name of the file that has its token."""
    played = _played(history)
    calls = list(_calls(played))
    images = sorted({step.image or 0 for step in history.steps if step.name in WRITE_STEPS})
    body = "\n".join(_body(calls, images))
    told = [*words, "", *origin.splitlines(), "", *_how_to_run(history, (claim_id, test), body, images, calls, played)]
    head = "\n".join(f"-- {line}".rstrip().replace("\r", " ") for line in told)
    yield SCRIPT, f"{head}\n\n{body}".encode()
    yield BEFORE, history.dut.cells.to_bytes()
    for number in images:
        yield f"{FILES}/{_name_of(number)}", history.dut.image(number).contents


def _played(history: History) -> list[Played]:
    player = Player(history.dut)
    return [player.play(step) for step in history.steps]


def _calls(played: Sequence[Played]) -> Iterator[LuaCall]:
    """Yield what the script does; what a reset after a call that ends the program does comes by itself."""
    for number, item in enumerate(played):
        step = item.step
        if item.outcome is StepOutcome.NOBODY or step.name is StepName.POWER_OFF:
            continue
        if step.name is StepName.RESET:
            if item.ran is not None and played[number - 1].step.name is not StepName.POWER_OFF:
                yield LuaCall(number, _CALLS[step.name])
        elif step.name in _CALLS:
            yield LuaCall(number, _CALLS[step.name])
        elif step.name is StepName.WRITE:
            yield LuaCall(number, f"otaupgrade.write({_piece(step)})")
        elif step.name is StepName.COMPLETE:
            yield LuaCall(number, f"otaupgrade.complete({_value(step.argument)})")
        else:
            yield LuaCall(number, problem=f"{step} is no call of otaupgrade")


def _piece(step: Step) -> str:
    return f"image_{step.image or 0}:sub({step.offset + 1}, {step.offset + step.length})"


def _value(value: str | int | float | bool | None) -> str:
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03}" for byte in value.encode("latin-1", "replace")) + '"'
    return "" if value is None else str(value).lower()


def _name_of(image: int) -> str:
    return f"image_{image}.bin"


def _body(calls: Sequence[LuaCall], images: Sequence[int]) -> Iterator[str]:
    for number in images:
        yield f'local image_{number} = file.getcontents("{_name_of(number)}")'
    yield "local steps = {"
    for call in calls:
        yield f"  -- {call.step + 1}. {call.problem}" if call.problem else f"  function() {call.text} end,"
    yield from ("}", "", _WHOLE_RUN)


def _how_to_run(
    history: History,
    claim_and_test: tuple[str, str],
    body: str,
    images: Sequence[int],
    calls: Sequence[LuaCall],
    played: list[Played],
) -> Iterator[str]:
    """Yield the lines that say how `run` plays it, or why it cannot."""
    claim_id, test = claim_and_test
    token = f"the token in {test}"
    try:
        cut = _cut(history, calls, played)
        command = _command(history, images)
        _compare(history, body, images, cut, played)
    except _CannotRun as why:
        yield from (f"otaproof run cannot play it: {why}.", f"otaproof replay plays {token}.")
        return
    yield "In this directory, to play it on the simulated board:"
    yield "  " + shlex.join(command if cut is None else [*command, "--cut", str(cut)])
    if claim_id not in {known.claim.id for known in CUT_CLAIMS}:
        yield f"It judges no {claim_id}: otaproof replay does, of {token}."
        return
    faults = history.weakest_model
    yield f"To judge {claim_id} wherever the power may fail in these calls:"
    yield "  " + shlex.join([*command, "--sweep", "--faults", faults.name])
    if faults > FaultModel.F1:
        yield f"Cuts of {faults.name} are sampled there, so this one may not be among them."


class _CannotRun(Exception):
    """`run` cannot play the history; str() says why."""


def _cut(history: History, calls: Sequence[LuaCall], played: Sequence[Played]) -> ScriptCut | None:
    """Return the cut for --cut; raises _CannotRun where that is not enough."""
    problem = next((call.problem for call in calls if call.problem), None)
    if problem is not None:
        raise _CannotRun(problem)
    failing = next((step for step in history.steps if step.failures), None)
    if failing is not None:
        raise _CannotRun(f"in {failing}, {failing.failures[0]}, and there only the power fails")
    cuts = [n for n, step in enumerate(history.steps) if step.cut is not None or step.name is StepName.POWER_OFF]
    if not cuts:
        return None
    if len(cuts) > 1:
        raise _CannotRun(f"the power fails {len(cuts)} times, and --cut makes it fail once")
    (at,) = cuts
    number = sum(item.outcome is not StepOutcome.NOBODY for item in played[:at])
    step = history.steps[at]
    if step.cut is None:
        return ScriptCut(number - 1)
    if step.cut.torn is None and step.cut.op:
        raise _CannotRun(f"{step} is cut in eFuse burn {step.cut.op}, and --cut knows the first one")
    return ScriptCut(number, step.cut)


def _command(history: History, images: Sequence[int]) -> list[str]:
    """Return the command for the device; raises _CannotRun for options of it that have no option of `run`."""
    config = history.device.config
    known = Config(
        rollback=config.rollback,
        anti_rollback=config.anti_rollback,
        app_release=config.app_release,
        bootloader_release=config.bootloader_release,
        app_version=config.app_version,
        bootloader_version=config.bootloader_version,
        chip=config.chip,
        secure_version_bits=config.secure_version_bits,
    )
    other = [name for name in Config.__dataclass_fields__ if getattr(config, name) != getattr(known, name)]
    if other or history.device.efuse_bits:
        raise _CannotRun(f"the device has {', '.join(other) or 'eFuse bits'}, which these options of run do not say")
    flags = ["--rollback" if config.rollback else "--no-rollback"]
    flags.append("--anti-rollback" if config.anti_rollback else "--no-anti-rollback")
    releases = ["--idf", config.app_point.label, "--bootloader-idf", config.bootloader_point.label]
    files = ["--files", FILES, "--update", f"{FILES}/{_name_of(images[0])}"] if images else ["--image-size", "1K"]
    return ["otaproof", "run", SCRIPT, "--flash", BEFORE, *files, "--chip", config.chip.value, *releases, *flags]


def _compare(history: History, body: str, images: Sequence[int], cut: ScriptCut | None, played: list[Played]) -> None:
    """Play the script; raises _CannotRun where it does not come to what the history does."""
    files = tuple((_name_of(number).encode(), history.dut.image(number).contents) for number in images)
    limits = ScriptLimits(boots=len(history.steps) + 1)
    run = ScriptRun(ScriptSetup(history.dut, body.encode(), files=files, limits=limits), cut=cut)
    try:
        run.run()
    except (PlanNotReached, InputError) as error:
        raise _CannotRun(str(error)) from None
    want = [item for item in played if item.outcome is not StepOutcome.NOBODY and item.step.name in _PLAYED]
    got = [call.played for call in run.calls]
    for number, item in enumerate(want):
        if number >= len(got) or _told(item) != _told(got[number]):
            raise _CannotRun(f"{item.step} comes to something else there")


def _told(played: Played) -> tuple[StepName, str | None, Moment]:
    """Return what a step comes to: what runs then, and what flash and eFuse hold."""
    return played.step.name, played.running, played.after
