"""Completion for the shell: a script for each, and bash completes with it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import COMMANDS, main

BASH = shutil.which("bash")


def script_for(shell: str, tmp_path: Path) -> Path:
    """Return the file that the command has written."""
    path = tmp_path / f"otaproof.{shell}"
    assert ExitCode.HOLDS == main(["--install-completion", "--shell", shell, "--output", str(path)])
    return path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_knows_every_command_and_options(shell: str, tmp_path: Path) -> None:
    """Commands by name, and options of the one that has most."""
    text = script_for(shell, tmp_path).read_text(encoding="utf-8")
    assert [] == [name for name in COMMANDS if name not in text]
    assert all(option in text for option in ("bootloader-idf", "cross-check", "save-flash"))


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["otaproof", "expl"], {"explain", "explore"}),
        (["otaproof", "explore", "--boot"], {"--bootloader-idf"}),
        (["otaproof", "explore", "--faults", "F"], {"F0", "F1", "F2", "F3"}),
        (["otaproof", "diagram", "call-acc"], {"call-accept", "call-accept-by-turns"}),
    ],
)
def test_bash_completes(words: list[str], completed: set[str], tmp_path: Path) -> None:
    """The function that the script registers is called as bash calls it."""
    script = script_for("bash", tmp_path)
    last = len(words) - 1
    ask = (
        f'source "{script}"; COMP_WORDS=({" ".join(words)}); COMP_CWORD={last}; COMP_LINE="{" ".join(words)}"; '
        'COMP_POINT=${#COMP_LINE}; function=$(complete -p otaproof | sed -E "s/.*-F ([^ ]+) .*/\\1/"); '
        f'"$function" otaproof "{words[last]}" "{words[last - 1]}"; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert BASH is not None
    ended = subprocess.run([BASH, "--norc", "-c", ask], capture_output=True, text=True, check=True)
    assert completed == {word.strip() for word in ended.stdout.splitlines()}


def test_shell_that_is_not_known_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert ExitCode.BAD_INPUT == main(["--install-completion", "--shell", "tcsh"])
    assert "otaproof: --shell: 'tcsh' is none of bash, zsh, fish\n" == capsys.readouterr().err
