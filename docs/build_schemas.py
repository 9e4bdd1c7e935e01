"""Write docs/schemas: for each command with `--json`, the JSON Schema (Draft 2020-12) of what it prints.

    python docs/build_schemas.py [--check]

The schemas are made from the dataclasses in analysis/results, the descriptions from their docstrings. `--check` writes
nothing and ends with exit code 1 when a schema is not what it would write.
"""

import argparse
import ast
import dataclasses
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from otaproof.analysis.results.binary_core_result import BinaryCoreResult
from otaproof.analysis.results.binary_prove_result import BinaryProveResult
from otaproof.analysis.results.binary_run_result import BinaryRunResult
from otaproof.analysis.results.campaign_result import CampaignCauses, CampaignResult
from otaproof.analysis.results.certificates_result import CertificatesResult
from otaproof.analysis.results.check_result import CheckResult
from otaproof.analysis.results.claim_result import ClaimPage
from otaproof.analysis.results.conform_result import ConformResult
from otaproof.analysis.results.diff_result import DiffReplayResult, DiffResult, MatrixResult
from otaproof.analysis.results.doctor_result import DoctorResult
from otaproof.analysis.results.explain_result import ExplainResult
from otaproof.analysis.results.explore_result import ExploreResult
from otaproof.analysis.results.fuzz_result import FuzzResult
from otaproof.analysis.results.identify_result import IdentifyResult
from otaproof.analysis.results.mend_result import MendResult
from otaproof.analysis.results.outcomes_result import OutcomesResult
from otaproof.analysis.results.prove_result import ProveResult
from otaproof.analysis.results.releases_result import ReleasesResult
from otaproof.analysis.results.replay_result import ReplayResult
from otaproof.analysis.results.result_parts import CommandResult
from otaproof.analysis.results.run_replay_result import RunReplayResult
from otaproof.analysis.results.script_result import ScriptResult
from otaproof.analysis.results.session_result import SessionResult

FOLDER = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
RESULTS: dict[str, type[CommandResult]] = {
    "binary-prove": BinaryProveResult,
    "binary-prove-core": BinaryCoreResult,
    "binary-run": BinaryRunResult,
    "campaign": CampaignResult,
    "campaign-show": CampaignCauses,
    "check": CheckResult,
    "check-update-kind": SessionResult,
    "claim": ClaimPage,
    "conform": ConformResult,
    "diff": DiffResult,
    "diff-matrix": MatrixResult,
    "diff-replay": DiffReplayResult,
    "doctor": DoctorResult,
    "explain": ExplainResult,
    "explore": ExploreResult,
    "fuzz": FuzzResult,
    "identify": IdentifyResult,
    "mend": MendResult,
    "outcomes": OutcomesResult,
    "prove": ProveResult,
    "prove-certificates": CertificatesResult,
    "releases": ReleasesResult,
    "replay": ReplayResult,
    "replay-bootloader": RunReplayResult,
    "run": ScriptResult,
}
"""By the name of the schema, the result that it describes."""


def schema_of(result: type[CommandResult]) -> dict[str, Any]:
    """Return the JSON Schema of a result; every field is required."""
    made = msgspec.json.schema(result)
    definitions = made["$defs"]
    for part in _parts(result):
        definition = definitions[part.__name__]
        order = [field.name for field in dataclasses.fields(part)]
        definition["properties"] = {name: definition["properties"][name] for name in order}
        definition["required"] = order
        definition["description"] = " ".join((inspect.getdoc(part) or "").split())
        described = _descriptions(part)
        for name, field in definition["properties"].items():
            definition["properties"][name] = {"description": described[name]} | _without_default(field)
    name = result.__name__
    return {"$schema": DIALECT, "title": name, **definitions.pop(name), "$defs": definitions}


def schema_text(result: type[CommandResult]) -> str:
    """Return the JSON Schema of a result as it is written."""
    return json.dumps(schema_of(result), indent=1, ensure_ascii=False) + "\n"


def differences() -> list[str]:
    """Return the names of the files in docs/schemas that are not what is made now, or that nothing makes."""
    made = {f"{name}.schema.json": schema_text(result) for name, result in RESULTS.items()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in made.keys() | kept.keys() if made.get(name) != kept.get(name))


def _parts(result: type) -> Iterator[type]:
    """Yield a result type and the dataclasses that its fields are made of."""
    names: set[str] = set()
    waiting = [result]
    while waiting:
        part = waiting.pop()
        if part.__name__ in names:
            continue
        names.add(part.__name__)
        yield part
        info = msgspec.inspect.type_info(part)
        assert isinstance(info, msgspec.inspect.DataclassType)
        for field in info.fields:
            waiting += _dataclasses_in(field.type)


def _dataclasses_in(info: object) -> Iterator[type]:
    """Yield the dataclasses that a type is made of."""
    if isinstance(info, msgspec.inspect.DataclassType):
        yield info.cls
    else:
        for name in ("item_type", "value_type", "types", "item_types"):
            inner = getattr(info, name, ())
            for one in inner if isinstance(inner, tuple) else (inner,):
                yield from _dataclasses_in(one)


def _descriptions(part: type) -> dict[str, str]:
    """Return the docstrings below the fields of a dataclass, those that it inherits included."""
    found: dict[str, str] = {}
    for base in reversed(part.__mro__[:-1]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for field, below in zip(definition.body, definition.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def _without_default(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name != "default"}


def main() -> int:
    """Do what the options say; return the exit code."""
    parser = argparse.ArgumentParser(description="Write docs/schemas.")
    parser.add_argument("--check", action="store_true", help="only say which schemas are out of date")
    if parser.parse_args().check:
        stale = differences()
        print("\n".join(f"docs/schemas/{name} is out of date: python docs/build_schemas.py" for name in stale))
        return int(bool(stale))
    for name, result in RESULTS.items():
        (FOLDER / f"{name}.schema.json").write_text(schema_text(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
