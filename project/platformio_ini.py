"""What platformio.ini says of a device that was not built yet: framework, board, partition table, size of flash.

An environment is a section [env:NAME], over the section [env] and those that it extends, in this file and in those that
extra_configs names. ${section.key} stands for a value of them. The board's own description is not here: the chip is
told by the board's name where that has it.
"""

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..bounded_input import shortened
from ..errors import InputError
from ..model.config import Chip
from ..model.writers import Updater
from .files import read_file
from .image_evidence import ROLLBACK
from .project_files import ProjectFiles
from .sdkconfig import Option, Sdkconfig

_PLATFORM = "espressif32"
_REFERENCE = re.compile(r"\$\{([^${}.]+(?::[^${}.]+)?)\.([^${}]+)\}")
_CHIP = re.compile(r"esp32(?:[-_]?(s2|s31|s3|c2|c3|c5|c61|c6|h21|h2|h4|p4))?")
_MEBIBYTES = re.compile(r"(\d+)\s*MB?", re.IGNORECASE)
_KEYS = ("framework", "board", "board_build.mcu", "board_build.partitions", "board_upload.flash_size")
_MOST_FILES, _MOST_NAMES = 1000, 5
_MOST_REFERENCES = 20
"""References that are filled in, of a value and of what they stand for."""


@dataclass(frozen=True, slots=True)
class PlatformioEnvironment:
    """An environment, as far as it matters here."""

    file: Path
    name: str
    values: dict[str, str]
    """By key, what is set; without a key, the board decides."""

    def place(self, key: str) -> str:
        """Say where a value stands."""
        return f"{self.file} [env:{self.name}] {key}"

    @property
    def is_arduino(self) -> bool:
        """Arduino's core is the framework, or a part of it."""
        return "arduino" in self.values.get("framework", "")

    @property
    def is_of_esp_idf(self) -> bool:
        """ESP-IDF is the framework, or a part of it: its options are the project's."""
        return "espidf" in self.values.get("framework", "")

    @property
    def updater(self) -> tuple[Updater, str] | None:
        """What brings updates, and what tells so; None where the framework has esp_ota_* alone."""
        framework = self.values.get("framework", "")
        return (Updater.ARDUINO, f"{self.place('framework')} = {framework}") if self.is_arduino else None

    @property
    def table(self) -> Path | None:
        """The partition table that it names, which may be one of the framework's own."""
        named = self.values.get("board_build.partitions")
        return None if named is None else self.file.parent / named

    def options(self, has_sdkconfig: bool = False) -> Sdkconfig:
        """Return what it says in the words of ESP-IDF: the chip, and the size of flash that is written to headers.

        Arduino's libraries are published as built with rollback, in the bootloader too.

        has_sdkconfig: the project has options of ESP-IDF, with which they are built anew."""
        return Sdkconfig({option.name: option for option in self._options(has_sdkconfig)})

    def _options(self, has_sdkconfig: bool) -> Iterator[Option]:
        for key in ("board_build.mcu", "board"):
            chip = _chip(self.values.get(key, ""))
            if chip is not None:
                yield Option("IDF_TARGET", f'"{chip.value}"', self.place(key))
                break
        size = _MEBIBYTES.fullmatch(self.values.get("board_upload.flash_size", ""))
        if size is not None:
            yield Option(f"ESPTOOLPY_FLASHSIZE_{int(size[1])}MB", "y", self.place("board_upload.flash_size"))
        if self.is_arduino and not self.is_of_esp_idf and not has_sdkconfig:
            yield Option(ROLLBACK, "y", f"{self.place('framework')} = arduino: its libraries are built with rollback")


def read_platformio(files: ProjectFiles) -> PlatformioEnvironment:
    """Return the environment for a chip of this family; raises InputError for none, or several that differ."""
    file = files.inside(files.root / "platformio.ini")
    parser = configparser.RawConfigParser(
        strict=False, allow_no_value=True, comment_prefixes=(";", "#"), inline_comment_prefixes=(";", " #")
    )
    _read(parser, file)
    for pattern in _listed(_value(parser, "platformio", "extra_configs")):
        for more in _matching(files.root, pattern):
            _read(parser, files.inside(more))
    found = [env for env in _environments(file, parser) if _PLATFORM in env.values.get("platform", _PLATFORM)]
    named = _listed(_value(parser, "platformio", "default_envs"))
    chosen = [env for env in found if env.name in named] or found
    if not chosen:
        raise InputError(f"{file}: no environment for {_PLATFORM}; name a build, or give --partitions")
    for key in _KEYS:
        if len({env.values.get(key) for env in chosen}) > 1:
            names = ", ".join(shortened(env.name) for env in chosen[:_MOST_NAMES])
            names += f" and {len(chosen) - _MOST_NAMES} more" if len(chosen) > _MOST_NAMES else ""
            raise InputError(
                f"{file}: environments that differ in {key}: {names}; build one (pio run -e NAME) and name its "
                ".pio/build/NAME"
            )
    return chosen[0]


def _read(parser: configparser.RawConfigParser, file: Path) -> None:
    try:
        parser.read_string(read_file(file).decode("utf-8-sig", "replace"))
    except configparser.Error as error:
        said = shortened(" ".join(str(error).split()))
        raise InputError(f"{file}: {said}; correct it, or give --partitions") from None


def _matching(root: Path, pattern: str) -> list[Path]:
    """Return the files of a project that a pattern names; a pattern that leads elsewhere names none."""
    if ".." in pattern or pattern.startswith(("/", "~")):
        return []
    try:
        return sorted(path for path in islice(root.glob(pattern), _MOST_FILES) if path.is_file())
    except (OSError, ValueError, NotImplementedError):
        return []


def _environments(file: Path, parser: configparser.RawConfigParser) -> Iterator[PlatformioEnvironment]:
    for section in parser.sections():
        if section.startswith("env:"):
            values = {key: _value(parser, section, key) for key in (*_KEYS, "platform")}
            yield PlatformioEnvironment(
                file, section.removeprefix("env:"), {key: value for key, value in values.items() if value}
            )


def _value(parser: configparser.RawConfigParser, section: str, key: str) -> str:
    """Return a value of a section, or of those that it extends, with what stands for others filled in."""
    for place in _sections(parser, section):
        if parser.has_option(place, key):
            return _filled(parser, section, parser.get(place, key) or "").strip()
    return ""


def _sections(parser: configparser.RawConfigParser, section: str) -> list[str]:
    """Return a section, those that it extends, each once, and what holds for every environment."""
    found = [section]
    for place in found:
        bases = _listed(parser.get(place, "extends", fallback="") or "")
        found += [base for base in dict.fromkeys(bases) if base not in found]
    return [*found, "env"]


def _filled(parser: configparser.RawConfigParser, section: str, text: str) -> str:
    for _ in range(_MOST_REFERENCES):
        reference = _REFERENCE.search(text)
        if reference is None or len(text) > 4096:
            break
        named, key = reference.groups()
        value = parser.get(section if named == "this" else named, key, fallback="") or ""
        text = text[: reference.start()] + value + text[reference.end() :]
    return text


def _listed(text: str) -> list[str]:
    return [name for name in re.split(r"[,\s]+", text) if name]


def _chip(text: str) -> Chip | None:
    """Return the chip that a name has in it; None where it has none that is known."""
    found = _CHIP.search(text.lower())
    if found is None:
        return None
    name = f"esp32{found[1] or ''}"
    return next((chip for chip in Chip if chip.value == name), None)
