"""What an sdkconfig file says: option by option, who said it, and which of several files has the last word.

One format serves sdkconfig, sdkconfig.defaults and the fragments that CI jobs add:

    CONFIG_X=y    CONFIG_X=n    # CONFIG_X is not set        a switch
    CONFIG_X="text"             CONFIG_X=0x8000  CONFIG_X=16  a string, a number
    # anything else                                          a comment, as is what follows a blank and a #

The last assignment of an option wins, within a file and across files in the order they are read. Two parts
of an sdkconfig do not count as somebody's choice, and here as in ESP-IDF never overrule one: the block of
deprecated names at its end, which only repeats the rest, and any line below `# default:`.

Values stay as they are written, since only whoever asks for an option knows its type. What the options mean
is not decided here; see settings.py. A line that is neither an assignment nor a comment is passed over, as Kconfig
does with a warning that few people see; it is kept, so that every command can say so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

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

_SET = re.compile(r"CONFIG_(\w+)=(.*)", re.ASCII)
_NOT_SET = re.compile(r"# CONFIG_(\w+) is not set", re.ASCII)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_WHY_PASSED_OVER = (
    (re.compile(r"(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)"), "a merge left it behind"),
    (re.compile(r"\s+(# )?CONFIG_\w+[= ]"), "it is indented"),
    (re.compile(r"CONFIG_\w+\s+="), "a blank stands before ="),
    (re.compile(r"[A-Z][A-Z0-9_]*\s*="), "CONFIG_ is missing"),
)
"""What is wrong with a line, by how it begins."""
# One character behind: r"\s+#" would begin anew at every blank of a long line of them.
_COMMENT = re.compile(r"(?<=\s)#")
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
    written: str = ""
    """The name as it is written, where that is one of an older release."""
    overridden_by: "Option | None" = None
    """What is assigned instead, for a value that does not count."""
    is_argument: bool = False
    """It is an argument of the command line or a key of otaproof.toml: what it does not take is refused."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A line of a file that Kconfig passes over with a warning: the option that it means stays as it was."""

    place: str
    """File and line."""
    text: str
    """What is written there, in quotes, quoted_text."""
    why: str
    """What is wrong with it."""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.place}: {self.what}"

    @property
    def what(self) -> str:
        """The same without the place."""
        return f"{self.text} does not count: {self.why}"


@dataclass(frozen=True, slots=True)
class Sdkconfig:
    """What one file, or several laid over each other, say."""

    options: Mapping[str, Option] = field(default_factory=dict)
    """By name, in the order in which they got their value: of the members of a choice the last y counts."""
    release: Option | None = None
    """The ESP-IDF release that wrote the file, by its own header."""
    overridden: tuple[Option, ...] = ()
    """Assignments that do not count, since another one of the same option does."""
    passed_over: tuple[PassedOver, ...] = ()
    """Lines that Kconfig passes over, in the order of the files."""

    def overlaid(self, *others: "Sdkconfig") -> "Sdkconfig":
        """Return what holds when `others` are read after this, in their order."""
        options, overridden, passed_over = dict(self.options), list(self.overridden), list(self.passed_over)
        release = self.release
        for other in others:
            overridden += other.overridden
            passed_over += other.passed_over
            for option in other.options.values():
                _assign(options, option, overridden)
            release = other.release or release
        return Sdkconfig(options, release, tuple(overridden), tuple(passed_over))


def parse_sdkconfig(text: str, file: str) -> Sdkconfig:
    """Return what the text of an sdkconfig file says; `file` is its name for people."""
    options: dict[str, Option] = {}
    overridden: list[Option] = []
    passed_over: list[PassedOver] = []
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
        if isinstance(option, PassedOver):
            passed_over.append(option)
        elif option is not None:
            _assign(options, replace(option, is_default=is_default), overridden)
            is_default = False
    return Sdkconfig(options, release, tuple(overridden), tuple(passed_over))


def given_options(assignments: Iterable[str], argument: str, is_argument: bool = False) -> Sdkconfig:
    """Return what assignments such as "CONFIG_X=y" of the command line's `argument` say.

    is_argument: so it is, although it has no dashes.
    A string may lack its quotes, since a shell takes them away. Raises InputError for anything else.
    """
    options: dict[str, Option] = {}
    overridden: list[Option] = []
    for assignment in assignments:
        match = _SET.fullmatch(assignment)
        if match is None:
            raise InputError(f"{argument}: {quoted_text(assignment)} is no option; want CONFIG_NAME=VALUE")
        name, raw = match.groups()
        quoted = raw if _NEEDS_NO_QUOTES.fullmatch(raw) else f'"{raw}"'
        value = _QUOTED.fullmatch(quoted) if quoted.startswith('"') else None
        if quoted.startswith('"') and value is None:
            raise InputError(
                f"{argument}: the value of CONFIG_{name} is {quoted_text(quoted)}; want one string in double quotes, "
                f"with \\ before a quote inside it"
            )
        option = replace(_option(name, quoted, argument), is_argument=is_argument or argument.startswith("--"))
        _assign(options, option, overridden)
    return Sdkconfig(options, overridden=tuple(overridden))


def _counted_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that count, with their numbers from 1, without line ends; CRLF and a BOM are fine."""
    in_deprecated = False
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        bare = line.rstrip()
        if bare in (_DEPRECATED_BEGIN, _DEPRECATED_END):
            in_deprecated = bare == _DEPRECATED_BEGIN
        elif bare and not in_deprecated:
            yield number, bare


def _parse_line(line: str, place: str) -> Option | PassedOver | None:
    """Return the option that a line sets, the line where it does not count, or None for a comment."""
    if match := _NOT_SET.fullmatch(line):
        return _option(match[1], "n", place)
    if line.lstrip().startswith("#"):
        return None
    match = _SET.fullmatch(line)
    if match is None:
        neither = "it is neither CONFIG_NAME=VALUE nor a comment"
        why = next((why for pattern, why in _WHY_PASSED_OVER if pattern.match(line)), neither)
        return PassedOver(place, quoted_text(line), why)
    raw = _without_comment(match[2].strip())
    if raw is None:
        return PassedOver(place, quoted_text(line), "the closing quote of its text is missing")
    return _option(match[1], raw, place)


def _without_comment(raw: str) -> str | None:
    """Return a value without what follows it; None for text that no quote ends. Kconfig reads text up to its end."""
    if not raw.startswith('"'):
        comment = _COMMENT.search(raw)
        return raw[: comment.start()].rstrip() if comment else raw
    match = _QUOTED.match(raw)
    return None if match is None else match[0]


def _option(name: str, raw: str, place: str) -> Option:
    newer = RENAMED.get(name)
    return Option(name, raw, place) if newer is None else Option(newer, raw, place, written=name)


def _assign(options: dict[str, Option], option: Option, overridden: list[Option]) -> None:
    """Make `option` the last one assigned, unless it is a mere default for something chosen before."""
    before = options.get(option.name)
    if before is not None and option.is_default and not before.is_default:
        overridden.append(replace(option, overridden_by=before))
        return
    if before is not None:
        overridden.append(replace(before, overridden_by=option))
        del options[option.name]
    options[option.name] = option


def quoted_text(text: str) -> str:
    """Return a text in quotes, cut off where it is long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
