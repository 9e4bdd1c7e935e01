"""History tokens: a device, its steps with all their power cuts, and what they show, in a line of text.

The text is "oth1." and the base64url of a deflated JSON list. All bytes of a history follow from it: its images are
built from their seeds. Every value is checked as it is read; what no history can have is refused in one line.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from ...impl.chip.efuse import Efuse
from ...impl.chip.flash import FailureExtent
from ...impl.chip.torn_operations import Torn
from ...impl.image.format import MIN_IMAGE_SIZE
from ...impl.otadata import ENTRY_SIZE
from ...impl.partitions.partition import MAX_OTA_SLOTS
from ...model.config import Config, Pin, ResetReason
from ...model.device.api_calls import RESUME_FROM
from ...model.ota_state import OtaImgState
from ..token_packing import pack_token, unpack_token
from ..token_text import decode_config, encode_config
from .history import BLANK_ENTRY, SLOT_SIZE, History, SmallDevice, SmallImage
from .player import StepOutcome
from .step import RUNNING, Step, StepCut, StepFailure, StepName

HISTORY_PREFIX = "oth1."
_MOST_STEPS = 10_000
_WORD = 1 << 32


@dataclass(frozen=True)
class HistoryToken:
    """A history token, taken apart."""

    shows: str
    """Id of the claim that is broken after the last step, or name of a known case; empty for no more than a history."""
    outcome: StepOutcome
    """How the last step ends."""
    running: str | None
    """Label of what runs then."""
    history: History


def encode_history_token(token: HistoryToken) -> str:
    """Return the text of a token."""
    return pack_token(HISTORY_PREFIX, record_of_token(token))


def decode_history_token(text: str) -> HistoryToken:
    """Return the token that a text holds; raises InputError for anything else."""
    return unpack_token(HISTORY_PREFIX, text, token_of_record)


def record_of_token(token: HistoryToken) -> list[object]:
    """Return the JSON value that stands for a token."""
    device = token.history.device
    return [
        token.shows,
        token.outcome.value,
        token.running,
        encode_config(device.config),
        list(device.slots),
        device.has_factory,
        [list(pair) for pair in device.holds],
        ["" if entry == BLANK_ENTRY else entry.hex() for entry in device.entries],
        device.efuse_bits,
        [[image.seed, image.size, image.secure_version, image.flipped] for image in token.history.images],
        [_encode_step(step) for step in token.history.steps],
    ]


def token_of_record(record: Any) -> HistoryToken:
    """Return the token that a JSON value stands for; raises ValueError, TypeError, LookupError for none."""
    shows, outcome, running, config, slots, has_factory, holds, entries, efuse_bits, images, steps = record
    if len(steps) > _MOST_STEPS:
        raise ValueError("too many steps")
    device = SmallDevice(
        _config(config),
        tuple(_number(slot, MAX_OTA_SLOTS) for slot in slots),
        _flag(has_factory),
        tuple((_text(label), _number(image)) for label, image in holds),
        _entries(entries),
        _number(efuse_bits),
    )
    history = History(
        device, tuple(_image(image) for image in images), tuple(_step(step, len(images)) for step in steps)
    )
    token = HistoryToken(_text(shows), StepOutcome(outcome), None if running is None else _text(running), history)
    _check(token)
    return token


def _check(token: HistoryToken) -> None:
    """Raise ValueError for values that do not go together."""
    device, images = token.history.device, token.history.images
    slots = device.slots
    if not slots or list(slots) != sorted(set(slots)):
        raise ValueError("the slots are not ascending")
    labels = {partition.label for partition in device.table if partition.is_app}
    if any(label not in labels or image >= len(images) for label, image in device.holds):
        raise ValueError("a partition or an image is missing")
    if any(step.name is StepName.SET_BOOT and step.label not in {RUNNING, *labels} for step in token.history.steps):
        raise ValueError("set_boot of a partition that is missing")
    if any(step.name is StepName.RESUME for step in token.history.steps) and device.config.app_release < RESUME_FROM:
        raise ValueError(f"esp_ota_resume before {RESUME_FROM.label}")
    if any(step.name is StepName.FLASH_SLOT and step.label not in labels for step in token.history.steps):
        raise ValueError("a tool flashes a partition that is missing")
    slot_labels = {partition.label for partition in device.table if partition.is_ota_slot}
    if any(step.name is StepName.OTATOOL and step.label not in slot_labels for step in token.history.steps):
        raise ValueError("otatool.py switches to a slot that is missing")
    if not images or not token.history.steps:
        raise ValueError("no image, or no step")
    Efuse(device.efuse_bits, device.config.secure_version_bits)


def _config(record: Any) -> Config:
    config = decode_config(record)
    if config.table_offset != Config().table_offset or not config.table_md5:
        raise ValueError("the partition table of a history lies at 0x8000")
    return config


def _entries(record: Any) -> tuple[bytes, bytes]:
    first, second = (bytes.fromhex(entry) if entry else BLANK_ENTRY for entry in record)
    if len(first) != ENTRY_SIZE or len(second) != ENTRY_SIZE:
        raise ValueError("an otadata entry is not 32 bytes")
    return first, second


def _image(record: Any) -> SmallImage:
    seed, size, secure_version, flipped = record
    if not MIN_IMAGE_SIZE <= _number(size) <= SLOT_SIZE:
        raise ValueError("an image does not fit")
    turned = None if flipped is None else _number(flipped, size)
    return SmallImage(_number(seed), size, _number(secure_version), turned)


def _encode_step(step: Step) -> list[object]:
    detail: object = None
    match step.name:
        case StepName.RESET:
            detail = step.reason.value if step.pin is None else [step.reason.value, step.pin.value]
        case StepName.WRITE | StepName.WRITE_AT:
            detail = [step.image, step.offset, step.length]
        case StepName.RESUME:
            detail = step.offset
        case StepName.COMPLETE:
            detail = step.argument
        case StepName.SET_BOOT | StepName.OTATOOL:
            detail = step.label
        case StepName.UPLOAD:
            detail = step.image
        case StepName.FLASH_SLOT:
            detail = [step.label, step.image]
        case StepName.WRITE_RECORD:
            state = [] if step.state == OtaImgState.UNDEFINED else [step.state]
            detail = [step.sector, step.seq, *state]
    cut: list[object] | None = None
    if step.cut is not None:
        cut = [step.cut.op, None if step.cut.torn is None else str(step.cut.torn), step.cut.efuse_done]
    failures = [[f.op, f.done.value, f.is_burn, *([True] if f.is_silent else ())] for f in step.failures]
    return [step.name.value, detail, cut, *([failures] if failures else [])]


def _step(record: Any, image_count: int) -> Step:
    failures = record[3] if len(record) == 4 else []
    return replace(_call(record[:3] if failures else record, image_count), failures=tuple(map(_failure, failures)))


def _failure(record: Any) -> StepFailure:
    op, done, is_burn, *silent = record
    (is_silent,) = silent or [False]
    return StepFailure(_number(op), FailureExtent(done), _flag(is_burn), _flag(is_silent))


def _call(record: Any, image_count: int) -> Step:
    name, detail, cut = record
    planned = None if cut is None else _cut(cut)
    match StepName(name):
        case StepName.RESET:
            reason, pin = detail if isinstance(detail, list) else (detail, None)
            return Step(StepName.RESET, ResetReason(reason), None if pin is None else Pin(pin), cut=planned)
        case StepName.WRITE | StepName.WRITE_AT as write:
            ends = (image_count, SLOT_SIZE + 1, SLOT_SIZE + 1)
            image, offset, length = (_number(value, end) for value, end in zip(detail, ends, strict=True))
            return Step(write, image=image, offset=offset, length=length, cut=planned)
        case StepName.RESUME:
            return Step(StepName.RESUME, offset=_number(detail, SLOT_SIZE + 1), cut=planned)
        case StepName.COMPLETE:
            return Step(StepName.COMPLETE, argument=_argument(detail), cut=planned)
        case StepName.SET_BOOT:
            return Step(StepName.SET_BOOT, label=_text(detail), cut=planned)
        case StepName.OTATOOL:
            return Step(StepName.OTATOOL, label=_text(detail))
        case StepName.UPLOAD:
            return Step(StepName.UPLOAD, image=_number(detail, image_count))
        case StepName.FLASH_SLOT:
            label, image = detail
            return Step(StepName.FLASH_SLOT, image=_number(image, image_count), label=_text(label))
        case StepName.WRITE_RECORD:
            sector, seq, *state = detail
            (word,) = state or [int(OtaImgState.UNDEFINED)]
            return Step(StepName.WRITE_RECORD, sector=_number(sector, 2), seq=_number(seq), state=_number(word))
        case known:
            if detail is not None:
                raise ValueError(f"{name} takes nothing")
            return Step(known, cut=planned)


def _cut(record: Any) -> StepCut:
    op, torn, efuse_done = record
    if torn is not None:
        tear = Torn.parse(_text(torn))
        _number(tear.length), _number(tear.page), _number(tear.pattern)
        if tear.page:
            raise ValueError("operations of a history are cut in their first page")
        return StepCut(_number(op), tear, None if efuse_done is None else _number(efuse_done))
    return StepCut(_number(op), None, _number(efuse_done))


def _argument(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) < _WORD:
        return value
    raise ValueError("no argument of complete()")


def _number(value: Any, end: int = _WORD) -> int:
    """Return a number from 0 to `end`, exclusive."""
    if type(value) is not int or not 0 <= value < end:
        raise ValueError("a number is out of range")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("a flag is neither true nor false")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 2 * SLOT_SIZE or not value.isprintable():
        raise TypeError("a text is none")
    return value
