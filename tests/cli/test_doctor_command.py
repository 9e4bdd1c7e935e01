"""`otaproof doctor` as a user runs it: exit codes, text, what is ignored, releases, and one line for bad input."""

import json
from pathlib import Path

import pytest
from doctor_projects import OPTIONS, TABLE, TWO_SLOTS, Broken, make_image, make_project, write

from otaproof.cli.main import main
from otaproof.impl.partitions.csv_format import parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.project.doctor.diagnosis import RULES
from places import REAL, ROOT

SLOTS = "app0,app,ota_0,0x10000,64K\napp1,app,ota_1,,64K\n"
NO_ROLLBACK = Broken({"BOOTLOADER_APP_ROLLBACK_ENABLE": "n"})


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A project that nothing is wrong with."""
    return make_project(tmp_path / "sound")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A project with one error, an otadata of one sector."""
    return make_project(tmp_path / "broken", Broken(table=TABLE.replace("0x2000", "0x1000")))


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Run the doctor; return exit code and what it prints."""
    code = main(["doctor", *map(str, arguments)])
    return code, capsys.readouterr().out


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run the doctor on bad input; return its one line, after a look at the exit code."""
    assert 2 == main(["doctor", *map(str, arguments)])
    captured = capsys.readouterr()
    assert "" == captured.out and 1 == captured.err.count("\n")
    return captured.err


def fired(capsys: pytest.CaptureFixture[str], *arguments: object) -> set[str]:
    """Run the doctor; return the rules that fired."""
    main(["doctor", *map(str, arguments), "--json"])
    return {finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]}


def test_sound_project_exits_with_0(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Notes do not count."""
    code, text = run(capsys, sound)
    assert 0 == code
    assert f"{sound}: 0 errors, 0 warnings, 3 notes; {len(RULES)} of {len(RULES)} rules looked at" in " ".join(
        text.split()
    )


def test_error_exits_with_1(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is told with place, reason, remedy and source."""
    code, text = run(capsys, broken)
    assert 1 == code
    assert "error    D44  otadata of the wrong size" in text
    assert f"{broken / 'partitions.csv'}:3: 'otadata' has 0x1000 bytes, not 0x2000" in text
    assert "do     Make it 0x2000." in text


def test_warning_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rollback is off."""
    assert 1 == run(capsys, make_project(tmp_path, NO_ROLLBACK))[0]


def test_ignored_rule_is_not_asked(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the report says so."""
    code, text = run(capsys, broken, "--ignore", "d44,D20", "--ignore", "D33")
    assert 0 == code
    assert "3 rules ignored on request" in text


def test_notes_are_explained_on_request(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Otherwise a line each."""
    assert ("why" in run(capsys, sound)[1], "why" in run(capsys, sound, "--notes")[1]) == (False, True)


def test_rules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a project."""
    code, text = run(capsys, "--rules")
    assert 0 == code and all(f"{rule.id}  {rule.title}" in text for rule in RULES)


def test_table_alone_is_inconclusive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is wrong with it, but no option was seen."""
    write(tmp_path / "table.csv", TABLE)
    code, text = run(capsys, "--partitions", tmp_path / "table.csv")
    assert 3 == code
    assert "not looked at, for want of the options" in text


def test_fault_of_a_table_alone_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A violation is one, however little else is known."""
    write(tmp_path / "table.csv", TABLE.replace("ota_1, ", "ota_2, "))
    assert 1 == run(capsys, "--partitions", tmp_path / "table.csv")[0]


def test_files_of_a_release_are_found_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As PlatformIO and Arduino name them; the image tells of rollback and release, and never calls esp_ota_begin."""
    text = b"OTA verification failed! Start rollback to the previous version ..."
    write(tmp_path / "firmware.bin", make_image(text=text, idf="v4.4.7"))
    write(tmp_path / "partitions.bin", encode_table(parse_csv(TABLE.encode())))
    write(tmp_path / "bootloader.bin", b"\xe9" * 100)
    assert {"D20", "D34", "D80"} == fired(capsys, tmp_path)
    for said in (("--accepts", "yes"), ("--updater", "arduino-on-trial")):
        assert {"D20", "D34"} == fired(capsys, tmp_path, *said)


@pytest.mark.parametrize("release", ["5.1", "5.5", "6.1"])
def test_rules_on_esp_ota_begin_are_silent_of_an_application_that_never_calls_it(
    release: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """D32, D33 and D35, unless the library is named otherwise."""
    write(tmp_path / "firmware.bin", make_image(text=b"Could Not Activate The Firmware"))
    write(tmp_path / "partitions.bin", encode_table(parse_csv(TABLE.encode())))
    given = (tmp_path, "--rollback", "--idf", release)
    assert set() == fired(capsys, *given) & {"D32", "D33", "D35"}
    assert set() < fired(capsys, *given, "--updater", "esp-idf") & {"D32", "D33", "D35"}


def test_image_that_tells_nothing_leaves_rollback_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither "rollback is off" nor anything about trials may be said."""
    write(tmp_path / "firmware.bin", make_image())
    write(tmp_path / "partitions.bin", encode_table(parse_csv(TABLE.encode())))
    assert set() == fired(capsys, tmp_path)
    assert {"D14"} == fired(capsys, tmp_path, "--no-rollback") - {"D67"}


def test_fragment_overrules_the_project(sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As CI jobs lay one over another."""
    write(tmp_path / "sdkconfig.ci", "CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=y\n")
    assert {"D58"} <= fired(capsys, sound, "--sdkconfig", tmp_path / "sdkconfig.ci")


def test_built_in_table_is_named_at_the_line_that_chooses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no file of the project's."""
    write(tmp_path / "sdkconfig.defaults", "CONFIG_PARTITION_TABLE_SINGLE_APP=y\n")
    text = run(capsys, tmp_path)[1]
    assert "sdkconfig.defaults:1: ESP-IDF's table SINGLE_APP has no OTA slot" in text


def test_default_flash_size_counts_in_a_project_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kconfig's 2 MB say nothing of a device whose options nobody knows."""
    table = write_table(tmp_path, TABLE + "disk,data,fat,,2M\n")
    project = tmp_path / "project"
    options = {name: "" for name in OPTIONS if name.startswith("ESPTOOLPY")}
    make_project(project, Broken(options))
    # The header of a bootloader that was built would go before a default.
    (project / "build/bootloader/bootloader.bin").unlink()
    assert ("D52" in fired(capsys, project, "--partitions", table), True) == (
        True,
        "D52" not in fired(capsys, "--partitions", table, "--rollback"),
    )


def test_said_acceptance_overrules_what_the_sources_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A component that is not in the project may do it."""
    project = make_project(tmp_path, Broken(source="int main;\n"))
    assert [True, False] == ["D16" in fired(capsys, project, *more) for more in ((), ("--accepts", "yes"))]


def test_sources_in_build_do_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Generated, or somebody else's."""
    project = make_project(tmp_path, Broken(source="int main;\n"))
    write(project / "build/generated.c", "esp_ota_mark_app_valid_cancel_rollback();\n")
    assert "D16" in fired(capsys, project)


def test_nodemcu_s_lua_accepts_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """otaupgrade.accept() in a script."""
    project = make_project(tmp_path, Broken(source="int main;\n"))
    write(project / "lua/init.lua", "otaupgrade.accept()\n")
    assert "D16" not in fired(capsys, project)


def test_old_name_counts_for_the_new_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ESP-IDF maps it."""
    write(tmp_path / "sdkconfig", "CONFIG_APP_ROLLBACK_ENABLE=y\nCONFIG_PARTITION_TABLE_TWO_OTA=y\n")
    rules = fired(capsys, tmp_path)
    assert "D01" in rules and "D14" not in rules


def test_block_of_old_names_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every sdkconfig ends with one."""
    block = (
        "# Deprecated options for backward compatibility\n# CONFIG_APP_ROLLBACK_ENABLE is not set\n"
        "# End of deprecated options\n"
    )
    assert not {"D01", "D02"} & fired(capsys, make_project(tmp_path, Broken(sdkconfig=block)))


def test_markup_in_a_name_is_printed_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """rich would take [red] for a colour."""
    table = TABLE.replace("otadata, ", "[red]x, ").replace("0x2000", "0x1000")
    assert "'[red]x' has 0x1000 bytes" in run(capsys, make_project(tmp_path, Broken(table=table)))[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to look at"),
        (("nowhere",), "nowhere: no such file or directory"),
        ((".",), "neither sdkconfig nor sdkconfig.defaults"),
        (("--partitions", "nowhere.csv"), "nowhere.csv: no such file"),
        (("--running", "nowhere.bin"), "nowhere.bin: no such file"),
        (("--ignore", "D99", "--partitions", "x"), "--ignore: D99 is no rule"),
        (("--idf", "banana", "--partitions", "x"), "--idf: 'banana' is no ESP-IDF release"),
        (("--config", "X", "--partitions", "x"), "--config: 'X' is no option"),
        (("--sarif", "nowhere/x.sarif", "--partitions", "x"), "--sarif: nowhere is no directory"),
    ],
)
def test_bad_usage_is_one_line(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is wrong and what is wanted."""
    monkeypatch.chdir(tmp_path)
    assert said in refusal(capsys, *arguments)


@pytest.mark.parametrize(
    ("name", "contents", "said"),
    [
        ("sdkconfig", b"CONFIG_A=y\n\xff", "sdkconfig:2: byte 0xff is no UTF-8"),
        ("sdkconfig", b'CONFIG_PARTITION_TABLE_CUSTOM=y\nCONFIG_PARTITION_TABLE_CUSTOM_FILENAME="a"\n', "no such file"),
        ("partitions.csv", b"\0\1\2", "neither a CSV nor a binary partition table"),
        ("partitions.csv", b"", "is empty"),
        ("partitions.csv", b"\xaa\x50" + b"\0" * 30, "no terminating row"),
        ("build/app.bin", b"MZ", "build: several|byte 0 is 0x4d"),
        ("build/app.bin", b"\xe9\1", "cut off"),
        ("build/flasher_args.json", b"{", "no JSON"),
        ("build/bootloader/config/sdkconfig.h", b"#define CONFIG_\xff", "no UTF-8"),
        ("build/bootloader/config/sdkconfig.h", b"{nonsense", "no JSON"),
    ],
)
def test_bad_file_is_one_line(
    name: str, contents: bytes, said: str, sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file, the place in it, what is wrong."""
    write(sound / name, contents)
    line = refusal(capsys, sound)
    assert any(part in line for part in said.split("|")) and str(sound) in line


@pytest.mark.parametrize("flashed", ['{"partition-table": 3}', '{"partition-table": {"offset": "x"}}', "[]", "{}"])
def test_strange_description_of_the_build_is_passed_over(
    flashed: str, sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says nothing of the offset then."""
    write(sound / "build/flasher_args.json", flashed)
    assert "D70" not in fired(capsys, sound)


def test_example_of_the_repository_is_warned_of_its_release(capsys: pytest.CaptureFixture[str]) -> None:
    """5.1.3 with rollback: an unfinished image can boot."""
    warnings = {rule.id for rule in RULES if rule.severity.value != "note"}
    assert {"D32"} >= fired(capsys, ROOT / "examples/two-slot", "--accepts", "yes") & warnings


@pytest.mark.skipif(not REAL.exists(), reason="real files do not lie beside the repository")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("idf/native_ota_example",), {"D14", "D67"}),
        (("idf/advanced_https_ota",), {"D14", "D68"}),
        (("cyd-photo-frame/v0.1.3",), {"D20", "D34", "D80"}),
        (("cyd-photo-frame/v0.1.4",), {"D20", "D34", "D80"}),
    ],
)
def test_real_project_gives_what_is_true_of_it(
    arguments: tuple[str, ...], expected: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """ESP-IDF's examples leave rollback off; the photo frame is Arduino on 4.4."""
    assert expected == fired(capsys, *(REAL / argument for argument in arguments))


def test_two_slots_are_sound_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other usual layout."""
    assert 0 == run(capsys, make_project(tmp_path, Broken(table=TWO_SLOTS)))[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_table_in_any_encoding_has_its_lines(encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What editors on Windows write."""
    write(tmp_path / "table.csv", TABLE.replace("ota_1, ", "ota_2, ").encode(encoding))
    assert "table.csv:6: 'ota_2' is ota_2" in run(capsys, "--partitions", tmp_path / "table.csv")[1]


def write_table(directory: Path, csv: str) -> Path:
    """Return the file, written."""
    write(directory / "table.csv", csv)
    return directory / "table.csv"


def test_sketch_that_was_not_built_is_accepted_by_the_core(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its libraries have rollback, and accept; where the sketch keeps them from it, its own call is looked for."""
    write(tmp_path / "platformio.ini", "[env:node]\nboard=esp32dev\nframework=arduino\nboard_build.partitions=t.csv\n")
    write(tmp_path / "t.csv", TWO_SLOTS)
    write(tmp_path / "src" / "main.cpp", "void setup() {}\n")
    assert "D20" in fired(capsys, tmp_path) and not {"D14", "D16"} & fired(capsys, tmp_path)
    assert "D16" in fired(capsys, tmp_path, "--updater", "arduino-on-trial")


def test_upload_over_other_partitions_is_told_before_a_sketch_is_built(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its upload writes to 0xe000 wherever otadata lies; of other libraries that is not known."""
    write(tmp_path / "t.csv", "otadata,data,ota,0x9000,0x2000\nphy,data,phy,0xe000,0x1000\n" + SLOTS)
    write(tmp_path / "platformio.ini", "[env:node]\nboard=esp32dev\nframework=arduino\nboard_build.partitions=t.csv\n")
    assert "D85" in fired(capsys, tmp_path)
    for updater, told in (("arduino", True), ("esp-idf", False)):
        assert told is ("D85" in fired(capsys, "--partitions", tmp_path / "t.csv", "--updater", updater))
    assert "D85" not in fired(capsys, "--partitions", tmp_path / "t.csv")


def test_what_boots_as_a_last_resort_needs_no_option_but_anti_rollback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Off by hand, or off because rollback is, is known to be off; rollback that is on says nothing of it."""
    without = "".join(line for line in TABLE.splitlines(keepends=True) if "factory" not in line)
    for rule, csv in (("D67", TABLE), ("D68", without)):
        table = write_table(tmp_path, csv)
        for switch in ("--no-anti-rollback", "--no-rollback"):
            assert rule in fired(capsys, "--partitions", table, switch), (rule, switch)
        for switches in ((), ("--rollback",), ("--anti-rollback",)):
            assert rule not in fired(capsys, "--partitions", table, *switches), (rule, switches)


def test_option_given_by_hand_does_not_say_what_the_others_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rollback that is unknown is not off, and no table of ESP-IDF's is taken to be the project's."""
    table = write_table(tmp_path, TABLE.replace("64K", "64K, encrypted", 1) + "test,app,test,,64K\n")
    more = ("--config", "CONFIG_ESPTOOLPY_FLASHSIZE_32MB=y")
    assert not {"D14", "D57", "D66", "D67", "D68"} & set(fired(capsys, "--partitions", table, *more))
    assert "D14" in fired(capsys, "--partitions", table, *more, "--no-rollback")
    image = tmp_path / "app.bin"
    image.write_bytes(make_image())
    assert "D40" not in fired(capsys, "--running", image, *more)
    assert "D40" in fired(capsys, "--running", image, "--config", "CONFIG_PARTITION_TABLE_SINGLE_APP=y")
    assert "D52" in fired(
        capsys, "--partitions", write_table(tmp_path, TABLE + "disk,data,fat,,8M\n"), "--flash-size", "4MB"
    )
