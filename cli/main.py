"""The `otaproof` command: one sub-command per intention, one table of exit codes.

A command is a typed function of its own module in commands/; its docstring is its help. The module is imported only
when the command runs or when its help is asked for. Every error is told here, and nowhere else: in one line on stderr.
"""

import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from .. import __version__
from ..bounded_input import shortened, shown
from ..errors import InputError
from .command_line import note_command_line
from .completion import EPILOGUE, FLAG, installer
from .exit_code import ExitCode
from .help_format import TwoColumns
from .options.groups import ARGUMENTS, OTHERS
from .options.output_files import check_output_files
from .standard_error import tell
from .terminal import terminal
from .usage_error import usage_error_text

COMMANDS = {
    "check": "Cut the power at every step of an upgrade and check every claim.",
    "run": "Run a NodeMCU upgrade script on the simulated board, and cut its power.",
    "doctor": "Look for what is wrong with the OTA configuration of a project.",
    "explain": "Decode a flash dump or an otadata partition: what boots, and why.",
    "identify": "Say of which release a bootloader is, and which options it has.",
    "mend": "Say what makes a device boot again, and what it boots then.",
    "outcomes": "Say of every call what can boot after a power cut inside it.",
    "explore": "Search every state that a device can reach.",
    "diff": "Say what two ESP-IDF releases, or two configurations, do differently.",
    "releases": "List the rules in which ESP-IDF releases differ.",
    "claim": "Explain one claim: what it promises, where it is violated, and what mends it.",
    "prove": "Prove or refute every claim, for histories of any length.",
    "fuzz": "Play random histories with power cuts, board and model in lock step.",
    "replay": "Play a power cut or a counterexample step by step.",
    "conform": "Replay vectors recorded from ESP-IDF's own code.",
    "diagram": "Draw the model, or a trace.",
    "demo": "Check the example project that comes with otaproof.",
}
"""The modules of commands/, in the order of `--help`, with the first line of their docstrings."""
GROUPS = {
    "binary": {
        "prove": "Prove that a bootloader's machine code selects as ESP-IDF's rules say.",
        "run": "Run a bootloader's machine code beside the simulated bootloader.",
    },
    "campaign": {
        "run": "Begin a campaign: random histories, kept in a file.",
        "resume": "Go on with a campaign.",
        "status": "Say how far a campaign is, and what it found.",
        "show": "Say what the findings of a campaign come from.",
        "merge": "Put the shards of a campaign together in a new file.",
        "export": "Write what a campaign found as files to take along.",
    },
}
"""Commands of two words: the first one, the second ones as in COMMANDS; each is the module first_second."""
GROUP_SUMMARIES = {
    "binary": "Prove or run the machine code of your own bootloader.elf.",
    "campaign": "Play random histories for days, on any number of machines, kept in a file.",
}
_LONGEST_LINE = 800
"""Characters of the longest line that tells of bad input; of a longer one the middle is left out."""
TRACEBACK, TRACEBACK_ENVIRONMENT = "--traceback", "OTAPROOF_TRACEBACK"
_OF_FILES = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO})
"""What goes wrong with a file that the user named, wherever it is met."""
_OF_THE_OUTPUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""Why standard output takes nothing: no room, a terminal that has gone, a descriptor to read from."""
_OF_THE_MACHINE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""What it has no more of: files that are open, memory, processes."""
_EPILOGUE = f"""\
otaproof COMMAND --help tells more, with examples.
{TRACEBACK}, or {TRACEBACK_ENVIRONMENT}=1, shows where an internal error arose.

Exit codes:
   0  all claims hold
   1  a claim is violated
   2  bad usage or bad input
   3  inconclusive: not all was decided
  70  an internal error, which is a bug in otaproof"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; every error is one line on stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _run([argument for argument in given if argument != TRACEBACK])
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        _drop_output()
        return ExitCode.INCONCLUSIVE
    except SystemExit as error:
        # What rich makes of a reader that has gone.
        if isinstance(error.__context__, BrokenPipeError):
            return ExitCode.INCONCLUSIVE
        raise
    except KeyboardInterrupt:
        tell("otaproof: interrupted")
        return ExitCode.INCONCLUSIVE
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OF_THE_OUTPUT and error.filename is None:
            return _output_is_lost(error)
        lacking = _lacking(error)
        if lacking is not None:
            tell(f"otaproof: {lacking}: not all was decided")
            return ExitCode.INCONCLUSIVE
        return _internal_error(error, shows_where=TRACEBACK in given)


def _output_is_lost(error: OSError) -> ExitCode:
    """Tell why standard output took nothing: of a file, output_file.py tells it by name. What waits goes nowhere."""
    _drop_output()
    tell(f"otaproof: the output cannot be written: {str(error.strerror).lower()}")
    return ExitCode.BAD_INPUT


def _drop_output() -> None:
    """Have what waits for standard output go nowhere; a stream that is no file takes it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lacking(error: BaseException | None) -> str | None:
    """Return what the machine has no more of, where that is behind an error; else None."""
    while error is not None:
        if isinstance(error, MemoryError):
            return "out of memory"
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            return str(error.strerror).lower()
        # Libraries tell it in words: the dynamic loader, threading, z3.
        for words in (os.strerror(errno.EMFILE), os.strerror(errno.ENOMEM), "can't start new thread", "out of memory"):
            if words.lower() in str(error).lower():
                return words.lower()
        error = error.__cause__ or error.__context__
    return None


def _run(arguments: Sequence[str]) -> int:
    """Run the command; expected errors are told, all others raised."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names from flash can be any bytes, and not every terminal has every character.
        sys.stdout.reconfigure(errors="backslashreplace")
    name = _command_name(arguments)
    note_command_line(arguments)
    try:
        app = build_app(name)
        command, bound, own = app.parse_args(arguments)
        check_output_files((*bound.args, *bound.kwargs.values()))
        # What no option sets is what read the project's file.
        code = command(*bound.args, **bound.kwargs, **(dict.fromkeys(own, app[name].config[0]) if own else {}))
        sys.stdout.flush()
    except CycloptsError as error:
        return _bad_input(name, usage_error_text(error, GROUPS.get(name) or [*COMMANDS, *GROUPS]))
    except Exception as error:
        text = _expected(error)
        if text is None:
            raise
        return _bad_input(name, text)
    return int(code or ExitCode.HOLDS)


def _expected(error: Exception) -> str | None:
    """Return what to tell of an error that the user can put right; None for a bug."""
    from ..analysis.solvers import (
        INSTALL,
        INSTALL_BINARY,
        INSTALL_LUA,
        is_binary_missing,
        is_lua_missing,
        is_solver_missing,
    )
    from ..impl.partitions.table import TableError

    if isinstance(error, ModuleNotFoundError) and is_solver_missing(error):
        return f"needs the solvers: {INSTALL}"
    if isinstance(error, ModuleNotFoundError) and is_binary_missing(error):
        return f"needs what reads machine code: {INSTALL_BINARY}"
    if isinstance(error, ModuleNotFoundError) and is_lua_missing(error):
        return f"needs Lua: {INSTALL_LUA}"
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return "the working directory is no longer there"
    if isinstance(error, OSError) and error.errno in _OF_FILES and isinstance(error.filename, str):
        return f"{shortened(error.filename, 80)}: {error.strerror}"
    return str(error) if isinstance(error, (InputError, TableError)) else None


def _command_name(arguments: Sequence[str]) -> str:
    """Return the command that is asked for, of one word or two; "" where there is none."""
    words = [argument for argument in arguments if not argument.startswith("-")]
    first, second = (*words, "", "")[:2]
    if first in GROUPS:
        return f"{first} {second}" if second in GROUPS[first] else first
    return first if first in COMMANDS else ""


def build_app(asked: str = "") -> App:
    """Return the parser of the command line.

    asked: the command that is imported at once, for its docstring is its help; of the others the root's help tells in
    one line, and they are imported when they are called."""
    looks: dict[str, Any] = {
        "help_flags": ("--help", "-h"),
        "help_format": "plaintext",
        "help_formatter": TwoColumns(),
        "default_parameter": Parameter(negative=(), allow_repeating=True),
        "group_arguments": ARGUMENTS,
        "group_parameters": OTHERS,
    }
    app = App(
        name="otaproof",
        help="If power fails anywhere in an ESP32 OTA update, what boots?",
        version=f"otaproof {__version__}",
        version_flags="--version",
        help_epilogue=_EPILOGUE,
        console=terminal(wraps=False),
        exit_on_error=False,
        print_error=False,
        **looks,
    )
    for order, (name, summary) in enumerate(COMMANDS.items()):
        _add(app, name, name, summary, order, name == asked)
    for order, (name, commands) in enumerate(GROUPS.items(), len(COMMANDS)):
        group = App(name=name, help=GROUP_SUMMARIES[name], sort_key=order, **looks)
        for place, (second, summary) in enumerate(commands.items()):
            _add(group, second, f"{name}_{second}", summary, place, f"{name} {second}" == asked)
        app.command(group)
    app["--help"].help = "Print this help; after a command, the help of that."
    app["--version"].help = "Print the version."
    app["--help"].group = app["--version"].group = OTHERS
    app.command(installer(app), name=FLAG, group=OTHERS, help_epilogue=EPILOGUE)
    return app


def _add(app: App, name: str, module: str, summary: str, order: int, is_asked: bool) -> None:
    """Add a command, whose function has the name of its module."""
    where = f"{__package__}.commands.{module}"
    if not is_asked:
        app.command(f"{where}:{module}", name=name, sort_key=order, help=summary)
        return
    command = importlib.import_module(where)
    told = {"usage": getattr(command, "USAGE", None), "help_epilogue": command.EPILOGUE}
    if hasattr(command, "FILE_OPTIONS"):
        told["config"] = command.FILE_OPTIONS()
    app.command(getattr(command, module), name=name, sort_key=order, **told)


def _bad_input(command: str, text: str) -> ExitCode:
    line = shown(text)
    if len(line) > _LONGEST_LINE:
        line = f"{line[: _LONGEST_LINE // 2]} … {line[-_LONGEST_LINE // 2 :]}"
    tell(f"otaproof{' ' if command else ''}{command}: {line}")
    return ExitCode.BAD_INPUT


def _internal_error(error: Exception, shows_where: bool) -> ExitCode:
    """Tell of an error that nobody expected: in one line, before it the traceback where that is asked for."""
    if shows_where or os.environ.get(TRACEBACK_ENVIRONMENT, "") not in ("", "0"):
        for line in "".join(traceback.format_exception(error)).splitlines():
            tell(line)
    message = shown(" ".join(str(error).split()))
    tell(
        f"otaproof: internal error: {type(error).__name__}: {message}; please report it, with the command line "
        f"({TRACEBACK} or {TRACEBACK_ENVIRONMENT}=1 shows where)"
    )
    return ExitCode.INTERNAL_ERROR


if __name__ == "__main__":
    sys.exit(main())
