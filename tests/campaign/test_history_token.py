"""History tokens: what they carry, and what is refused."""

import base64
import json
import zlib
from typing import Any

import pytest

from otaproof.campaign.history.history import History, SmallDevice, SmallImage, upgrade
from otaproof.campaign.history.history_replay import is_confirmed, replay_history, token_of
from otaproof.campaign.history.history_token import HistoryToken, decode_history_token, encode_history_token
from otaproof.campaign.history.player import StepOutcome
from otaproof.campaign.history.step import Step, StepCut, StepName
from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Config, Release, ResetReason

CONFIG = Config(
    rollback=True, anti_rollback=True, app_release=Release.V5_5, bootloader_release=Release.V5_5, secure_version_bits=4
)
IMAGES = (SmallImage(1), SmallImage(2, secure_version=1), SmallImage(3, 1200, flipped=900))
HISTORY = History(
    SmallDevice(CONFIG, (0, 1, 2), True, (("factory", 0), ("ota_2", 2)), (b"\x01" * 32, b"\xff" * 32), 0),
    IMAGES,
).then(
    Step(StepName.RESET),
    *upgrade(1, argument=None),
    Step(StepName.SET_BOOT, label="factory", cut=StepCut(1, Torn.parse("partial:7"))),
    Step(StepName.RESET, ResetReason.SOFTWARE),
    Step(StepName.COMMENCE, cut=StepCut(0, Torn.parse("mask:ff01"))),
    Step(StepName.RESET),
    Step(StepName.RESUME, offset=100),
    Step(StepName.WRITE_AT, image=1, offset=100, length=50),
    Step(StepName.SWITCH),
    Step(StepName.ABORT),
    Step(StepName.ERASE_LAST_BOOT),
    Step(StepName.COMPLETE, argument="x"),
    Step(StepName.POWER_OFF),
)
TOKEN = HistoryToken("C7", StepOutcome.CUT, None, HISTORY)


def unpacked(text: str) -> Any:
    """Return the JSON value in a token."""
    body = text.removeprefix("oth1.")
    return json.loads(zlib.decompress(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def packed(record: Any) -> str:
    """Return the token of a JSON value."""
    return "oth1." + base64.urlsafe_b64encode(zlib.compress(json.dumps(record).encode())).decode()


def test_token_carries_the_whole_history() -> None:
    """Everything comes back, and the world with it."""
    again = decode_history_token(encode_history_token(TOKEN))
    assert again == TOKEN
    assert again.history.dut.cells == HISTORY.dut.cells


def test_token_survives_white_space() -> None:
    """A line that a terminal has broken is put together again."""
    text = encode_history_token(TOKEN)
    assert TOKEN == decode_history_token(f" {text[:30]}\n  {text[30:]}\n")


def test_token_that_tells_another_end_is_not_confirmed() -> None:
    """The board has the last word."""
    played = replay_history(HISTORY)
    assert not is_confirmed(HistoryToken("C7", StepOutcome.RETURNED, "ota_0", HISTORY), played, None)
    assert is_confirmed(token_of(HISTORY, "C7"), played, None)
    assert not is_confirmed(token_of(HISTORY, "C3"), played, "C3")


def test_replay_says_that_the_board_does_not_confirm(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: the claim holds after all."""
    assert 0 == main(["replay", encode_history_token(token_of(HISTORY, "C3"))])
    assert "the board does not confirm C3" in capsys.readouterr().out


def test_history_that_claims_nothing_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    """As `otaproof explain` makes them for states that no fault has to lead to."""
    assert 0 == main(["replay", encode_history_token(token_of(HISTORY, ""))])
    assert "the board confirms this history" in capsys.readouterr().out


def test_replay_as_json_names_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    """For machines."""
    main(["replay", "--json", encode_history_token(token_of(HISTORY, "C3"))])
    said = json.loads(capsys.readouterr().out)
    assert len(HISTORY.steps) == len(said["steps"])
    assert [False, "cut"] == [said["confirmed"], said["outcome"]]


def places(record: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in a JSON value."""
    keys = record.keys() if isinstance(record, dict) else range(len(record)) if isinstance(record, list) else ()
    return [way, *(deeper for key in keys for deeper in places(record[key], (*way, key)))]


FORGED: list[Any] = [
    None,
    "x",
    "",
    -1,
    3,
    99,
    1.5,
    [],
    {},
    [[]],
    True,
    10**12,
    10**400,
    "9" * 5000,
    "é\n",
    "after",
    float("inf"),
]


@pytest.mark.parametrize("value", FORGED, ids=lambda value: repr(value)[:12])
def test_forged_token_plays_or_is_refused_in_one_line(value: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the place of one of its values, nothing but a verdict or one line of error comes of it."""
    plain = unpacked(encode_history_token(TOKEN))
    ways = [way for way in places(plain) if way]
    assert len(ways) > 60
    for *way, last in ways:
        record = json.loads(json.dumps(plain))
        inner = record
        for key in way:
            inner = inner[key]
        inner[last] = value
        assert main(["replay", packed(record)]) in (0, 1, 2)
        said = capsys.readouterr().err
        assert said.count("\n") <= 1
        assert len(said) < 300


@pytest.mark.parametrize(
    "text",
    [
        "oth1.",
        "oth1.%%%%",
        encode_history_token(TOKEN)[:-9],
        encode_history_token(TOKEN)[:40] + "AAAA" + encode_history_token(TOKEN)[44:],
        packed([]),
        packed({}),
        packed(None),
        "oth1." + base64.urlsafe_b64encode(zlib.compress(b"[" * 100_000)).decode(),
        "oth1." + base64.urlsafe_b64encode(zlib.compress(b" " * (1 << 22))).decode(),
    ],
    ids=str,
)
def test_damaged_token_is_refused_in_one_line(text: str) -> None:
    """A token that was cut off, mistyped, or made to hurt is not played as something else."""
    with pytest.raises(InputError, match="damaged") as caught:
        decode_history_token(text)
    assert "\n" not in str(caught.value)


def test_token_of_something_unknown_is_refused() -> None:
    """Neither a claim nor a case."""
    assert 2 == main(["replay", encode_history_token(token_of(HISTORY, "C99"))])


def test_cut_that_never_comes_is_refused() -> None:
    """A planned cut that never fires proves nothing."""
    late = HISTORY.then(Step(StepName.RESET, cut=StepCut(40, Torn.parse("after"))))
    assert 2 == main(["replay", encode_history_token(HistoryToken("C1", StepOutcome.CUT, None, late))])


def test_images_are_no_part_of_a_history_token(tmp_path: Any) -> None:
    """They are built from the token."""
    image = tmp_path / "app.bin"
    image.write_bytes(IMAGES[0].contents())
    assert 2 == main(["replay", "--image", str(image), encode_history_token(TOKEN)])


def test_flash_is_saved_as_the_history_left_it(tmp_path: Any) -> None:
    """For esptool, or for otaproof check --flash."""
    saved = tmp_path / "flash.bin"
    main(["replay", "--save-flash", str(saved), encode_history_token(token_of(HISTORY, "C7"))])
    assert replay_history(HISTORY).cells.to_bytes() == saved.read_bytes()
