"""Other programs that write flash: tools on a PC, while the chip waits for them and no program of its own runs.

A tool blanks otadata, as `idf.py flash` does with ota_data_initial.bin, or flashes a slot with a whole image, which
then counts as provisioned. Whoever does so asks for another start than was expected. Source: IDF-OTA-OTATOOL.
"""

from dataclasses import replace

from ..terms.terms import fact, number
from .action import Action, Actions, Kind
from .allowance import Allowance
from .device_parts import without_origin
from .records import BLANK
from .state import Content, Device, Expectation, Scope, Slot, Task


def other_writers(scope: Scope, device: Device) -> Actions:
    """Yield what tools write, where the scope allows them."""
    if Allowance.OTHER_WRITERS not in scope.allows:
        return
    nowhere = number(scope.nowhere)
    asked = replace(
        device,
        expectation=number(Expectation.NONE),
        expected=nowhere,
        previous=nowhere,
        old_choice=nowhere,
        new_choice=nowhere,
    )
    yield _written("tool_blanks_otadata", replace(asked, records=(BLANK, BLANK)))
    for place in range(scope.slots):
        for version in range(scope.versions if scope.config.anti_rollback else 1):
            suffix = f"_version_{version}" if scope.config.anti_rollback else ""
            flashed = without_origin(scope, _flashed(asked, place, version), number(place, scope.place_bits))
            yield _written(f"tool_flashes_ota_{place}{suffix}", flashed, place)


def _flashed(device: Device, place: int, version: int) -> Device:
    whole = Slot(number(Content.COMPLETE, 2), number(version), fact(True), fact(True), fact(False))
    slots = tuple(whole if index == place else slot for index, slot in enumerate(device.slots))
    return replace(device, slots=slots)


def _written(name: str, then: Device, place: int = 0) -> Action:
    return Action(name, (Task.OFF,), then.slot_count > place, then, Kind.WRITER, "IDF-OTA-OTATOOL")
