"""What a bootloader or an application tells of its build, how sure that is, and that nothing is guessed."""

import pytest
from bootloader_images import make_bootloader
from doctor_projects import TWO_SLOTS, make_image

from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip
from otaproof.project.identified_parts import Fact, ProgramBytes, Sureness, bootloader_facts, identify_parts

LOGS = "ESP-IDF %s 2nd stage bootloader"
INFO = ("Defaulting to factory image", "No factory image, trying OTA 0", "Factory test app partition%s")
FLASH_4_4 = "/IDF/components/bootloader_support/src/bootloader_flash.c"
CLOCK_4_3 = "D:/idf/components/esp_hw_support/port/esp32c3/rtc_time.c"
CLOCK_4_1 = "/build/esp-idf/components/soc/esp32/rtc_time.c"
SHA_3_3 = "/build/esp-idf/components/bootloader_support/src/bootloader_sha.c"
RELEASE = "ESP-IDF release"
WAKE_UP, POWER_ON, ALWAYS = (f"skips validation {when}" for when in ("at a wake-up", "at power-on", "always"))


def facts(contents: bytes, code: bool | None = None) -> dict[str, Fact]:
    """Return the facts of the first part by their names. code: whether its code is seen to have rollback."""
    seen = None if code is None else (code, "its code does so")
    return {fact.name: fact for fact in identify_parts(contents, lambda image: seen)[0].facts}


def told(contents: bytes, name: str, code: bool | None = None) -> tuple[str | None, Sureness]:
    """Return a fact of the first part."""
    fact = facts(contents, code)[name]
    return fact.value, fact.sureness


UNKNOWN = (None, Sureness.UNKNOWN)


@pytest.mark.parametrize(
    ("contents", "release"),
    [
        (make_bootloader(described="v5.4.1-dirty"), ("v5.4.1-dirty", Sureness.STATED)),
        (make_bootloader(Chip.ESP32C3, LOGS, "v4.4.1"), ("v4.4.1", Sureness.STATED)),
        (
            make_bootloader(Chip.ESP32C3, FLASH_4_4, CLOCK_4_3),
            ("4.3 to 4.4 (or 5.0 in development)", Sureness.EVIDENCE),
        ),
        (
            make_bootloader(Chip.ESP32, CLOCK_4_1, SHA_3_3),
            ("3.0 to 3.3 (or 4.0 in development)", Sureness.EVIDENCE),
        ),
        (make_bootloader(Chip.ESP32C6, LOGS), ("5.1 (or 5.2 in development)", Sureness.EVIDENCE)),
        (
            make_bootloader(Chip.ESP32C3, LOGS, "v4.4.1", "v5.0"),
            ("4.3 to 5.1 (or 5.2 in development)", Sureness.EVIDENCE),
        ),
        (make_bootloader(Chip.ESP32), UNKNOWN),
        (make_bootloader(Chip.ESP32C3, CLOCK_4_1, CLOCK_4_3), UNKNOWN),
    ],
    ids=["described", "logged", "by-files", "old-files", "by-chip", "two-releases", "silent", "contradictory"],
)
def test_release_is_stated_or_follows_from_what_is_found(contents: bytes, release: tuple[str, Sureness]) -> None:
    """Else it cannot be told."""
    assert release == told(contents, RELEASE)


@pytest.mark.parametrize(
    ("contents", "time"),
    [
        (make_bootloader(described="v5.4", compiled="Mar  3 2025 10:11:12"), "Mar  3 2025 10:11:12"),
        (make_bootloader(Chip.ESP32, "compile time 16:58:48\x1b[0m"), "16:58:48"),
        (make_bootloader(Chip.ESP32, "compile time Jan 14 2023 16:58:48"), "Jan 14 2023 16:58:48"),
        (make_bootloader(Chip.ESP32), None),
    ],
)
def test_time_of_the_build_is_told_where_it_is_kept(contents: bytes, time: str | None) -> None:
    """In the description, or in the log."""
    assert time == facts(contents)["compiled"].value


@pytest.mark.parametrize(
    ("texts", "code", "rollback"),
    [
        ((LOGS, "v4.4", *INFO), None, None),
        ((LOGS, "v4.4", *INFO, "otadata[%d] is marking as ABORTED", "Mapping seq %d -> OTA slot %d"), None, "on"),
        ((LOGS, "v4.4", *INFO, "Mapping seq %d -> OTA slot %d"), None, "off"),
        ((LOGS, "v4.4", "Enabled a check secure version of app for anti rollback"), None, "on"),
        ((LOGS, "v3.1-dev-961-ga255622"), None, "off"),
        ((LOGS, "v4.4", *INFO), True, "on"),
        ((LOGS, "v4.4", *INFO), False, "off"),
        ((), None, None),
    ],
)
def test_rollback_is_told_by_texts_of_one_setting_or_by_the_code(
    texts: tuple[str, ...], code: bool | None, rollback: str | None
) -> None:
    """At the usual log level both settings leave the same texts."""
    value, sureness = told(make_bootloader(Chip.ESP32, *texts), "rollback", code)
    assert (rollback, rollback is None) == (value, sureness is Sureness.UNKNOWN)


@pytest.mark.parametrize(
    ("texts", "anti_rollback", "wakes"),
    [
        ((LOGS, "v4.4", *INFO), "off", "no"),
        ((LOGS, "v4.4", *INFO, "Fast booting is not successful"), "off", "yes"),
        ((LOGS, "v4.4", "Enabled a check secure version of app for anti rollback"), "on", None),
        ((LOGS, "v3.2"), "off", "no"),
        ((FLASH_4_4,), None, None),
        (INFO, "off", None),
    ],
)
def test_other_options_are_told_by_texts_of_one_setting(
    texts: tuple[str, ...], anti_rollback: str | None, wakes: str | None
) -> None:
    """That a text is missing tells only where others of its level are there."""
    found = facts(make_bootloader(Chip.ESP32, *texts))
    assert (anti_rollback, wakes) == (found["anti-rollback"].value, found[WAKE_UP].value)


@pytest.mark.parametrize(("release", "value"), [("v4.2.3", "no"), ("v4.3-dev", None), ("v5.1", None)])
def test_validation_is_not_skipped_by_a_release_that_has_no_such_option(release: str, value: str | None) -> None:
    """It came with 4.3; a later one shows it in no text."""
    found = facts(make_bootloader(Chip.ESP32, LOGS, release))
    assert (value, value) == (found[POWER_ON].value, found[ALWAYS].value)


@pytest.mark.parametrize(
    ("chip", "texts", "always"),
    [
        (Chip.ESP32, (LOGS, "v4.4", *INFO), "no"),
        (Chip.ESP32C2, (LOGS, "v5.0", *INFO), None),
        (Chip.ESP32, (LOGS, "v4.4", *INFO, "Fast booting is not successful"), None),
        (Chip.ESP32, (LOGS, "v4.4"), None),
    ],
    ids=["never-at-a-wake-up", "chip-without-the-memory", "at-a-wake-up", "logs-nothing"],
)
def test_bootloader_that_validates_at_a_wake_up_does_not_always_skip(
    chip: Chip, texts: tuple[str, ...], always: str | None
) -> None:
    """The option for always selects that of a wake-up, on chips that have it; at power-on stays open."""
    found = facts(make_bootloader(chip, *texts))
    assert (None, always) == (found[POWER_ON].value, found[ALWAYS].value)


def test_names_of_functions_tell_options_of_esp_idf_s_own_bootloaders_alone() -> None:
    """Another bootloader may link what it does not use."""
    names = frozenset({"bootloader_utility_get_selected_boot_partition", "esp_efuse_check_secure_version"})

    def value(contents: bytes, name: str) -> str | None:
        program = ProgramBytes(contents, b"", Chip.ESP32C3, names)
        return next(fact.value for fact in bootloader_facts(program) if fact.name == name)

    known, unknown = b"\0" + LOGS.encode() + b"\0v4.4\0", b"code"
    assert ("on", "no") == (value(known, "anti-rollback"), value(known, WAKE_UP))
    assert (None, None) == (value(unknown, "anti-rollback"), value(unknown, WAKE_UP))


def test_file_whose_description_may_lie_anywhere_is_not_taken_to_have_none() -> None:
    """A stripped ELF file tells no place of it; so its release may be a newer one."""
    contents = b"\0" + LOGS.encode() + b"\0"
    released = [bootloader_facts(ProgramBytes(contents, described, None))[0].value for described in (b"", None)]
    assert ["2.0 to 5.1 (or 5.2 in development)", "2.0 or later"] == released


def test_application_tells_what_its_description_says() -> None:
    """And whether Arduino's libraries are in it."""
    found = facts(make_image(idf="v4.4.7", secure_version=3, project_name="arduino-lib-builder"))
    assert ("v4.4.7", "3", "Arduino", None) == (
        found[RELEASE].value,
        found["secure version"].value,
        found["framework"].value,
        found["rollback"].value,
    )
    assert UNKNOWN == told(make_image(magic=0), RELEASE)


def test_parts_of_a_merged_file_are_told_one_by_one() -> None:
    """Each with its offset, its chip and what it tells."""
    table = encode_table(parse_csv(TWO_SLOTS.encode(), CsvPlaces(0x8000, 0x1000)))
    whole = bytearray(b"\xff" * 0x20000)
    image = make_image(chip=Chip.ESP32C3)
    for offset, part in ((0, make_bootloader(described="v5.4")), (0x8000, table), (0x10000, image)):
        whole[offset : offset + len(part)] = part
    parts = identify_parts(bytes(whole))
    assert [(0, Chip.ESP32C3), (0x8000, None), (0x10000, Chip.ESP32C3)] == [(p.part.offset, p.chip) for p in parts]
    assert "nvs, otadata, ota_0, ota_1" == parts[1].facts[0].value


def test_machine_code_is_looked_at_only_where_texts_do_not_tell() -> None:
    """It takes a while."""
    asked: list[bytes] = []

    def noted(image: bytes) -> None:
        asked.append(image)

    identify_parts(make_bootloader(Chip.ESP32, LOGS, "v3.2"), noted)
    assert [] == asked


def test_header_tells_flash_size_and_least_revision() -> None:
    """Of any image."""
    assert ("2 MB", Sureness.STATED) == told(make_bootloader(mebibytes=2), "flash size")


@pytest.mark.parametrize(("rows", "size"), [(4, 128), (5, 160), (96, 0xC00)])
def test_table_that_its_file_cuts_off_is_told(rows: int, size: int) -> None:
    """Its size is what the file has of it, and a missing terminating row is why `doctor` refuses it."""
    table = encode_table(parse_csv(TWO_SLOTS.encode()), md5=False).ljust(0xC00, b"\xff")
    part = identify_parts(table[: rows * 32].ljust(size, b"\xff"))[0]
    told = {fact.name: fact.value for fact in part.facts}
    assert (size, rows == 4) == (part.part.size, "terminating row of 0xff" in told)
