"""The time line of a scenario: it has no gaps, agrees with the sweep, and with the time that a claim is in danger."""

from functools import cache
from itertools import pairwise

import pytest

from otaproof.analysis.results.check_result import check_result
from otaproof.analysis.results.timeline_result import ScenarioTimeline, scenario_timeline
from otaproof.analysis.upgrade_check import CheckReport, check_upgrade
from otaproof.campaign.upgrade.boot_timeline import BootTimeline, StartedImage, boot_timeline, starts_of
from otaproof.campaign.upgrade.flash_time import flash_time
from otaproof.campaign.upgrade.script import Scenario
from otaproof.impl.chip.torn_operations import AFTER
from otaproof.model.claims.observation import Boot
from otaproof.model.config import Release
from otaproof.model.fault_model import FaultModel
from worlds import small_world

RELEASES = (Release.V5_1, Release.V6_1)
CASES = [(release, scenario.value) for release in RELEASES for scenario in Scenario]


@cache
def report_of(release: Release) -> CheckReport:
    """Return what a check of a small upgrade found."""
    return check_upgrade(small_world(release, rollback=True), FaultModel.F1, 0, with_proofs=False)


def timeline_of(report: CheckReport, name: str) -> BootTimeline:
    """Return the time line of a scenario."""
    found = boot_timeline(report.world, report.runs[name], report.sweeps[name])
    assert found is not None
    return found


def entry_of(report: CheckReport, name: str) -> ScenarioTimeline:
    """Return the same as a page has it."""
    return scenario_timeline(name, timeline_of(report, name))


@pytest.mark.parametrize(("release", "name"), CASES)
def test_time_has_no_gaps(release: Release, name: str) -> None:
    """From nothing to the time of all operations; so do what boots, and the calls."""
    report = report_of(release)
    timeline = timeline_of(report, name)
    parts = [part for op in timeline.operations for part in op.stretches]
    assert 0 == parts[0].start and flash_time(report.sweeps[name]) == pytest.approx(timeline.end)
    assert all(before.end == pytest.approx(after.start) for before, after in pairwise(parts))
    entry = entry_of(report, name)
    for spans in (entry.boots, entry.calls):
        assert (0, entry.milliseconds) == (spans[0].start, spans[-1].end)
        assert all(before.end == after.start for before, after in pairwise(spans))


@pytest.mark.parametrize("release", RELEASES)
def test_danger_is_as_long_as_the_result_says(release: Release) -> None:
    """In the scenario where that is longest, to the microsecond; and the calls after which it lasts."""
    report = report_of(release)
    windows = {claim.id: claim.window for claim in check_result(report).claims if claim.window is not None}
    assert windows
    for claim, window in windows.items():
        entry = entry_of(report, window.scenario)
        spans = [span for span in entry.dangers if span.claim == claim]
        assert window.milliseconds == pytest.approx(sum(span.length for span in spans), abs=2e-3)
        waits = (wait.call for wait in entry.waits if claim in wait.broken)
        assert window.after == tuple(dict.fromkeys(waits))


@pytest.mark.parametrize(("release", "name"), CASES)
def test_what_starts_is_what_the_sweep_decided(release: Release, name: str) -> None:
    """As often in time as in stretches with a place in it; the wait after a call starts what its reset starts."""
    report = report_of(release)
    swept, run = report.sweeps[name], report.runs[name]
    timeline = timeline_of(report, name)
    expected = [starts_of(s.known.future.boot, run) for s in swept.stretches if s.op is not None and s.torn != AFTER]
    assert expected == [part.starts for op in timeline.operations for part in op.stretches]
    assert len(swept.resets) == len(timeline.returns)
    for reset, returned in zip(swept.resets, timeline.returns, strict=True):
        assert returned.starts is starts_of(reset.known.future.boot, run)


def test_starts_are_told_apart() -> None:
    """A third partition, and a slot without a whole image, are neither the old image nor the new one."""
    run = report_of(Release.V5_1).runs["upgrade"]
    found = [
        starts_of(Boot(partition=partition, image=image), run)
        for partition, image in (("ota_0", "x"), ("ota_1", "x"), ("ota_1", None), ("ota_2", "x"), (None, None))
    ]
    assert [StartedImage.OLD, StartedImage.NEW, StartedImage.OTHER, StartedImage.OTHER, StartedImage.NOTHING] == found


def test_cuts_that_tear_nothing_have_no_time_line() -> None:
    """F0 has no cut inside an operation."""
    report = check_upgrade(small_world(), FaultModel.F0, 0, with_proofs=False)
    assert boot_timeline(report.world, report.runs["upgrade"], report.upgrade) is None
