"""Flash operations as both sides note them: the hooks that stand for the flash driver, and impl's flash."""

from dataclasses import dataclass
from typing import Any

import z3

from ..execution.words import as_bits


@dataclass(frozen=True, slots=True)
class Erased:
    """A sector is erased."""

    address: Any
    """z3 bit-vector of 32 bits."""


@dataclass(frozen=True, slots=True)
class RangeErased:
    """A range of whole sectors is erased, by one call of an application."""

    address: Any
    size: Any


@dataclass(frozen=True, slots=True)
class Programmed:
    """Bytes are programmed."""

    address: Any
    data: Any
    """z3 bit-vector with byte 0 in its lowest bits."""
    encrypted: Any = None
    """The argument of the driver that asks for encryption; impl and an application know nothing of it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An image is checked, and loaded if it passes."""

    address: Any
    """Of its partition."""
    size: Any


@dataclass(frozen=True, slots=True)
class Started:
    """The image that was loaded is started: nothing follows."""

    address: Any
    """Of its partition."""


FlashOperation = Erased | RangeErased | Programmed | Checked | Started


def shape_of(operations: tuple[FlashOperation, ...]) -> tuple[tuple[type, int], ...]:
    """Return what two lists of operations have in common that can be equal: kinds and lengths in bits."""
    return tuple((type(op), op.data.size() if isinstance(op, Programmed) else 0) for op in operations)


def same_operations(ones: tuple[Any, ...], others: tuple[Any, ...], encrypted: Any) -> list[Any]:
    """Return when operations of one shape are equal; encrypted: what each program must ask for."""
    equal = []
    for one, other in zip(ones, others, strict=True):
        equal.append(one.address == other.address)
        if isinstance(one, Checked | RangeErased):
            equal.append(one.size == other.size)
        if isinstance(one, Programmed):
            equal.append(one.data == other.data)
        if isinstance(one, Programmed) and one.encrypted is not None:
            equal.append(as_bits(one.encrypted) == encrypted)
    return [z3.simplify(condition) for condition in equal]
