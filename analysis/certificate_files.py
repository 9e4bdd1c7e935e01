"""Certificates as files that a reader checks without otaproof: clauses in DIMACS, proofs in DRAT, and a guide.

Only what is proved has certificates: what is refuted has its trace, and the token by which `otaproof replay` plays it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from .. import __version__
from ..model.device.scope_text import scope_title, title_of_any_slots
from ..model.device.state import Scope
from ..output_file import make_directory, write_file
from ..proofs.certificates.certificate import Certificate, CertificateLimits, certify
from ..proofs.prover.configurations import Family
from ..proofs.prover.decision import Decision, Effort, ProofVerdict
from ..proofs.smt.verification_condition import Condition
from .certified_question import CertifiedQuestion
from .proof_runs import ConfigurationProof, decide_configuration, decide_family

LIMITS = CertificateLimits()
CHECK_SCRIPT = "check.sh"


def certified_configuration(
    scope: Scope, claims: frozenset[str] | None, effort: Effort, directory: Path
) -> ConfigurationProof:
    """Decide one configuration by itself, and write the certificates of what is proved."""
    return CertificateFolder(directory).certified(decide_configuration(scope, claims, effort))


def certified_family(
    family: Family, claims: frozenset[str] | None, effort: Effort, most_slots: int, directory: Path
) -> list[ConfigurationProof]:
    """Decide one family, and write the certificates; a question that slot counts share is certified once."""
    folder = CertificateFolder(directory)
    return [folder.certified(configuration) for configuration in decide_family(family, claims, effort, most_slots)]


class CertificateFolder:
    """Where certificates are written: a folder for each configuration."""

    def __init__(self, directory: Path, limits: CertificateLimits = LIMITS) -> None:
        """Write into a directory that is there."""
        self.directory, self.limits = directory, limits
        self._done: dict[str, CertifiedQuestion] = {}

    def certified(self, configuration: ConfigurationProof) -> ConfigurationProof:
        """Write the certificates of what is proved, and return the configuration with what came of them."""
        rests_on: dict[Condition, list[str]] = {}
        for row in configuration.rows:
            for condition in certified_conditions(row.decision):
                rests_on.setdefault(condition, []).append(f"{row.decision.claim.id}: {row.decision.claim.title}")
        for condition, claims in rests_on.items():
            if condition.text not in self._done:
                self._done[condition.text] = self._written(configuration, condition, claims)
        certificates = {condition.name: self._done[condition.text] for condition in rests_on}
        return replace(configuration, certificates=certificates)

    def _written(self, configuration: ConfigurationProof, condition: Condition, claims: list[str]) -> CertifiedQuestion:
        name = f"{configuration.name}/{condition.name}"
        scope = configuration.title if condition.asked is None else _title(condition.asked.model.scope)
        found = certify(condition.asked, self.limits)
        return CertifiedQuestion(
            name=name,
            scope=scope,
            outcome=found.outcome.value,
            variables=None if found.question is None else found.question.variables,
            clauses=None if found.question is None else len(found.question.clauses),
            seconds=round(found.seconds, 3),
            proof_lines=len(found.proof) or None,
            cnf_sha256=self._file(f"{name}.cnf", _cnf_text(found, f"{condition.name} of {scope}", claims)),
            drat_sha256=self._file(f"{name}.drat", "".join(f"{line}\n" for line in found.proof)),
        )

    def _file(self, name: str, text: str) -> str | None:
        """Write a file unless it is empty; return its SHA-256."""
        if not text:
            return None
        path = self.directory / name
        make_directory(path.parent)
        write_file(path, text.encode())
        return sha256(text.encode()).hexdigest()


def certified_conditions(decision: Decision) -> tuple[Condition, ...]:
    """Return the questions whose certificates certify a claim: none, unless it is proved, and by questions alone."""
    is_by_questions = decision.verdict is ProofVerdict.PROVED and not decision.is_searched
    return tuple(c for c in decision.conditions if is_by_questions and c.needs == "unsat")


def questions_of(found: Iterable[ConfigurationProof]) -> tuple[CertifiedQuestion, ...]:
    """Return each question once, in the order of the configurations."""
    return tuple({q.name: q for configuration in found for q in configuration.certificates.values()}.values())


def write_guide(directory: Path, found: Sequence[ConfigurationProof], manifest: str) -> None:
    """Write the manifest, how to check all certificates, and last of all the sums: without them nothing is whole."""
    questions = questions_of(found)
    certified = [question.name for question in questions if question.outcome == "certified"]
    sums = [file for question in questions for file in question.files]
    sums.append(("manifest.json", sha256(manifest.encode()).hexdigest()))
    texts = {
        "manifest.json": manifest,
        CHECK_SCRIPT: _SCRIPT.format(names="\n".join(certified)),
        "README.md": _README.format(count=len(certified), total=len(questions), version=__version__),
        "SHA256SUMS": "".join(f"{digest}  {file}\n" for file, digest in sums),
    }
    for name, text in texts.items():
        write_file(directory / name, text.encode())


def _title(scope: Scope) -> str:
    """Return the scope in one line, with each of its slot counts."""
    if not scope.counts:
        return scope_title(scope)
    return f"{', '.join(map(str, scope.counts))} OTA slots, {title_of_any_slots(scope)}"


def _cnf_text(found: Certificate, title: str, claims: Iterable[str]) -> str:
    if found.question is None:
        return ""
    return found.question.dimacs(_comments(title, claims))


def _comments(title: str, claims: Iterable[str]) -> Iterator[str]:
    yield f"otaproof {__version__}: {title}"
    yield "These clauses have no solution: no states are as the lines with 'true' say."
    yield from (f"rests on it: {claim}" for claim in claims)


_SCRIPT = """#!/bin/sh
# Checks every certificate in this folder. usage: sh check.sh [path of drat-trim]
cd "$(dirname "$0")" || exit 2
sha256sum --check --quiet SHA256SUMS || exit 1
failed=0
while read -r name; do
    [ -n "$name" ] || continue
    if "${{1:-drat-trim}}" "$name.cnf" "$name.drat" | tr '\\r' '\\n' | grep -q '^s VERIFIED'; then
        echo "verified      $name"
    else
        echo "NOT VERIFIED  $name"
        failed=1
    fi
done <<END
{names}
END
exit $failed
"""
_README = """# Certificates

otaproof {version} wrote these files for what `otaproof prove` proved: {count} of {total} questions are certified.
They can be checked without otaproof.

    sh check.sh                 # with drat-trim on the path
    sh check.sh ./drat-trim     # or wherever it is

It compares the files with SHA256SUMS, then runs `drat-trim QUESTION.cnf QUESTION.drat` for each question; drat-trim
answers `s VERIFIED`. drat-trim is one C file (github.com/marijnheule/drat-trim): `gcc -O2 drat-trim.c -o drat-trim`.
Any other checker of DRAT text will do, such as dratify (`pip install dratify`):

    from pathlib import Path
    from dratify import check_proof, parse_dimacs
    print(check_proof(parse_dimacs(Path("QUESTION.cnf").read_text()), Path("QUESTION.drat").read_text()).ok)

## What is here

- manifest.json: each claim with its verdict and the questions that it rests on; each question with its files, sizes and
  hashes. A question that could not be certified is there by name, with the reason as its outcome.
- CONFIGURATION/QUESTION.cnf: the question as clauses in DIMACS. The comments say which variables are the bits of which
  field of which state, which literals are asserted and what each asserts, and which claims rest on it.
- CONFIGURATION/QUESTION.drat: a proof, in DRAT, that the clauses have no solution.

An induction has three questions: `start` (can the core of the invariants fail where a history starts?), `step` (can
a step lead from a state in which the core holds to one in which it fails?) and `follow` (can the core hold and a claim,
or another invariant, fail?). `Cn_first_k` and `Cn_after_k` are base and step of a k-induction. `C9_ranking` asks for a
state in which no step lowers the ranking function, `C12_growth` for a number that grows too fast. A claim that a search
of all states proves has no certificate: the search is no question.

## What a certificate shows

That these clauses have no solution. That they say what the claim says is not in the proof: it rests on the encoder
(proofs/certificates in otaproof), which shares no code with the encoder for the SMT solvers, and on the device model. A
refuted claim has no clauses here: its certificate is its trace, which the manifest has, with the token by which
`otaproof replay` plays it on the simulated board.
"""
