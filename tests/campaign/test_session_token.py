"""Tokens of updates of bootloader and partition table, and playing them."""

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from otaproof.campaign.token_packing import pack_token
from otaproof.campaign.unsafe_update.brick_window import sweep_session
from otaproof.campaign.unsafe_update.session import SessionCut, SessionDevice, UpdateKind, play_session
from otaproof.campaign.unsafe_update.session_replay import SessionReplay, replay_session
from otaproof.campaign.unsafe_update.session_token import (
    SESSION_PREFIX,
    BootloaderNote,
    build_bootloader,
    decode_session_token,
    encode_session_token,
    make_session_token,
    session_of_token,
)
from otaproof.campaign.unsafe_update.settled_start import SettledStart, StartKind
from otaproof.errors import InputError
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.torn_operations import AFTER, Torn
from otaproof.impl.rom import read_bootloader
from otaproof.model.config import Chip
from otaproof.model.fault_model import FaultModel
from unsafe_updates import DEVICES, bootloader, bootloader_device, table_device

OWN_VALUES = 5
"""Values of a token before those of its device."""
END = 3
"""Number of esp_ota_end() in a session of one write()."""


def token_text(device: SessionDevice, cut: SessionCut | None, start: StartKind = StartKind.NO_APPLICATION) -> str:
    """Return a token of a device."""
    return encode_session_token(make_session_token(device, cut, start))


def replayed(text: str, files: tuple[bytes, ...] = ()) -> SessionReplay:
    """Return the replay of a token."""
    token = decode_session_token(text)
    return replay_session(token, session_of_token(token, files))


@pytest.mark.parametrize("name", DEVICES)
def test_token_carries_the_whole_session(name: str) -> None:
    """Everything but the bytes of images and bootloaders comes back, and with the files those too."""
    device, cut = DEVICES[name](), SessionCut(END, 0, Torn.parse("partial:7"))
    token = decode_session_token(token_text(device, cut, StartKind.PANICS))
    assert (device.kind, cut, StartKind.PANICS) == (token.kind, token.cut, token.start)
    files = [device.old, device.new, *(image.contents for image in device.dut.images)]
    again = session_of_token(token, files)
    assert device.dut.cells.to_bytes() == again.dut.cells.to_bytes()
    assert replace(device, dut=again.dut) == again


@pytest.mark.parametrize("name", DEVICES)
def test_each_end_of_a_run_of_cuts_is_replayed_as_it_was_decided(name: str) -> None:
    """By the token alone, without a file: a brick is a brick, and what starts is the same."""
    device = DEVICES[name]()
    found = sweep_session(device, play_session(device), FaultModel.F3, seed=0)
    seen = set()
    for run in found.outcomes():
        for place in (run.first, run.last):
            played = replayed(token_text(device, place.session_cut, place.start.kind))
            assert place.start.is_brick == played.start.is_brick
            if StartKind.OTHER_BOOTLOADER not in (place.start.kind, played.start.kind):
                assert place.start == played.start
            seen.add(place.start.kind)
    assert {StartKind.RUNS} < seen


@pytest.mark.parametrize("name", DEVICES)
def test_session_without_a_cut_is_replayed_too(name: str) -> None:
    """The device starts what it brought."""
    played = replayed(token_text(DEVICES[name](), None, StartKind.RUNS))
    assert StartKind.RUNS is played.start.kind
    assert ["esp_ota_begin(ota_1): ok", "esp_ota_end(): ok"] == [played.steps[at].text for at in (0, -1)]


def test_replay_shows_each_call_and_the_cut() -> None:
    """With its flash operations; write() calls in a row are one line."""
    device = replace(table_device(), dut=replace(table_device().dut, chunk=1000))
    calls = play_session(device)
    played = replayed(token_text(device, SessionCut(len(calls) - 1, 1, Torn.parse("prefix:32"))))
    texts = [step.text for step in played.steps]
    assert "esp_ota_write(), 4 calls: ok" == texts[2]
    assert "esp_ota_end(): THE POWER FAILS (operation 1, prefix:32)" == texts[-1]
    assert [False] * 3 + [True] == [step.is_cut for step in played.steps]
    assert ["e", "p"] == [op.kind.value for op in played.steps[-1].ops]
    assert len(play_session(device)) == len(calls) == 7


def test_token_that_says_otherwise_is_not_confirmed() -> None:
    """One that calls a brick what starts an application."""
    token = make_session_token(table_device(), None, StartKind.HANGS)
    played = replay_session(token, session_of_token(token))
    assert not played.is_as_told(token)
    assert played.is_as_told(replace(token, start=StartKind.RUNS))


@pytest.mark.parametrize(
    ("length", "size"), [(48, 48), (48, 80), (64, 64), (4096, 4128), (4096, 4127), (8192, 28672)], ids=str
)
@pytest.mark.parametrize("checksum", [0x00, 0x5A, 0xFF])
def test_bootloader_that_is_built_has_the_lengths_and_the_checksum_of_the_other(
    length: int, size: int, checksum: int
) -> None:
    """So the ROM starts it from the same byte on."""
    built = build_bootloader(Chip.ESP32C3, BootloaderNote(length, size, checksum, "0123abcd"))
    assert size == len(built)
    flash = Cells.erased(0x8000).with_bytes(0, built)
    started = read_bootloader(flash, 0, 0x8000)
    assert started is not None
    assert (length, checksum) == (len(started), started[-1])


def test_bootloader_is_known_by_its_file() -> None:
    """Another file does not stand for it."""
    device = bootloader_device()
    token = make_session_token(device, None, StartKind.RUNS)
    assert (device.old, device.new) == (
        session_of_token(token, [device.new, device.old]).old,
        session_of_token(token, [device.new]).new,
    )
    assert device.new != session_of_token(token, [bootloader(3)]).new


def places(record: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in a JSON value."""
    keys = record.keys() if isinstance(record, dict) else range(len(record)) if isinstance(record, list) else ()
    return [way, *(deeper for key in keys for deeper in places(record[key], (*way, key)))]


@pytest.mark.parametrize("value", [None, "x", -1, 99, 1.5, [], {}, True, 10**12], ids=repr)
@pytest.mark.parametrize("name", DEVICES)
def test_forged_token_plays_or_is_refused(name: str, value: Any) -> None:
    """Whatever stands in the place of one of its own values, nothing but an InputError comes of it.

    Those of the device are forged in the tests of the other tokens."""
    packed = token_text(DEVICES[name](), SessionCut(END, 1, AFTER)).removeprefix(SESSION_PREFIX)
    plain = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    ways = [way for way in places(json.loads(plain)) if way and way[0] < OWN_VALUES]
    assert len(ways) >= 12
    for *way, last in ways:
        record = json.loads(plain)
        inner = record
        for key in way:
            inner = inner[key]
        inner[last] = value
        try:
            replayed(pack_token(SESSION_PREFIX, record))
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (SessionCut(99, 0, AFTER), "cuts call 99"),
        (SessionCut(0, 99, AFTER), "never fired"),
        (SessionCut(2, 5, AFTER), "never fired"),
    ],
)
def test_token_of_a_cut_that_does_not_exist_is_refused(cut: SessionCut, message: str) -> None:
    """Operation 5 of a write() is not the one that comes fifth after it."""
    with pytest.raises(InputError, match=message):
        replayed(token_text(table_device(), cut))


def test_token_of_a_session_that_does_not_go_through_is_refused() -> None:
    """A table that the application does not take."""
    device = table_device()
    with pytest.raises(InputError, match="does not run on this device: esp_ota_end"):
        replayed(token_text(replace(device, new=b"\xaa\x50" + bytes(62)), None))


@pytest.mark.parametrize("text", ["", "otp1.", "ots1.", "ots1.%%%%"])
def test_damaged_token_is_refused_in_one_line(text: str) -> None:
    """A token that was cut off, or mistyped, is not played as something else."""
    with pytest.raises(InputError, match="token: "):
        decode_session_token(text)


def test_start_of_a_token_is_one_that_there_is() -> None:
    """Each name of StartKind survives."""
    device = table_device()
    for kind in StartKind:
        assert kind is decode_session_token(token_text(device, None, kind)).start
        assert SettledStart(kind).is_brick == (kind is not StartKind.RUNS)
    assert {UpdateKind.PARTITION_TABLE, UpdateKind.BOOTLOADER} == set(UpdateKind)
