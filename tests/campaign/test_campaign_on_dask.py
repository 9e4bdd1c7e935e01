"""A campaign on a Dask cluster of several processes: it comes to the same, also when a worker is killed."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from otaproof.analysis import cluster as clusters
from otaproof.analysis.campaigns import CampaignEffort, begin_campaign
from otaproof.analysis.proof_runs import decide_configuration
from otaproof.campaign.fuzz.findings import BLOCK
from otaproof.campaign.fuzz.generator import Worlds
from otaproof.campaign.ledger.campaign_plan import ALL, CampaignPlan
from otaproof.campaign.ledger.ledger import Ledger
from otaproof.errors import InputError
from otaproof.model.config import Config
from otaproof.model.device.state import Scope
from otaproof.model.fault_model import FaultModel
from otaproof.proofs.prover.decision import Effort

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


def test_things_come_back_from_a_cluster_in_their_order(cluster: Any) -> None:
    """Whichever worker made them."""
    given = range(-9, 0)
    assert [*map(abs, given)] == [*clusters.in_fresh_processes_or_on_dask(abs, given, 1, cluster.scheduler_address)]


@pytest.mark.slow
def test_configurations_are_decided_alike_on_a_cluster(cluster: Any) -> None:
    """As in processes of this machine, and in the same order: what `prove --all --dask` does with families."""
    decide = partial(decide_configuration, claims=frozenset({"C1", "C8"}), effort=Effort())
    scopes = [
        Scope(Config(rollback=True, anti_rollback=is_anti), slots=1, has_factory=True, faults=FaultModel.F0)
        for is_anti in (False, True)
    ]
    found = [
        [
            (proof.scope, [(row.decision.claim.id, row.decision.verdict) for row in proof.rows])
            for proof in clusters.in_fresh_processes_or_on_dask(decide, scopes, 2, dask)
        ]
        for dask in ("", cluster.scheduler_address)
    ]
    assert found[0] == found[1]
    assert scopes == [scope for scope, _ in found[0]] and 2 == len(found[0][1][1])


def test_solvers_ask_for_workers_of_one_thread() -> None:
    """They are not made for several; what to do is said."""
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as found,
        pytest.raises(InputError, match="dask worker --nthreads 1"),
    ):
        list(clusters.in_fresh_processes_or_on_dask(abs, [1], 1, found.scheduler_address))
