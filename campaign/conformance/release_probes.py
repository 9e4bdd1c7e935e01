"""Short scripts on a board that tell releases apart: what the device model leaves out, and what it has, once more.

A *probe* is a script on a small board, and what it sees is a word or two; there is one or more for each field of
impl/release_rules.py. A call that a release does not have is told as such, not played: the rules of a release stand for
all releases up to the next rules.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ...impl.app.esp_ota import OTA_SIZE_UNKNOWN, OTA_WITH_SEQUENTIAL_WRITES
from ...impl.board import App
from ...impl.chip.cells import SECTOR_SIZE, Cells
from ...impl.chip.flash import FlashOpKind
from ...impl.esp_err import OtaError
from ...impl.image.format import APP_DESC_OFFSET, IMAGE_MAGIC
from ...impl.otadata import ENTRY_SIZE, encode_entry, make_entry
from ...impl.partitions.partition import Partition
from ...impl.partitions.table import encode_table
from ...impl.program_end import Hang, Panic, Restart
from ...impl.release_points import with_versions
from ...impl.release_rules import AnyVersion, ReleaseRule, rule
from ...model.config import Config, Release
from ...model.ota_state import OtaImgState
from ..device_under_test import DeviceUnderTest, NamedImage
from ..history.history import FIRST_PART, OTADATA, SLOT_SIZE, SmallImage


@dataclass(frozen=True, slots=True)
class Probe:
    """A short script on the board that tells releases apart."""

    name: str
    """What it is about."""
    rule: str
    """The field of AppRules that decides."""
    script: str
    """What is done, for people."""
    needs: str
    """Configuration without which there is no difference: "", "rollback", "anti-rollback"."""
    play: "Callable[[Bench], str]"
    is_in_model: bool = False
    """The device model has it too."""
    call: ReleaseRule | None = None
    """The call that it needs, if not all versions have it."""

    def observe(self, version: AnyVersion) -> str:
        """Return what an application built with a version is seen to do."""
        if self.call is not None and not self.call.holds_in(version):
            return NO_SUCH_CALL
        return self.play(Bench(version, self.needs))

    def applies_to(self, config: Config) -> bool:
        """Tell whether a configuration has what the probe needs."""
        return {"": True, "rollback": config.rollback, "anti-rollback": config.anti_rollback}[self.needs]


NO_SUCH_CALL = "no such call"
_TABLE = (
    Partition("nvs", 1, 0x02, 0x9000, 0x4000),
    Partition("otadata", 1, 0x00, OTADATA, 2 * SECTOR_SIZE),
    Partition("ota_0", 0, 0x10, SLOT_SIZE, SLOT_SIZE),
    Partition("ota_1", 0, 0x11, 2 * SLOT_SIZE, SLOT_SIZE),
    Partition("store", 1, 0x40, 3 * SLOT_SIZE, 2 * SECTOR_SIZE),
    Partition("spare", 1, 0x41, 3 * SLOT_SIZE + 2 * SECTOR_SIZE, 2 * SECTOR_SIZE),
    Partition("fixed", 1, 0x42, 3 * SLOT_SIZE + 4 * SECTOR_SIZE, 2 * SECTOR_SIZE, readonly=True),
    Partition("table", 3, 0x01, 3 * SLOT_SIZE + 6 * SECTOR_SIZE, SECTOR_SIZE),
)
_LINKED_VERSION = 3
"""Secure version of the image that a bench with anti-rollback runs."""


class Bench:
    """A board with two slots and three data partitions, for one probe."""

    def __init__(self, version: AnyVersion, needs: str) -> None:
        """Build it, switched off."""
        point = version.point if isinstance(version, Release) else version
        plain = Config(rollback=needs != "", anti_rollback=needs == "anti-rollback")
        self.config = with_versions(plain, point, point)
        self._image = SmallImage(1, secure_version=_LINKED_VERSION if self.config.anti_rollback else 0).contents()

    def start(self, *entries: tuple[int, OtaImgState]) -> App:
        """Switch on a board whose otadata holds these entries, (number, state); return the application."""
        cells = Cells.erased(4 * SLOT_SIZE).with_bytes(self.config.table_offset, encode_table(_TABLE))
        for label in ("ota_0", "ota_1"):
            cells = cells.with_bytes(next(p.offset for p in _TABLE if p.label == label), self._image)
        for place, (number, state) in enumerate(entries):
            cells = cells.with_bytes(OTADATA + place * SECTOR_SIZE, encode_entry(make_entry(number, state)))
        image = NamedImage("image", self._image)
        dut = DeviceUnderTest(self.config, _TABLE, cells, (image,), image)
        board = dut.board()
        app = board.power_on()
        assert app is not None
        app.partitions.flash.take_ops()
        self._board = board
        return app

    def start_below_efuse(self, app: App) -> App:
        """Start the same application once more, its secure version below what the eFuse then holds."""
        self._board.efuse.update_secure_version(_LINKED_VERSION + 1)
        return App(self._board.flash, self._board.efuse, self.config, app.running)

    @property
    def efuse_version(self) -> int:
        """Secure version in the eFuse."""
        return self._board.efuse.secure_version

    def entry(self, place: int) -> bytes:
        """Return an otadata entry."""
        return self._board.flash.read(OTADATA + place * SECTOR_SIZE, ENTRY_SIZE)


def _part(app: App, label: str) -> Partition:
    return next(p for p in app.partitions.table if p.label == label)


def _code(call: Callable[[], object]) -> str:
    """Return what a call comes to."""
    try:
        call()
    except OtaError as error:
        return error.code.code_name
    except (Panic, Hang, Restart) as end:
        return type(end).__name__.lower()
    return "ESP_OK"


_GOOD = ((1, OtaImgState.VALID), (2, OtaImgState.INVALID))
"""ota_0 runs, and the inactive entry names ota_1."""


def _begin_erases_entry(bench: Bench) -> str:
    app = bench.start(*_GOOD)
    before = bench.entry(1)
    app.ota.esp_ota_begin(_part(app, "ota_1"), OTA_SIZE_UNKNOWN)
    return "kept" if bench.entry(1) == before else "erased"


def _begin_on_data(bench: Bench) -> str:
    app = bench.start()
    return _code(lambda: app.ota.esp_ota_begin(_part(app, "store"), OTA_SIZE_UNKNOWN))


def _begin_fails(bench: Bench) -> str:
    app = bench.start()
    try:
        app.ota.esp_ota_begin(_part(app, "ota_1"), SLOT_SIZE + 1)
    except OtaError as error:
        return "no handle" if error.handle is None else "a handle"
    raise AssertionError("an image larger than the slot is accepted")


def _begin_twice(bench: Bench) -> str:
    app = bench.start()
    slot = _part(app, "ota_1")
    app.ota.esp_ota_begin(slot, OTA_SIZE_UNKNOWN)
    return _code(lambda: app.ota.esp_ota_begin(slot, OTA_SIZE_UNKNOWN))


def _resume_pending(bench: Bench) -> str:
    app = bench.start((1, OtaImgState.NEW))
    return _code(lambda: app.ota.esp_ota_resume(_part(app, "ota_1"), OTA_WITH_SEQUENTIAL_WRITES, FIRST_PART))


def _set_boot_running(bench: Bench) -> str:
    app = bench.start(*_GOOD)
    app.ota.esp_ota_set_boot_partition(app.running)
    (touched,) = {(op.address - OTADATA) // SECTOR_SIZE for op in app.partitions.flash.take_ops()}
    return ("the active entry", "the other entry")[touched]


def _write_nothing(bench: Bench) -> str:
    app = bench.start()
    return _code(lambda: app.ota.esp_ota_write(1, b""))


def _write_a_sector(bench: Bench) -> str:
    app = bench.start()
    handle = app.ota.esp_ota_begin(_part(app, "ota_1"), OTA_WITH_SEQUENTIAL_WRITES)
    app.partitions.flash.take_ops()
    # Zeros can be written without an erase, which versions that know no sequential writes leave out.
    app.ota.esp_ota_write(handle, bytes([IMAGE_MAGIC]).ljust(SECTOR_SIZE, b"\0"))
    erased = sum(op.kind is FlashOpKind.ERASE for op in app.partitions.flash.take_ops())
    return f"{erased} sector{'' if erased == 1 else 's'}"


def _burn_after_change(bench: Bench) -> str:
    app = bench.start((1, OtaImgState.NEW))
    # Bits can be cleared without an erase: the description in flash names version 1 from now on.
    app.partitions.write(app.running, APP_DESC_OFFSET + 4, struct.pack("<I", 1))
    app.ota.esp_ota_mark_app_valid_cancel_rollback()
    return {1: "that in flash", _LINKED_VERSION: "that of the running image"}[bench.efuse_version]


def _erase_readonly(bench: Bench) -> str:
    app = bench.start()
    return _code(lambda: app.partitions.erase_range(_part(app, "fixed"), 0, SECTOR_SIZE))


def _finalize_with_copy(bench: Bench) -> str:
    app = bench.start()
    handle = app.ota.esp_ota_begin(_part(app, "store"), OTA_SIZE_UNKNOWN)
    app.ota.esp_ota_set_final_partition(handle, _part(app, "spare"), True)
    app.ota.esp_ota_write(handle, b"data")
    app.partitions.flash.take_ops()
    app.ota.esp_ota_end(handle)
    programs = sum(op.kind is FlashOpKind.PROGRAM for op in app.partitions.flash.take_ops())
    return f"{programs} write{'s' if programs > 1 else ''}"


def _begin_sequential(bench: Bench) -> str:
    app = bench.start()
    handle = app.ota.esp_ota_begin(_part(app, "ota_1"), OTA_WITH_SEQUENTIAL_WRITES)
    app.partitions.flash.take_ops()
    app.ota.esp_ota_write(handle, bytes([IMAGE_MAGIC]))
    erases = any(op.kind is FlashOpKind.ERASE for op in app.partitions.flash.take_ops())
    return "esp_ota_write" if erases else "nobody"


def _start_too_old(bench: Bench) -> str:
    app = bench.start()
    return _code(lambda: bench.start_below_efuse(app))


def _write_a_byte_of_a_table(bench: Bench) -> str:
    app = bench.start()
    handle = app.ota.esp_ota_begin(_part(app, "store"), OTA_SIZE_UNKNOWN)
    app.ota.esp_ota_set_final_partition(handle, _part(app, "table"), False)
    return _code(lambda: app.ota.esp_ota_write(handle, b"\0"))


ABORT = rule("esp_ota_abort", "", "4.3-beta1")
RESUME = rule("esp_ota_resume", "", "5.3.3 5.4.2 5.5-beta1")
INVALIDATE = rule("esp_ota_mark_app_invalid_rollback", "", "5.5-beta1")
SET_FINAL_PARTITION = rule("esp_ota_set_final_partition", "", "5.5-beta1")
CALLS = (ABORT, RESUME, INVALIDATE, SET_FINAL_PARTITION)
"""Functions that only some versions have. Read in ESP-IDF's tags; no board can show it."""

PROBES: tuple[Probe, ...] = (
    Probe(
        "esp_ota_begin: the inactive otadata entry, rollback on",
        "begin_erases_inactive_entry",
        "ota_0 runs, the other entry names ota_1; esp_ota_begin(ota_1)",
        "rollback",
        _begin_erases_entry,
        is_in_model=True,
    ),
    Probe(
        "esp_ota_begin on a data partition",
        "begin_takes_any_partition",
        "esp_ota_begin(data partition)",
        "",
        _begin_on_data,
    ),
    Probe(
        "esp_ota_begin that fails in the erase gives out",
        "begin_gives_handle_first",
        "esp_ota_begin(ota_1, image_size = size of the slot + 1)",
        "",
        _begin_fails,
    ),
    Probe(
        "second esp_ota_begin on a slot in use",
        "begin_refuses_second_session",
        "esp_ota_begin(ota_1); esp_ota_begin(ota_1)",
        "",
        _begin_twice,
        is_in_model=True,
    ),
    Probe(
        "esp_ota_resume while the running image is under test",
        "resume_refuses_pending",
        "the running image is PENDING_VERIFY; esp_ota_resume(ota_1)",
        "rollback",
        _resume_pending,
        call=RESUME,
    ),
    Probe(
        "esp_ota_set_boot_partition(running slot) writes",
        "same_slot_in_place",
        "ota_0 runs, the other entry names ota_1; esp_ota_set_boot_partition(ota_0)",
        "",
        _set_boot_running,
        is_in_model=True,
    ),
    Probe(
        "esp_ota_write of no data without a session",
        "write_ignores_empty",
        'esp_ota_write(1, "") without esp_ota_begin',
        "",
        _write_nothing,
    ),
    Probe(
        "esp_ota_begin(OTA_WITH_SEQUENTIAL_WRITES) leaves the erase of the first sector to",
        "knows_sequential_writes",
        "esp_ota_begin(ota_1, OTA_WITH_SEQUENTIAL_WRITES); esp_ota_write(1 byte)",
        "",
        _begin_sequential,
    ),
    Probe(
        "a sequential esp_ota_write of 4096 bytes erases",
        "erases_sector_too_many",
        "esp_ota_begin(ota_1, OTA_WITH_SEQUENTIAL_WRITES); esp_ota_write(4096 bytes)",
        "",
        _write_a_sector,
    ),
    Probe(
        "esp_ota_mark_app_valid burns which secure version",
        "burns_version_of_linked_image",
        "the description in flash is changed from version 3 to 1; esp_ota_mark_app_valid_cancel_rollback()",
        "anti-rollback",
        _burn_after_change,
    ),
    Probe(
        "an application whose secure version is below the eFuse's starts",
        "checks_version_at_start",
        "the eFuse is burned to version 4; an application of version 3 is started",
        "anti-rollback",
        _start_too_old,
    ),
    Probe(
        "esp_ota_write of one wrong byte for a partition table",
        "compares_two_bytes_of_table",
        "esp_ota_begin(data partition); esp_ota_set_final_partition(partition table); write(1 byte)",
        "",
        _write_a_byte_of_a_table,
        call=SET_FINAL_PARTITION,
    ),
    Probe(
        "esp_partition_erase_range of a read-only partition",
        "honours_readonly",
        "esp_partition_erase_range(read-only data partition)",
        "",
        _erase_readonly,
    ),
    Probe(
        "esp_ota_end with a final copy of two sectors",
        "copies_by_sector",
        "esp_ota_begin(data partition); esp_ota_set_final_partition(another, copy); write(4 bytes); end",
        "",
        _finalize_with_copy,
        call=SET_FINAL_PARTITION,
    ),
)
"""One or more for each field of AppRules."""


def has_call(name: str, version: AnyVersion) -> str:
    """Return "yes" or "no"."""
    call = next(call for call in CALLS if call.name == name)
    return "yes" if call.holds_in(version) else "no"


@lru_cache(maxsize=256)
def observe(name: str, version: AnyVersion) -> str:
    """Return what the probe of that name sees under a version."""
    return next(probe for probe in PROBES if probe.name == name).observe(version)
