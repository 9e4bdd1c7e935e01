"""Mutants of the C core: each has one rule wrong, and is found to differ from the board's twin."""

from pathlib import Path

import pytest
from selector_checks import check_calls, check_numbers, check_records, check_refusals, check_takeovers
from selector_core import NO_COMPILER, SOURCE, Core, build_core, has_compiler
from selector_histories import Difference, play

pytestmark = pytest.mark.skipif(not has_compiler(), reason=NO_COMPILER)

MUTANTS = [
    ("complement of the number not checked", "(record->not_seq == ~record->seq) && ", ""),
    ("complement of the state not checked", "(record->not_state == ~record->state) && ", ""),
    ("complement of the check word not checked", "&& (record->not_crc == ~record->crc);", ";"),
    ("complement of the word not checked", "&& (record->not_what == ~what)", ""),
    ("check word not checked", "(record->crc == crc) && (record->state", "(record->state"),
    ("mark not checked", "obt_is_state(what) && (kind", "(kind"),
    ("state word not checked", "&& (record->state == obt_image_state(what))", ""),
    ("kind not checked", " && (kind <= OBT_SELECTED)", ""),
    ("places not checked", "is_paired && is_placed", "is_paired"),
    ("writes the sector that decides", "(turn->sector ^ 1U);", "turn->sector;"),
    (
        "older record decides",
        "(records[0].seq < records[1].seq)",
        "(records[0].seq > records[1].seq)",
    ),
    ("number not above", "uint32_t seq = above + 1U;", "uint32_t seq = above;"),
    ("numbers never end", "(seq < OBT_SEQ_LIMIT) ? seq : 0U", "seq"),
    ("try is not noted", "if (!rollback || (obt_kind(what) != OBT_NEW))", "if (true)"),
    ("try forgets the way back", "(back == OBT_NO_PLACE) ? tried : back, tried", "tried, tried"),
    (
        "wrong kind on accept",
        "return state_of(OBT_VALID, running, back);",
        "return state_of(OBT_SELECTED, running, back);",
    ),
    (
        "accept forgets the way back",
        "return state_of(OBT_VALID, running, back);",
        "return obt_first(running);",
    ),
    (
        "begin leaves a selected slot",
        "return (running == OBT_NO_PLACE) ? OBT_INVALID_STATE : settled(running, rollback);",
        "return what;",
    ),
    (
        "begin leaves the way back",
        "obt_kind(what), current, OBT_NO_PLACE",
        "obt_kind(what), current, obt_other(what)",
    ),
    ("begin on trial", "{ return OBT_ROLLBACK_INVALID_STATE; }", "{ return what; }"),
    ("write into a selected slot", "is_named ? OBT_INVALID_STATE : OBT_OK", "OBT_OK"),
    ("set_boot on trial", "? what : OBT_ROLLBACK_INVALID_STATE", "? what : settled(target, rollback)"),
    ("set_boot accepts", "state_of(rollback ? OBT_NEW : OBT_SELECTED, target", "state_of(OBT_SELECTED, target"),
    ("refuse without a way back", "if (back == OBT_NO_PLACE) { return OBT_ROLLBACK_FAILED; }", ""),
    ("trial of what is not tried", "&& (tried == running);", ";"),
    ("takeover accepts a trial", "(image_state == OBT_IMG_PENDING_VERIFY) ? OBT_TRIED : OBT_VALID", "OBT_VALID"),
    (
        "takeover erases the record that decides",
        "&& !is_alone) ? (active ^ 1U) : active",
        "&& !is_alone) ? active : active",
    ),
    ("takeover goes back to a trial", "is_over ? OBT_NO_PLACE : places", "false ? OBT_NO_PLACE : places"),
    ("takeover by a refused record", "(record->state == OBT_IMG_INVALID) || ", ""),
    ("fallback leaves factory out", "if (number == below) { return OBT_FACTORY; }", ""),
    ("burns what a fallback starts", " && (obt_current(what) == started)", ""),
    ("forgets what runs", " && (other != running)", ""),
]


@pytest.mark.parametrize(("_", "old", "new"), MUTANTS, ids=[each[0] for each in MUTANTS])
def test_mutant_of_the_core_is_caught(_: str, old: str, new: str, tmp_path: Path) -> None:
    """A core with one rule wrong differs from the twin."""
    text = SOURCE.read_text()
    assert 1 == text.count(old)
    mutant = tmp_path / "mutant.c"
    mutant.write_text(text.replace(old, new))
    core = build_core(mutant, tmp_path, "-O1", "-Wno-unused")
    assert is_caught(core)


def is_caught(core: Core) -> bool:
    """Tell whether a core differs from the twin."""
    try:
        for seed in range(300):
            play(core, seed)
        check_refusals(core, True)
        check_records(core)
        check_numbers(core, 3)
        for rollback in (True, False):
            check_calls(core, rollback)
        check_takeovers(core, 2, True)
        for seed in range(300, 3_000):
            play(core, seed)
    except (AssertionError, Difference, ValueError):
        return True
    return False
