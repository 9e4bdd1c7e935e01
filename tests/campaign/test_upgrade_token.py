"""Replay tokens, and playing them."""

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from otaproof.campaign.history.step import ACCEPT, COMPLETE, POWER_ON, ROLLBACK
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.upgrade_replay import replay
from otaproof.campaign.upgrade.upgrade_token import CutPoint, decode_token, dut_of_token, encode_token, make_token
from otaproof.errors import InputError
from otaproof.impl.chip.torn_operations import Torn
from otaproof.model.config import Release
from worlds import small_world

CUT_IN_PENDING = CutPoint(4, 0, Torn.parse("after"))
"""Call 4 is the power-on after complete(): one write() brings the small image."""


def token_text(claim_id: str = "C4", cut: CutPoint = CUT_IN_PENDING, scenario: Scenario = Scenario.UPGRADE) -> str:
    """Return a token of the small device with rollback."""
    return encode_token(make_token(small_world(Release.V5_5, rollback=True), claim_id, scenario, cut))


def own_token_text() -> str:
    """Return a token of the same cut, in a script of a user's own that does the same."""
    world = small_world(Release.V5_5, rollback=True)
    return encode_token(make_token(world, "C4", script_of(Scenario.UPGRADE, world), CUT_IN_PENDING))


def test_token_carries_the_steps_of_a_users_own_script() -> None:
    """Each call as it was, writes in a row as one; the replay is that of the scenario."""
    world = small_world(Release.V5_5, rollback=True)
    script = (
        *script_of(Scenario.UPGRADE_AGAIN, replace(world, chunk=100)),
        ROLLBACK,
        replace(COMPLETE, argument="0x1"),
    )
    text = encode_token(make_token(world, "C4", script, CUT_IN_PENDING))
    assert script == decode_token(text).scenario
    assert len(text) < 2 * len(token_text())
    own, shipped = (decode_token(text) for text in (own_token_text(), token_text()))
    assert replay(own, dut_of_token(own)).observation == replay(shipped, dut_of_token(shipped)).observation


def test_script_without_an_update_has_no_replay() -> None:
    """There is nothing to judge a cut by."""
    world = small_world(Release.V5_5, rollback=True)
    token = make_token(world, "C4", (POWER_ON, ACCEPT), CutPoint(1, 0, None))
    with pytest.raises(InputError, match="it begins no update"):
        replay(token, world)


def test_token_carries_the_whole_world() -> None:
    """Everything but the bytes of the images comes back."""
    world = small_world(Release.V5_5, rollback=True)
    token = decode_token(token_text())
    again = dut_of_token(token, [image.contents for image in world.images])
    assert world == again
    assert ("C4", Scenario.UPGRADE, CUT_IN_PENDING) == (token.claim_id, token.scenario, token.cut)


def test_images_are_built_in_their_size_where_the_files_are_missing() -> None:
    """The replay needs no file."""
    world = small_world(Release.V5_5, rollback=True)
    again = dut_of_token(decode_token(token_text()))
    assert [len(image.contents) for image in world.images] == [len(image.contents) for image in again.images]
    assert world.images[0].contents != again.images[0].contents


def test_replay_confirms_the_violation() -> None:
    """The cut fires where the token says, the old image boots, and C4 is broken."""
    token = decode_token(token_text())
    played = replay(token, dut_of_token(token))
    assert not played.is_claim_kept
    assert ("ota_0", "ota_1") == (played.observation.future.boot.partition, played.observation.target)
    assert "THE POWER FAILS (operation 0, after)" in played.steps[-1].text


@pytest.mark.parametrize("claim_id", ["C4", "C7", "C17"])
def test_replay_of_a_harmless_cut_keeps_the_claim(claim_id: str) -> None:
    """One operation later the entry is whole again: the try is noted, and counts, though the image never ran."""
    token = decode_token(token_text(claim_id, cut=CutPoint(4, 1, Torn.parse("after"))))
    played = replay(token, dut_of_token(token))
    assert played.is_claim_kept
    assert (played.observation.is_tried, "ota_0") == (True, played.observation.future.boot.partition)


def test_reset_between_calls_is_replayed_too() -> None:
    """No operation is cut; the power goes after the call."""
    token = decode_token(token_text("C5", CutPoint(5, 2, None)))
    played = replay(token, dut_of_token(token))
    assert played.is_claim_kept
    assert "ota_1" == played.observation.accepted


def places(record: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value in a JSON value."""
    keys = record.keys() if isinstance(record, dict) else range(len(record)) if isinstance(record, list) else ()
    return [way, *(deeper for key in keys for deeper in places(record[key], (*way, key)))]


@pytest.mark.parametrize("value", [None, "x", -1, 99, 1.5, [], {}, True, 10**12], ids=repr)
@pytest.mark.parametrize("genuine", [token_text(), own_token_text()], ids=["scenario", "own steps"])
def test_forged_token_plays_or_is_refused(value: Any, genuine: str) -> None:
    """Whatever stands in the place of one of its values, nothing but an InputError comes of it."""
    packed = genuine.removeprefix("otp1.")
    plain = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    ways = [way for way in places(json.loads(plain)) if way]
    assert len(ways) > 50
    for *way, last in ways:
        record = json.loads(plain)
        inner = record
        for key in way:
            inner = inner[key]
        inner[last] = value
        text = "otp1." + base64.urlsafe_b64encode(zlib.compress(json.dumps(record).encode())).decode()
        try:
            token = decode_token(text)
            replay(token, dut_of_token(token))
        except InputError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not 'otp1.'"),
        ("hello", "not 'otp1.'"),
        ("otp1.", "damaged"),
        ("otp1.%%%%", "damaged"),
        (token_text()[:-9], "damaged"),
        (token_text()[:40] + "AAAA" + token_text()[44:], "damaged"),
    ],
)
def test_damaged_token_is_refused_in_one_line(text: str, message: str) -> None:
    """A token that was cut off, or mistyped, is not played as something else."""
    with pytest.raises(InputError, match=message) as caught:
        decode_token(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        (token_text("C99"), "claim C99"),
        (token_text(cut=CutPoint(99, 0, Torn.parse("after"))), "cuts call 99"),
        (token_text(cut=CutPoint(4, 9, Torn.parse("after"))), "never fired"),
    ],
)
def test_token_of_a_cut_that_does_not_exist_is_refused(token: str, message: str) -> None:
    """A planned cut that never fires proves nothing."""
    decoded = decode_token(token)
    with pytest.raises(InputError, match=message):
        replay(decoded, dut_of_token(decoded))


def test_token_that_unpacks_to_far_too_much_is_refused() -> None:
    """A few bytes that stand for megabytes."""
    bomb = "otp1." + base64.urlsafe_b64encode(zlib.compress(b" " * (1 << 22))).decode()
    with pytest.raises(InputError, match="far too long"):
        decode_token(bomb)
