"""What a bootloader is run on, in words."""

import struct

from ...impl.otadata import SEQ_EMPTY, ota_select_crc
from ...model.ota_state import OtaImgState
from .boot_cases import BLANK_APP, BootCase
from .otadata_pairs import BLANK_RECORD, RECORD_LAYOUT, OtadataPair

_NAMES = {int(state): state.name for state in OtaImgState}


def case_lines(case: OtadataPair | BootCase) -> tuple[str, ...]:
    """Return a line for the device and one for each record."""
    return (_device(case), *(f"record {number}: {_record(raw)}" for number, raw in enumerate(case.records)))


def _device(case: OtadataPair | BootCase) -> str:
    if isinstance(case, BootCase):
        damaged = ", ".join(map(str, case.damaged))
        images = f"; images that do not pass: app {damaged}" if damaged else ""
        apps = ", ".join("none" if version == BLANK_APP else str(version) for version in case.versions)
        versions = f"; secure versions of the apps: {apps}, of the eFuse: {case.burned}" if apps else ""
        return f"boot; partition table: {case.table}{f', {case.damage}' if case.damage else ''}{images}{versions}"
    slots = "no slot" if case.app_count == 0 else f"{case.app_count} slot{'' if case.app_count == 1 else 's'}"
    otadata = f"otadata of {case.otadata_size} bytes" if case.otadata_size else "no otadata"
    extra = "" if case.otadata_size == 0x2000 else f", {otadata}"
    factory = "a factory app" if case.has_factory else "no factory app"
    return f"selection; {slots}, {factory}{extra}{', flash encryption on' if case.is_encrypted else ''}"


def _record(raw: bytes) -> str:
    if raw == BLANK_RECORD:
        return "blank"
    number, label, state, check = struct.unpack(RECORD_LAYOUT, raw)
    right = ota_select_crc(number)
    found = "right" if check == right else "blank" if check == 0xFFFFFFFF else f"wrong (0x{check:08x})"
    words = [
        "number 0xffffffff (none)" if number == SEQ_EMPTY else f"number {number if number < 1 << 16 else hex(number)}",
        _NAMES.get(state, f"state 0x{state:08x}"),
        f"check word {found}",
        *([] if label == b"\xff" * len(label) else [f"label {label.hex()}"]),
    ]
    return ", ".join(words)
