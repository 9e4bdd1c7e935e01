"""How to keep to the disciplines, in C: one file each, of functions that an application calls in place of esp_ota_*."""

from functools import cache
from pathlib import Path

from ...model.remedies import Remedy


@cache
def code_of(remedy: Remedy) -> str | None:
    """Return the C code of a remedy; None where it is nothing to be called."""
    file = Path(__file__).with_name(f"{remedy.value}.c")
    return file.read_text(encoding="utf-8") if file.is_file() else None
