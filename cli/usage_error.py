"""What is wrong with a command line, in one line: which option, what was given, what is possible."""

import difflib
from collections.abc import Iterable

from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

_MANY = 10
"""More choices do not fit a line."""
_KINDS = {int: "a whole number", float: "a number", bool: "yes or no"}


def usage_error_text(error: CycloptsError, commands: Iterable[str]) -> str:
    """Return the line, without the name of the program and the command."""
    match error:
        case UnknownCommandError():
            return _unknown_command((error.unused_tokens or ["?"])[0], tuple(commands))
        case UnknownOptionError():
            given = (error.token.keyword or error.token.value).partition("=")[0]
            known = [name for argument in error.argument_collection if argument.parse for name in argument.names]
            return f"{given} is no option; {_hint(given, known) or 'see --help'}"
        case UnusedCliTokensError():
            return f"{' '.join(error.unused_tokens or [])}: one argument too many; see --help"
        case MissingArgumentError() if error.argument is not None:
            name = error.keyword or error.argument.name
            return f"{name}: its value is missing" if name.startswith("-") else f"{name} is missing; see --help"
        case ValidationError() if error.argument is not None:
            return f"{_name(error)}: {error.exception_message}"
        case CoercionError() if error.argument is not None and error.token is not None:
            return f"{_name(error)}: {_bad_value(error, error.token.value)}"
        case _:
            return " ".join(str(error).split())


def _unknown_command(given: str, commands: tuple[str, ...]) -> str:
    if given.startswith("-"):
        return f"{given} is no option here; options of a command follow its name"
    return f"{given!r} is no command; {_hint(given, commands) or 'known: ' + ', '.join(commands)}"


def _bad_value(error: CoercionError, given: str) -> str:
    assert error.argument is not None
    choices = error.argument.get_choices()
    if choices:
        hint = _hint(given, choices)
        if len(choices) > _MANY:
            return f"{given!r} is not known; {hint or 'see --help'}"
        return f"{given!r} is none of {', '.join(choices)}" + (f"; {hint}" if hint else "")
    if error.msg is not None:
        return str(error.msg)
    return f"{given!r} is not {_KINDS.get(error.target_type or str, 'possible')}"


def _name(error: CycloptsError) -> str:
    """Return the option as it was given, or the name of the argument."""
    assert error.argument is not None
    given = [token.keyword for token in error.argument.tokens if token.keyword]
    return given[-1] if given else error.argument.name


def _hint(given: str, known: Iterable[str]) -> str:
    """Return a question after the nearest known name; "" where none is near."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    nearest = difflib.get_close_matches(given.casefold(), folded, n=1)
    return f"did you mean {folded[nearest[0]]}?" if nearest else ""
