"""How the run of a program ends: power cut, restart, panic, hang.

They derive from BaseException, so that neither `except Exception` nor a handler of expected errors can go
on after the program is gone.
"""


class ProgramEnd(BaseException):
    """The program that ran on the board is gone, and with it all that was in RAM."""


class PowerCut(ProgramEnd):
    """The planned power cut fired; the flash is dead until the next power-on."""


class Restart(ProgramEnd):
    """esp_restart() was called."""


class Panic(ProgramEnd):
    """An assertion of the C code failed, or the processor trapped; a device restarts."""


class Hang(ProgramEnd):
    """A loop of the C code has no end; on a device a watchdog or the user ends it."""
