"""The record that is kept by turns as the device model sees it: what selector/DESIGN.md says of its 32 bytes.

Like abstraction.py it shares no code with impl, which could be wrong in the same way.
"""

import struct
import zlib

from ...model.device.records import Check, Word
from ...model.device.state import Scope
from .record_view import BLANK_RECORD, RecordView

_WORDS = 0xFFFFFFFF
_MARK = 0xB7
_FACTORY, _NONE = 16, 31
_NEW, _TRIED, _VALID, _SELECTED = 1, 2, 3, 4
_STATES = {_NEW: 0, _TRIED: 2, _VALID: 2, _SELECTED: _WORDS}
_ABORTED = 4


def turn_in_bytes(scope: Scope, entry: bytes) -> RecordView:
    """Return the record that 32 bytes hold, its number not ranked yet; blank unless it is whole."""
    seq, what, *complements, state, check = struct.unpack("<8I", entry)
    are_right = [word ^ other == _WORDS for word, other in zip((seq, what, state, check), complements, strict=True)]
    kind, other, current, mark = what.to_bytes(4, "little")
    places = {**{slot: slot for slot in range(scope.slots)}, _NONE: scope.nowhere}
    if scope.has_factory:
        places[_FACTORY] = scope.factory
    is_meant = mark == _MARK and kind in _STATES and other in places and current in places and current != _NONE
    if not all(are_right) or not is_meant or check != zlib.crc32(entry[:4], 0xFFFFFFFF):
        return BLANK_RECORD
    if state != (_ABORTED if current == _FACTORY else _STATES[kind]):
        return BLANK_RECORD
    word = Word(state) if state < Word.UNDEFINED else Word.UNDEFINED
    return RecordView(Check.RIGHT, word, (seq - 1) % scope.slots, seq, places[other], kind == _TRIED)
