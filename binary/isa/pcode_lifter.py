"""Instructions lifted to p-code by pypcode, which has Ghidra's descriptions of RISC-V and Xtensa.

A lifted instruction is kept, as a program is in one place for good.
"""

from dataclasses import dataclass
from typing import Any

import pypcode
from pypcode import OpCode

from ..elf_file import Architecture
from ..execution.machine_state import ExecutionStopped, MachineState

LONGEST_INSTRUCTION = 8
LOOP_REGISTERS = ("LBEG", "LEND", "LCOUNT")
"""What Xtensa's `loop` sets: code that reaches LEND goes on at LBEG, LCOUNT times, which no p-code says."""
_LANGUAGES = {Architecture.RISCV: "RISCV:LE:32:RV32GC", Architecture.XTENSA: "Xtensa:LE:32:default"}
_RISCV_NAMES = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"),
    *(f"a{number}" for number in range(8)),
    *(f"s{number}" for number in range(2, 12)),
    *(f"t{number}" for number in range(3, 7)),
)
_XTENSA_NAMES = [f"a{number}" for number in range(16)]
_LINKS_BEFORE_IT_READS = 0x9082
"""c.jalr ra, which pypcode lifts to a jump to the link, not to what ra held before."""


@dataclass(frozen=True, slots=True)
class PcodePlace:
    """Where an operation reads or writes."""

    space: str
    """const, unique, register or ram."""
    offset: int
    """The constant, the number of the temporary, or the address."""
    size: int
    """Bytes."""
    number: int | None = None
    """Of a general register."""
    name: str = ""
    """Of another register."""


@dataclass(frozen=True, slots=True)
class PcodeOperation:
    """One operation of p-code."""

    code: OpCode
    inputs: tuple[PcodePlace, ...]
    output: PcodePlace | None
    user_name: str = ""
    """Of an operation that the description of the processor leaves to its user."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """One instruction."""

    operations: tuple[PcodeOperation, ...]
    length: int
    """Bytes."""


class PcodeLifter:
    """Lifts the instructions of one architecture."""

    def __init__(self, architecture: Architecture) -> None:
        """Load the description of the processor."""
        self._context = pypcode.Context(_LANGUAGES[architecture])
        self._is_riscv = architecture is Architecture.RISCV
        names = _RISCV_NAMES if self._is_riscv else _XTENSA_NAMES
        places = self._context.registers
        self._numbers = {places[name].offset: number for number, name in enumerate(names)}
        self._lifted: dict[tuple[int, bytes], Lifted] = {}

    def lift(self, state: MachineState) -> Lifted:
        """Return the instruction at pc; raises ExecutionStopped for one that pypcode does not know."""
        return self.lift_code(state.code(LONGEST_INSTRUCTION), state.pc)

    def lift_code(self, code: bytes, pc: int) -> Lifted:
        """Return the instruction that code at pc begins with; raises ExecutionStopped in the same way.

        code: LONGEST_INSTRUCTION bytes, fewer where no more are loaded."""
        if (pc, code) not in self._lifted:
            self._lifted[pc, code] = self._lift(code, pc)
        return self._lifted[pc, code]

    def _lift(self, code: bytes, pc: int) -> Lifted:
        if self._is_riscv and _is_misread(int.from_bytes(code[:2], "little")):
            raise ExecutionStopped(f"instruction {code[:2].hex()} at 0x{pc:x} is one that pypcode misreads")
        try:
            operations = self._context.translate(code.ljust(LONGEST_INSTRUCTION, b"\0"), pc, max_instructions=1).ops
        except (pypcode.LowlevelError, pypcode.BadDataError, pypcode.UnimplError) as error:
            reason = " ".join(str(error).split())
            raise ExecutionStopped(f"instruction {code[:4].hex()} at 0x{pc:x} is not decoded: {reason}") from error
        length = sum(place.size for op in operations if op.opcode == OpCode.IMARK for place in op.inputs)
        if not 0 < length <= len(code):
            raise ExecutionStopped(f"instruction {code[:4].hex()} at 0x{pc:x} is not decoded")
        return Lifted(tuple(self._operation(op) for op in operations if op.opcode != OpCode.IMARK), length)

    def _operation(self, op: Any) -> PcodeOperation:
        is_user = op.opcode == OpCode.CALLOTHER
        inputs = op.inputs[1:] if is_user else op.inputs
        if op.opcode in (OpCode.LOAD, OpCode.STORE):
            inputs = inputs[1:]  # the first input names the address space, of which there is one
        output = None if op.output is None else self._place(op.output)
        name = op.inputs[0].getUserDefinedOpName() if is_user else ""
        return PcodeOperation(op.opcode, tuple(map(self._place, inputs)), output, name)

    def _place(self, node: Any) -> PcodePlace:
        space = node.space.name
        if space != "register":
            return PcodePlace(space, node.offset, node.size)
        return PcodePlace(space, node.offset, node.size, self._numbers.get(node.offset), self._name(node))

    def _name(self, node: Any) -> str:
        """Return the name of a register, of which the node may be the lowest bytes."""
        name = node.getRegisterName()
        if not name and node.offset not in self._numbers:
            raise ExecutionStopped(f"part of a register that is not a general one: {node.offset:#x}, {node.size} bytes")
        return str(name)


def _is_misread(half: int) -> bool:
    """Tell whether pypcode gives a 16-bit instruction another meaning than the manual does, or a reserved code one.

    Reserved are c.jr and c.lwsp with x0; tests compare all others with another emulator."""
    return half in (_LINKS_BEFORE_IT_READS, 0x8002) or half & 0xEF83 == 0x4002
