"""selector/UPSTREAM.md says what is so: its tokens play what they stand under, its patch is one for its release."""

import re

import pytest
from selector_upstream import PAGE, PATCH

from otaproof.cli.main import main
from otaproof.impl.otadata import NOTE_AT

PLAYED = re.findall(r"^\*\*(C\d+)\.\*\* (?s:.*?)^otaproof replay (\S+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("claim", "token"), PLAYED, ids=[claim for claim, _ in PLAYED])
def test_a_token_breaks_the_claim_that_it_stands_under(
    claim: str, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the board, too."""
    assert main(["replay", token]) == 1
    assert f"the board confirms {claim}" in capsys.readouterr().out


def test_every_claim_of_the_page_has_a_token() -> None:
    """Each its own."""
    assert len({token for _, token in PLAYED}) == len(PLAYED) == PAGE.count("otaproof replay ") == 9


def test_the_patch_is_well_formed() -> None:
    """Each hunk has as many lines as its head says."""
    hunks = re.split(r"^@@ -\d+,(\d+) \+\d+,(\d+) @@.*\n", PATCH, flags=re.MULTILINE)
    for old, new, body in zip(hunks[1::3], hunks[2::3], hunks[3::3], strict=True):
        lines = [line for line in body.splitlines() if not line.startswith(("---", "+++"))]
        assert len([line for line in lines if line[:1] in (" ", "-", "")]) == int(old)
        assert len([line for line in lines if line[:1] in (" ", "+", "")]) == int(new)


def test_the_patch_notes_the_byte_that_the_board_does() -> None:
    """The last one of the label: byte 23, which a word of 0x00FFFFFF before the state programs."""
    state_at, note = 24, re.findall(r"uint32_t note = (0x\w+);", PATCH)
    programmed = [at for at, byte in enumerate(int(note[0], 16).to_bytes(4, "little")) if byte != 0xFF]
    assert [state_at - 4 + at for at in programmed] == [NOTE_AT]
