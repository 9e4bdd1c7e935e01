"""What PlatformIO, ESPHome and Arduino leave, and folders in which the files of a release lie.

    PlatformIO   ROOT/platformio.ini          ROOT/.pio/build/ENV/{firmware,bootloader,partitions}.bin, or nothing yet
    ESPHome      ROOT/*.yaml, ROOT/.esphome/  ROOT/.esphome/build/X/.pioenvs/X/{firmware,bootloader,partitions}.bin
    Arduino      SKETCH/SKETCH.ino            SKETCH/build/FQBN/SKETCH.ino{,.bootloader,.partitions}.bin
    a release                                 {firmware,bootloader,partitions}.bin, or names like those

With ESP-IDF as its framework PlatformIO keeps the options of an environment in ROOT/sdkconfig.ENV, ESPHome in
.esphome/build/X/sdkconfig.X. The sdkconfig beside an Arduino build is that of the libraries, which were built long
before: its flash size and partition table are not the sketch's. The table is always the one that was built, since
that is what the board gets.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from .idf_project import idf_option_files, is_idf_build, is_idf_project, load_idf_project
from .platformio_ini import read_platformio
from .project import OptionFile, Project
from .project_files import ProjectFiles
from .sdkconfig import Sdkconfig

_TABLES = ("partitions.bin", "partition-table.bin", "partitions.csv")
_ARDUINO_SETS_ITSELF = ("ESPTOOLPY_FLASHSIZE_", "PARTITION_TABLE_")


def is_platformio(directory: Path) -> bool:
    """Tell whether it is the root of a PlatformIO project, ESPHome's generated one included.

    A project that PlatformIO and idf.py can both build is PlatformIO's where idf.py has not built it alone."""
    is_root = (directory / "platformio.ini").is_file()
    is_built_by_idf = is_idf_project(directory) and is_idf_build(directory / "build")
    return is_root and (bool(_environments(directory)) or not is_built_by_idf)


def is_esphome(directory: Path) -> bool:
    """Tell whether ESPHome has built something here."""
    return (directory / ".esphome/build").is_dir()


def is_environment(directory: Path) -> bool:
    """Tell whether it is what PlatformIO built for one environment."""
    above = directory.resolve().parent
    return above.name == ".pioenvs" or (above.name, above.parent.name) == ("build", ".pio")


def is_sketch(directory: Path) -> bool:
    """Tell whether it is an Arduino sketch: its main file is called as the directory is."""
    return (directory / f"{directory.resolve().name}.ino").is_file()


def is_arduino_build(directory: Path) -> bool:
    """Tell whether it holds what Arduino built."""
    return any(directory.glob("*.ino.bin"))


def is_release(directory: Path) -> bool:
    """Tell whether a partition table lies there, or an image by the name that all tools give it."""
    return _has_table(directory) or (directory / "firmware.bin").is_file()


def load_platformio(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return the only environment that was built; raises InputError for none, or several."""
    built = _environments(files.root)
    if not built and (files.root / "platformio.ini").is_file():
        try:
            return _load_unbuilt(files, running, update)
        except InputError:
            if is_idf_project(files.root):
                return load_idf_project(files, running, update)
            raise
    chosen = _one(built, files.root, "environments of PlatformIO", "pio run")
    return load_environment(files.at(files.inside(chosen)), running, update)


def _load_unbuilt(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return what platformio.ini says of a project that was not built, beside the options of ESP-IDF as its framework.

    Raises InputError for environments that differ."""
    root = files.root
    env = read_platformio(files)
    table = None if env.table is None else files.existing(env.table)
    missing = ""
    if table is None and env.table is not None:
        missing = f"{env.place('board_build.partitions')}: no {env.table} here; give the table with --partitions"
    elif table is None and not env.is_of_esp_idf:
        chooses = (
            "the board chooses a table" if env.is_arduino else f"env:{env.name} and no framework, no table is known"
        )
        missing = f"{env.file}: without board_build.partitions {chooses}; give it with --partitions"
    full = next((path for path in (root / f"sdkconfig.{env.name}", root / "sdkconfig") if path.is_file()), None)
    has_options = full is not None or is_idf_project(root)
    return Project(
        files,
        f"PlatformIO project, environment {env.name}",
        tuple(idf_option_files(files, full or root / "sdkconfig")) if has_options else (),
        told=env.options(has_options),
        updater=env.updater,
        running=running,
        update=update,
        table=table,
        no_table=missing,
        sources=existing_directory(root / "src"),
    )


def load_environment(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return what was built for one environment, with the options that its framework took."""
    build = files.root
    whole = build if len(build.parts) > 2 else build.resolve()
    root = whole.parents[1 if whole.parent.name == ".pioenvs" else 2]
    full = root / f"sdkconfig.{whole.name}"
    around = files.at(root)
    return replace(
        load_release(files, running, update),
        files=around.at(build),
        kind=f"PlatformIO environment {whole.name}",
        option_files=tuple(idf_option_files(around, full)) if full.is_file() else (),
        sources=existing_directory(root / "src"),
    )


def load_esphome(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return the only device that ESPHome built; raises InputError for none, or several."""
    root = files.root
    devices = [path for path in root.glob(".esphome/build/*") if any(path.glob(".pioenvs/*/firmware.bin"))]
    chosen = _one(devices, root, "devices of ESPHome", "esphome compile")
    return load_platformio(files.at(files.inside(chosen)), running, update)


def load_sketch(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return the only build of a sketch; raises InputError for none, or several."""
    root = files.root
    builds = [path for path in root.glob("build/*") if is_arduino_build(path)]
    chosen = _one(builds, root, "builds of the sketch", "arduino-cli compile --export-binaries")
    return replace(load_arduino_build(files.at(files.inside(chosen)), running, update), sources=root)


def load_arduino_build(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return what Arduino built."""
    build = files.root
    app = running or only_app_of_arduino(files)
    stem = "" if app is None else app.name.removesuffix(".bin")
    sdkconfig = build / "sdkconfig"
    return Project(
        files,
        "Arduino build",
        (OptionFile(sdkconfig, _of_libraries(files.sdkconfig(sdkconfig))),) if sdkconfig.is_file() else (),
        running=app,
        update=update,
        bootloader=files.existing(build / f"{stem}.bootloader.bin", build / "bootloader.bin"),
        table=files.existing(build / f"{stem}.partitions.bin", build / "partitions.csv"),
        build=build,
    )


def load_release(files: ProjectFiles, running: Path | None, update: Path | None) -> Project:
    """Return the files of a release, by the names that tools give them."""
    directory = files.root
    return Project(
        files,
        "files of a release",
        running=running or files.existing(directory / "firmware.bin") or files.only_app(directory, "--running"),
        update=update,
        bootloader=files.existing(directory / "bootloader.bin"),
        otadata=files.existing(directory / "ota_data_initial.bin"),
        table=files.existing(*(directory / name for name in _TABLES)),
        build=directory,
    )


def only_app_of_arduino(files: ProjectFiles) -> Path | None:
    """Return the application of an Arduino build; raises InputError for several."""
    found = sorted(files.root.glob("*.ino.bin"))
    return files.inside(_one(found, files.root, "sketches", "--running FILE")) if found else None


def _environments(root: Path) -> list[Path]:
    """Return the environments that were built."""
    found = (*root.glob(".pio/build/*"), *root.glob(".pioenvs/*"))
    return [path for path in found if (path / "firmware.bin").is_file() and _has_table(path)]


def _has_table(directory: Path) -> bool:
    return any((directory / name).is_file() for name in _TABLES)


def existing_directory(path: Path) -> Path | None:
    """Return a directory, None where there is none."""
    return path if path.is_dir() else None


def _of_libraries(sdkconfig: Sdkconfig) -> Sdkconfig:
    """Return the options of Arduino's libraries without those that a sketch's build decides anew."""
    kept = {
        name: option
        for name, option in sdkconfig.options.items()
        if name == "PARTITION_TABLE_OFFSET" or not name.startswith(_ARDUINO_SETS_ITSELF)
    }
    return Sdkconfig(kept, sdkconfig.release)


def _one(found: Iterable[Path], root: Path, what: str, command: str) -> Path:
    """Return the one of several that was built; raises InputError, one line, for none, or several."""
    paths = sorted(found)
    if not paths:
        raise InputError(f"{root}: no {what} with an application and a partition table; build first: {command}")
    if len(paths) > 1:
        raise InputError(f"{root}: several {what}; name one: {', '.join(map(str, paths))}")
    return paths[0]
