"""What otaproof.toml says of the options of `check`: cyclopts asks for it once the command line is read."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cyclopts import Token

from ...bounded_input import shown
from ...errors import InputError
from ...project.check_options import PROJECT, FileOption, beside
from ...project.check_policy import CheckFile, CheckPolicy, find_policy, read_baseline, read_check_file
from ...project.option_reader import ConfigValue, Origin

_OF_APPLICATIONS = ("update", "remedy", "fast")
"""What a file says of these is about updates of an application."""
_CHOICES = {"faults": "--fast", "fast": "--faults"}
"""What a file says of an option goes as well where the command line gives this one."""


class FileOptions:
    """Fills options in that the command line leaves out; cyclopts calls it, and `check` asks what was filled in."""

    def __init__(self) -> None:
        """Have read no file."""
        self.file: Path | None = None
        """The file that was read; None where there is none."""
        self._said = CheckFile()
        self._taken: list[FileOption] = []
        self._passed_over: list[str] = []
        self._follows_outside = False

    def __call__(self, app: object, commands: object, arguments: Iterable[Any]) -> None:
        """Add the options of the file to the arguments of a command; raises InputError."""
        by_name = {name: argument for argument in arguments if argument.parse for name in argument.names}
        given = {name: argument.tokens[0].value for name, argument in by_name.items() if argument.tokens}
        subject = Path(given["PROJECT"]) if "PROJECT" in given else None
        self._follows_outside = "--outside" in given
        self.file = Path(given["--policy"]) if "--policy" in given else find_policy(subject)
        if self.file is None:
            return
        self._said = read_check_file(self.file)
        is_here = subject is not None and subject.is_dir() and subject.resolve() == self.file.parent.resolve()
        for option in self._said.options:
            argument = by_name["PROJECT" if option.name == PROJECT else f"--{option.name}"]
            # The folder of the file is named to find the file, which says where in it the project is.
            if option.name == PROJECT and is_here:
                argument.tokens.clear()
            if argument.tokens or self._is_about_something_else(option, given, is_here):
                self._passed_over.append(option.name)
                continue
            self._fill_in(argument, option)

    def _is_about_something_else(self, option: FileOption, given: dict[str, str], is_here: bool) -> bool:
        if option.name in _OF_APPLICATIONS and given.get("--update-kind", "app") != "app":
            return True
        if _CHOICES.get(option.name) in given:
            return True
        if option.name == PROJECT:
            return "--flash" in given
        return option.name == "flash" and "PROJECT" in given and not is_here

    def _fill_in(self, argument: Any, option: FileOption) -> None:
        assert self.file is not None
        values = option.values
        if option.kind.is_path:
            values = tuple(str(beside(self.file, option.name, value, self._follows_outside)) for value in values)
        for index, value in enumerate(values):
            argument.tokens.append(
                Token(keyword=f"{self.file}: {option.name}", value=value, index=index, source="file")
            )
        self._taken.append(replace(option, values=values))

    @property
    def names(self) -> dict[str, str]:
        """By its name, how each option that was filled in is told of."""
        return {option.name: f"{self.file}: {option.name}" for option in self._taken}

    def values(self) -> Iterator[ConfigValue]:
        """Yield what a result rests on of the file: one value, where it says anything of options."""
        if self._said.options:
            taken = ", ".join(map(str, self._taken)) or "none"
            over = f"on the command line instead: {', '.join(self._passed_over)}" if self._passed_over else ""
            yield ConfigValue("options", shown(taken), Origin(str(self.file)), over)

    @property
    def has_baseline(self) -> bool:
        """Whether the file names a baseline."""
        return self._said.baseline is not None

    def policy(self, writes_baseline: bool = False) -> CheckPolicy:
        """Return the policy of the file, with its baseline; raises InputError.

        writes_baseline: the command writes one, so that there need not be one yet."""
        if self.file is None or self._said.baseline is None:
            return self._said.policy
        baseline = beside(self.file, "baseline", self._said.baseline, self._follows_outside)
        if not baseline.exists():
            if writes_baseline:
                return self._said.policy
            raise InputError(f"{baseline}: no such file; check --write-baseline {baseline} makes it")
        return replace(self._said.policy, baseline=read_baseline(baseline))
