"""`otaproof --install-completion`: the shell completes commands, options and choices."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ..errors import InputError
from .exit_code import ExitCode
from .options.groups import OTHERS
from .options.values import OutFile

FLAG = "--install-completion"
EPILOGUE = f"""\
Examples:
  otaproof {FLAG}
  otaproof {FLAG} --shell zsh
  otaproof {FLAG} --shell bash --output otaproof.bash

Exit codes:
  0  installed
  2  bad usage, or no shell that is known"""


@Parameter(name="*", group=OTHERS)
@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionOptions:
    """For which shell, and where."""

    shell: Literal["bash", "zsh", "fish"] | None = None
    """The shell (default: the one that this runs in)."""
    output: Annotated[OutFile, Parameter(name="--output")] = None
    """Write the script to a file, and change no file of your shell; source it from there."""


def installer(app: App) -> Callable[[CompletionOptions], ExitCode]:
    """Return the command that installs completion for an app."""

    def install_completion(options: CompletionOptions = CompletionOptions()) -> ExitCode:
        """Install completion for your shell: bash, zsh or fish.

        Writes a script to where the shell looks for such scripts, and for bash and zsh a line to ~/.bashrc or ~/.zshrc
        that loads it. A shell that you start afterwards completes commands, options and choices.
        """
        path = _install(app, options)
        print(f"{path}: written; {'source it' if options.output is not None else 'start a new shell'} to use it")
        return ExitCode.HOLDS

    return install_completion


def _install(app: App, options: CompletionOptions) -> Path:
    from cyclopts.completion.detect import ShellDetectionError

    try:
        return app.install_completion(shell=options.shell, output=options.output, add_to_startup=options.output is None)
    except ShellDetectionError:
        raise InputError("--shell: cannot tell your shell; give bash, zsh or fish") from None
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written: {error.strerror or error}") from None
