"""Which options of `check` a project writes down once, in otaproof.toml: one table for file, command line and pages.

A key is the name of the option without its dashes, and means the same; what the command line gives goes before it.
tests/cli/test_file_options.py compares the table with the options that `check` has.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..bounded_input import shortened
from ..errors import InputError
from ..json_fields import take
from ..path_bounds import leads_out

PROJECT = "project"
"""The key for the argument PROJECT."""


class OptionKind(Enum):
    """What stands behind a key; the value says it."""

    PATH = "path"
    """A file or a folder, from the folder of the file on."""
    PATHS = "list of paths"
    TEXT = "string"
    TEXTS = "list of strings"
    NUMBER = "integer"
    SWITCH = "true or false"

    @property
    def is_path(self) -> bool:
        """It leads to files."""
        return self in (OptionKind.PATH, OptionKind.PATHS)

    @property
    def toml_type(self) -> type:
        """What tomllib makes of it."""
        return {OptionKind.PATHS: list, OptionKind.TEXTS: list, OptionKind.NUMBER: int, OptionKind.SWITCH: bool}.get(
            self, str
        )


OPTIONS: Mapping[str, OptionKind] = {
    PROJECT: OptionKind.PATH,
    "flash": OptionKind.PATH,
    "partitions": OptionKind.PATH,
    "running": OptionKind.PATH,
    "update": OptionKind.PATH,
    "bootloader": OptionKind.PATH,
    "otadata": OptionKind.PATH,
    "sdkconfig": OptionKind.PATHS,
    "image-size": OptionKind.TEXT,
    "efuse": OptionKind.NUMBER,
    "idf": OptionKind.TEXT,
    "bootloader-idf": OptionKind.TEXT,
    "chip": OptionKind.TEXT,
    "chip-revision": OptionKind.TEXT,
    "flash-size": OptionKind.TEXT,
    "table-offset": OptionKind.TEXT,
    "rollback": OptionKind.SWITCH,
    "anti-rollback": OptionKind.SWITCH,
    "updater": OptionKind.TEXT,
    "selector": OptionKind.TEXT,
    "remedy": OptionKind.TEXTS,
    "config": OptionKind.TEXTS,
    "chunk": OptionKind.NUMBER,
    "faults": OptionKind.TEXT,
    "depth": OptionKind.NUMBER,
    "endurance": OptionKind.NUMBER,
    "fast": OptionKind.SWITCH,
    "seed": OptionKind.NUMBER,
    "proofs": OptionKind.SWITCH,
}
"""By its key, what each option takes."""
_WRITES = "a project's file makes no other file"
_WHERE_IT_RUNS = "it is about where the command runs"
COMMAND_LINE_ONLY: Mapping[str, str] = {
    "env": "a project's file reads nothing of the environment",
    "outside": "a project's file does not say where its own paths may lead",
    "policy": "it names this file",
    "update-kind": "a policy is about updates of an application",
    "write-baseline": _WRITES,
    "cuts": _WRITES,
    "out": _WRITES,
    "sarif": _WRITES,
    "junit": _WRITES,
    "report": _WRITES,
    "github": _WHERE_IT_RUNS,
    "jobs": _WHERE_IT_RUNS,
    "json": "it is about one run",
}
"""Options that a file does not have, with the reason."""


@dataclass(frozen=True, slots=True)
class FileOption:
    """What a file says of one option."""

    name: str
    """Its key."""
    values: tuple[str, ...]
    """As on the command line; of a path, from the folder of the file on."""

    @property
    def kind(self) -> OptionKind:
        """What it takes."""
        return OPTIONS[self.name]

    def __str__(self) -> str:
        """Say it on one line."""
        return f"{self.name} {shortened(', '.join(self.values), 60)}"


def check_keys(said: Mapping[str, Any], others: Iterable[str], where: str) -> None:
    """Raise InputError for a key that no file has, with the nearest that it has; others: keys beside the options."""
    known = (*others, *OPTIONS)
    for name in said:
        if name in known:
            continue
        if name in COMMAND_LINE_ONLY:
            raise InputError(f"{where}: '{name}' goes on the command line alone: {COMMAND_LINE_ONLY[name]}")
        near = difflib.get_close_matches(name.casefold().replace("_", "-"), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
        raise InputError(f"{where}: '{shortened(name)}' is no key; {hint}")


def parse_options(said: Mapping[str, Any], where: str) -> tuple[FileOption, ...]:
    """Return what a file says of options; raises InputError for a value of another type."""
    return tuple(FileOption(name, _values(said, name, kind, where)) for name, kind in OPTIONS.items() if name in said)


def _values(said: Mapping[str, Any], name: str, kind: OptionKind, where: str) -> tuple[str, ...]:
    value: Any = take(said, name, kind.toml_type, where)
    if kind is OptionKind.SWITCH:
        return ("true" if value else "false",)
    if not isinstance(value, list):
        return (str(value),)
    return tuple(take({name: item}, name, str, where) for item in value)


def beside(file: Path, name: str, value: str, follows_outside: bool) -> Path:
    """Return a path that a file names, which may not lie outside of its folder unless that is followed."""
    named = file.parent / value
    if "\0" in value or (not follows_outside and leads_out(named, (file.parent,))):
        raise InputError(
            f"{file}: {name}: '{shortened(value)}' leads out of the folder; name a file inside it, or give --outside"
        )
    return named
