"""From how many places otadata is rewritten, seen in small programs of both instruction sets."""

import struct
from collections.abc import Callable

import pytest

from otaproof.binary.recovery.otadata_writers import FIRST_ENTRY, WRITE_FAILS, rewrites_states

DATA, CODE = 0x3FCD6000, 0x403D0000
TEXTS = b"\0E (%lu) %s: " + WRITE_FAILS + b". err = 0x%x\n\0I (%lu) %s: " + FIRST_ENTRY + b"%lu\n\0"
FAILS, FIRST = DATA + 1, DATA + TEXTS.index(b"\0I") + 1
Function = list[str | int]
"""What a function does: a number is a text whose address it takes, a name a function that it calls."""
WITH: dict[str, Function] = {
    "write": [FAILS],
    "select": ["write", "write"],
    "first": [FIRST, "write"],
    "start": ["select", "first"],
}
WITHOUT: dict[str, Function] = {"first": [FAILS, FIRST], "select": [], "start": ["select", "first"]}
NOT_INLINE: dict[str, Function] = {"write": [FAILS], "first": [FIRST, "write"], "start": ["first"]}
IN_LINE_TWICE: dict[str, Function] = {"first": [FAILS, FAILS, FIRST], "start": ["first"]}


def xtensa(functions: dict[str, Function]) -> bytes:
    """Return the code: the literals, then each function, which begins with ENTRY."""
    literals = [FAILS, FIRST]
    code, starts = bytearray(struct.pack("<2I", *literals)), dict[str, int]()
    for name, steps in functions.items():
        code += b"\0" * (-len(code) % 4)
        starts[name] = CODE + len(code)
        code += b"\x36\x41\0"
        for step in steps:
            place = CODE + len(code)
            if isinstance(step, int):
                literal = CODE + 4 * literals.index(step)
                code += struct.pack("<I", 0xA1 | ((literal - (place + 3 & ~3)) >> 2 & 0xFFFF) << 8)[:3]
            else:
                code += struct.pack("<I", 0x25 | ((starts[step] - (place & ~3) - 4) >> 2 & 0x3FFFF) << 6)[:3]
        code += b"\x1d\xf0"
    return bytes(code) + b"\0" * 8


def riscv(functions: dict[str, Function]) -> bytes:
    """Return the code: LUI and ADDI for a text, JAL for a call."""
    code, starts = bytearray(), dict[str, int]()
    for name, steps in functions.items():
        starts[name] = CODE + len(code)
        for step in steps:
            if isinstance(step, int):
                upper = step + 0x800 & 0xFFFFF000
                code += struct.pack("<2I", upper | 0x5B7, (step - upper & 0xFFF) << 20 | 0x58593)
            else:
                offset = starts[step] - CODE - len(code)
                bits = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3FF) << 21 | (offset >> 11 & 1) << 20
                code += struct.pack("<I", bits | (offset >> 12 & 0xFF) << 12 | 0xEF)
        code += b"\x82\x80"
    return bytes(code)


@pytest.mark.parametrize(("assemble", "is_xtensa"), [(xtensa, True), (riscv, False)])
@pytest.mark.parametrize(
    ("functions", "rewrites"), [(WITH, True), (WITHOUT, False), (NOT_INLINE, None), (IN_LINE_TWICE, None)]
)
def test_places_are_counted(
    functions: dict[str, Function],
    rewrites: bool | None,
    assemble: Callable[[dict[str, Function]], bytes],
    is_xtensa: bool,
) -> None:
    """Two more with rollback; in line where it is the only one; anything else is undecided."""
    assert rewrites is rewrites_states([(DATA, TEXTS), (CODE, assemble(functions))], is_xtensa)


@pytest.mark.parametrize("missing", [WRITE_FAILS, FIRST_ENTRY])
def test_program_that_logs_less_is_undecided(missing: bytes) -> None:
    """The texts lead to the code."""
    texts = TEXTS.replace(missing, b"?" * len(missing))
    assert None is rewrites_states([(DATA, texts), (CODE, riscv(WITHOUT))], is_xtensa=False)


def test_text_that_is_there_twice_is_undecided() -> None:
    """Nobody could say which one is used."""
    assert None is rewrites_states([(DATA, TEXTS + TEXTS), (CODE, riscv(WITHOUT))], is_xtensa=False)


@pytest.mark.parametrize("is_xtensa", [False, True])
def test_program_without_code_is_undecided(is_xtensa: bool) -> None:
    """Nothing uses the texts."""
    assert None is rewrites_states([(DATA, TEXTS), (CODE, b"\0\1\2")], is_xtensa)
    assert None is rewrites_states([(DATA, TEXTS)], is_xtensa)
