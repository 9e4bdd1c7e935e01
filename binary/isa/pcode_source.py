"""P-code as the text of a Python function, which carries out a run of instructions on known words.

The function takes nothing and returns the address of the next instruction. Whoever runs it gives it these names:

    r, others, frames        the general registers; the others by name; registers that a window hides
    read1, read2, read4      the page of an address as an array of such elements, or None
    write1, write2, write4   the same, where it may be written
    load, store              take an access of any kind: (address, size, pc) and (address, word, size, pc)
    rotate, restore          move Xtensa's register window: (registers, in fours) and (pc)
    divided                  quotient or remainder: (dividend, divisor, bits, is_signed, is_remainder, pc)
    illegal, no_meaning      never return: (pc) and (text, pc)

Registers are local variables of the function while it runs. An access that is aligned costs a look-up.
"""

from collections.abc import Sequence

from pypcode import OpCode

from ..elf_file import Architecture
from ..execution.words import MASK
from .pcode_lifter import LOOP_REGISTERS, Lifted, PcodeOperation, PcodePlace

_PAGE_BITS = 0xFFF
_INFIX = {
    OpCode.INT_AND: "&",
    OpCode.INT_OR: "|",
    OpCode.INT_XOR: "^",
    OpCode.BOOL_AND: "&",
    OpCode.BOOL_OR: "|",
    OpCode.BOOL_XOR: "^",
    OpCode.INT_EQUAL: "==",
    OpCode.INT_NOTEQUAL: "!=",
    OpCode.INT_LESS: "<",
    OpCode.INT_LESSEQUAL: "<=",
    OpCode.INT_RIGHT: ">>",
}
"""What needs no care for the width."""
_WRAPPED = {OpCode.INT_ADD: "+", OpCode.INT_SUB: "-", OpCode.INT_MULT: "*"}
_SIGNED = {OpCode.INT_SLESS: "<", OpCode.INT_SLESSEQUAL: "<="}
_DIVISIONS = {
    OpCode.INT_DIV: (False, False),
    OpCode.INT_REM: (False, True),
    OpCode.INT_SDIV: (True, False),
    OpCode.INT_SREM: (True, True),
}
"""Whether signed, and whether the remainder."""
_DIRECT = (OpCode.BRANCH, OpCode.CALL)
_INDIRECT = (OpCode.BRANCHIND, OpCode.CALLIND, OpCode.RETURN)
_NAMED = ("PS", "SAR", *LOOP_REGISTERS)
"""Registers that are known by name."""
_ROTATE, _RESTORE, _ILLEGAL = "rotateRegWindow", "restoreRegWindow", "ill"
_WITHOUT_EFFECT = (
    *(f"{word}{registers}" for word in ("swap", "restore") for registers in (4, 8, 12)),
    *("memw", "extw", "isync", "dsync", "rsync", "esync"),
)
"""Marks of a call, whose window moves in `entry` and `retw`; and barriers: accesses are in order anyway."""


class _Unknown(Exception):
    """An operation without a meaning here; the text says which."""


def ends_block(lifted: Lifted) -> bool:
    """Tell whether a run of instructions has to end with this one."""
    return loop_end(lifted) is not None or any(_leaves(operation) for operation in lifted.operations)


def _leaves(operation: PcodeOperation) -> bool:
    is_jump = operation.code in _INDIRECT or (operation.code in _DIRECT and operation.inputs[0].space != "const")
    return is_jump or _moves_window(operation)


def loop_end(lifted: Lifted) -> int | None:
    """Return where the body of the loop ends that an instruction of Xtensa begins; None for every other one."""
    for operation in lifted.operations:
        if operation.output is not None and operation.output.name == "LEND":
            return operation.inputs[0].offset if operation.inputs[0].space == "const" else None
    return None


def function_source(architecture: Architecture, instructions: Sequence[tuple[int, Lifted]], is_loop_end: bool) -> str:
    """Return the text of a function `block` that carries out instructions in a row.

    instructions: each with its address, at least one. is_loop_end: a loop of Xtensa may end behind the last."""
    writer = _BlockWriter(architecture)
    for pc, lifted in instructions:
        writer.add(pc, lifted)
    pc, lifted = instructions[-1]
    return writer.text((pc + lifted.length) & MASK, is_loop_end)


class _BlockWriter:
    """Writes the function, instruction by instruction."""

    def __init__(self, architecture: Architecture) -> None:
        self._is_riscv = architecture is Architecture.RISCV
        self._lines: list[str] = []
        self._mentioned: set[int] = set()
        self._written: set[int] = set()
        self._pc = 0
        self._temporaries: dict[int, tuple[str, int]] = {}
        """By number: what stands for it in the text, and its bytes."""
        self._begins_loop = False
        self._is_direct = False
        """Registers are read and written in `r`, not as local variables."""
        self._indent = 1

    def add(self, pc: int, lifted: Lifted) -> None:
        """Write an instruction."""
        self._pc, self._temporaries, self._begins_loop = pc, {}, loop_end(lifted) is not None
        if any(map(_moves_window, lifted.operations)):
            self._keep_registers()
            self._is_direct = True
        jumps = any(op.code in (OpCode.CBRANCH, *_DIRECT) and op.inputs[0].space == "const" for op in lifted.operations)
        if jumps:
            self._line("skipped = 0")
        try:
            for place, operation in enumerate(lifted.operations):
                self._indent = 1
                if jumps:
                    self._line(f"if skipped <= {place}:")
                    self._indent = 2
                self._operation(place, operation)
        except _Unknown as unknown:
            self._line(f"no_meaning({str(unknown)!r}, {pc})")
        self._indent = 1

    def text(self, following: int, is_loop_end: bool) -> str:
        """Return the function. following: where it goes on if nothing jumps."""
        if is_loop_end:
            self._line(f"if others['LCOUNT'] and others['LEND'] == {following}:")
            self._indent = 2
            self._line("others['LCOUNT'] -= 1")
            self._return("others['LBEG']")
            self._indent = 1
        self._return(str(following))
        loads = [f" a{number} = r[{number}]" for number in sorted(self._mentioned)]
        return "\n".join(["def block():", *loads, *self._lines, ""])

    def _line(self, line: str) -> None:
        self._lines.append(" " * self._indent + line)

    def _keep_registers(self) -> None:
        for number in sorted(self._written):
            self._line(f"r[{number}] = a{number}")

    def _return(self, address: str) -> None:
        if not self._is_direct:
            self._keep_registers()
        self._line(f"return {address}")

    def _operation(self, place: int, operation: PcodeOperation) -> None:
        code, inputs = operation.code, operation.inputs
        if code in _DIRECT and inputs[0].space == "const":
            self._line(f"skipped = {place + _distance(inputs[0])}")
        elif code in _DIRECT:
            self._return(str(inputs[0].offset & MASK))
        elif code in _INDIRECT:
            target = self._read(inputs[0])
            self._return(f"{target} & 0xFFFFFFFE" if self._is_riscv else target)
        elif code == OpCode.CBRANCH:
            skipped = place + _distance(inputs[0]) if inputs[0].space == "const" else None
            self._line(f"if {self._read(inputs[1])}:")
            self._indent += 1
            if skipped is None:
                self._return(str(inputs[0].offset & MASK))
            else:
                self._line(f"skipped = {skipped}")
        elif code == OpCode.CALLOTHER:
            self._user_operation(operation)
        elif code == OpCode.STORE:
            self._store(self._read(inputs[0]), self._read(inputs[1]), inputs[1].size)
        else:
            assert operation.output is not None
            self._write(operation.output, self._value(operation), self._is_constant(operation))

    def _user_operation(self, operation: PcodeOperation) -> None:
        name = operation.user_name
        if name == _ROTATE:
            self._line(f"rotate({self._read(operation.inputs[0])})")
        elif name == _RESTORE:
            self._line(f"restore({self._pc})")
        elif name == _ILLEGAL:
            self._line(f"illegal({self._pc})")
        elif name in _WITHOUT_EFFECT:
            self._line("pass")
        else:
            raise _Unknown(name)

    def _value(self, operation: PcodeOperation) -> str:
        """Return what an operation computes, as an expression."""
        code, output = operation.code, operation.output
        assert output is not None
        if code == OpCode.LOAD:
            return self._load(self._read(operation.inputs[0]), output.size)
        first, *others = (self._read(place) for place in operation.inputs)
        bits = 8 * operation.inputs[0].size
        mask, sign = (1 << bits) - 1, 1 << bits - 1
        if code in _INFIX:
            return f"({first} {_INFIX[code]} {others[0]})"
        if code in _WRAPPED:
            return f"(({first} {_WRAPPED[code]} {others[0]}) & {mask})"
        if code in _SIGNED:
            return f"(({first} ^ {sign}) {_SIGNED[code]} ({others[0]} ^ {sign}))"
        if code in _DIVISIONS:
            is_signed, is_remainder = _DIVISIONS[code]
            return f"divided({first}, {others[0]}, {bits}, {is_signed}, {is_remainder}, {self._pc})"
        match code:
            case OpCode.COPY | OpCode.INT_ZEXT:
                return first
            case OpCode.INT_NEGATE:
                return f"({first} ^ {mask})"
            case OpCode.INT_2COMP:
                return f"(-{first} & {mask})"
            case OpCode.BOOL_NEGATE:
                return f"({first} ^ 1)"
            case OpCode.INT_CARRY:
                return f"({first} + {others[0]} > {mask})"
            case OpCode.INT_LEFT:
                shifted = f"({first} << {others[0]} & {mask})"
                is_known = operation.inputs[1].space == "const" and operation.inputs[1].offset < bits
                return shifted if is_known else f"({shifted} if {others[0]} < {bits} else 0)"
            case OpCode.INT_SRIGHT:
                return f"((({first} ^ {sign}) - {sign} >> {others[0]}) & {mask})"
            case OpCode.INT_SEXT:
                return f"((({first} ^ {sign}) - {sign}) & {(1 << 8 * output.size) - 1})"
            case OpCode.SUBPIECE:
                return f"({first} >> {8 * operation.inputs[1].offset} & {(1 << 8 * output.size) - 1})"
            case OpCode.PIECE:
                return f"({first} << {8 * operation.inputs[1].size} | {others[0]})"
            case OpCode.LZCOUNT:
                return f"({bits} - int({first}).bit_length())"
        raise _Unknown(code.name)

    def _is_constant(self, operation: PcodeOperation) -> bool:
        """Tell whether an operation computes the same always."""
        is_computed = operation.code != OpCode.LOAD and operation.code not in _DIVISIONS
        return is_computed and self._indent == 1 and all(place.space == "const" for place in operation.inputs)

    def _read(self, place: PcodePlace) -> str:
        mask = (1 << 8 * place.size) - 1
        match place.space:
            case "const":
                return str(place.offset & mask)
            case "ram":
                return self._load(str(place.offset & MASK), place.size)
            case "unique":
                text, size = self._temporaries.get(place.offset, ("", 0))
                if size < place.size:
                    raise _Unknown("a part of a temporary")
                return text if size == place.size else f"({text} & {mask})"
        if place.number is None:
            return self._named(place)
        if self._is_riscv and not place.number:
            return "0"
        return self._register(place.number) if place.size == 4 else f"({self._register(place.number)} & {mask})"

    def _write(self, place: PcodePlace, value: str, is_constant: bool) -> None:
        if place.space == "unique":
            name = f"u{place.offset:x}"
            if not is_constant:
                self._line(f"{name} = {value}")
            self._temporaries[place.offset] = value if is_constant else name, place.size
        elif place.space == "ram":
            self._store(str(place.offset & MASK), value, place.size)
        elif place.number is None:
            if place.name in LOOP_REGISTERS and not self._begins_loop:
                raise _Unknown(f"a write to {place.name}")
            self._line(f"{self._named(place)} = {value}")
        elif place.size != 4:
            raise _Unknown("a write to a part of a register")
        elif place.number or not self._is_riscv:
            if not self._is_direct:
                self._written.add(place.number)
            self._line(f"{self._register(place.number)} = {value}")

    def _register(self, number: int) -> str:
        if self._is_direct:
            return f"r[{number}]"
        self._mentioned.add(number)
        return f"a{number}"

    def _named(self, place: PcodePlace) -> str:
        if place.name not in _NAMED or place.size != 4:
            raise _Unknown(f"register {place.name}")
        return f"others['{place.name}']"

    def _load(self, address: str, size: int) -> str:
        array = self._array(f"read{size}", address, size)
        return f"(page[(at & {_PAGE_BITS}) // {size}] if {array} else load(at, {size}, {self._pc}))"

    def _store(self, address: str, word: str, size: int) -> None:
        self._line(f"word = {word}")
        array = self._array(f"write{size}", address, size)
        self._line(f"if {array}: page[(at & {_PAGE_BITS}) // {size}] = word")
        self._line(f"else: store(at, word, {size}, {self._pc})")

    def _array(self, look_up: str, address: str, size: int) -> str:
        """Return the expression of the array that an access is in; none where it is not aligned."""
        if size not in (1, 2, 4):
            raise _Unknown(f"an access of {size} bytes")
        return f"(page := {look_up}((at := {address}) & {MASK & ~_PAGE_BITS | size - 1}))"


def _moves_window(operation: PcodeOperation) -> bool:
    return operation.user_name in (_ROTATE, _RESTORE)


def _distance(place: PcodePlace) -> int:
    """Return how many operations a jump inside one instruction goes on."""
    distance = place.offset
    if not 0 < distance < 1 << 8 * place.size - 1:
        raise _Unknown("an instruction that repeats itself")
    return distance
