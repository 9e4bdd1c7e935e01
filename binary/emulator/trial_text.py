"""What a bootloader is run on, in words."""

import struct

from ...impl.otadata import SEQ_EMPTY, ota_select_crc
from ...model.config import ResetReason
from ...model.ota_state import OtaImgState
from .boot_cases import BLANK_APP, TABLES, BootCase
from .otadata_pairs import BLANK_RECORD, RECORD_LAYOUT, OtadataPair

_STATES = {int(state): state.name for state in OtaImgState}
_NAMES = {table: name for name, table in TABLES.items()}


def case_lines(case: OtadataPair | BootCase) -> tuple[str, ...]:
    """Return a line for the device and one for each record."""
    return (_device(case), *(f"record {number}: {_record(raw)}" for number, raw in enumerate(case.records)))


def _device(case: OtadataPair | BootCase) -> str:
    return _boot(case) if isinstance(case, BootCase) else _selection(case)


def _boot(case: BootCase) -> str:
    table = _NAMES.get(case.table) or ", ".join(partition.label for partition in case.table)
    start = "wake-up from deep sleep" if case.reason is ResetReason.DEEP_SLEEP else "boot"
    words = [f"{start}; partition table: {table}{case.damage and f', {case.damage}'}"]
    labels = [partition.label for partition in case.apps]
    versions = dict(zip(labels, case.versions, strict=False))
    if case.damaged:
        words.append(f"images that do not pass: {', '.join(labels[number] for number in case.damaged)}")
    blank = [label for label, version in versions.items() if version == BLANK_APP]
    if blank:
        words.append(f"no image: {', '.join(blank)}")
    if case.efuse_bits or any(version > 0 for version in versions.values()):
        told = (f"{label} {version}" for label, version in versions.items() if version != BLANK_APP)
        words.append(f"secure versions: {', '.join((*told, f'eFuse bits 0x{case.efuse_bits:x}'))}")
    return "; ".join(words)


def _selection(case: OtadataPair) -> str:
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
        _STATES.get(state, f"state 0x{state:08x}"),
        f"check word {found}",
        *([] if label == b"\xff" * len(label) else [f"label {label.hex()}"]),
    ]
    return ", ".join(words)
