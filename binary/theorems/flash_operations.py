"""Operations on flash and eFuse as both sides note them: the hooks that stand for the drivers, and impl's flash."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class _NotedOperation:
    """An operation, by its arguments."""

    @property
    def terms(self) -> tuple[Any, ...]:
        """What tells it from others of its kind, but for encryption."""
        return tuple(getattr(self, field.name) for field in fields(self) if field.name != "encrypted")


@dataclass(frozen=True, slots=True)
class Erased(_NotedOperation):
    """A sector is erased."""

    address: Any
    """z3 bit-vector of 32 bits."""


@dataclass(frozen=True, slots=True)
class RangeErased(_NotedOperation):
    """A range of whole sectors is erased, by one call of an application."""

    address: Any
    size: Any


@dataclass(frozen=True, slots=True)
class Programmed(_NotedOperation):
    """Bytes are programmed."""

    address: Any
    data: Any
    """z3 bit-vector with byte 0 in its lowest bits."""
    encrypted: Any = None
    """The argument of the driver that asks for encryption; impl and an application know nothing of it."""


@dataclass(frozen=True, slots=True)
class Checked(_NotedOperation):
    """An image is checked, and loaded if it passes."""

    address: Any
    """Of its partition."""
    size: Any


@dataclass(frozen=True, slots=True)
class LoadedUnchecked(_NotedOperation):
    """An image is loaded unchecked."""

    address: Any
    """Of its partition."""
    size: Any


@dataclass(frozen=True, slots=True)
class Started(_NotedOperation):
    """The image that was loaded is started: nothing follows."""

    address: Any
    """Of its partition."""


@dataclass(frozen=True, slots=True)
class Burned(_NotedOperation):
    """The eFuse is asked to hold a secure version."""

    version: Any
    """z3 bit-vector of 32 bits."""


@dataclass(frozen=True, slots=True)
class BootloaderPlaced(_NotedOperation):
    """A bootloader is taken to lie there from now on. Source: esp_image_bootloader_offset_set."""

    address: Any


FlashOperation = Erased | RangeErased | Programmed | Checked | LoadedUnchecked | Started | Burned | BootloaderPlaced


def shape_of(operations: tuple[FlashOperation, ...]) -> tuple[tuple[type, int], ...]:
    """Return what two lists of operations have in common that can be equal: kinds and lengths in bits."""
    return tuple((type(op), op.data.size() if isinstance(op, Programmed) else 0) for op in operations)
