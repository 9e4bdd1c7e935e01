"""Other programs that write flash: tools on a PC, while the chip waits for them and no program of its own runs.

A tool blanks otadata, as `idf.py flash` does with ota_data_initial.bin, or flashes a slot with a whole image, which
then counts as provisioned. Another program selects a slot that holds a whole image, by a record with a number at an end
of the range (end_numbers.py) and the state word of erased flash, as otatool.py leaves it. Whoever does so asks for
another start than was expected. Source: IDF-OTA-OTATOOL.
"""

from dataclasses import replace
from itertools import product

from ..terms.terms import Bool, fact, number
from .action import Action, Actions, Kind
from .allowance import Allowance
from .device_parts import with_record, with_slot, without_origin
from .end_numbers import end_values, slot_named
from .records import BLANK, Check, Record, Sector, Word
from .state import Content, Device, Expectation, Scope, Slot, Task


def other_writers(scope: Scope, device: Device) -> Actions:
    """Yield what tools write, where the scope allows them."""
    nowhere = number(scope.nowhere)
    asked = replace(
        device,
        expectation=number(Expectation.NONE),
        expected=nowhere,
        previous=nowhere,
        old_choice=nowhere,
        new_choice=nowhere,
    )
    if Allowance.OTHER_WRITERS in scope.allows:
        yield _written("tool_blanks_otadata", replace(asked, records=(BLANK, BLANK)))
        yield from _flashed_slots(scope, asked)
    if scope.has_end_numbers:
        yield from _end_records(scope, asked)


def _flashed_slots(scope: Scope, asked: Device) -> Actions:
    for place in range(scope.slots):
        for version in range(scope.versions if scope.config.anti_rollback else 1):
            suffix = f"_version_{version}" if scope.config.anti_rollback else ""
            flashed = without_origin(scope, _flashed(asked, place, version), number(place, scope.place_bits))
            yield _written(f"tool_flashes_ota_{place}{suffix}", flashed, place)


def _end_records(scope: Scope, asked: Device) -> Actions:
    """Yield the writes of one record, with each number at an end in each sector; the other record stays.

    The image verifies, and counts as provisioned: whoever selects it vouches for it."""
    for sector, (text, value) in product(Sector, end_values(scope)):
        place = slot_named(scope, value)
        slot = number(place, scope.slot_bits)
        vouched = replace(asked.slots[place], is_finished=fact(True), is_earned=fact(True), is_rejected=fact(False))
        new = Record(number(Check.RIGHT, 2), number(Word.UNDEFINED, 3), slot, number(value, scope.seq_bits))
        then = replace(
            asked,
            records=with_record(asked, number(sector), new),
            slots=with_slot(asked, slot, vouched),
        )
        yield _written(f"tool_writes_{text}_in_{sector.name.lower()}", then, when=asked.slots[place].is_complete)


def _flashed(device: Device, place: int, version: int) -> Device:
    whole = Slot(number(Content.COMPLETE, 2), number(version), fact(True), fact(True), fact(False))
    slots = tuple(whole if index == place else slot for index, slot in enumerate(device.slots))
    return replace(device, slots=slots)


def _written(name: str, then: Device, place: int = 0, when: Bool | None = None) -> Action:
    is_there = then.slot_count > place
    when = is_there if when is None else when & is_there
    return Action(name, (Task.OFF,), when, then, Kind.WRITER, "IDF-OTA-OTATOOL")
