"""Asking an sdkconfig typed questions, and keeping every answer together with where it comes from.

An origin is a line of a file, an argument of the command line, or an assumption and its reason, so that a
report can say which values it rests on and which of them nobody chose.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..errors import InputError
from .sdkconfig import Option, PassedOver, quoted_text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from."""

    text: str
    """File and line, the argument, or the reason for the assumption."""
    assumed: bool = False
    """Whether nobody chose the value."""

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"assumed: {self.text}" if self.assumed else self.text


KCONFIG_DEFAULT = Origin("Kconfig's default", assumed=True)


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """One value that a result depends on."""

    name: str
    """CONFIG_… for an option, words for anything else."""
    value: str
    """As a person would write it."""
    origin: Origin
    remark: str = ""
    """What is to be said of the value beside its origin; "" for nothing."""


class Answers:
    """Answers typed questions about options; `given` keeps what was noted, in the order of asking.

    `warnings` keeps what is to be said of values that are taken otherwise than they are written, `passed_over` the
    lines of files whose value their option does not take: Kconfig passes them over with a warning."""

    def __init__(self, options: Mapping[str, Option]) -> None:
        """Start with no answers."""
        self.given: list[ConfigValue] = []
        self.warnings: list[str] = []
        self.passed_over: list[PassedOver] = []
        self._options = dict(options)

    def note(self, name: str, value: str, origin: Origin, remark: str = "") -> None:
        """Keep one answer."""
        self.given.append(ConfigValue(name, value, origin, remark))

    def warn(self, warning: str) -> None:
        """Keep a line on a value that is taken otherwise than it is written."""
        self.warnings.append(warning)

    def switch(self, name: str, default: bool = False) -> bool:
        """Return whether a switch is on, and note it."""
        is_on = self.is_on(name, default)
        self.note(f"CONFIG_{name}", "y" if is_on else "n", self.origin(name))
        return is_on

    def is_on(self, name: str, default: bool = False) -> bool:
        """Return whether a switch is on; as in Kconfig, its value's first letter tells, and none means no."""
        option = self._options.get(name)
        if option is None:
            return default
        if option.raw and not option.raw.startswith(("y", "n")):
            self.pass_over(name, "y or n")
            return default
        return option.raw.startswith("y")

    def origin(self, name: str) -> Origin:
        """Return who says what is said of an option."""
        option = self._options.get(name)
        if option is None:
            return KCONFIG_DEFAULT
        return Origin(f"{option.place}: {option.tells}" if option.tells else option.place)

    def number(self, name: str, base: int) -> int | None:
        """Return a number, or None when not given; base 16 takes digits with and without 0x."""
        option = self._options.get(name)
        if option is None:
            return None
        try:
            return int(option.raw, base)
        except ValueError:
            self.pass_over(name, "a hexadecimal number such as 0x8000" if base == 16 else "a decimal number")
            return None

    def text(self, name: str) -> str | None:
        """Return a string without its quotes, or None when not given."""
        option = self._options.get(name)
        if option is None:
            return None
        if not option.raw.startswith('"'):
            self.pass_over(name, "text in double quotes")
            return None
        return re.sub(r"\\(.)", r"\1", option.raw[1:-1])

    def chosen(self, members: Collection[str]) -> Option | None:
        """Return which member of a Kconfig choice is on: the one switched on last, or None.

        What a file calls a default counts only where nobody chose.
        """
        on = [option for name, option in list(self._options.items()) if name in members and self.is_on(name)]
        return next((option for option in reversed(on) if not option.is_default), on[-1] if on else None)

    def pass_over(self, name: str, wanted: str) -> None:
        """Drop a value that its option does not take, as Kconfig does; raises InputError for one of an argument."""
        option = self._options[name]
        if option.is_argument:
            raise self.refusal(name, wanted)
        del self._options[name]
        line = quoted_text(f"CONFIG_{option.written or name}={option.raw}")
        self.passed_over.append(PassedOver(option.place, line, f"want {wanted}"))

    def refusal(self, name: str, wanted: str) -> InputError:
        """Return the error for a given option whose value is not what it takes."""
        option = self._options[name]
        return InputError(f"{option.place}: CONFIG_{name}={option.raw}; want {wanted}")
