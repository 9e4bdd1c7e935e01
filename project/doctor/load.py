"""Gathers what `otaproof doctor` looks at: what is resolved for every command, and what only the doctor reads.

Where no options are known (the files of a release, a dump), rules that need them are left out.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ...errors import InputError
from ...impl.image.format import IMAGE_MAGIC, MIN_IMAGE_SIZE
from ..builtin_tables import BUILTIN_TABLES
from ..files import check_is_application, read_file, verify_contents
from ..flash_parts import unlike_application
from ..flash_reading import FlashReading
from ..image_evidence import ImageEvidence, app_evidence
from ..inputs import Inputs
from ..lenient_table import TableReading, read_csv, read_table_in_flash, read_table_leniently
from ..own_ram import clash_with_bootloader
from ..project import Project, custom_table
from ..resolve import UPDATER, Resolved, resolve
from ..sdkconfig import Option
from ..sdkconfig_file import read_options
from ..source_scan import SourceScan, scan_sources
from .subject import BY_DEFAULT, AppImage, Need, Subject


def load_subject(inputs: Inputs, accepts: bool | None = None) -> Subject:
    """Return what there is to see; raises InputError for what cannot be read.

    accepts: whether the application accepts itself, where the user says so."""
    if not any((inputs.subject, inputs.flash, inputs.partitions, inputs.running, inputs.fragments)):
        raise InputError("nothing to look at: name a project, a dump, --partitions, --running or --sdkconfig")
    resolved = resolve(inputs, as_kconfig=True)
    project, has_options = resolved.project, resolved.has_options
    is_configured = has_options or bool(resolved.inputs.said().options)
    # Options say what a project asks for; images, only where no options are known.
    options = resolved.said if has_options else resolved.evidence.options().overlaid(resolved.said)
    scan = SourceScan() if project is None or project.sources is None else scan_sources(project.files, project.sources)
    release = resolved.value("ESP-IDF release of the application").origin
    subject = Subject(
        name=str(inputs.subject or inputs.flash or inputs.partitions or inputs.running or "the options given"),
        options=options.options,
        is_configured=is_configured,
        flash_size=resolved.flash_size,
        files=resolved.option_files,
        settings=resolved.settings,
        named_values=resolved.named_values(),
        warnings=resolved.warnings,
        written_by=resolved.said.release,
        release_text=None if release.assumed else str(release),
        bootloader_options=_bootloader_options(resolved),
        table=_table(resolved),
        built_table=_built_table(resolved),
        flashed_table_offset=_flashed_offset(project, "partition-table"),
        flashed_app=_flashed_offset(project, "app"),
        flashed_size=_flashed_size(project),
        app=_app(resolved),
        bootloader=_bootloader(resolved),
        bootloader_flash_size=resolved.evidence.flash_size(),
        accepts=accepts,
        accept_call=scan.accept_call,
        has_sources=scan.is_complete,
        check_command="",
    )
    subject = replace(subject, check_command=_check_command(subject, resolved))
    return replace(subject, missing=frozenset(_missing(subject, resolved)))


def _check_command(subject: Subject, resolved: Resolved) -> str:
    """Return the command; images are made where there is none."""
    arguments = [*resolved.inputs.arguments()]
    if subject.table is None and resolved.flash is None:
        arguments += ["--partitions", "TABLE.csv"]
    if resolved.running is None and resolved.flash is None:
        slots = [] if subject.table is None else [row.partition.size for row in subject.table.slots]
        arguments += ["--image-size", f"{max(4, min(slots, default=1 << 17) >> 11)}K"]
    return shlex.join(["otaproof", "check", *arguments])


def _bootloader_options(resolved: Resolved) -> Mapping[str, Option] | None:
    """Return the options that the bootloader was built with, from an sdkconfig, sdkconfig.h or sdkconfig.json."""
    path, project = resolved.inputs.bootloader_sdkconfig, resolved.project
    if path is None and project is not None and project.build is not None:
        names = ("config/sdkconfig.h", "config/sdkconfig.json", "sdkconfig")
        path = project.files.existing(*(project.build / "bootloader" / name for name in names))
    return None if path is None else read_options(path).options


def _table(resolved: Resolved) -> TableReading | None:
    places, project, choice = resolved.places, resolved.project, resolved.settings.table
    if resolved.flash is not None:
        return read_table_in_flash(resolved.flash.table, str(resolved.flash.path), places)
    path = resolved.inputs.partitions or (project.table if project else None)
    if path is not None:
        return read_table_leniently(path, places)
    if choice.builtin == "CUSTOM" and project is not None:
        return read_table_leniently(custom_table(project, choice), places)
    builtin = BUILTIN_TABLES.get(choice.builtin)
    is_known = resolved.has_options or not choice.origin.assumed
    if builtin is None or not is_known or (project is not None and project.no_table):
        return None
    csv = builtin.csv_with_coredump if choice.coredump and builtin.csv_with_coredump else builtin.csv
    place = BY_DEFAULT if choice.origin.assumed else choice.origin.text
    return read_csv(csv.encode(), places, f"ESP-IDF's table {choice.builtin}", place)


def _built_table(resolved: Resolved) -> TableReading | None:
    project = resolved.project
    if project is None or project.built_table is None or resolved.inputs.partitions is not None:
        return None
    return read_table_leniently(project.built_table, resolved.places)


def _flashed_offset(project: Project | None, part: str) -> tuple[int, str] | None:
    """Return where the last build flashes a part, and the file that says so."""
    offset, path = _flasher_argument(project, part, "offset")
    try:
        return int(str(offset), 0), path
    except ValueError:
        return None


def _flashed_size(project: Project | None) -> tuple[int, str] | None:
    """Return the flash size that the last build writes into headers; None where it leaves them, or looks."""
    size, path = _flasher_argument(project, "flash_settings", "flash_size")
    match = re.fullmatch(r"(\d{1,3})MB", str(size))
    return None if match is None else (int(match[1]) << 20, path)


def _flasher_argument(project: Project | None, part: str, name: str) -> tuple[object, str]:
    """Return what the last build says of a part, None for nothing, and the file that would say it."""
    if project is None or project.build is None:
        return None, ""
    path = project.build / "flasher_args.json"
    values = project.files.json(path).get(part)
    return values.get(name) if isinstance(values, dict) else None, str(path)


def _bootloader(resolved: Resolved) -> tuple[str, int] | None:
    """Return what to call the bootloader, and its size."""
    if resolved.bootloader is not None:
        return str(resolved.bootloader), _size(resolved.bootloader)
    evidence = resolved.evidence.bootloader
    return None if evidence is None or evidence.length is None else (evidence.place, evidence.length)


def _app(resolved: Resolved) -> AppImage | None:
    """Return the application that runs: a file, or an image of the dump."""
    if resolved.running is not None:
        contents = read_file(resolved.running)
        _check_app(resolved.running, contents)
        evidence = app_evidence(contents, str(resolved.running))
        return None if evidence is None else _app_image(evidence, contents, resolved, is_file=True)
    for evidence in resolved.evidence.apps[:1]:
        held = _contents_in(resolved.flash, evidence)
        return None if held is None else _app_image(evidence, held, resolved, is_file=False)
    return None


def _check_app(path: Path, contents: bytes) -> None:
    if contents[0] != IMAGE_MAGIC:
        check_is_application(path, contents)
        raise InputError(f"{path}: byte 0 is 0x{contents[0]:02x}, not 0x{IMAGE_MAGIC:02x}: no application image")
    if len(contents) < MIN_IMAGE_SIZE:
        raise InputError(f"{path}: {len(contents)} bytes; an application has at least {MIN_IMAGE_SIZE}: cut off?")


def _contents_in(flash: FlashReading | None, evidence: ImageEvidence) -> bytes | None:
    """Return what the partition of an image holds; None for an image that lies in no app partition."""
    rows = () if flash is None else flash.table
    return next((flash.contents(p) for p in rows if flash and p.is_app and flash.place(p) == evidence.place), None)


def _app_image(evidence: ImageEvidence, contents: bytes, resolved: Resolved, is_file: bool) -> AppImage:
    problem, length, unlike = None, 0, unlike_application(contents)
    try:
        length = 0 if unlike is not None else verify_contents(Path(evidence.place), contents, resolved.config).length
    except InputError as error:
        problem = str(error).removeprefix(f"{evidence.place}: ")
    return AppImage(
        evidence.place,
        len(contents) if is_file else length,
        evidence.header,
        evidence.desc,
        problem,
        unlike,
        None if resolved.bootloader is None else clash_with_bootloader(contents, read_file(resolved.bootloader)),
        evidence.is_arduino,
        evidence.has_rollback,
        evidence.is_confirmed_by_arduino,
    )


def _missing(subject: Subject, resolved: Resolved) -> Iterator[Need]:
    if not subject.is_configured:
        yield Need.OPTIONS
    if not resolved.has_options:
        yield Need.ALL_OPTIONS
    if not resolved.knows_rollback:
        yield Need.ROLLBACK
    if not resolved.knows_anti_rollback:
        yield Need.ANTI_ROLLBACK
    if subject.bootloader_options is None:
        yield Need.BOOTLOADER_OPTIONS
    if subject.table is None:
        yield Need.TABLE
    if subject.app is None:
        yield Need.APP
    if subject.app is None and all(value.name != UPDATER for value in resolved.settings.settings):
        yield Need.UPDATER
    if subject.bootloader is None:
        yield Need.BOOTLOADER
    if subject.release_text is None:
        yield Need.RELEASE
    if subject.built_table is None and subject.flashed_table_offset is None and subject.flashed_app is None:
        yield Need.BUILD


def _size(path: Path) -> int:
    return len(read_file(path))
