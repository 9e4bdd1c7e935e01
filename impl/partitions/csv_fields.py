"""The fields of a line of a partition CSV: taken apart, variables filled in, numbers read.

Whoever reads a CSV, strictly or leniently, reads its numbers here. A variable is filled in only where its value is
given, and never in a name, which reports print; errors show what is written, never the value of a variable.
Source: gen_esp32part.py PartitionDefinition.from_csv, parse_int (6.2-dev).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...bounded_input import shortened

NAMES = ("name", "type", "subtype", "offset", "size", "flags")
"""The fields of a line, in their order; what stands after the last does not count."""
_LONGEST_NUMBER = 80
"""Characters of a number or of the name of a type; 32 bits in binary have 34."""
_LARGEST_NUMBER = 1 << 33
"""No field holds a number beyond: a size may be as negative as the end of the largest partition."""
_SUFFIXES = {"k": 1 << 10, "m": 1 << 20}
_VARIABLE = re.compile(r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[^}]*)\})", re.ASCII)


class FieldError(ValueError):
    """A field does not hold what belongs into it; the message begins with the field."""


class EndlessNumber(FieldError):
    """A number has more digits than any number of a partition table: no slip of the pen, but an attack."""


@dataclass(frozen=True, slots=True)
class CsvField:
    """One field of a line."""

    name: str
    """As in NAMES."""
    written: str
    """As the file has it: all that a message may show."""
    value: str
    """With variables filled in."""


def counted_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are neither blank nor a comment."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            yield number, bare


def csv_fields(line: str, environment: Mapping[str, str]) -> list[CsvField]:
    """Return the six fields of a line; raises FieldError for a variable that is not filled in.

    The generator fills a line in before it is split: here the value of a variable never is more than one field."""
    written = [field.strip() for field in (line + ",,,,,").split(",")][: len(NAMES)]
    return [
        CsvField(name, text, _filled(text, name, environment) if "$" in text else text)
        for name, text in zip(NAMES, written, strict=True)
    ]


def csv_number(field: CsvField, names: Mapping[str, int] | None = None) -> int:
    """Return a number, with K and M understood, or the value of a name; raises FieldError for anything else."""
    names, text = names or {}, field.value
    if len(text) > _LONGEST_NUMBER:
        raise EndlessNumber(f"{field.name}: '{shortened(field.written)}' is too long for a number")
    digits, factor = text, 1
    while digits and digits[-1].lower() in _SUFFIXES:
        factor *= _SUFFIXES[digits[-1].lower()]
        digits = digits[:-1]
    # The generator takes the letters off names too: "otaK" is 1024 times ota, which is 0.
    if digits.lower() in names:
        return names[digits.lower()] * factor
    try:
        value = int(digits, 0) * factor
    except ValueError:
        wanted = f"a number or one of {', '.join(names)}" if names else "a number, such as 0x10000, 64K or 1M"
        raise FieldError(f"{field.name}: {shortened(field.written)!r} is not valid; want {wanted}") from None
    if abs(value) > _LARGEST_NUMBER:
        raise FieldError(f"{field.name}: {shortened(field.written)!r} does not fit 32 bits")
    return value


def _filled(text: str, field: str, environment: Mapping[str, str]) -> str:
    def value_of(match: re.Match[str]) -> str:
        name = match["plain"] or match["braced"]
        if field == NAMES[0]:
            raise FieldError(f"{field}: ${shortened(name)} is never filled in, as names are printed; write the name")
        if name not in environment:
            raise FieldError(
                f"{field}: ${shortened(name)} is not filled in from the environment; write its value, or ask for it "
                f"with --env {shortened(name)}"
            )
        return environment[name]

    return _VARIABLE.sub(value_of, text).strip()
