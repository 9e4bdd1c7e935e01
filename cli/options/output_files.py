"""The files that a command line names for output: each is to be another one."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args

from cyclopts import Parameter

from ...errors import InputError
from .values import can_be_made


def check_output_files(arguments: Iterable[object]) -> None:
    """Raise InputError where two options name one file to write. arguments: of a command, groups of options among
    them."""
    known: dict[Path, str] = {}
    for option, path in _named(arguments):
        other = known.setdefault(path.resolve(), option)
        if other != option:
            raise InputError(f"{other} and {option}: both name {path}; give each a file of its own")


def _named(arguments: Iterable[object]) -> Iterator[tuple[str, Path]]:
    for group in arguments:
        if not is_dataclass(group):
            continue
        for option in fields(group):
            path = getattr(group, option.name)
            if isinstance(path, Path) and _is_written(option.type):
                yield f"--{option.name.replace('_', '-')}", path


def _is_written(annotation: object) -> bool:
    """Tell whether an option names a file that the command makes: by its validator."""
    parameters = (part for part in get_args(annotation) if isinstance(part, Parameter))
    return any(can_be_made in _several(parameter.validator) for parameter in parameters)


def _several(validator: object) -> tuple[object, ...]:
    return tuple(validator) if isinstance(validator, (list, tuple)) else (validator,)
