"""Each rule of the doctor fires on a project that is broken in its way, and not on a sound one."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from bootloader_images import make_bootloader
from doctor_projects import ANTI_ROLLBACK, TABLE, TWO_SLOTS, Broken, make_image, make_project

from otaproof.cli.main import main
from otaproof.model.claims.claims import claim
from otaproof.model.config import Chip
from otaproof.project.doctor.diagnosis import RULES
from otaproof.project.doctor.load import load_subject
from otaproof.project.doctor.rule import Severity
from otaproof.project.inputs import Inputs

SECURE = {"SECURE_BOOT": "y", "SECURE_BOOT_V2_ENABLED": "y"}
RESET = {"BOOTLOADER_FACTORY_RESET": "y"}
NO_ROLLBACK = {"BOOTLOADER_APP_ROLLBACK_ENABLE": "n"}
PINNED = {"BOOTLOADER_APP_TEST": "y"}
TEST_APP = TABLE + "test,app,test,,64K\n"
OTA_1 = "ota_1,    app,  ota_1,   ,        64K,\n"
FACTORY_ONLY = TABLE.split("otadata")[0] + "factory,app,factory,0x10000,64K\n"
REFUSES = b"Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)"
ARDUINO = b"OTA verification failed! Start rollback to the previous version ..."

CASES: dict[str, Broken] = {
    "D01": Broken(sdkconfig="CONFIG_APP_ROLLBACK_ENABLE=y\n", at="sdkconfig:8"),
    "D02": Broken(sdkconfig="# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set\n", at="sdkconfig:8"),
    "D03": Broken(defaults="\n# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set\n", at="sdkconfig.defaults:2"),
    "D04": Broken({"BOOTLOADER_OTA_DATA_ERASE": "y"}, at="sdkconfig:8"),
    "D05": Broken(
        {"PARTITION_TABLE_CUSTOM": "", "PARTITION_TABLE_CUSTOM_FILENAME": '"mine.csv"', "PARTITION_TABLE_TWO_OTA": "y"},
        at="sdkconfig:4",
    ),
    "D06": Broken(NO_ROLLBACK | {"BOOTLOADER_APP_ANTI_ROLLBACK": "y"}, at="sdkconfig:8"),
    "D07": Broken(SECURE | {"BOOTLOADER_SKIP_VALIDATE_ALWAYS": "y"}, at="sdkconfig:10"),
    "D08": Broken(ANTI_ROLLBACK | PINNED, table=TWO_SLOTS, at="sdkconfig:10"),
    "D09": Broken({"BOOTLOADER_APP_ROLLBACK": "y"}, at="sdkconfig:8"),
    "D10": Broken(bootloader=NO_ROLLBACK, at="sdkconfig:7"),
    "D11": Broken(NO_ROLLBACK, bootloader={"BOOTLOADER_APP_ROLLBACK_ENABLE": "y"}, at="sdkconfig:7"),
    "D12": Broken(ANTI_ROLLBACK, bootloader={"BOOTLOADER_APP_ANTI_ROLLBACK": ""}, table=TWO_SLOTS, at="sdkconfig:8"),
    "D13": Broken(bootloader={"PARTITION_TABLE_OFFSET": "0xd000"}, at="sdkconfig:6"),
    "D14": Broken(NO_ROLLBACK, at="sdkconfig:7"),
    "D15": Broken(arguments=("--accepts", "no"), at="sdkconfig:7"),
    "D16": Broken(source="void app_main(void) {}\n", at="sdkconfig:7"),
    "D17": Broken(
        {"BOOTLOADER_APP_ROLLBACK": "y", "BOOTLOADER_APP_ROLLBACK_CONFIRM_ON_STARTUP": "y"}, at="sdkconfig:9"
    ),
    "D18": Broken({"BOOTLOADER_WDT_ENABLE": "n"}, at="sdkconfig:8"),
    "D19": Broken({"ESP_SYSTEM_PANIC_PRINT_HALT": "y"}, at="sdkconfig:8"),
    "D20": Broken(at="sdkconfig:7"),
    "D21": Broken({"BOOTLOADER_SKIP_VALIDATE_ON_POWER_ON": "y"}, at="sdkconfig:8"),
    "D22": Broken({"BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP": "y"}, at="sdkconfig:8"),
    "D23": Broken({"EFUSE_VIRTUAL": "y"}, at="sdkconfig:8"),
    "D24": Broken(ANTI_ROLLBACK | {"BOOTLOADER_APP_SECURE_VERSION": "33"}, table=TWO_SLOTS, at="sdkconfig:9"),
    "D25": Broken(ANTI_ROLLBACK | {"BOOTLOADER_APP_SECURE_VERSION": "32"}, table=TWO_SLOTS, at="sdkconfig:9"),
    "D26": Broken(ANTI_ROLLBACK, table=TWO_SLOTS, at="sdkconfig:8"),
    "D27": Broken(RESET, at="sdkconfig:8"),
    "D28": Broken(RESET | PINNED | {"BOOTLOADER_NUM_PIN_APP_TEST": "4"}, table=TEST_APP, at="sdkconfig:10"),
    "D29": Broken({"ESP_BROWNOUT_DET": "n"}, at="sdkconfig:8"),
    "D30": Broken({"SPI_FLASH_DANGEROUS_WRITE_ALLOWED": "y"}, at="sdkconfig:8"),
    "D31": Broken({"PARTITION_TABLE_MD5": "n"}, at="sdkconfig:8"),
    "D32": Broken(image=make_image(idf="v5.4.1"), at="build/app.bin"),
    "D33": Broken(at="build/app.bin"),
    "D34": Broken(image=make_image(idf="v5.5.5"), at="build/app.bin"),
    "D35": Broken(image=make_image(idf="v6.1.0"), at="build/app.bin"),
    "D36": Broken(arguments=("--idf", "6.1", "--bootloader-idf", "4.4"), at="--idf"),
    "D37": Broken({"NODEMCU_CMODULE_OTAUPGRADE": "y"}, at="sdkconfig:8"),
    "D40": Broken(table=FACTORY_ONLY, at="partitions.csv:3"),
    "D41": Broken({"NODEMCU_CMODULE_OTAUPGRADE": "y"}, table=FACTORY_ONLY, at="partitions.csv:3"),
    "D42": Broken(table=TWO_SLOTS.replace(OTA_1, ""), at="partitions.csv:4"),
    "D43": Broken(table=TABLE.replace("otadata,  data, ota, ", "other,  data, 0x40, "), at="partitions.csv:5"),
    "D44": Broken(table=TABLE.replace("0x2000", "0x1000"), at="partitions.csv:3"),
    "D45": Broken(table=TABLE + "more,data,ota,,0x2000\n", at="partitions.csv:7"),
    "D46": Broken(table=TABLE.replace("ota_1, ", "ota_2, "), at="partitions.csv:6"),
    "D47": Broken(table=TABLE + "again,app,ota_1,,64K\n", at="partitions.csv:7"),
    "D48": Broken(table=TABLE + "last,app,ota_16,,64K\n", at="partitions.csv:7"),
    "D49": Broken(table=TABLE + "more,app,ota_2,0x7f000,64K\n", at="partitions.csv:7"),
    "D50": Broken(table=TABLE.replace("0xd000", "0xc000"), at="partitions.csv:3"),
    "D51": Broken({"PARTITION_TABLE_OFFSET": "0xd000"}, at="partitions.csv:2"),
    "D52": Broken(table=TABLE + "disk,data,fat,,8M\n", at="partitions.csv:7"),
    "D53": Broken(table=TABLE + "disk,dato,fat,,1M\n", at="partitions.csv:7"),
    "D54": Broken(bootloader_size=0x7001, at="bootloader.bin"),
    "D55": Broken(table=TABLE + "ota_2,app,ota_2,,128K\n", at="partitions.csv:5"),
    "D56": Broken(table=TABLE.strip() + "readonly\n", at="partitions.csv:6"),
    "D57": Broken(table=TABLE.replace("0x2000,", "0x2000,encrypted"), at="partitions.csv:3"),
    "D58": Broken(ANTI_ROLLBACK, at="partitions.csv:4"),
    "D59": Broken(ANTI_ROLLBACK, table=TWO_SLOTS + "test,app,test,,64K\n", at="partitions.csv:6"),
    "D60": Broken(ANTI_ROLLBACK, table=TABLE.split("ota_0")[0], at="partitions.csv:3"),
    "D61": Broken(ANTI_ROLLBACK | {"BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE": "y"}, table=TWO_SLOTS, at="sdkconfig:10"),
    "D62": Broken(RESET | {"BOOTLOADER_OTA_DATA_ERASE": "y"}, table=TWO_SLOTS, at="sdkconfig:9"),
    "D63": Broken(
        RESET | {"BOOTLOADER_OTA_DATA_ERASE": "y", "SECURE_FLASH_ENC_ENABLED": "y"}, table=TWO_SLOTS, at="sdkconfig:9"
    ),
    "D64": Broken(RESET | {"BOOTLOADER_DATA_FACTORY_RESET": '"nvs, storage"'}, at="sdkconfig:9"),
    "D65": Broken(PINNED, at="sdkconfig:8"),
    "D66": Broken(table=TEST_APP, at="partitions.csv:7"),
    "D67": Broken(at="partitions.csv:4"),
    "D68": Broken(table=TWO_SLOTS, at="partitions.csv:4"),
    "D69": Broken(built_table=TWO_SLOTS, at="partition-table.bin"),
    "D70": Broken(
        table=TWO_SLOTS.replace("0x9000", "").replace("0xd000", ""), table_flashed_to=0x9000, at="flasher_args.json"
    ),
    "D71": Broken(image=make_image()[:-1] + b"\0", at="app.bin"),
    "D72": Broken(image=make_image(0x10100), at="app.bin"),
    "D73": Broken(image=make_image(0xFF00), at="app.bin"),
    "D74": Broken(image=make_image(hash_appended=False), at="app.bin"),
    "D75": Broken(image=make_image(magic=0), at="app.bin"),
    "D76": Broken(
        ANTI_ROLLBACK | {"BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD": "8"},
        table=TWO_SLOTS, image=make_image(secure_version=9), at="app.bin",
    ),
    "D77": Broken(ANTI_ROLLBACK, table=TWO_SLOTS, at="app.bin"),
    "D78": Broken(image=make_image(idf="v5.5"), at="app.bin"),
    "D79": Broken(NO_ROLLBACK, image=make_image(text=REFUSES), at="app.bin"),
    "D80": Broken(image=make_image(text=ARDUINO), at="app.bin"),
    "D81": Broken(sdkconfig="BOOTLOADER_WDT_ENABLE=n\n", at="sdkconfig:8"),
    "D82": Broken(image=make_bootloader(Chip.ESP32), at="app.bin"),
    "D83": Broken(
        {"ESPTOOLPY_FLASHSIZE_4MB": "", "ESPTOOLPY_FLASHSIZE_32MB": "y"},
        table=TABLE + "last,app,ota_2,0xff0000,128K\n", at="partitions.csv:7",
    ),
    "D84": Broken(
        table=TABLE + "disk,data,fat,,2M\n",
        bootloader_image=make_bootloader(Chip.ESP32, mebibytes=2), at="bootloader.bin",
    ),
    "D85": Broken(image=make_image(project_name="arduino-lib-builder"), at="partitions.csv:3"),
    "D86": Broken(flasher={"app": {"file": "app.bin", "offset": "0x9000"}}, at="flasher_args.json"),
    "D87": Broken(flasher={"flash_settings": {"flash_size": "2MB"}}, at="flasher_args.json"),
    "D88": Broken(
        image=make_image(loaded_to=0x3FFAE200), bootloader_image=make_bootloader(Chip.ESP32, mebibytes=4), at="app.bin"
    ),
    "D89": Broken(
        table=TABLE.replace("ota_1,   ,        64K", "ota_1,   ,        0xf400"), built_table=TABLE,
        arguments=("--idf", "5.1"), at="partitions.csv:6",
    ),
    "D90": Broken(
        table=TABLE.replace("0x10000", "0x20000"), image=make_image(project_name="arduino-lib-builder"),
        at="partitions.csv:4",
    ),
    "D91": Broken(table=TABLE.replace(OTA_1, ""), at="partitions.csv:5"),
}  # fmt: skip
"""By rule."""
ALWAYS = {"D20", "D33", "D67"}
"""Notes that hold of the sound project too: of any with rollback, of its release, of any with a factory app."""
INSTEAD = {
    "D20": Broken(NO_ROLLBACK),
    "D33": Broken(NO_ROLLBACK),
    "D67": Broken(table=TWO_SLOTS),
}
"""Projects that these are not said of."""


def findings(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, Any]]:
    """Run the doctor with --json and return exit code and object."""
    code = main(["doctor", *command, "--json"])
    return code, json.loads(capsys.readouterr().out)


def places(report: dict[str, Any], rule_id: str) -> list[str]:
    """Return where a rule fired."""
    return [finding["where"] for finding in report["findings"] if finding["rule"] == rule_id]


def test_every_rule_has_a_broken_project() -> None:
    """And no project is left over."""
    assert [rule.id for rule in RULES] == sorted(CASES)


@pytest.mark.parametrize("rule_id", CASES)
def test_rule_fires_on_a_project_broken_in_its_way(
    rule_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the line that is to be changed."""
    broken = CASES[rule_id]
    code, report = findings(capsys, str(make_project(tmp_path, broken)), *broken.arguments)
    found = places(report, rule_id)
    assert found, [finding["rule"] for finding in report["findings"]]
    assert broken.at and found[0].endswith(broken.at)
    severity = next(rule.severity for rule in RULES if rule.id == rule_id)
    assert severity is Severity.NOTE or code == 1


def test_nothing_is_wrong_with_the_sound_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every rule has what it needs to see, and only three notes are left: so a rule that fires, fires for a reason."""
    code, report = findings(capsys, str(make_project(tmp_path)))
    assert (0, {}, sorted(ALWAYS)) == (
        code,
        report["not_looked_at"],
        sorted(finding["rule"] for finding in report["findings"]),
    )


@pytest.mark.parametrize("rule_id", sorted(ALWAYS))
def test_note_on_the_sound_project_is_not_made_of_every_project(
    rule_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each goes with a property that a project can be without."""
    _, report = findings(capsys, str(make_project(tmp_path, INSTEAD[rule_id])))
    assert [] == places(report, rule_id)


def test_ids_are_in_order_and_used_once() -> None:
    """Projects ignore rules by their ids."""
    ids = [rule.id for rule in RULES]
    assert sorted(set(ids)) == ids


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_tells_what_why_and_what_to_do(rule: Any) -> None:
    """Sentences where people read them, a claim that exists, something to look up."""
    assert rule.reason.endswith((".", "!")) and rule.remedy.endswith(".") and rule.source
    assert not rule.title.endswith(".")
    assert not rule.claim or claim(rule.claim).id == rule.claim


@pytest.mark.parametrize("table", [TABLE.replace("otadata", "# otadata"), TABLE.replace("ota_1, ", "ota_2, ")])
def test_table_that_its_generator_accepts_is_not_called_refused(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """gen_esp32part.py lets gaps and a missing otadata pass."""
    _, report = findings(capsys, str(make_project(tmp_path, Broken(table=table))))
    assert [] == places(report, "D53")


OF_NO_HARM = {
    "D83": Broken({"ESPTOOLPY_OCT_FLASH": "y"}, table=TABLE + "last,app,ota_2,0xff0000,128K\n"),
    "D84": Broken(bootloader_image=make_bootloader(Chip.ESP32, mebibytes=2)),
    "D85": Broken(
        table=TABLE.replace("0x4000", "0x5000").replace("0xd000", "0xe000"),
        image=make_image(project_name="arduino-lib-builder"),
    ),
    "D86": Broken(flasher={"app": {"file": "app.bin", "offset": "0x20000"}}),
    "D87": Broken(flasher={"flash_settings": {"flash_size": "keep"}}),
    "D88": Broken(image=make_image(loaded_to=0x3FFB0000), bootloader_image=make_bootloader(Chip.ESP32)),
    "D89": Broken(table=TABLE.replace("ota_1,   ,        64K", "ota_1,   ,        0xf000"), built_table=TABLE),
    "D90": Broken(image=make_image(project_name="arduino-lib-builder")),
    "D91": Broken(table=TWO_SLOTS.replace(OTA_1, "")),
    "D42": Broken(table=TABLE.replace(OTA_1, "")),
    "D41": Broken({"NODEMCU_CMODULE_OTAUPGRADE": "y"}, table=TABLE.replace(OTA_1, "")),
}
"""By the id of a rule: a project like the one that it fires on, in which all is well."""


@pytest.mark.parametrize("rule", OF_NO_HARM)
def test_rule_is_silent_where_no_harm_comes_of_it(
    rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It looks at the one thing that makes the difference."""
    _, report = findings(capsys, str(make_project(tmp_path, OF_NO_HARM[rule])))
    assert [] == places(report, rule) and rule not in report["not_looked_at"]


OF_OLD_GENERATORS = {
    "D44": (TABLE.replace("0x2000", "0x3000"), "4.2.2", "4.2.3"),
    "D49": (TABLE + "logs,data,fat,0x50004,4K\n", "4.4.8", "5.0"),
    "D53": (TABLE + "logs,data,nvs,,0x2000\n", "5.4.4", "5.5"),
    "D56": (TABLE.strip() + "readonly\n", "5.1.7", "5.2"),
}
"""By the id of a rule: a table, the last version under which it finds nothing, and the next."""


@pytest.mark.parametrize("rule", OF_OLD_GENERATORS)
def test_table_is_judged_by_the_rules_of_its_release(
    rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What old generators took, or old applications did not heed, is no finding."""
    table, before, since = OF_OLD_GENERATORS[rule]
    project = str(make_project(tmp_path, Broken(table=table, built_table=TABLE)))
    found = [places(findings(capsys, project, "--idf", version)[1], rule) for version in (before, since)]
    assert (False, True) == (bool(found[0]), bool(found[1]))


def test_otadata_off_a_sector_is_a_finding_under_every_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Old generators let it lie there, and no update can be recorded in it."""
    table = TABLE.replace("0x4000", "0x3000").replace("0xd000", "0xd004")
    _, report = findings(capsys, str(make_project(tmp_path, Broken(table=table, built_table=TABLE))), "--idf", "4.4.8")
    assert [] != places(report, "D49")


def test_two_faults_of_one_table_are_both_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The generator stops at the first."""
    table = TABLE.replace("0x2000", "0x1000").replace("ota_1, ", "ota_2, ")
    _, report = findings(capsys, str(make_project(tmp_path, Broken(table=table))))
    assert (1, 1) == (len(places(report, "D44")), len(places(report, "D46")))


@pytest.mark.parametrize("label", ["otadata", "factory", "ota_0", "ota_1"])
def test_row_that_cannot_be_read_is_not_called_missing(
    label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number such as 1.5M is no size, but the row is there."""
    lines = [
        line.replace("64K", "1.5M").replace("0x2000", "1.5M") if line.startswith(label) else line
        for line in TABLE.splitlines()
    ]
    options = {"BOOTLOADER_FACTORY_RESET": "y", "BOOTLOADER_OTA_DATA_ERASE": "y"}
    _, report = findings(
        capsys, str(make_project(tmp_path, Broken(options, table="\n".join(lines), built_table=TABLE)))
    )
    absent = {"D40", "D41", "D42", "D43", "D46", "D60", "D62", "D68", "D91"}
    assert {"D53"} == (absent | {"D53"}) & {finding["rule"] for finding in report["findings"]}


@pytest.mark.parametrize(
    "name",
    ["build/bootloader/config/sdkconfig.json", "other/sdkconfig"],
)
def test_options_of_the_bootloader_come_in_three_forms(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """sdkconfig.h is what the other tests have."""
    project = make_project(tmp_path)
    header = project / "build/bootloader/config/sdkconfig.h"
    path = project / name
    path.parent.mkdir(exist_ok=True)
    values: dict[str, Any] = {"BOOTLOADER_APP_ROLLBACK_ENABLE": False, "IDF_TARGET": "esp32"}
    text = json.dumps(values) if name.endswith("json") else 'CONFIG_IDF_TARGET="esp32"\n'
    path.write_text(text)
    header.unlink()
    _, report = findings(capsys, str(project), "--bootloader-sdkconfig", str(path))
    assert 1 == len(places(report, "D10"))


def test_image_on_which_an_assertion_fails_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With anti-rollback the newest releases assert the magic word of the description: no crash of the doctor."""
    broken = Broken(ANTI_ROLLBACK, table=TWO_SLOTS, image=make_image(magic=0))
    _, report = findings(capsys, str(make_project(tmp_path, broken)), "--idf", "6.2")
    assert places(report, "D71") and places(report, "D75")


@pytest.mark.parametrize("first", ["", "oops\n"])
@pytest.mark.parametrize(
    ("line", "field"), [(f"last,app,ota_{'9' * 5000},,64K", "subtype"), (f"last,0x{'f' * 4000},0,,64K", "type")]
)
def test_number_without_end_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, field: str, first: str
) -> None:
    """No finding: with file, line and field, wherever it stands."""
    project = make_project(tmp_path, Broken(table=TABLE + first + line + "\n", built_table=TABLE))
    assert 2 == main(["doctor", str(project)])
    said = capsys.readouterr().err
    number = (TABLE + first).count("\n") + 1
    assert f"partitions.csv: line {number}, {field}: '" in said and len(said) < len(str(project)) + 200


@pytest.mark.parametrize("what", ["project", "table", "fragment", "unbuilt"])
def test_command_for_the_trace_can_be_pasted(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names with blanks are quoted, and nothing has to be filled in: an upgrade of this very device is checked."""
    project = make_project(tmp_path / "my project", Broken(table=TWO_SLOTS))
    fragment = tmp_path / "more options"
    fragment.write_text("# CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE is not set\n")
    if what == "unbuilt":
        shutil.rmtree(project / "build")
    inputs = {
        "project": Inputs(project),
        "table": Inputs(partitions=project / "partitions.csv", rollback=True, app_release="5.1"),
        "fragment": Inputs(project, fragments=(fragment,)),
        "unbuilt": Inputs(project),
    }[what]
    program, *command = shlex.split(load_subject(inputs).check_command)
    assert "otaproof" == program
    main([*command, "--faults", "F0", "--no-proofs", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (what != "fragment") == report["config"]["rollback"]
