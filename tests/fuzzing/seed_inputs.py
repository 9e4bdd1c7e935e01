"""Small files and texts of ours, of each kind that otaproof reads: what fuzzing begins with."""

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from itertools import islice, pairwise
from pathlib import Path

from bootloader_images import make_bootloader
from elf_builder import archive, relocated

from otaproof.analysis.shipped_verdicts import FILE as VERDICTS
from otaproof.campaign.history.history_token import record_of_token
from otaproof.campaign.history.known_cases import KNOWN_CASES
from otaproof.campaign.lockstep.board_difference import encode_pair
from otaproof.campaign.token_packing import compact_json
from otaproof.campaign.unsafe_update.session import SessionCut
from otaproof.campaign.unsafe_update.session_token import encode_session_token, make_session_token
from otaproof.campaign.unsafe_update.settled_start import StartKind
from otaproof.campaign.upgrade.script import Scenario, script_of
from otaproof.campaign.upgrade.upgrade_token import CutPoint, encode_token, make_token
from otaproof.examples.shipped_example import VECTORS
from otaproof.impl.chip.cells import Cells
from otaproof.impl.chip.torn_operations import Torn
from otaproof.impl.image.format import build_image
from otaproof.impl.otadata import encode_entry, make_entry
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from otaproof.model.config import Chip, Release
from otaproof.model.fault_model import FaultModel
from otaproof.model.ota_state import OtaImgState
from otaproof.project.check_policy import baseline_text
from places import ROOT
from unsafe_updates import bootloader_device, table_device
from worlds import small_world

Seeds = tuple[bytes, ...]
FIRMWARE = ROOT / "tests/binary/firmware"
TABLE = (
    Partition("otadata", 1, 0, 0xD000, 0x2000),
    Partition("ota_0", 0, 0x10, 0x10000, 0x10000),
    Partition("ota_1", 0, 0x11, 0x20000, 0x10000, encrypted=True),
)
CSV = b"""\
# Name, Type, SubType, Offset, Size, Flags
nvs,      data, nvs,     0x9000,  0x4000,
otadata,  data, ota,     ,        8K,
ota_0,    app,  ota_0,   0x10000, 64K, encrypted
ota_1,    app,  0x11,    ,        0x10000, encrypted:readonly
logs,     0x40, 0x1,     ,        -0x200000,
"""
SDKCONFIG = b"""\
# Espressif IoT Development Framework (ESP-IDF) 5.1.3 Project Configuration
CONFIG_IDF_TARGET="esp32"
CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y
# CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK is not set
CONFIG_BOOTLOADER_SKIP_VALIDATE_IN_DEEP_SLEEP=n
CONFIG_PARTITION_TABLE_CUSTOM=y
CONFIG_PARTITION_TABLE_CUSTOM_FILENAME="partitions.csv"
CONFIG_PARTITION_TABLE_OFFSET=0x8000
CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y
CONFIG_BOOTLOADER_FACTORY_RESET=y
CONFIG_BOOTLOADER_DATA_FACTORY_RESET="nvs, logs"
# default:
CONFIG_ESP_REV_MIN_FULL=300
"""


def table_csvs() -> Seeds:
    """Partition tables as text."""
    return CSV, CSV.replace(b"\n", b"\r\n"), CSV.decode().encode("utf-16"), b"\xef\xbb\xbf" + CSV.replace(b",", b" ,")


def tables() -> Seeds:
    """Partition tables as the generator writes them, with and without digest."""
    return encode_table(TABLE).ljust(0xC00, b"\xff"), encode_table(TABLE, md5=False), *table_csvs()


def option_files() -> Seeds:
    """Options in the three forms that builds leave."""
    header = b'#define CONFIG_IDF_TARGET "esp32"\n#define CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE 1\n'
    values = {"IDF_TARGET": "esp32c3", "BOOTLOADER_APP_ROLLBACK_ENABLE": True, "PARTITION_TABLE_OFFSET": 32768}
    return SDKCONFIG, SDKCONFIG.replace(b"\n", b"\r\n"), header, json.dumps(values).encode()


def check_policies() -> Seeds:
    """What a project says of its check, and accepts."""
    row = b'[[accept]]\nclaim = "C4"\nreason = "known"\n'
    options = b'project = "."\nsdkconfig = ["sdkconfig.ci"]\nefuse = 3\nrollback = true\nfaults = "F1"\n'
    whole = options + b'fail-on = "new"\nbaseline = "known.json"\n' + row + row.replace(b"4", b"17")
    return row, whole, b"[tool.otaproof]\n" + options, b"fail-on = 1979-05-27"


def baselines() -> Seeds:
    """Baselines as check writes them."""
    return tuple(baseline_text(found).encode() for found in ({}, {"C4": FaultModel.F0, "C17": FaultModel.F3}))


def otadata() -> Seeds:
    """Both sectors of an otadata partition, and single entries."""
    new, valid = (encode_entry(make_entry(n, state)) for n, state in ((7, OtaImgState.NEW), (6, OtaImgState.VALID)))
    return valid, new, new.ljust(0x1000, b"\xff") + valid.ljust(0x1000, b"\xff"), b"\xff" * 0x2000


def images() -> Seeds:
    """Applications of several chips."""
    return tuple(
        build_image(chip, size=1000 + 64 * number, version="1.0.0", project_name="fuzz", seed=number)
        for number, chip in enumerate((Chip.ESP32, Chip.ESP32C3, Chip.ESP32S3))
    )


def identified() -> Seeds:
    """Bootloaders with and without a description, and a merged file."""
    plain = make_bootloader(Chip.ESP32, "ESP-IDF %s 2nd stage bootloader", "v4.4.1", "Mapping seq %d", size=1000)
    described = make_bootloader(described="v5.4", size=1000)
    merged = described.ljust(0x8000, b"\xff") + encode_table(TABLE).ljust(0x8000, b"\xff") + images()[1]
    return plain, described, merged


def dumps() -> Seeds:
    """Flashes of 192 KiB: two slots that hold an image, and otadata that selects the second one."""
    cells = Cells.erased(0x30000).with_bytes(0x8000, encode_table(TABLE))
    for place, contents in zip((0x10000, 0x20000, 0x1000), images(), strict=True):
        cells = cells.with_bytes(place, contents)
    cells = cells.with_bytes(0xD000, otadata()[0])
    return tuple(flash.read(0, flash.size) for flash in (cells, Cells.erased(0x30000).with_bytes(0x10000, images()[0])))


def packed() -> Seeds:
    """Files of gzip, one with two members."""
    plain = gzip.compress(b'{"id": "v"}\n' * 9, mtime=0)
    return plain, plain + gzip.compress(b"more", mtime=0) + b"\0\0", gzip.compress(b"", mtime=0), b"plain"


def vectors() -> Seeds:
    """Recorded boots and short scenarios, one JSON object each."""
    names = ("releases-boot.jsonl.gz", "releases-sessions.jsonl.gz", "pins.jsonl.gz")
    return tuple(line for name in names for line in _lines(VECTORS / name)[::30])


def layouts() -> Seeds:
    """The partition layouts of recordings, one JSON object each."""
    found = json.loads((VECTORS / "layouts.json").read_text())
    return tuple(json.dumps(layout).encode() for layout in islice(found.values(), 4))


def cut_tokens() -> Seeds:
    """What a token otp1… holds, and such a token."""
    world = small_world(Release.V5_5, rollback=True)
    tokens = [make_token(world, "C4", Scenario.UPGRADE, CutPoint(4, 0, Torn.parse("after")))]
    tokens.append(make_token(small_world(Release.V5_1), "C1", Scenario.UPGRADE, CutPoint(1, 0, None)))
    tokens.append(make_token(world, "C4", script_of(Scenario.UPGRADE, world), CutPoint(4, 0, Torn.parse("after"))))
    texts = [encode_token(token) for token in tokens]
    return (*map(_inside, texts), *(text.encode() for text in texts))


def session_tokens() -> Seeds:
    """What tokens ots1… hold: a cut in an update of a partition table, and one of a bootloader that goes through."""
    cut = SessionCut(3, 1, Torn.parse("prefix:64"))
    tokens = [make_session_token(table_device(), cut, StartKind.NO_APPLICATION)]
    tokens.append(make_session_token(bootloader_device(), None, StartKind.RUNS))
    return tuple(_inside(encode_session_token(token)) for token in tokens)


def history_tokens() -> Seeds:
    """What tokens oth1… hold: one of each named case."""
    return tuple(compact_json(record_of_token(case.token())).encode() for case in KNOWN_CASES)


def pair_tokens() -> Seeds:
    """What a token otd1… holds, for pairs of named cases."""
    tokens = [case.token() for case in KNOWN_CASES[:3]]
    return tuple(_inside(encode_pair(left, right)) for left, right in pairwise(tokens))


def run_tokens() -> Seeds:
    """What tokens otb1… hold: a selection and boots."""
    from otaproof.binary.emulator.boot_cases import BootCase, boot_cases, random_boots
    from otaproof.binary.emulator.comparison import Disturbance
    from otaproof.binary.emulator.otadata_pairs import OtadataPair, random_pairs
    from otaproof.binary.emulator.run_token import RunToken, encode_run_token
    from otaproof.model.config import Config

    cases: list[OtadataPair | BootCase] = [*random_pairs(1, 2), *islice(boot_cases(), 2), *random_boots(1, 3)]
    return tuple(_inside(encode_run_token(RunToken(case, Disturbance(), Config(rollback=True)))) for case in cases)


def elf_files() -> Seeds:
    """Bootloaders of both instruction sets."""
    names = ("riscv-faithful-Os", "xtensa-faithful-Os", "riscv-faithful-Os-rollback=0")
    return tuple((FIRMWARE / f"images/{name}.elf").read_bytes() for name in names)


def object_archives() -> Seeds:
    """An object with a relocation, and an archive of it."""
    raw = relocated(entry_size=12, info=1)
    return raw, archive([(b"a.o/", raw)])


def program_images() -> Seeds:
    """A bootloader without symbols: its image, a dump that begins with it, and an ELF file."""
    images = FIRMWARE / "driver/images"
    image = (images / "whole-faithful.bin").read_bytes()
    return image, image.ljust(0x9000, b"\xff"), (images / "whole-faithful.stripped.elf").read_bytes()


def verdict_files() -> Seeds:
    """The first sets of verdicts of the file that comes with otaproof."""
    return (json.dumps(json.loads(VERDICTS.read_text())[:2]).encode(),)


def releases() -> Seeds:
    """Names of releases, as options and images have them, and sizes."""
    return b"5.1", b"v5.1.3-dirty", b"esp-idf: v4.4.6 3572900934", b"v6.1-dev-6734-g102122904ad", b"1.2M", b"900K"


def projects() -> Seeds:
    """Folders, as lines of a file's name in them, each followed by its contents; fuzz_folder() reads them."""
    description = {"git_revision": "v5.1.3", "app_bin": "app.bin", "project_path": "."}
    flasher = {"partition-table": {"offset": "0x8000", "file": "table.bin"}, "app": {"file": "app.bin"}}
    files: Mapping[str, bytes] = {
        "sdkconfig": SDKCONFIG,
        "partitions.csv": CSV,
        "build/project_description.json": json.dumps(description).encode(),
        "build/flasher_args.json": json.dumps(flasher).encode(),
        "build/app.bin": images()[0],
        "build/bootloader/config/sdkconfig.json": option_files()[3],
        "main/main.c": b"void app_main(void) { esp_ota_mark_app_valid_cancel_rollback(); }\n",
    }
    release = {"partitions.bin": tables()[0], "firmware.bin": images()[0], "ota_data_initial.bin": otadata()[2]}
    ini = (
        b"[platformio]\nextra_configs = more/*.ini\n[common]\nmb = 4MB\n[env:node]\nextends = base\nboard = esp32dev\n"
        b"framework = arduino\nboard_upload.flash_size = ${common.mb}\n"
    )
    unbuilt = {
        "platformio.ini": ini,
        "more/base.ini": b"[base]\nboard_build.partitions = slots.csv\n",
        "slots.csv": CSV,
        "CMakeLists.txt": b'idf_build_set_property(EXTRA_PARTITION_SUBTYPES "data, own, 0x41" APPEND)\n',
    }
    return tuple(map(folder_bytes, (files, release, {"sdkconfig.defaults": SDKCONFIG}, unbuilt)))


def folder_bytes(files: Mapping[str, bytes]) -> bytes:
    """Return a folder as one input: of each file the name and its length in a line, then its bytes."""
    return b"".join(f"{name} {len(contents)}\n".encode() + contents for name, contents in files.items())


def command_lines() -> Seeds:
    """Command lines with a file F that holds what follows the first line."""
    lines = (
        (b"check --partitions F --image-size 8K --no-proofs --faults F0", CSV),
        (b"doctor --partitions F --idf 5.1 --notes", CSV),
        (b"doctor --sdkconfig F --json", SDKCONFIG),
        (b"explain --otadata F --no-history --idf 5.1", otadata()[2]),
        (b"explain F --no-history", dumps()[0]),
        (b"mend F --no-history --idf 5.1", dumps()[0]),
        (b"conform F", vectors()[0]),
        (b"doctor --running F", images()[0]),
        (b"replay T", cut_tokens()[0]),
        (b"diagram partition-layout --token T --format svg", cut_tokens()[0]),
        (b"diagram trace --token T --format mermaid", history_tokens()[0]),
    )
    return tuple(line + b"\n" + contents for line, contents in lines)


def json_texts() -> Seeds:
    """JSON of every kind."""
    return b'{"a": [1, -2.5e3, null, true, "x\\u00e9\\n"]}', b"[[[[]]]]", b'"\\ud800"', b"1e400", b"NaN"


def _lines(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines()


def _inside(token: str) -> bytes:
    """Return the JSON text in a token."""
    body = token.partition(".")[2]
    return zlib.decompress(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
