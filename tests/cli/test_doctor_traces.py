"""What `otaproof doctor` says a power cut breaks: `check`, or `prove`, of the same device says that it does."""

import json
import shlex
from pathlib import Path

import pytest

from otaproof.cli.main import main
from otaproof.model.writers import Updater
from otaproof.project.doctor.diagnosis import diagnose
from otaproof.project.doctor.load import load_subject
from otaproof.project.inputs import Inputs

TWO_SLOTS = """\
nvs,     data, nvs,   0x9000, 0x4000
otadata, data, ota,   ,       0x2000
ota_0,   app,  ota_0, ,       64K
ota_1,   app,  ota_1, ,       64K
"""
WITH_FACTORY = TWO_SLOTS + "recovery, app, factory, , 64K\n"


def broken(capsys: pytest.CaptureFixture[str], command: str) -> dict[str, str]:
    """Run a command of `otaproof`; return the verdicts of the claims that it says are broken."""
    program, *arguments = shlex.split(command)
    assert "otaproof" == program
    more = ("--fast",) if "check" in arguments else ()
    main([*arguments, *more, "--json"])
    verdicts = {claim["id"]: claim["verdict"] for claim in json.loads(capsys.readouterr().out)["claims"]}
    return {id_: verdict for id_, verdict in verdicts.items() if verdict in {"violated", "refuted"}}


@pytest.mark.parametrize("rollback", [False, True])
@pytest.mark.parametrize("updater", Updater)
@pytest.mark.parametrize("table", [TWO_SLOTS, WITH_FACTORY], ids=["two slots", "factory"])
def test_trace_of_each_rule_breaks_its_claim(
    table: str, updater: Updater, rollback: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever brings the updates, and whatever is on."""
    (tmp_path / "table.csv").write_text(table)
    inputs = Inputs(partitions=tmp_path / "table.csv", rollback=rollback, updater=updater, app_release="5.1")
    subject = load_subject(inputs)
    claims = {rule.claim: rule.id for rule, _ in diagnose(subject).found if rule.claim}
    assert ("C17" if rollback else "C25") in claims
    for claim, rule in claims.items():
        if "prove" not in subject.trace_of(claim) or updater is Updater.ESP_IDF:
            assert claim in broken(capsys, subject.trace_of(claim)), (rule, claim)
