"""The questions that verdicts rest on, as SMT-LIB files for any solver to answer."""

from pathlib import Path

from ..output_file import make_directory, write_file
from ..proofs.smt.verification_condition import Condition
from .proof_runs import ConfigurationProof


def write_questions(directory: Path, configuration: ConfigurationProof) -> None:
    """Write each question once, under a name that says what it asks; its first line says the answer it needs."""
    folder = directory / configuration.name
    make_directory(folder)
    questions: dict[str, Condition] = {}
    for row in configuration.rows:
        questions |= {condition.name: condition for condition in row.decision.conditions}
    for name, condition in questions.items():
        text = f"; {configuration.title}: {name}, needs {condition.needs}\n{condition.text}"
        write_file(folder / f"{name}.smt2", text.encode())
