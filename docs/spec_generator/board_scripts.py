"""Short scripts on the simulated board, for cases that neither a recording nor a named case shows."""

from dataclasses import dataclass, replace

from otaproof.campaign.history.history import IMAGE_SIZE, History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import replay_history
from otaproof.campaign.history.step import Step, StepName
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.config import Config, Release, ResetReason
from otaproof.model.ota_state import OtaImgState

ON = Step(StepName.RESET)
RESTART = Step(StepName.RESET, ResetReason.SOFTWARE)
WAKE = Step(StepName.RESET, ResetReason.DEEP_SLEEP)
_BOTH = (("ota_0", 0), ("ota_1", 1))


@dataclass(frozen=True, slots=True)
class BoardScript:
    """One script."""

    name: str
    history: History
    runs: str
    """Label of the partition that runs at its end."""


def _config(*, rollback: bool = True, **options: bool) -> Config:
    return Config(rollback=rollback, app_release=Release.V6_1, bootloader_release=Release.V6_1, **options)  # type: ignore[arg-type]  # every option given here is a boolean


def _entries(*entries: tuple[int, OtaImgState], spoil: int = 0) -> tuple[bytes, bytes]:
    """Return two records; spoil: bits to flip in each check word."""
    first, second = (replace(entry, crc=entry.crc ^ spoil) for entry in (make_entry(*pair) for pair in entries))
    return encode_entry(first), encode_entry(second)


def _device(config: Config, entries: tuple[bytes, bytes] | None = None) -> History:
    images = tuple(SmallImage(number + 1) for number in range(3))
    if entries is None:
        return History(SmallDevice(config), images)
    return History(SmallDevice(config, holds=_BOTH, entries=entries), images)


_VALID, _ABORTED = OtaImgState.VALID, OtaImgState.ABORTED
_WRITTEN = upgrade(1)[:-1]
_COMMENCE = Step(StepName.COMMENCE)
_ALL_BUT_THE_END = Step(StepName.WRITE, image=2, offset=0, length=IMAGE_SIZE - 40)

SCRIPTS: tuple[BoardScript, ...] = (
    BoardScript("switch-without-effect", _device(_config(), _entries((1, _VALID), (4, _ABORTED))).then(ON), "ota_0"),
    BoardScript(
        "rolled-back-image-returns", _device(_config(), _entries((4, _VALID), (2, _ABORTED))).then(ON, RESTART), "ota_1"
    ),
    BoardScript("number-zero", _device(_config(), _entries((0, _VALID), (0, _VALID))).then(ON), "ota_1"),
    BoardScript(
        "wrong-check-words-stay",
        _device(_config(), _entries((1, _VALID), (2, _VALID), spoil=1)).then(ON, RESTART),
        "ota_0",
    ),
    BoardScript(
        "unverified-image-starts",
        _device(_config(skip_validate_always=True)).then(
            ON, *_WRITTEN, Step(StepName.COMPLETE), _COMMENCE, _ALL_BUT_THE_END, RESTART
        ),
        "ota_1",
    ),
    BoardScript("one-slot", History(SmallDevice(_config(), (0,)), (SmallImage(1),)).then(ON, _COMMENCE), "ota_0"),
    BoardScript(
        "wake-while-under-test",
        _device(_config(skip_validate_in_deep_sleep=True)).then(ON, *upgrade(1), RESTART, WAKE, WAKE),
        "ota_1",
    ),
)


def transcript(name: str) -> str:
    """Return the steps of a script on the board, one a line; raises ValueError if it ends differently."""
    script = next(script for script in SCRIPTS if script.name == name)
    played = replay_history(script.history)
    if played.running != script.runs:
        raise ValueError(f"{name}: {played.running} runs, not {script.runs}")
    entries = script.history.device.entries
    lines = [f"otadata[{n}]  {raw[:4].hex()} … {raw[24:28].hex()} {raw[28:].hex()}" for n, raw in enumerate(entries)]
    start = [] if set(entries[0] + entries[1]) == {0xFF} else lines
    return "\n".join([*start, *(f"{number}  {step.text}" for number, step in enumerate(played.steps, 1))])
