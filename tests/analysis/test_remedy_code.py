"""The C code of the disciplines, compiled against declarations of ESP-IDF and run: which calls it makes when."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from small_boards import Outline, with_records

from otaproof.analysis.remedy_code import WHOLE_UPDATE, code_of, whole_update_code
from otaproof.impl.board import App, Board
from otaproof.impl.esp_err import OtaError
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.model.config import Config
from otaproof.model.ota_state import OtaImgState
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
ERASE_MAIN = """
#include <stdio.h>
#include <stdlib.h>
extern unsigned char records[2][32];
int main(void)
{
    char line[131];
    while (fgets(line, sizeof(line), stdin)) {
        for (int i = 0; i < 64; i++) {
            char pair[3] = {line[2 * i], line[2 * i + 1], 0};
            records[i / 32][i % 32] = (unsigned char)strtoul(pair, 0, 16);
        }
        esp_ota_handle_t update = 0;
        esp_err_t err = begin_update(esp_ota_get_next_update_partition(0), &update);
        printf("%s\\n", err == ESP_OK ? "ok" : "error");
    }
    return 0;
}
"""
"""Reads pairs of records, in hex."""
WHOLE_MAIN = """
#include <stdio.h>
#include <stdlib.h>
extern unsigned state;
extern int end_error;
static int next(void *from, void *buffer, size_t size)
{
    (void)buffer, (void)size;
    int *left = from;
    return *left > 0 ? (*left)--, 100 : *left < -1 ? (*left)++, 100 : *left;
}
int main(int count, char **words)
{
    (void)count;
    state = (unsigned)strtoul(words[1], 0, 0);
    end_error = atoi(words[2]);
    int left = atoi(words[3]);
    esp_err_t err = update_over_the_air(next, &left);
    printf("%s", err == ESP_OK ? "ok" : "error");
    return 0;
}
"""
"""Downloads so many parts, or where that is negative, one fewer before an error."""
BEFORE_5_5 = "-DESP_IDF_VERSION=0x050103"
TESTING, VALID, UNDEFINED = 1, 2, 0xFFFFFFFF
BEGIN, FINISH = "begin_update(0, &update)", "finish_update(update, 0)"


def compiled(code: str, folder: Path, *flags: str) -> Path:
    """Return a program of this code and the fakes of ESP-IDF."""
    assert COMPILER is not None
    source, program = folder / "code.c", folder / "program"
    source.write_text(code)
    flags = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-I", str(STUB), *flags)
    subprocess.run([COMPILER, *flags, str(source), str(STUB / "fakes.c"), "-o", str(program)], check=True)
    return program


def told(program: Path, *words: object, lines: str = "") -> str:
    """Return what a program prints."""
    command = [str(program), *map(str, words)]
    run = subprocess.run(command, check=True, input=lines, capture_output=True, text=True, timeout=10)
    return run.stdout


def test_every_discipline_has_code() -> None:
    """But those that are nothing to be called; it is printed at 80 columns."""
    assert 76 >= max(len(line) for remedy in Remedy for line in (code_of(remedy) or "").splitlines())
    assert WITHOUT_CODE == {remedy for remedy in Remedy if code_of(remedy) is None}
    assert {remedy for remedy in Remedy if REMEDIES[remedy].kind is RemedyKind.PATCH} <= WITHOUT_CODE


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc)")
@pytest.mark.parametrize(
    ("remedy", "call", "situation", "made"),
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
    remedy: Remedy, call: str, situation: tuple[int, ...], made: str, tmp_path: Path
) -> None:
    """situation: state of the running image, another is marked, flag in NVS, errors of the erase and of the end."""
    assert made == told(compiled(f"{code_of(remedy)}\n{MAIN.format(call=call)}", tmp_path), *situation)


def random_records(random: Random) -> tuple[bytes, bytes]:
    """Return two records with numbers that are near each other, blank ones and wrong check words among them."""

    def record() -> bytes:
        entry = make_entry(random.randrange(1, 6), random.choice([*OtaImgState, 77]))
        raw = encode_entry(replace(entry, crc=entry.crc ^ (random.random() < 0.2)))
        return b"\xff" * 32 if random.random() < 0.2 else raw

    return record(), record()


def erased_by_board(records: tuple[bytes, bytes]) -> str:
    """Return what esp_ota_erase_last_boot_app_partition() erases on a board that runs ota_0, as the fakes tell it."""
    board = Board.of_cells(with_records(Outline(2, has_factory=False).cells(), *records), Config())
    slot = next(partition for partition in Outline(2, has_factory=False).table if partition.label == "ota_0")
    app = App(board.flash, board.efuse, board.config, slot)
    board.flash.take_ops()
    try:
        app.ota.esp_ota_erase_last_boot_app_partition()
    except OtaError:
        return ""
    *image, record = (op.address for op in board.flash.take_ops())
    return f"{image[0]:x}+{len(image) * 0x1000:x} {record:x}+1000 "


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc)")
def test_erase_before_5_5_is_that_of_the_board(tmp_path: Path) -> None:
    """For a thousand pairs of records: the same sectors, in the same order, or none; then the update begins."""
    program = compiled(f"{code_of(Remedy.ERASE_LAST_BOOT)}\n{ERASE_MAIN}", tmp_path, BEFORE_5_5)
    random = Random(1)
    pairs = [random_records(random) for _ in range(1000)]
    lines = told(program, lines="".join(f"{(first + second).hex()}\n" for first, second in pairs)).splitlines()
    wanted = [f"{erased_by_board(pair)}begin ok" for pair in pairs]
    assert wanted == lines
    assert 100 < sum("+" in line for line in lines) < 900


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc)")
@pytest.mark.parametrize(
    ("remedies", "flags", "made"),
    [
        ((Remedy.RESTART_AT_ONCE,), (), "begin write write end set_boot restart"),
        (tuple(WHOLE_UPDATE), (), "erase_last_boot begin write write end set_boot restart"),
        (tuple(WHOLE_UPDATE), (BEFORE_5_5,), "begin write write end set_boot restart"),
    ],
)
def test_whole_update_restarts_as_soon_as_the_image_is_marked(
    remedies: tuple[Remedy, ...], flags: tuple[str, ...], made: str, tmp_path: Path
) -> None:
    """Or tells of an error, and marks nothing."""
    program = compiled(f"{whole_update_code(remedies)}\n{WHOLE_MAIN}", tmp_path, *flags)
    assert made == told(program, VALID, 0, 2)
    assert made.partition("write")[0] + "write write end error" == told(program, VALID, -1, 2)
    assert made.partition("write")[0] + "write write abort error" == told(program, VALID, 0, -3)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler (cc)")
def test_whole_update_settles_what_is_on_trial(tmp_path: Path) -> None:
    """By what the application finds of itself; else it does nothing."""
    settle = MAIN.format(call="settle_update(count == 6 ? works : fails)")
    helpers = "static bool works(void) { return true; }\nstatic bool fails(void) { return false; }\n"
    program = compiled(f"{whole_update_code(WHOLE_UPDATE)}\n{helpers}{settle}", tmp_path)
    assert "mark_valid ok" == told(program, TESTING, 0, 0, 0, 0)
    assert "roll_back ok" == told(program, TESTING, 0, 0, 0, 0, "fails")
    assert {"ok"} == {told(program, state, 0, 0, 0, 0) for state in (VALID, UNDEFINED)}


def test_whole_update_is_of_the_disciplines_that_it_can_keep() -> None:
    """At 80 columns, each include once; no other set."""
    for remedies in ((Remedy.RESTART_AT_ONCE,), tuple(WHOLE_UPDATE)):
        lines = whole_update_code(remedies).splitlines()
        includes = [line for line in lines if line.startswith("#include")]
        assert len(set(includes)) == len(includes)
        assert 76 >= max(map(len, lines))
    with pytest.raises(ValueError, match="no code of a whole update for"):
        whole_update_code((Remedy.RESTART_AT_ONCE, Remedy.NEVER_ROLLBACK))
    with pytest.raises(ValueError, match="no code of a whole update for"):
        whole_update_code((Remedy.ERASE_LAST_BOOT,))
