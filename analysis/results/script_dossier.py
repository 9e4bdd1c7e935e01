"""All that the page of a run of a script shows: its result, and beside it replays and what the result was made from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ... import __version__
from ...bounded_input import read_bounded
from ..script_check import ScriptReport
from .claim_result import RemedyEntry, remedies_of
from .provenance import InputDigest, Provenance
from .script_result import ScriptClaim, ScriptResult
from .stepped_replay import SteppedReplay, stepped_cut


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFinding:
    """A claim that the calls of a script break."""

    claim: ScriptClaim
    """What is broken."""
    replay: SteppedReplay | None
    """The cut, moment by moment; null where the script wrote what no known image has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptDossier:
    """What the page of a run is made from."""

    result: ScriptResult
    """What --json prints."""
    findings: tuple[ScriptFinding, ...]
    """The violated claims, in the order of their ids."""
    remedies: tuple[RemedyEntry, ...]
    """Those that a fix names."""
    provenance: Provenance
    """What it rests on."""


def script_dossier(
    report: ScriptReport, result: ScriptResult, files: Iterable[tuple[str, Path]], command: tuple[str, ...]
) -> ScriptDossier:
    """Return what the page of a run shows. files: what each is, and where it lies; command: what repeats it."""
    claims = () if result.sweep is None else result.sweep.claims
    return ScriptDossier(
        result=result,
        findings=tuple(_findings(report, claims)),
        remedies=remedies_of(claims),
        provenance=Provenance(
            version=__version__, command=command, inputs=(*map(_digest, files), *_board_digests(report)), models=()
        ),
    )


def _findings(report: ScriptReport, claims: Iterable[ScriptClaim]) -> Iterator[ScriptFinding]:
    for claim in claims:
        if claim.verdict == "violated":
            broken = () if claim.then is None else (f"{claim.id}: {claim.then}",)
            replay = None if claim.token is None else stepped_cut(claim.token, report.setup.dut, broken)
            yield ScriptFinding(claim=claim, replay=replay)


def _digest(file: tuple[str, Path]) -> InputDigest:
    name, path = file
    contents = read_bounded(path)
    return InputDigest(name=name, file=str(path), size=len(contents), sha256=sha256(contents).hexdigest())


def _board_digests(report: ScriptReport) -> Iterator[InputDigest]:
    dut = report.setup.dut
    for name, contents in (
        ("flash before the first power-on", dut.cells.to_bytes()),
        ("image that the server has", dut.update.contents),
    ):
        yield InputDigest(name=name, file=None, size=len(contents), sha256=sha256(contents).hexdigest())
