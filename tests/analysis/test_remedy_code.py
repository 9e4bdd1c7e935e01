"""The C code of the disciplines, compiled against declarations of ESP-IDF and run: which calls it makes when."""

import shutil
import subprocess
from pathlib import Path

import pytest

from otaproof.analysis.remedy_code import code_of
from otaproof.model.remedies import REMEDIES, Remedy, RemedyKind
from places import DATA

STUB = DATA / "esp_ota_stub"
COMPILER = shutil.which("cc")
WITHOUT_CODE = {Remedy.NEVER_ROLLBACK, Remedy.NOTE_IN_PLACE}
"""A call that is never made, and a patch of the bootloader."""
MAIN = """
#include <stdio.h>
#include <stdlib.h>
extern unsigned state;
extern int other_is_marked, flag, erase_error, end_error;
int main(int count, char **words)
{{
    (void)count;
    state = (unsigned)strtoul(words[1], 0, 0);
    other_is_marked = atoi(words[2]);
    flag = atoi(words[3]);
    erase_error = atoi(words[4]);
    end_error = atoi(words[5]);
    esp_ota_handle_t update = 0;
    (void)update;
    esp_err_t err = {call};
    printf("%s", err == ESP_OK ? "ok" : "error");
    return 0;
}}
"""
TESTING, VALID, UNDEFINED = 1, 2, 0xFFFFFFFF
BEGIN, FINISH = "begin_update(0, &update)", "finish_update(update, 0)"


def calls(remedy: Remedy, call: str, folder: Path, *situation: int) -> str:
    """Return the calls of ESP-IDF that one function of the code makes, and whether it returns an error."""
    assert COMPILER is not None
    source = folder / "code.c"
    source.write_text(f"{code_of(remedy)}\n{MAIN.format(call=call)}")
    program = folder / "program"
    flags = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-I", str(STUB))
    subprocess.run([COMPILER, *flags, str(source), str(STUB / "fakes.c"), "-o", str(program)], check=True)
    told = subprocess.run([program, *map(str, situation)], check=True, capture_output=True, text=True, timeout=10)
    return told.stdout


def test_every_discipline_has_code() -> None:
    """But those that are nothing to be called; it is printed at 80 columns."""
    assert 76 >= max(len(line) for remedy in Remedy for line in (code_of(remedy) or "").splitlines())
    assert WITHOUT_CODE == {remedy for remedy in Remedy if code_of(remedy) is None}
    assert {remedy for remedy in Remedy if REMEDIES[remedy].kind is RemedyKind.PATCH} <= WITHOUT_CODE


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc)")
@pytest.mark.parametrize(
    ("remedy", "call", "situation", "told"),
    [
        (Remedy.RESTART_AT_ONCE, FINISH, (VALID, 0, 0, 0, 0), "end set_boot restart"),
        (Remedy.RESTART_AT_ONCE, FINISH, (VALID, 0, 0, 0, -1), "end error"),
        (Remedy.ERASE_LAST_BOOT, BEGIN, (TESTING, 0, 0, 0, 0), "error"),
        (Remedy.ERASE_LAST_BOOT, BEGIN, (VALID, 0, 0, 0, 0), "erase_last_boot begin ok"),
        (Remedy.ERASE_LAST_BOOT, BEGIN, (UNDEFINED, 0, 0, -1, 0), "erase_last_boot begin ok"),
        (Remedy.ERASE_LAST_BOOT, BEGIN, (VALID, 0, 0, 7, 0), "erase_last_boot error"),
        (Remedy.ACCEPT_ON_TRIAL, "accept_update()", (TESTING, 0, 0, 0, 0), "mark_valid ok"),
        (Remedy.ACCEPT_ON_TRIAL, "accept_update()", (UNDEFINED, 0, 0, 0, 0), "ok"),
        (Remedy.ROLLBACK_ON_TRIAL, "give_up_update()", (TESTING, 0, 0, 0, 0), "roll_back ok"),
        (Remedy.ROLLBACK_ON_TRIAL, "give_up_update()", (VALID, 0, 0, 0, 0), "error"),
        (Remedy.ROLLBACK_IF_SELECTED, "go_back()", (VALID, 0, 0, 0, 0), "roll_back ok"),
        (Remedy.ROLLBACK_IF_SELECTED, "go_back()", (VALID, 1, 0, 0, 0), "error"),
        (Remedy.COMMENCE_IF_SELECTED, BEGIN, (VALID, 0, 0, 0, 0), "begin ok"),
        (Remedy.COMMENCE_IF_SELECTED, BEGIN, (VALID, 1, 0, 0, 0), "error"),
        (Remedy.FLAG_DOWNLOAD, "begin_update(0, 0, &update)", (VALID, 0, 0, 0, 0), "set_flag commit begin ok"),
        (Remedy.FLAG_DOWNLOAD, "finish_update(0, update, 0)", (VALID, 0, 1, 0, 0), "end set_boot clear_flag commit ok"),
        (Remedy.FLAG_DOWNLOAD, "finish_update(0, update, 0)", (VALID, 0, 1, 0, -1), "end error"),
        (Remedy.FLAG_DOWNLOAD, "go_back(0)", (VALID, 0, 1, 0, 0), "error"),
        (Remedy.FLAG_DOWNLOAD, "go_back(0)", (VALID, 0, 0, 0, 0), "roll_back ok"),
        (Remedy.FLAG_DOWNLOAD, "go_back(0)", (VALID, 0, -1, 0, 0), "roll_back ok"),
    ],
)
def test_calls_are_those_that_the_discipline_permits(
    remedy: Remedy, call: str, situation: tuple[int, ...], told: str, tmp_path: Path
) -> None:
    """situation: state of the running image, another is marked, flag in NVS, errors of the erase and of the end."""
    assert told == calls(remedy, call, tmp_path, *situation)
