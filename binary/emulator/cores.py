"""Which core runs a program."""

from ..elf_file import Architecture
from .core import Core
from .lifted_core import LiftedCore
from .program import BootloaderProgram
from .riscv_core import RiscvCore


def quickest_core(program: BootloaderProgram) -> Core:
    """Return a core that has loaded the program: unicorn's, where it has one."""
    if program.architecture is Architecture.XTENSA:
        return lifted_core(program)
    return RiscvCore(program.segments, program.functions, program.gp)


def lifted_core(program: BootloaderProgram) -> Core:
    """Return a core of lifted instructions that has loaded the program."""
    return LiftedCore(program.architecture, program.segments, program.functions, program.gp)
