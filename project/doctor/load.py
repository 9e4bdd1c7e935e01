"""Gathers what `otaproof doctor` looks at, from a directory and the command line.

A directory is an ESP-IDF project, or one in which only the files of a release lie (bootloader.bin,
partitions.bin, firmware.bin, as PlatformIO and Arduino make them); then no options are known, and rules that need
them are left out.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import InputError
from ...impl.chip.chips import CHIPS
from ...impl.image.format import (
    APP_DESC_MAGIC,
    APP_DESC_OFFSET,
    APP_DESC_SIZE,
    IMAGE_HEADER_SIZE,
    IMAGE_MAGIC,
    MIN_IMAGE_SIZE,
    decode_app_desc,
    decode_header,
)
from ...impl.partitions.csv_format import CsvPlaces
from ...model.config import Config
from ..builtin_tables import BUILTIN_TABLES
from ..files import read_file, verify_contents
from ..image_evidence import release_hints, target_hint
from ..lenient_table import TableReading, read_csv, read_table_leniently
from ..option_reader import Answers
from ..project import Project, load_project
from ..sdkconfig import Option, Sdkconfig, given_options, parse_sdkconfig
from ..settings import ReleaseHints, Settings, read_settings
from .subject import BY_DEFAULT, AppImage, Assignment, Need, OptionFile, Subject

_RELEASE_FILES = {
    "running": ("firmware.bin", "*.ino.bin"),
    "bootloader": ("bootloader.bin", "*.ino.bootloader.bin"),
    "table": ("partitions.bin", "*.ino.partitions.bin"),
}
_ACCEPT_CALL = re.compile(
    r"esp_ota_mark_app_valid_cancel_rollback|otaupgrade\s*\.\s*accept|mark_app_valid_cancel_rollback|"
    r"mark_running_slot_valid|Update\.confirm"
)
_ROLLBACK = "BOOTLOADER_APP_ROLLBACK_ENABLE"
_BEGIN_REFUSES = b"Running app has not confirmed state (ESP_OTA_IMG_PENDING_VERIFY)"
"""What esp_ota_begin logs; compiled only with rollback. Source: IDF-OTA-BEGIN."""
_ARDUINO_ACCEPTS = b"OTA verification failed! Start rollback to the previous version"
"""What Arduino's initArduino logs; compiled only with rollback. Source: arduino-esp32, esp32-hal-misc.c."""
_SOURCE_SUFFIXES = {".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".ino", ".lua", ".rs", ".py", ".zig", ".go"}
_NO_SOURCES = {"build", ".git", ".pio", "target", "node_modules", "__pycache__", "managed_components"}
_MAX_SOURCES, _MAX_SOURCE_SIZE = 3000, 1 << 20


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says."""

    directory: Path | None
    running: Path | None
    bootloader: Path | None
    table: Path | None
    bootloader_sdkconfig: Path | None
    fragments: tuple[Path, ...]
    options: tuple[Sdkconfig, ...]
    app_release: Option | None
    bootloader_release: Option | None
    accepts: bool | None


def load_subject(given: Given) -> Subject:
    """Return what there is to see; raises InputError for what cannot be read."""
    given = _with_release_files(given)
    project = (
        None
        if given.directory is None or not _is_project(given.directory)
        else load_project(given.directory, given.running)
    )
    if project is None and given.table is None and given.running is None and not given.fragments and not given.options:
        where = f"{given.directory}: " if given.directory else ""
        raise InputError(f"{where}neither sdkconfig nor sdkconfig.defaults; name an ESP-IDF project, or --partitions")
    running = given.running or (project.running if project else None)
    said = _said(project, given, running)
    is_configured = project is not None or bool(given.fragments) or bool(given.options)
    app_contents = None if running is None else _app_contents(running)
    if app_contents is not None and not is_configured and _tells_rollback(app_contents):
        told = Option(_ROLLBACK, "y", str(running))
        said = said.overlaid(Sdkconfig({told.name: told}))
    settings = read_settings(_coherent(said), _hints(project, given, running))
    bootloader = given.bootloader or _existing(project, "build/bootloader/bootloader.bin")
    accept_call, has_sources = _accept_call(given.directory) if project is not None else (None, False)
    release = settings_origin(settings, "ESP-IDF release of the application")
    subject = Subject(
        name=str(given.directory or given.table or given.running or "the options given"),
        options=said.options,
        is_configured=is_configured,
        has_project=project is not None,
        files=tuple(_option_files(project, given, settings)),
        settings=settings,
        written_by=said.release,
        release_text=release,
        bootloader_options=_bootloader_options(project, given),
        table=_table(project, given, settings, is_configured),
        built_table=_built_table(project, given, settings),
        flashed_table_offset=_flashed_offset(project),
        app=None if app_contents is None else _app_image(str(running), app_contents, settings.config),
        bootloader=None if bootloader is None else (str(bootloader), len(read_file(bootloader))),
        accepts=given.accepts,
        accept_call=accept_call,
        has_sources=has_sources,
    )
    return replace(subject, missing=frozenset(_missing(subject)))


def settings_origin(settings: Settings, name: str) -> str | None:
    """Return where a setting comes from, None when it is assumed."""
    return next((str(s.origin) for s in settings.settings if s.name == name and not s.origin.assumed), None)


def assignments_of(text: str, file: str) -> Iterator[Assignment]:
    """Yield the lines of an sdkconfig that set something, but for the block of old names at its end."""
    is_deprecated = False
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("# Deprecated options"):
            is_deprecated = True
        elif line.startswith("# End of deprecated"):
            is_deprecated = False
        elif not is_deprecated and (match := re.match(r"CONFIG_(\w+)=(.*)|# CONFIG_(\w+) is not set", line.rstrip())):
            raw = "n" if match[3] else re.split(r"\s+#", match[2])[0]
            yield Assignment(match[1] or match[3], raw, f"{file}:{number}")


def _is_project(directory: Path) -> bool:
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory; name the directory of an ESP-IDF project")
    return any((directory / name).is_file() for name in ("sdkconfig", "sdkconfig.defaults"))


def _with_release_files(given: Given) -> Given:
    """Return what is given, with the files of a release where the directory holds no project."""
    if given.directory is None or _is_project(given.directory):
        return given
    found: dict[str, Path | None] = {}
    for role, patterns in _RELEASE_FILES.items():
        paths = [path for pattern in patterns for path in sorted(given.directory.glob(pattern))]
        if role == "running":
            paths = [path for path in paths if ".bootloader." not in path.name and ".partitions." not in path.name]
        found[role] = paths[0] if paths else None
    return replace(
        given,
        running=given.running or found["running"],
        bootloader=given.bootloader or found["bootloader"],
        table=given.table or found["table"],
    )


def _said(project: Project | None, given: Given, running: Path | None) -> Sdkconfig:
    """Return all that is said of options: project, then fragments, then the command line."""
    chip = None if running is None else target_hint(running)
    base = Sdkconfig({} if chip is None else {chip.name: chip})
    fragments = [parse_sdkconfig(_text(path), str(path)) for path in given.fragments]
    said = base.overlaid(Sdkconfig() if project is None else project.sdkconfig, *fragments, *given.options)
    newer = said.options.get("BOOTLOADER_APP_ROLLBACK")
    if newer is not None and _ROLLBACK not in said.options:
        # What ESP-IDF calls the option after the newest release whose rules are known here.
        return said.overlaid(Sdkconfig({_ROLLBACK: replace(newer, name=_ROLLBACK)}))
    return said


def _coherent(said: Sdkconfig) -> Sdkconfig:
    """Return the options as Kconfig leaves them: without rollback there is no anti-rollback."""
    answers = Answers(said.options)
    if answers.is_on("BOOTLOADER_APP_ANTI_ROLLBACK") and not answers.is_on(_ROLLBACK):
        return said.overlaid(given_options(["CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK=n"], "Kconfig"))
    return said


def _hints(project: Project | None, given: Given, running: Path | None) -> ReleaseHints:
    found = ReleaseHints() if project is None else project.hints
    images = release_hints(running, given.bootloader)
    app = () if given.app_release is None else (given.app_release,)
    bootloader = app if given.bootloader_release is None else (given.bootloader_release,)
    if given.bootloader is not None:
        return ReleaseHints((*app, *images.app, *found.app), (*bootloader, *images.bootloader, *found.bootloader))
    return ReleaseHints((*app, *images.app, *found.app), (*bootloader, *found.bootloader, *images.bootloader))


def _option_files(project: Project | None, given: Given, settings: Settings) -> Iterator[OptionFile]:
    paths: list[tuple[Path, bool]] = []
    if project is not None:
        has_sdkconfig = (project.directory / "sdkconfig").is_file()
        for name in ("sdkconfig.defaults", f"sdkconfig.defaults.{settings.config.chip.value}", "sdkconfig"):
            path = project.directory / name
            if path.is_file():
                paths.append((path, has_sdkconfig and name != "sdkconfig"))
    for path, is_defaults in (*paths, *((path, False) for path in given.fragments)):
        yield OptionFile(str(path), tuple(assignments_of(_text(path), str(path))), is_defaults)


def _bootloader_options(project: Project | None, given: Given) -> Mapping[str, Option] | None:
    """Return the options that the bootloader was built with, from an sdkconfig, sdkconfig.h or sdkconfig.json."""
    path = given.bootloader_sdkconfig
    if path is None:
        names = ("config/sdkconfig.h", "config/sdkconfig.json", "sdkconfig")
        found = (_existing(project, f"build/bootloader/{name}") for name in names)
        path = next((candidate for candidate in found if candidate is not None), None)
    if path is None:
        return None
    text = _text(path)
    if text.lstrip().startswith("{"):
        return _options_of_json(text, path)
    if "#define CONFIG_" in text:
        defined = re.finditer(r"^#define CONFIG_(\w+)[ \t]+(?!CONFIG_)(.*\S)", text, re.MULTILINE)
        return {match[1]: Option(match[1], match[2], f"{path}:{_line(text, match.start())}") for match in defined}
    return parse_sdkconfig(text, str(path)).options


def _options_of_json(text: str, path: Path) -> dict[str, Option]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path}: no JSON: {error}; name the sdkconfig of the bootloader's build") from None
    words = {True: "y", False: "n"}
    return {
        name: Option(name, words[value] if isinstance(value, bool) else json.dumps(value), str(path))
        for name, value in values.items()
    }


def _table(project: Project | None, given: Given, settings: Settings, is_configured: bool) -> TableReading | None:
    places = _places(settings)
    if given.table is not None:
        return read_table_leniently(given.table, places)
    choice = settings.table
    if choice.builtin == "CUSTOM" and project is not None:
        path = project.directory / choice.filename
        if not path.is_file():
            raise InputError(f"{path}: no such file, but {choice.origin} names it as the partition table")
        return read_table_leniently(path, places)
    builtin = BUILTIN_TABLES.get(choice.builtin)
    if builtin is None or not is_configured:
        return None
    csv = builtin.csv_with_coredump if choice.coredump and builtin.csv_with_coredump else builtin.csv
    place = BY_DEFAULT if choice.origin.assumed else choice.origin.text
    return read_csv(csv.encode(), places, f"ESP-IDF's table {choice.builtin}", place)


def _built_table(project: Project | None, given: Given, settings: Settings) -> TableReading | None:
    if project is None or project.built_table is None or given.table is not None:
        return None
    return read_table_leniently(project.built_table, _places(settings))


def _places(settings: Settings) -> CsvPlaces:
    return CsvPlaces(settings.config.table_offset, CHIPS[settings.config.chip].bootloader_offset)


def _flashed_offset(project: Project | None) -> tuple[int, str] | None:
    """Return where the last build flashes its table, and the file that says so."""
    path = _existing(project, "build/flasher_args.json")
    if path is None:
        return None
    try:
        table = json.loads(_text(path)).get("partition-table", {})
        return int(str(table["offset"]), 0), str(path)
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


def _app_contents(path: Path) -> bytes:
    contents = read_file(path)
    if contents[0] != IMAGE_MAGIC:
        raise InputError(f"{path}: byte 0 is 0x{contents[0]:02x}, not 0x{IMAGE_MAGIC:02x}: no application image")
    if len(contents) < MIN_IMAGE_SIZE:
        raise InputError(f"{path}: {len(contents)} bytes; an application has at least {MIN_IMAGE_SIZE}: cut off?")
    return contents


def _tells_rollback(contents: bytes) -> bool:
    return _BEGIN_REFUSES in contents or _ARDUINO_ACCEPTS in contents


def _app_image(path: str, contents: bytes, config: Config) -> AppImage:
    raw = contents[APP_DESC_OFFSET : APP_DESC_OFFSET + APP_DESC_SIZE]
    desc = decode_app_desc(raw)
    problem = None
    try:
        verify_contents(Path(path), contents, config)
    except InputError as error:
        problem = str(error).removeprefix(f"{path}: ")
    return AppImage(
        path,
        len(contents),
        decode_header(contents[:IMAGE_HEADER_SIZE]),
        desc if desc.magic_word == APP_DESC_MAGIC else None,
        problem,
        _tells_rollback(contents),
        _ARDUINO_ACCEPTS in contents,
    )


def _accept_call(directory: Path | None) -> tuple[str | None, bool]:
    """Return where the sources of a project accept the running image, and whether there are sources at all."""
    has_sources, seen = False, 0
    for root, directories, names in os.walk(directory or "."):
        directories[:] = sorted(name for name in directories if name not in _NO_SOURCES)
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix not in _SOURCE_SUFFIXES or not path.is_file() or path.stat().st_size > _MAX_SOURCE_SIZE:
                continue
            has_sources, seen = True, seen + 1
            text = path.read_bytes().decode("utf-8", "replace")
            if match := _ACCEPT_CALL.search(text):
                return f"{path}:{_line(text, match.start())}", True
            if seen >= _MAX_SOURCES:
                # Too much to read: nothing can be said of the rest.
                return None, False
    return None, has_sources


def _missing(subject: Subject) -> Iterator[Need]:
    if not subject.is_configured:
        yield Need.OPTIONS
        if not subject.config.rollback:
            yield Need.ROLLBACK
    if subject.bootloader_options is None:
        yield Need.BOOTLOADER_OPTIONS
    if subject.table is None:
        yield Need.TABLE
    if subject.app is None:
        yield Need.APP
    if subject.bootloader is None:
        yield Need.BOOTLOADER
    if subject.release_text is None:
        yield Need.RELEASE
    if subject.built_table is None and subject.flashed_table_offset is None:
        yield Need.BUILD


def _existing(project: Project | None, name: str) -> Path | None:
    if project is None or not (project.directory / name).is_file():
        return None
    return project.directory / name


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8") if path.is_file() else read_file(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is no UTF-8; want text") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
