"""`otaproof demo`: the check of the shipped example, and what to try next."""

import shlex
import shutil
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...bounded_input import shown
from ..exit_code import ExitCode
from ..options.epilogue import epilogue
from ..options.groups import ARGUMENTS

EPILOGUE = epilogue(
    "otaproof demo",
    "otaproof demo two-slot",
    codes={
        0: "the check ran, whatever it found",
        2: "bad usage, or the folder cannot be made",
        3: "interrupted",
    },
)
_NAME = "two-slot"
"""Of the project's folder, where nobody names one."""
_NEXT = """
What next

  otaproof replay TOKEN     play a power cut, such as those named above
  otaproof check PROJECT    the same check for your own project
  otaproof doctor PROJECT   what in its options and table breaks an update
  otaproof explain DUMP     what a flash dump boots, and how it came to that
  otaproof conform          the simulator beside recordings of ESP-IDF's code
  otaproof diagram all      pictures of the life cycle and the boot decision
  otaproof prove            each claim for every history (otaproof[prove])
  otaproof COMMAND --help   all that a command can do
"""
_FOLDER = "New folder to keep the project in (default: a temporary one)."


def demo(folder: Annotated[Path | None, Parameter(name="FOLDER", group=ARGUMENTS, help=_FOLDER)] = None, /) -> ExitCode:
    """Check the example project that comes with otaproof.

    Makes the example project, a device with two OTA slots and app rollback, and checks an update of it: the power is
    cut at every flash step. Then says what to try next.
    """
    from tempfile import TemporaryDirectory

    if folder is not None:
        code = _check(folder)
        print(f"\nThe project is in {shown(str(folder))}: {_command(folder)} checks it again.")
    else:
        temporary = TemporaryDirectory()
        try:
            with temporary:
                code = _check(Path(temporary.name) / _NAME)
        except KeyboardInterrupt:
            # It may have come in the middle of the removal.
            shutil.rmtree(temporary.name, ignore_errors=True)
            raise
    print(_NEXT, end="")
    return code if code is ExitCode.INCONCLUSIVE else ExitCode.HOLDS


def _check(folder: Path) -> ExitCode:
    from ...examples.shipped_example import copy_example
    from .check import check

    copy_example(folder)
    print(f"$ {_command(folder)}\n", flush=True)
    return check(folder)


def _command(folder: Path) -> str:
    return shown(shlex.join(["otaproof", "check", str(folder)]))
