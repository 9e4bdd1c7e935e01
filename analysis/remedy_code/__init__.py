"""How to keep to the disciplines, in C: files of functions that an application calls in place of esp_ota_*."""

from collections.abc import Collection
from functools import cache
from pathlib import Path

from ...model.remedies import Remedy

WHOLE_UPDATE = frozenset({Remedy.RESTART_AT_ONCE, Remedy.ERASE_LAST_BOOT})
"""The disciplines that the code of a whole update can keep to; it never accepts an image that is not on trial."""


@cache
def code_of(remedy: Remedy) -> str | None:
    """Return the C code of a remedy; None where it is nothing to be called."""
    file = Path(__file__).with_name(f"{remedy.value}.c")
    return file.read_text(encoding="utf-8") if file.is_file() else None


def whole_update_code(remedies: Collection[Remedy]) -> str:
    """Return the C code of a whole update, download and trial, that restarts at once; remedies: those that it keeps to.

    Raises ValueError for others than WHOLE_UPDATE has."""
    if Remedy.RESTART_AT_ONCE not in remedies or not WHOLE_UPDATE.issuperset(remedies):
        raise ValueError(f"no code of a whole update for {sorted(remedy.value for remedy in remedies)}")
    begin = "erase-last-boot" if Remedy.ERASE_LAST_BOOT in remedies else "begin"
    parts = (Path(__file__).with_name(f"{name}.c") for name in (begin, "restart-at-once", "whole_update"))
    heads, bodies = zip(*(part.read_text(encoding="utf-8").split("\n\n", 1) for part in parts), strict=True)
    includes = sorted({line for head in heads for line in head.splitlines()})
    return "\n\n".join(["\n".join(includes), *map(str.rstrip, bodies)]) + "\n"
