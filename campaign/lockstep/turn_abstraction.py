"""The record that is kept by turns as the device model sees it: what selector/DESIGN.md says of its 32 bytes.

Like abstraction.py it shares no code with impl, which could be wrong in the same way.
"""

import struct
import zlib
from dataclasses import dataclass

from ...model.device.records import Check, Word
from ...model.device.state import Scope

_WORDS = 0xFFFFFFFF
_MARK = 0xB7
_FACTORY, _NONE = 16, 31
_NEW, _TRIED, _VALID, _SELECTED = 1, 2, 3, 4
_STATES = {_NEW: 0, _TRIED: 2, _VALID: 2, _SELECTED: _WORDS}
_ABORTED = 4


@dataclass(frozen=True, slots=True)
class TurnView:
    """One record; blank unless it is whole."""

    check: Check = Check.EMPTY
    word: Word = Word.UNDEFINED
    slot: int = 0
    """The slot that the number names."""
    seq: int = 0
    """The number, not ranked yet."""
    other: int = 0
    """Place."""
    is_tried: bool = False


def turn_in_bytes(scope: Scope, entry: bytes) -> TurnView:
    """Return the record that 32 bytes hold."""
    seq, what, *complements, state, check = struct.unpack("<8I", entry)
    are_right = [word ^ other == _WORDS for word, other in zip((seq, what, state, check), complements, strict=True)]
    kind, other, current, mark = what.to_bytes(4, "little")
    places = {**{slot: slot for slot in range(scope.slots)}, _NONE: scope.nowhere}
    if scope.has_factory:
        places[_FACTORY] = scope.factory
    is_meant = mark == _MARK and kind in _STATES and other in places and current in places and current != _NONE
    if not all(are_right) or not is_meant or check != zlib.crc32(entry[:4], 0xFFFFFFFF):
        return TurnView()
    if state != (_ABORTED if current == _FACTORY else _STATES[kind]):
        return TurnView()
    word = Word(state) if state < Word.UNDEFINED else Word.UNDEFINED
    return TurnView(Check.RIGHT, word, (seq - 1) % scope.slots, seq, places[other], kind == _TRIED)
