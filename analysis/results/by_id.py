"""Parts of a result in their order, and by their ids."""

from collections.abc import Iterable
from types import GenericAlias
from typing import Protocol, SupportsIndex, TypeVar, overload


class Identified(Protocol):
    """A part that has an id."""

    @property
    def id(self) -> str:
        """Its id."""


T = TypeVar("T", bound=Identified)


class ById(tuple[T, ...]):
    """A tuple of parts that can be asked for by their ids as well: `claims["C2"]`."""

    __slots__ = ()

    # What makes schemas and JSON text sees the tuple that it is.
    def __class_getitem__(cls, item: object, /) -> GenericAlias:
        """Return the type of the tuple."""
        return GenericAlias(tuple, (item, ...))

    @overload
    def __getitem__(self, key: str, /) -> T: ...
    @overload
    def __getitem__(self, key: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[T, ...]: ...
    def __getitem__(self, key: "str | SupportsIndex | slice", /) -> "T | tuple[T, ...]":
        """Return the part with that id, or at that place; raises KeyError for an id that there is not."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        for part in self:
            if part.id == key:
                return part
        raise KeyError(f"{key}; there are {', '.join(part.id for part in self) or 'none'}")


def by_id(parts: Iterable[T]) -> ById[T]:
    """Return parts in their order, to be asked for by their ids."""
    return ById(parts)
