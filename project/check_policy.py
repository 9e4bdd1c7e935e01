"""otaproof.toml: which violations a project has decided to live with, and when `check` is to fail.

    fail-on = "new"
    baseline = "otaproof-baseline.json"

    [[accept]]
    claim = "C4"
    reason = "ESP-IDF notes the try by an erase; our server offers the update again."

A baseline is what `check --write-baseline` has written: the violations that there were, each with its weakest fault.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from ..bounded_input import json_value, read_bounded, shortened
from ..errors import InputError
from ..json_fields import check_fields, take
from ..model.claims.claims import CLAIMS
from ..model.fault_model import FaultModel

POLICY_FILE = "otaproof.toml"
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


def find_policy(subject: Path | None) -> Path | None:
    """Return the file of a project, or of the current directory where no project is named; None where there is none."""
    folder = Path() if subject is None else subject
    file = folder / POLICY_FILE
    return file if folder.is_dir() and file.is_file() else None


def read_policy(file: Path) -> CheckPolicy:
    """Return what a file says, with the baseline that it names; raises InputError."""
    policy, baseline = parse_policy(read_bounded(file, LARGEST_POLICY), str(file))
    return policy if baseline is None else replace(policy, baseline=read_baseline(_beside(file, baseline)))


def parse_policy(raw: bytes, where: str) -> tuple[CheckPolicy, str | None]:
    """Return the policy in a file's bytes, and the name of its baseline; where: what errors call the file.

    Raises InputError."""
    try:
        said: dict[str, Any] = tomllib.loads(raw.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{where}: no TOML: {shortened(error, 120)}") from None
    check_fields(said, ("accept", "baseline", "fail-on"), where)
    fail_on = FailOn.VIOLATED
    if "fail-on" in said:
        names = [member.value for member in FailOn]
        text = take(said, "fail-on", str, where)
        if text not in names:
            raise InputError(f"{where}: fail-on is '{shortened(text)}', want one of {', '.join(names)}")
        fail_on = FailOn(text)
    baseline = take(said, "baseline", str, where) if "baseline" in said else None
    return CheckPolicy(fail_on, _accepted(said, where)), baseline


def _beside(file: Path, name: str) -> Path:
    """Return a file that a policy names, which may not lie outside of its folder."""
    named = file.parent / name
    if "\0" in name or not named.resolve().is_relative_to(file.parent.resolve()):
        raise InputError(f"{file}: baseline: '{shortened(name)}' leads out of the folder; name a file inside it")
    return named


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
            raise InputError(f"{where}: {shortened(claim)} is of '{shortened(name)}', want F0 … F3")
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
