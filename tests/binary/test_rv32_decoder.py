"""Instructions are decoded as the manual says: vectors by hand, from GNU as."""

import pytest

pytest.importorskip("elftools", reason="pyelftools is not installed")
from otaproof.binary.isa.rv32_decoder import Instruction, InstructionKind, decode


@pytest.mark.parametrize(
    ("code", "instruction"),
    [
        ("13010102", Instruction(InstructionKind.COMPUTE_IMMEDIATE, 2, 2, 0, 32, 0)),  # addi sp, sp, 32
        ("33f5c502", Instruction(InstructionKind.COMPUTE, 10, 11, 12, 0, 7, 1)),  # remu a0, a1, a2
        ("6ff0dfff", Instruction(InstructionKind.JUMP, 0, immediate=-4)),  # j .-4
        ("e31eb5fe", Instruction(InstructionKind.BRANCH, 0, 10, 11, -4, 1)),  # bne a0, a1, .-4
        ("8280", Instruction(InstructionKind.JUMP_REGISTER, 0, 1)),  # ret
        ("0145", Instruction(InstructionKind.COMPUTE_IMMEDIATE, 10, 0, 0, 0, 0)),  # li a0, 0
        ("0000", None),
        ("73001000", None),  # ebreak
    ],
)
def test_instruction(code: str, instruction: Instruction | None) -> None:
    """Operands, immediate and function."""
    raw = bytes.fromhex(code)
    assert (instruction, len(raw)) == decode(raw)
