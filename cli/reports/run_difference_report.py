"""How a difference between a bootloader's machine code and the simulated bootloader is printed."""

import shlex

from ...analysis.results.run_difference import RunDifference
from .report_page import WRONG, ReportPage

RESTS_ON = (
    "Stood in for, and so not run: what maps, reads, erases and programs flash, the ROM's CRC-32 and MD5, memory and "
    "text functions, and the verification of an image, which the simulation decides. On RISC-V unicorn carries out the "
    "instructions, on Xtensa pypcode says what they do."
)


def print_difference(page: ReportPage, difference: RunDifference, file: str, indent: int = 2) -> None:
    """Print what both ran on, what each did, and the command that repeats it."""
    for line in difference.case:
        page.line(line, indent)
    if difference.disturbance:
        page.line(difference.disturbance + (", then a boot" if difference.in_next_boot else ""), indent)
    print_both(page, difference.program, difference.simulated, indent)
    page.command(shlex.join(["otaproof", "replay", "--bootloader", file, difference.token]), indent)


def print_both(page: ReportPage, program: str, simulated: str, indent: int = 2) -> None:
    """Print what each does where the two first differ."""
    page.item(WRONG, f"code: {program}", indent, "bold red")
    page.item(" ", f"impl: {simulated}", indent)
