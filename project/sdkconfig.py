"""What an sdkconfig file says: option by option, who said it, and which of several files has the last word.

One format serves sdkconfig, sdkconfig.defaults and the fragments that CI jobs add:

    CONFIG_X=y    CONFIG_X=n    # CONFIG_X is not set        a switch
    CONFIG_X="text"             CONFIG_X=0x8000  CONFIG_X=16  a string, a number
    # anything else                                          a comment, as is what follows a blank and a #

The last assignment of an option wins, within a file and across files in the order they are read. Two parts
of an sdkconfig do not count as somebody's choice, and here as in ESP-IDF never overrule one: the block of
deprecated names at its end, which only repeats the rest, and any line below `# default:`.

Values stay as they are written, since only whoever asks for an option knows its type. What the options mean
is not decided here; see settings.py.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import InputError

RENAMED: Mapping[str, str] = {
    "APP_ROLLBACK_ENABLE": "BOOTLOADER_APP_ROLLBACK_ENABLE",
    "APP_ANTI_ROLLBACK": "BOOTLOADER_APP_ANTI_ROLLBACK",
    "APP_SECURE_VERSION": "BOOTLOADER_APP_SECURE_VERSION",
    "APP_SECURE_VERSION_SIZE_EFUSE_FIELD": "BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD",
    "EFUSE_SECURE_VERSION_EMULATE": "BOOTLOADER_EFUSE_SECURE_VERSION_EMULATE",
    "FLASH_ENCRYPTION_ENABLED": "SECURE_FLASH_ENC_ENABLED",
    "SECURE_BOOT_ENABLED": "SECURE_BOOT_V1_ENABLED",
    "ESP32_ENABLE_COREDUMP_TO_FLASH": "ESP_COREDUMP_ENABLE_TO_FLASH",
    "ESP32_COMPATIBLE_PRE_V3_1_BOOTLOADERS": "APP_COMPATIBLE_PRE_V3_1_BOOTLOADERS",
}
"""Names of older releases, and what ESP-IDF calls those options now. Source: the sdkconfig.rename files."""

# Kconfig skips a line that is indented, or has a blank before "=", with a warning few people see; here it is refused.
_SET = re.compile(r"CONFIG_(\w+)=(.*)", re.ASCII)
_NOT_SET = re.compile(r"# CONFIG_(\w+) is not set", re.ASCII)
_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")\s*(?:#.*)?')
_NEEDS_NO_QUOTES = re.compile(r'y|n|0x[0-9A-Fa-f]+|-?\d+|".*"')
_HEADER = re.compile(r"# Espressif IoT Development Framework \(ESP-IDF\) (\S+) Project .*Configuration")
_DEFAULT_FOLLOWS = "# default:"
_DEPRECATED_BEGIN = "# Deprecated options for backward compatibility"
_DEPRECATED_END = "# End of deprecated options"


@dataclass(frozen=True, slots=True)
class Option:
    """One value that somebody gave, and where."""

    name: str
    """Without CONFIG_, and as the newest ESP-IDF calls it."""
    raw: str
    """The value as written, with its quotes; a switch that "is not set" has n."""
    place: str
    """File and line, or the argument of the command line."""
    is_default: bool = False
    """Whether the file itself calls the value Kconfig's default."""
    tells: str = ""
    """How the place tells the value, where it is no line that sets it."""


@dataclass(frozen=True, slots=True)
class Sdkconfig:
    """What one file, or several laid over each other, say."""

    options: Mapping[str, Option] = field(default_factory=dict)
    """By name, in the order in which they got their value: of the members of a choice the last y counts."""
    release: Option | None = None
    """The ESP-IDF release that wrote the file, by its own header."""

    def overlaid(self, *others: "Sdkconfig") -> "Sdkconfig":
        """Return what holds when `others` are read after this, in their order."""
        options = dict(self.options)
        release = self.release
        for other in others:
            for option in other.options.values():
                _assign(options, option)
            release = other.release or release
        return Sdkconfig(options, release)


def parse_sdkconfig(text: str, file: str) -> Sdkconfig:
    """Return what the text of an sdkconfig file says; `file` is its name for people.

    Raises InputError, with file and line, for a line that is neither an assignment nor a comment.
    """
    options: dict[str, Option] = {}
    release = None
    is_default = False
    for number, line in _counted_lines(text):
        place = f"{file}:{number}"
        if header := _HEADER.match(line):
            release = Option("ESP-IDF release", header[1], place)
        if line == _DEFAULT_FOLLOWS:
            is_default = True
            continue
        option = _parse_line(line, place)
        if option is not None:
            _assign(options, Option(option.name, option.raw, place, is_default))
            is_default = False
    return Sdkconfig(options, release)


def given_options(assignments: Iterable[str], argument: str) -> Sdkconfig:
    """Return what assignments such as "CONFIG_X=y" of the command line's `argument` say.

    A string may lack its quotes, since a shell takes them away. Raises InputError for anything else.
    """
    options: dict[str, Option] = {}
    for assignment in assignments:
        match = _SET.fullmatch(assignment)
        if match is None:
            raise InputError(f"{argument}: {_shortened(assignment)} is no option; want CONFIG_NAME=VALUE")
        name, raw = match.groups()
        quoted = raw if _NEEDS_NO_QUOTES.fullmatch(raw) else f'"{raw}"'
        _assign(options, _option(name, _without_comment(quoted, name, argument), argument))
    return Sdkconfig(options)


def _counted_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that count, with their numbers from 1, without line ends; CRLF and a BOM are fine."""
    in_deprecated = False
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        bare = line.rstrip()
        if bare in (_DEPRECATED_BEGIN, _DEPRECATED_END):
            in_deprecated = bare == _DEPRECATED_BEGIN
        elif bare and not in_deprecated:
            yield number, bare


def _parse_line(line: str, place: str) -> Option | None:
    """Return the option that a line sets, or None for a comment."""
    if match := _NOT_SET.fullmatch(line):
        return _option(match[1], "n", place)
    if line.lstrip().startswith("#"):
        return None
    match = _SET.fullmatch(line)
    if match is None:
        raise InputError(
            f"{place}: cannot read {_shortened(line)}; want CONFIG_NAME=VALUE without indentation or blanks, "
            f'"# CONFIG_NAME is not set", or a comment that starts with #'
        )
    return _option(match[1], _without_comment(match[2].strip(), match[1], place), place)


def _without_comment(raw: str, name: str, place: str) -> str:
    if not raw.startswith('"'):
        return re.split(r"\s+#", raw, maxsplit=1)[0]
    match = _QUOTED.fullmatch(raw)
    if match is None:
        raise InputError(
            f"{place}: the value of CONFIG_{name} is {_shortened(raw)}; want one string in double quotes, "
            f"with \\ before a quote inside it"
        )
    return match[1]


def _option(name: str, raw: str, place: str) -> Option:
    return Option(RENAMED.get(name, name), raw, place)


def _assign(options: dict[str, Option], option: Option) -> None:
    """Make `option` the last one assigned, unless it is a mere default for something chosen before."""
    before = options.get(option.name)
    if before is not None and option.is_default and not before.is_default:
        return
    options.pop(option.name, None)
    options[option.name] = option


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
