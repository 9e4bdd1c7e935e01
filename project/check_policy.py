"""otaproof.toml: the options of `check`, which violations a project has decided to live with, and when it is to fail.

    project = "."
    faults = "F1"
    fail-on = "new"
    baseline = "otaproof-baseline.json"

    [[accept]]
    claim = "C4"
    reason = "ESP-IDF notes the try by an erase; our server offers the update again."

The same can stand in [tool.otaproof] of a pyproject.toml; check_options.py has the options. A baseline is what
`check --write-baseline` has written: the violations that there were, each with its weakest fault.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from ..bounded_input import json_value, read_bounded, shortened
from ..errors import InputError
from ..json_fields import check_fields, take
from ..model.claims.claims import CLAIMS
from ..model.fault_model import FaultModel
from .check_options import FileOption, check_keys, parse_options

POLICY_FILE = "otaproof.toml"
SHARED_FILE, SHARED_TABLE = "pyproject.toml", "[tool.otaproof]"
"""The file of other tools that may have the same in a table of it."""
_OWN_KEYS = ("accept", "baseline", "fail-on")
LARGEST_POLICY = 1 << 20
"""Bytes of the largest file that is read here."""
_FORMAT = "otaproof-baseline 1"
_CLAIM_IDS = tuple(claim.id for claim in CLAIMS)


class FailOn(Enum):
    """Which violations make `check` fail. The value is its name in the file and on the command line."""

    VIOLATED = "violated"
    """Each that is not accepted."""
    NEW = "new"
    """Each that is neither accepted nor in the baseline."""
    NEVER = "never"
    """None."""


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """What a project has decided."""

    fail_on: FailOn = FailOn.VIOLATED
    accepted: Mapping[str, str] = field(default_factory=dict)
    """By the id of a claim, why its violation is accepted."""
    baseline: Mapping[str, FaultModel] = field(default_factory=dict)
    """By the id of a claim, the weakest fault model that broke it when the baseline was written."""


@dataclass(frozen=True, slots=True)
class CheckFile:
    """What a file says."""

    policy: CheckPolicy = field(default_factory=CheckPolicy)
    """Without the baseline."""
    baseline: str | None = None
    """The name of its file."""
    options: tuple[FileOption, ...] = ()


def find_policy(subject: Path | None) -> Path | None:
    """Return the file of a project, or of the current directory where no project is named; None where there is none.

    Raises InputError where two files say it, or pyproject.toml cannot be read."""
    folder = Path() if subject is None else subject
    if not folder.is_dir():
        return None
    file, shared = folder / POLICY_FILE, folder / SHARED_FILE
    has_table = shared.is_file() and _table(_toml(read_bounded(shared, LARGEST_POLICY), str(shared))) is not None
    if not file.is_file():
        return shared if has_table else None
    if has_table:
        raise InputError(f"{file} and {SHARED_TABLE} of {shared}: keep one of the two")
    return file


def read_check_file(file: Path) -> CheckFile:
    """Return what a file says; raises InputError."""
    return parse_check_file(read_bounded(file, LARGEST_POLICY), str(file), file.name == SHARED_FILE)


def parse_check_file(raw: bytes, where: str, is_shared: bool = False) -> CheckFile:
    """Return what a file's bytes say. where: what errors call the file; is_shared: it is a pyproject.toml.

    Raises InputError."""
    said: object = _toml(raw, where)
    if is_shared:
        where, said = f"{where}: {SHARED_TABLE}", _table(said)
    if not isinstance(said, dict):
        raise InputError(f"{where}: there is no such table")
    check_keys(said, _OWN_KEYS, where)
    fail_on = FailOn.VIOLATED
    if "fail-on" in said:
        names = [member.value for member in FailOn]
        text = take(said, "fail-on", str, where)
        if text not in names:
            raise InputError(f"{where}: fail-on is '{shortened(text)}', want one of {', '.join(names)}")
        fail_on = FailOn(text)
    baseline = take(said, "baseline", str, where) if "baseline" in said else None
    return CheckFile(CheckPolicy(fail_on, _accepted(said, where)), baseline, parse_options(said, where))


def _toml(raw: bytes, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{where}: no TOML: {shortened(error, 120)}") from None


def _table(said: object) -> object:
    """Return the table of a pyproject.toml; None without one."""
    tools = said.get("tool") if isinstance(said, dict) else None
    return tools.get("otaproof") if isinstance(tools, dict) else None


def _accepted(said: Mapping[str, Any], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(take(said, "accept", list, where) if "accept" in said else (), 1):
        place = f"{where}: accept {number}"
        check_fields(row, ("claim", "reason"), place)
        claim = _claim_id(take(row, "claim", str, place), place)
        reason = take(row, "reason", str, place).strip()
        if not reason:
            raise InputError(f"{place}: reason is empty; say why the violation of {claim} is accepted")
        if claim in found:
            raise InputError(f"{place}: {claim} is accepted twice")
        found[claim] = reason
    return found


def read_baseline(file: Path) -> dict[str, FaultModel]:
    """Return a baseline; raises InputError."""
    return parse_baseline(read_bounded(file, LARGEST_POLICY), str(file))


def parse_baseline(raw: bytes, where: str) -> dict[str, FaultModel]:
    """Return the baseline in a file's bytes; where: what errors call the file. Raises InputError."""
    said = json_value(raw, where)
    check_fields(said, ("format", "violated"), where)
    if take(said, "format", str, where) != _FORMAT:
        raise InputError(f"{where}: format is '{shortened(said['format'])}', want '{_FORMAT}'; write the baseline anew")
    violated = take(said, "violated", dict, where)
    found = {}
    for claim in violated:
        name = take(violated, claim, str, where)
        if name not in FaultModel.__members__:
            raise InputError(f"{where}: {shortened(claim)} is of '{shortened(name)}', want F0 … F5")
        found[_claim_id(claim, where)] = FaultModel[name]
    return found


def baseline_text(violated: Mapping[str, FaultModel]) -> str:
    """Return a baseline as a file holds it."""
    names = {claim: weakest.name for claim, weakest in violated.items()}
    return json.dumps({"format": _FORMAT, "violated": names}, indent=2) + "\n"


def _claim_id(text: str, where: str) -> str:
    if text not in _CLAIM_IDS:
        raise InputError(f"{where}: '{shortened(text)}' is no claim; want one of {_CLAIM_IDS[0]} … {_CLAIM_IDS[-1]}")
    return text
