"""A campaign on a Dask cluster of several processes: it comes to the same, also when a worker is killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otaproof.analysis.campaigns import CampaignEffort, begin_campaign
from otaproof.campaign.fuzz.findings import BLOCK
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.ledger.campaign_plan import ALL, CampaignPlan
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.errors import InputError

distributed = pytest.importorskip("distributed")
PLAN = CampaignPlan(3, Worlds(slots=2, has_factory=False, rollback=True, anti_rollback=False), lanes=4)
RUNS = 8 * BLOCK


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Yield a cluster of three worker processes on this machine."""
    with distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as found:
        yield found


def test_killed_worker_loses_and_doubles_nothing(cluster: Any, tmp_path: Path) -> None:
    """One of three is killed once the first results are there; what is found is what this process finds alone."""
    alone = begin_campaign(tmp_path / "alone.db", PLAN, RUNS, ALL, CampaignEffort(), lambda ledger: None)
    killed: list[int] = []

    def kill_one(ledger: Ledger) -> None:
        if not killed and ledger.totals().runs:
            killed.append(next(iter(cluster.workers.values())).process.pid)
            os.kill(killed[0], signal.SIGKILL)

    effort = CampaignEffort(dask=cluster.scheduler_address)
    spread = begin_campaign(tmp_path / "spread.db", PLAN, RUNS, ALL, effort, kill_one)
    assert killed and spread.complete and not spread.ended_by
    assert (alone.fingerprint, alone.runs, alone.found) == (spread.fingerprint, spread.runs, spread.found)


def test_scheduler_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no file is begun."""
    monkeypatch.setattr("otaproof.analysis.cluster._PATIENCE", "1 s")
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        begin_campaign(
            tmp_path / "new.db", PLAN, RUNS, ALL, CampaignEffort(dask="tcp://127.0.0.1:9"), lambda ledger: None
        )
    assert not list(tmp_path.iterdir())
