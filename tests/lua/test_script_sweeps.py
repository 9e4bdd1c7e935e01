"""Sweeps of scripts: what the examples come to, beside cuts that are played one by one."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from lua_runs import QUICK, device, setup_of
from otaproof.analysis import script_check
from otaproof.analysis.script_check import run_script, script_token
from otaproof.campaign.upgrade.sweep import sweep
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import decode_token
from otaproof.impl.chip.flash import FlashOpKind
from otaproof.impl.chip.torn_operations import Torn, TornKind
from otaproof.lua.script_goals import GOALS, GoalId, ScriptGoal
from otaproof.lua.script_player import ScriptCut
from otaproof.lua.script_run import ScriptOutcome, ScriptRun
from otaproof.lua.script_setup import ScriptSetup
from otaproof.lua.script_sweep import QUIET_HOURS, GoalSweep, _GoalSweeper, sweep_goal
from otaproof.model.claims.claims import Verdict
from otaproof.model.fault_model import FaultModel
from places import ROOT

NEW_VERSION, BAD_UPDATE = GOALS
SOUND = {
    "careful": (True, True),
    "accepts_at_once": (True, False),
    "completes_unchecked": (False, False),
    "never_accepts": (False, False),
}


def example(name: str, size: int = 4096) -> ScriptSetup:
    """Return the run of a shipped script on a small device."""
    setup = setup_of((ROOT / f"examples/lua/{name}.lua").read_text(), dut=device(size))
    return replace(setup, limits=replace(QUICK, boots=8, instructions=10**8))


def cut_one_by_one(setup: ScriptSetup) -> dict[str, ScriptOutcome]:
    """Return the outcome after each cut of F0 and each reset, every one played from the start."""
    limits = replace(setup.limits, quiet_hours=QUIET_HOURS)
    whole = ScriptRun(setup, tells=False)
    whole.run()
    texts = [f"files{number}" for number in range(len(whole.file_states))]
    for call in whole.calls:
        texts.append(str(call.played.number))
        texts += [
            f"{call.played.number}:{op}:{torn}" for op in range(len(call.played.ops)) for torn in ("before", "after")
        ]
    outcomes = {}
    for text in texts:
        run = ScriptRun(replace(setup, limits=limits), cut=ScriptCut.parse(text), tells=False)
        outcomes[text] = run.run()
    return outcomes


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: str(goal.id.value))
def test_examples_reach_the_goals_that_they_are_to_reach(name: str, goal: ScriptGoal) -> None:
    """Under F1; what is missed is told with a cut, or without one where that is enough."""
    setup = example(name)
    found = sweep_goal(setup, goal, FaultModel.F1, 0)
    assert SOUND[name][GOALS.index(goal)] == (found.first is None)
    assert 0 == found.undecided and found.is_complete


DRAFT = """
local running, _, slots = otaupgrade.info()
local me, refused = slots[running] or {}, {}
for _, slot in pairs(slots) do
  if slot.state == "aborted" or slot.state == "invalid" then refused[slot.version] = true end
end
if me.state == "testing" then otaupgrade.accept() end
http.get("http://h/version.txt", function(_, version)
  if version == me.version or refused[version] then return end
  otaupgrade.commence()
  http.get("http://h/app.bin", function(_, body)
    otaupgrade.write(body)
    otaupgrade.complete(1)
  end)
end)
"""


def draft_sweep() -> GoalSweep:
    """Return what cuts make of a script that takes "aborted" for a bad image."""
    setup = setup_of(DRAFT, dut=device(4096))
    return sweep_goal(setup, NEW_VERSION, FaultModel.F0, 0)


def test_script_that_takes_aborted_for_bad_is_caught() -> None:
    """A cut in the first boot of a good image leaves it on the old version for good."""
    found = draft_sweep()
    assert found.first is not None and found.first.cut is not None
    assert "reset (software)" in found.first.where and "not on the new version" in found.first.problem
    assert "aborted" in found.first.mend


def test_sweep_agrees_with_cuts_played_one_by_one() -> None:
    """Every cut of F0, every reset between calls, every change of files: the same outcomes, as often."""
    for setup in (example("careful"), setup_of(DRAFT, dut=device(4096))):
        played = cut_one_by_one(setup)
        update = setup.dut.update.name
        missed = sum(NEW_VERSION.problem(outcome, update) is not None for outcome in played.values())
        swept = sweep_goal(setup, NEW_VERSION, FaultModel.F0, 0)
        # The run without a cut is judged as well.
        assert (1 + len(played), missed) == (swept.cuts, swept.missed)
        assert swept.distinct < len(played) / 2


class Recorder(_GoalSweeper):
    """A sweep that keeps the outcome of every cut that it decides."""

    def __init__(self, setup: ScriptSetup) -> None:
        """Sweep the first goal under F1."""
        super().__init__(setup, NEW_VERSION, FaultModel.F1, 0)
        self.decided: dict[tuple[int, int], list[tuple[Torn, int, ScriptOutcome]]] = defaultdict(list)

    def judge(
        self, outcome: ScriptOutcome, cut: ScriptCut | None, where: str, weakest: FaultModel, count: int
    ) -> str | None:
        """Keep it."""
        if cut is not None and cut.cut is not None and cut.cut.torn is not None:
            self.decided[cut.call, cut.cut.op].append((cut.cut.torn, count, outcome))
        return super().judge(outcome, cut, where, weakest, count)

    def outcome(self, call: int, op: int, length: int) -> ScriptOutcome:
        """Return what the sweep has of a torn operation."""
        return next(
            outcome
            for torn, count, outcome in self.decided[call, op]
            if torn.kind in (TornKind.PREFIX, TornKind.PARTIAL) and torn.length <= length < torn.length + count
        )


def test_torn_operations_agree_with_cuts_played_one_by_one() -> None:
    """Some prefixes of each operation of the image, and each of a record."""
    setup = setup_of(DRAFT, dut=device(4096))
    whole, recorder = ScriptRun(setup, tells=False), Recorder(setup)
    whole.run()
    limits = replace(setup.limits, quiet_hours=QUIET_HOURS)
    for call in whole.calls:
        recorder.cut_call(call)
        for number, op in enumerate(call.played.ops):
            kind = "partial" if op.kind is FlashOpKind.ERASE else "prefix"
            for length in sorted({1, op.length // 2, op.length - 1, *range(1, 32 if op.length == 32 else 1)}):
                cut = ScriptCut.parse(f"{call.played.number}:{number}:{kind}:{length}")
                outcome = ScriptRun(replace(setup, limits=limits), cut=cut, tells=False).run()
                told = recorder.outcome(call.played.number, number, length)
                # A run that begins with the power-on after the cut has not had the boots before it.
                assert replace(told, boots=0) == replace(outcome, boots=0), cut


@pytest.mark.parametrize("place", ["a goal", "an update", "the plain upgrade"])
def test_interrupt_ends_all_that_comes_after_it(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided is kept, nothing more is begun, and the report is not whole."""
    begun: list[str] = []

    def swept(*arguments: Any, **others: Any) -> Any:
        begun.append("sweep")
        result = sweep(*arguments, **others)
        is_last = {"an update": 1, "the plain upgrade": 2}.get(place) == len(begun)
        return replace(result, ended_by="interrupted") if is_last else result

    def judged(*arguments: Any) -> GoalSweep:
        begun.append("goal")
        return replace(sweep_goal(*arguments), is_complete=False)

    monkeypatch.setattr(script_check, "sweep", swept)
    monkeypatch.setattr(script_check, "GOALS", GOALS[:1] if place == "a goal" else ())
    monkeypatch.setattr(script_check, "sweep_goal", judged)
    report = run_script(example("never_accepts"), faults=FaultModel.F0)
    assert report.sweep is not None and not report.sweep.is_complete
    assert {"a goal": ["goal"], "an update": ["sweep"], "the plain upgrade": ["sweep"] * 2}[place] == begun


def test_updates_that_no_claim_judges_are_counted() -> None:
    """Of a script that begins six, the claims judge the cuts of four."""
    begins = setup_of("for _ = 1, 6 do otaupgrade.commence() end", dut=device(4096))
    report = run_script(begins, faults=FaultModel.F0)
    assert report.sweep is not None
    assert (4, 2) == (len(report.sweep.sweeps), report.sweep.later_updates)


def test_missed_goal_is_missed_again_by_its_cut() -> None:
    """What a report prints to be pasted shows the same."""
    found = draft_sweep()
    assert found.first is not None and found.first.cut is not None
    setup = setup_of(DRAFT, dut=device(4096))
    outcome = ScriptRun(setup, cut=ScriptCut.parse(str(found.first.cut))).run()
    assert found.first.problem == NEW_VERSION.problem(outcome, setup.dut.update.name)


def test_tokens_of_claims_play_what_the_script_called() -> None:
    """Each violated claim has one, and its replay breaks the claim on the same device."""
    report = run_script(example("completes_unchecked"), faults=FaultModel.F0)
    assert report.sweep is not None
    violated = [result for result in report.sweep.claims if result.verdict is Verdict.VIOLATED]
    assert {"C2", "C4", "C17"} <= {result.claim.id for result in violated}
    for result in violated:
        assert result.shortest is not None
        token = script_token(report, result.claim.id, result.shortest)
        assert token is not None
        assert not replay(decode_token(token), report.setup.dut).is_claim_kept


def test_claims_that_any_update_breaks_are_told_apart() -> None:
    """The careful script breaks none that the plain upgrade keeps."""
    report = run_script(example("careful"), faults=FaultModel.F0)
    assert report.sweep is not None
    violated = {result.claim.id for result in report.sweep.claims if result.verdict is Verdict.VIOLATED}
    assert {"C4", "C17"} == violated <= report.sweep.plain


def test_script_that_writes_another_image_has_no_token() -> None:
    """A token holds images by what they are built from."""
    script = """
    otaupgrade.commence()
    otaupgrade.write((select(2, http.get("http://h/app.bin"))))
    otaupgrade.write("more")
    otaupgrade.complete(1)
    """
    report = run_script(setup_of(script), faults=FaultModel.F0)
    assert not report.knows_all and report.sweep is not None
    shortest = next(result.shortest for result in report.sweep.claims if result.shortest is not None)
    assert script_token(report, "C4", shortest) is None


def test_script_without_an_update_has_goals_and_no_claims() -> None:
    """There is nothing that the claims speak of."""
    report = run_script(setup_of("print('hello')"), faults=FaultModel.F0)
    assert report.sweep is not None and () == report.sweep.claims
    assert [GoalId.NEW_VERSION, GoalId.BAD_UPDATE] == [goal.goal.id for goal in report.sweep.goals]
    assert report.sweep.goals[0].first is not None


def test_goal_that_takes_rollback_is_left_out_without_it() -> None:
    """No script can give an update back there."""
    setup = setup_of("print('hello')", dut=device(rollback=False))
    report = run_script(setup, faults=FaultModel.F0)
    assert report.sweep is not None
    assert [GoalId.NEW_VERSION] == [goal.goal.id for goal in report.sweep.goals]


def test_interrupt_keeps_what_was_decided() -> None:
    """The sweep says that it is not complete."""
    decided = []

    def interrupt(done: int, total: int) -> None:
        decided.append(done)
        if len(decided) == 5:
            raise KeyboardInterrupt

    found = sweep_goal(example("careful"), NEW_VERSION, FaultModel.F0, 0, interrupt)
    assert not found.is_complete and decided[-1] <= found.cuts
