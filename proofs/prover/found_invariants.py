"""Invariants that Houdini has found before: names alone, none of them trusted.

To find which of the stated invariants hold takes many questions; to confirm those that were found takes three. So what
was found for the configurations that are asked for most comes with otaproof. Both solvers are asked of it as if it had
just been found; where z3 does not confirm it, Houdini looks for itself.

It is kept by a digest of the model, the claims and the stated invariants, so it does not outlive a change of these.
analysis/invariant_file.py makes the file anew.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("found_invariants.json")


@dataclass(frozen=True, slots=True)
class FoundInvariants:
    """What Houdini was left with."""

    names: frozenset[str]
    """Of claims and stated invariants."""
    core: frozenset[str]
    """Those from which the others follow."""


def found_before(digest: str) -> FoundInvariants | None:
    """Return what was found for a digest; None where nothing is kept."""
    return _kept().get(digest)


@cache
def _kept() -> Mapping[str, FoundInvariants]:
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, FoundInvariants]:
    """Return what was found, by digest: the text has all names once, and of each set a bit for each name."""
    held = json.loads(text)
    names = held["names"]
    return {
        digest: FoundInvariants(_chosen(names, found), _chosen(names, core))
        for digest, (found, core) in held["found"].items()
    }


def text_of(kept: Mapping[str, FoundInvariants]) -> str:
    """Return the text that parse() reads: a line for each name and each digest, sorted."""
    names = sorted({name for found in kept.values() for name in found.names})
    lines = (
        f'"{digest}": ["{_bits(names, found.names)}", "{_bits(names, found.core)}"]'
        for digest, found in sorted(kept.items())
    )
    return f'{{"names": {json.dumps(names, indent=0)},\n"found": {{\n' + ",\n".join(lines) + "\n}}\n"


def _bits(names: Collection[str], chosen: Collection[str]) -> str:
    return f"{sum((name in chosen) << place for place, name in enumerate(names)):x}"


def _chosen(names: Collection[str], bits: str) -> frozenset[str]:
    return frozenset(name for place, name in enumerate(names) if int(bits, 16) >> place & 1)
