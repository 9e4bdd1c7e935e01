"""One answer to what device is meant: the same for every command, with the origin of each value."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bootloader_images import make_bootloader
from doctor_projects import make_image

from otaproof.errors import InputError
from otaproof.impl.image.format import encode_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.csv_format import CsvPlaces, parse_csv
from otaproof.impl.partitions.table import encode_table
from otaproof.impl.release_points import read_point
from otaproof.model.config import Chip, Config, Release
from otaproof.model.ota_state import OtaImgState
from otaproof.project.device_builder import build_device, table_of
from otaproof.project.doctor.load import load_subject
from otaproof.project.flash_dump import load
from otaproof.project.image_evidence import BEGIN_REFUSES, ROLLBACK
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import Resolved, resolve
from places import REAL

CSV = "otadata,data,ota,,0x2000\nota_0,app,ota_0,0x20000,64K\nota_1,app,ota_1,,64K\n"
BLANK = b"\xff" * 0x2000
CYD = REAL / "cyd-photo-frame"


def image(chip: Chip = Chip.ESP32S3, idf: str = "v4.4.7-dirty", text: bytes = BEGIN_REFUSES) -> bytes:
    """Return an application built with rollback for an ESP32-S3 by 4.4."""
    return make_image(chip=chip, idf=idf, text=text)


def release(directory: Path, contents: bytes) -> Path:
    """Return the directory, with the files of a release in it."""
    directory.mkdir(exist_ok=True)
    (directory / "firmware.bin").write_bytes(contents)
    (directory / "partitions.bin").write_bytes(encode_table(parse_csv(CSV.encode(), CsvPlaces(0x8000, None))))
    return directory


def dump(directory: Path, contents: bytes, *, table_offset: int = 0x8000, otadata: bytes = BLANK) -> Path:
    """Return a dump of a flash with that image in ota_0."""
    table = parse_csv(CSV.encode(), CsvPlaces(table_offset, None))
    flash = bytearray(b"\xff" * 0x100000)
    for offset, part in (
        (table_offset, encode_table(table)),
        (table[0].offset, otadata),
        (table[1].offset, contents),
    ):
        flash[offset : offset + len(part)] = part
    path = directory / "dump.bin"
    path.write_bytes(flash)
    return path


def project(directory: Path, *lines: str, contents: bytes | None = None) -> Path:
    """Return an ESP-IDF project with these options, and that application in its build."""
    (directory / "build").mkdir(parents=True)
    (directory / "sdkconfig").write_text("".join(f"CONFIG_{line}\n" for line in lines))
    if contents is not None:
        (directory / "build/app.bin").write_bytes(contents)
    return directory


def told(resolved: Resolved) -> dict[str, tuple[str, str]]:
    """Return every named value with its origin."""
    return {value.name: (value.value, str(value.origin)) for value in resolved.named_values()}


def facts(config: Config) -> tuple[Chip, bool, Release, Release]:
    """Return what used to differ from command to command."""
    return config.chip, config.rollback, config.app_release, config.bootloader_release


@pytest.mark.parametrize(("make", "name"), [(release, "firmware.bin"), (dump, "ota_0 of")])
def test_image_tells_chip_rollback_and_release(make: Callable[..., Path], name: str, tmp_path: Path) -> None:
    """Nobody has to type what the image says, be it a file or in a dump."""
    resolved = resolve(Inputs(make(tmp_path, image())))
    values = told(resolved)
    assert ("esp32s3", "4.4.7", "y") == (
        values["CONFIG_IDF_TARGET"][0],
        values["ESP-IDF release of the application"][0],
        values[f"CONFIG_{ROLLBACK}"][0],
    )
    for origin in (values["CONFIG_IDF_TARGET"][1], values[f"CONFIG_{ROLLBACK}"][1]):
        assert name in origin and "assumed" not in origin


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (Inputs(flash_size="3MB"), "--flash-size: 3MB; want one of 1MB, 2MB"),
        (Inputs(flash_size="much"), "--flash-size: much; want one of"),
        (Inputs(chip_revision="3"), "--chip-revision: 3; want a revision such as 3.0"),
    ],
)
def test_size_or_revision_that_no_device_has_is_an_error(inputs: Inputs, said: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=said):
        resolve(inputs)


def test_size_and_revision_are_taken_as_they_are_given(tmp_path: Path) -> None:
    """Over what options say."""
    directory = project(tmp_path, "ESPTOOLPY_FLASHSIZE_2MB=y")
    resolved = resolve(Inputs(directory, flash_size="8MB", chip_revision="v3.1"))
    assert ((8 << 20, "CONFIG_ESPTOOLPY_FLASHSIZE"), 301) == (resolved.flash_size, resolved.config.chip_revision)


def test_line_that_does_not_count_is_noted(tmp_path: Path) -> None:
    """For every command, and the rest is read."""
    (tmp_path / "sdkconfig").write_text('IDF_TARGET="esp32s2"\nCONFIG_IDF_TARGET="esp32s3"\n')
    resolved = resolve(Inputs(tmp_path))
    assert (Chip.ESP32S3, 1) == (resolved.config.chip, len(resolved.notes))
    assert resolved.notes[0].endswith("sdkconfig:1: 'IDF_TARGET=\"esp32s2\"' does not count: CONFIG_ is missing")


def refused(tmp_path: Path, *, csv: str = CSV, app: bytes | None = None, chip_revision: str | None = None) -> str:
    """Return why no upgrade of these files is checked."""
    table, running = tmp_path / "table.csv", tmp_path / "app.bin"
    table.write_text(csv)
    running.write_bytes(app or image())
    bootloader = tmp_path / "bootloader.bin"
    bootloader.write_bytes(make_bootloader(Chip.ESP32S3))
    inputs = Inputs(partitions=table, running=running, bootloader=bootloader, chip_revision=chip_revision)
    with pytest.raises(InputError) as raised:
        build_device(resolve(inputs), 4096)
    return str(raised.value)


HIGH = CSV.replace("ota_1,,64K", "ota_1,0xff0000,128K")


def test_app_above_16_mib_is_not_checked(tmp_path: Path) -> None:
    """On quad flash nothing there boots; with octal flash it does."""
    assert "'ota_1' ends at 0x1010000: code is not run from above 16 MiB" in refused(tmp_path, csv=HIGH)
    octal = replace(
        Inputs(partitions=tmp_path / "table.csv", running=tmp_path / "app.bin"),
        options=("CONFIG_ESPTOOLPY_OCT_FLASH=y",),
    )
    assert build_device(resolve(octal), 4096).world.cells.size == 32 << 20


def test_merged_file_is_no_application_to_check(tmp_path: Path) -> None:
    """It is named, and where the application lies in it."""
    whole = make_bootloader(Chip.ESP32S3).ljust(0x10000, b"\xff") + image()
    assert "(bootloader at 0x0, application at 0x10000)" in refused(tmp_path, app=whole)


def test_image_that_lies_in_the_bootloader_s_ram_is_not_checked(tmp_path: Path) -> None:
    """The bootloader refuses to load it."""
    said = refused(tmp_path, app=make_image(chip=Chip.ESP32S3, loaded_to=0x3FC88200))
    assert "segment 1 is to be loaded to 0x3fc88200" in said and "where the bootloader itself lies" in said


def test_image_for_a_newer_chip_is_not_checked_for_an_older_one(tmp_path: Path) -> None:
    """As its header has it."""
    wanting = encode_image(Chip.ESP32S3, [(0x3C000020, bytes(300))], min_chip_rev_full=200)
    assert "chip revision v2.0 or newer, this is v0.1" in refused(tmp_path, app=wanting, chip_revision="0.1")


@pytest.mark.parametrize(("idf", "remark"), [("4.4.7", "not recorded: rules read from sources"), ("4.4", "")])
def test_version_that_was_not_recorded_says_so_beside_its_value(idf: str, remark: str, tmp_path: Path) -> None:
    """The value is the version alone."""
    resolved = resolve(Inputs(release(tmp_path, image()), app_release=idf))
    found = resolved.value("ESP-IDF release of the application")
    assert (idf, remark) == (found.value, found.remark)


def _samples() -> list[object]:
    real = [] if not CYD.is_dir() else [CYD / "v0.1.3", CYD / "v0.1.4"]
    return ["release", "dump", "unknown", *real]


@pytest.mark.parametrize("sample", _samples(), ids=str)
def test_every_command_names_the_same_device(sample: str | Path, tmp_path: Path) -> None:
    """`check`, `doctor` and `explain` on one input."""
    made = {
        "release": lambda: release(tmp_path, image()),
        "dump": lambda: dump(tmp_path, image()),
        "unknown": lambda: dump(tmp_path, image(text=b"")),
    }
    inputs = Inputs(sample if isinstance(sample, Path) else made[sample]())
    checked = build_device(resolve(inputs), 4096).world.config
    explained, diagnosed = load(inputs), load_subject(inputs)
    assert facts(checked) == facts(explained.config) == facts(diagnosed.config)
    named = resolve(inputs).named_values()
    assert named == tuple(explained.settings[: len(named)]) == diagnosed.named_values


@pytest.mark.skipif(not CYD.is_dir(), reason="real files do not lie beside the repository")
@pytest.mark.parametrize("is_dump", [False, True])
def test_photo_frame_is_an_esp32_of_4_4_with_rollback(is_dump: bool, tmp_path: Path) -> None:
    """As a release, and as the dump of a board that it was flashed to."""
    folder = CYD / "v0.1.3"
    flash = bytearray(b"\xff" * 0x400000)
    for name, offset in (("bootloader.bin", 0x1000), ("partitions.bin", 0x8000), ("firmware.bin", 0x10000)):
        contents = (folder / name).read_bytes()
        flash[offset : offset + len(contents)] = contents
    path = tmp_path / "flash.bin"
    path.write_bytes(flash)
    resolved = resolve(Inputs(path if is_dump else folder))
    config = resolved.config
    assert (Chip.ESP32, True, "4.4.7", "4.4.7") == (
        config.chip,
        config.rollback,
        config.app_name,
        config.bootloader_name,
    )
    assert () == resolved.warnings


def test_command_line_goes_before_project_before_image(tmp_path: Path) -> None:
    """Each with its origin, and a warning where an image says otherwise."""
    where = project(tmp_path / "p", 'IDF_TARGET="esp32"', f"{ROLLBACK}=n", contents=image(Chip.ESP32))
    by_project = resolve(Inputs(where))
    by_option = resolve(Inputs(where, rollback=True))
    assert ("n", f"{where}/sdkconfig:2") == told(by_project)[f"CONFIG_{ROLLBACK}"]
    assert ("y", "--rollback") == told(by_option)[f"CONFIG_{ROLLBACK}"]
    (warning,) = by_project.warnings
    assert f"{where}/sdkconfig:2 has rollback off, but {where}/build/app.bin logs" in warning
    assert () == by_option.warnings


def test_default_that_contradicts_an_image_gives_way_and_is_told(tmp_path: Path) -> None:
    """Nobody chose rollback in the project: Kconfig's default is off, and the image was built with it."""
    where = project(tmp_path / "p", 'IDF_TARGET="esp32"', contents=image(Chip.ESP32))
    resolved = resolve(Inputs(where))
    assert resolved.config.rollback
    (warning,) = resolved.warnings
    assert f"rollback is off by Kconfig's default, but {where}/build/app.bin logs" in warning


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (Inputs(rollback=False), "--no-rollback has rollback off, but"),
        (Inputs(chip="esp32"), "--chip: chip esp32, but"),
        (Inputs(app_release="6.1"), "was built by ESP-IDF v4.4.7-dirty; the rules of 6.1 are used"),
        (Inputs(app_release="9.9"), "newer than any known release; the rules of master are used"),
    ],
)
def test_option_that_contradicts_an_image_counts_and_is_told(inputs: Inputs, said: str, tmp_path: Path) -> None:
    """The user may know better, or ask what would be."""
    where = dump(tmp_path, image())
    resolved = resolve(Inputs(**{name: getattr(inputs, name) for name in inputs.__slots__} | {"subject": where}))
    assert any(said in warning for warning in resolved.warnings)


def test_images_of_two_releases_are_both_named(tmp_path: Path) -> None:
    """The one that otadata selects decides."""
    entries = encode_entry(make_entry(2, OtaImgState.VALID)).ljust(0x2000, b"\xff")
    path = dump(tmp_path, image(), otadata=entries)
    flash = bytearray(path.read_bytes())
    other = image(idf="v5.5.1")
    flash[0x30000 : 0x30000 + len(other)] = other
    path.write_bytes(flash)
    resolved = resolve(Inputs(path))
    assert resolved.config.app_release is Release.V5_5
    assert any("ota_0 of" in warning and "v4.4.7-dirty" in warning for warning in resolved.warnings)


def test_entry_under_test_tells_of_rollback(tmp_path: Path) -> None:
    """PENDING_VERIFY is written only with rollback."""
    entries = encode_entry(make_entry(1, OtaImgState.PENDING_VERIFY)).ljust(0x2000, b"\xff")
    resolved = resolve(Inputs(dump(tmp_path, image(text=b""), otadata=entries)))
    assert resolved.config.rollback and resolved.knows_rollback
    assert "entry 0 is PENDING_VERIFY" in told(resolved)[f"CONFIG_{ROLLBACK}"][1]


def test_rollback_that_nobody_tells_of_is_unknown(tmp_path: Path) -> None:
    """But Kconfig's default where a project's options are known."""
    unknown = resolve(Inputs(dump(tmp_path, image(text=b""))))
    known = resolve(Inputs(project(tmp_path / "p", 'IDF_TARGET="esp32"')))
    assert (("unknown", False), ("n", True)) == (
        (told(unknown)[f"CONFIG_{ROLLBACK}"][0], unknown.knows_rollback),
        (told(known)[f"CONFIG_{ROLLBACK}"][0], known.knows_rollback),
    )


def test_table_of_a_dump_is_found_where_it_lies(tmp_path: Path) -> None:
    """And the flash is named as the origin."""
    resolved = resolve(Inputs(dump(tmp_path, image(), table_offset=0x10000)))
    assert ("0x10000", True) == (
        told(resolved)["CONFIG_PARTITION_TABLE_OFFSET"][0],
        "a table begins there, none at 0x8000" in told(resolved)["CONFIG_PARTITION_TABLE_OFFSET"][1],
    )
    assert ["otadata", "ota_0", "ota_1"] == [partition.label for partition in table_of(resolved)]


@pytest.mark.parametrize(
    ("idf", "generator"),
    [
        (Inputs(app_release="5.1.4"), "5.1.4"),
        (Inputs(), "4.4.7"),
        (Inputs(app_release="6.1"), "6.1.0"),
        (Inputs(bootloader_release="5.1"), "4.4.7"),
    ],
)
@pytest.mark.parametrize("make", [release, dump])
def test_partition_table_is_of_the_release_of_the_application(
    make: Callable[..., Path], idf: Inputs, generator: str, tmp_path: Path
) -> None:
    """As the command line says, else as the image does."""
    resolved = resolve(replace(idf, subject=make(tmp_path, image())))
    assert read_point(generator) == resolved.places.version


def test_partition_table_of_no_release_is_read_by_the_newest_rules(tmp_path: Path) -> None:
    """Whatever release the device is then taken to have."""
    table = tmp_path / "table.csv"
    table.write_text(CSV + "more,data,nvs,,0x2000\n")
    with pytest.raises(InputError, match=r"too small for a writable nvs; .* \(a rule of ESP-IDF 5.5-beta1 on\)"):
        table_of(resolve(Inputs(partitions=table)))
    assert 4 == len(table_of(resolve(Inputs(partitions=table, app_release="5.4.4"))))


@pytest.mark.parametrize(("idf", "is_read"), [(["5.4", "5.5"], True), (["5.5,5.4"], False), (None, False)])
def test_first_of_several_releases_made_the_table(idf: list[str] | None, is_read: bool, tmp_path: Path) -> None:
    """As `explain` takes them."""
    table, otadata = tmp_path / "table.csv", tmp_path / "otadata.bin"
    table.write_text(CSV + "more,data,nvs,,0x2000\n")
    otadata.write_bytes(BLANK)
    inputs = Inputs(partitions=table, otadata=otadata)
    if is_read:
        assert 4 == len(load(inputs, idf).table)
        return
    with pytest.raises(InputError, match="too small for a writable nvs"):
        load(inputs, idf)


def test_bootloader_s_own_word_goes_before_the_application_s_release(tmp_path: Path) -> None:
    """--idf speaks of the application."""
    description = b"\x50\0\0\0\1\0\0\0" + b"v5.2.3".ljust(32, b"\0") + bytes(216)
    (tmp_path / "bootloader.bin").write_bytes(encode_image(Chip.ESP32S3, [(0x3FC88000, description)]))
    where = release(tmp_path, image())
    resolved = resolve(Inputs(where, app_release="6.1"))
    assert ("6.1", "5.2.3") == (resolved.config.app_name, resolved.config.bootloader_name)
    chosen = told(resolve(Inputs(where, bootloader_release="4.4")))
    assert ("4.4", "4.4 in --bootloader-idf") == chosen["ESP-IDF release of the bootloader"]


@pytest.mark.parametrize(("logged", "release"), [("v5.0.2", "5.0.2"), ("v3.1-dev-961-ga255622", "4.4.7")])
def test_bootloader_that_logs_its_release_goes_by_it(logged: str, release: str, tmp_path: Path) -> None:
    """Where its rules are known; else by those of the application, and that is told."""
    (tmp_path / "bootloader.bin").write_bytes(make_bootloader(Chip.ESP32S3, "ESP-IDF %s 2nd stage bootloader", logged))
    (tmp_path / "app.bin").write_bytes(image())
    resolved = resolve(Inputs(running=tmp_path / "app.bin", bootloader=tmp_path / "bootloader.bin"))
    assert release == told(resolved)["ESP-IDF release of the bootloader"][0]
    assert (logged == "v3.1-dev-961-ga255622") == any(logged in warning for warning in resolved.warnings)


def test_release_that_is_too_old_is_an_error_at_the_image(tmp_path: Path) -> None:
    """No rules are known for it."""
    where = release(tmp_path, image(idf="v3.2"))
    with pytest.raises(InputError, match=r"firmware.bin: ESP-IDF v3.2 is older than 3.3"):
        resolve(Inputs(where))
    assert resolve(Inputs(where, app_release="5.1")).config.app_release is Release.V5_1


def test_image_where_no_slot_begins_tells_the_chip_and_is_pointed_at(tmp_path: Path) -> None:
    """A table that was changed under a device: nothing boots, and the report says where the application is."""
    path = dump(tmp_path, b"\xff")
    flash = bytearray(path.read_bytes())
    contents = image()
    flash[0x50000 : 0x50000 + len(contents)] = contents
    path.write_bytes(flash)
    explained = load(Inputs(path))
    assert explained.config.chip is Chip.ESP32S3
    assert any("an application lies at 0x50000, where no app partition begins" in note for note in explained.notes)
    assert load_subject(Inputs(path)).app is None


def test_dump_that_was_cut_off_is_checked_as_if_the_rest_were_erased(tmp_path: Path) -> None:
    """And the report says so."""
    path = dump(tmp_path, image())
    path.write_bytes(path.read_bytes()[:0x40000])
    device = build_device(resolve(Inputs(path)), 4096)
    assert 0x100000 == device.world.cells.size
    assert any("0x40000 bytes are the size of no flash chip" in note for note in device.notes)


def test_dump_of_a_whole_chip_is_never_enlarged(tmp_path: Path) -> None:
    """The bootloader refuses a table that ends beyond the chip, and so does the check."""
    table = parse_csv((CSV + "disk,data,fat,,1M\n").encode(), CsvPlaces(0x8000, None))
    path = dump(tmp_path, image())
    flash = bytearray(path.read_bytes())
    flash[0x8000 : 0x8000 + 0xC00] = encode_table(table)
    path.write_bytes(flash)
    with pytest.raises(InputError, match="no partition table at 0x8000"):
        build_device(resolve(Inputs(path)), 4096)


def test_release_is_explained_as_it_is_flashed(tmp_path: Path) -> None:
    """The application in the first slot, otadata blank, the other slot erased."""
    explained = load(Inputs(release(tmp_path, image())))
    assert image() == explained.cells.read(0x20000, len(image()))
    assert b"\xff" * 64 == explained.cells.read(0x30000, 64)
    assert any("firmware.bin in ota_0, and blank otadata" in note for note in explained.notes)
