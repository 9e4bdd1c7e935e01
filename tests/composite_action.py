"""Runs the steps of a composite GitHub action as the runner does: inputs, environment, outputs, and bash."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


def read_yaml(file: Path) -> Any:
    """Return what a file of one document says."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@dataclass(slots=True)
class ActionRun:
    """What came of a run."""

    codes: list[int] = field(default_factory=list)
    """The exit code of each step that ran."""
    printed: str = ""
    """Standard output and error of all."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Those of the action."""
    summary: str = ""
    """The summary of the job."""


def run_action(file: Path, inputs: dict[str, str], folder: Path, temporary: Path) -> ActionRun:
    """Run an action's steps in a folder, the checkout; the first that fails ends it, and its outputs stay.

    temporary: an empty folder for the files of the runner."""
    action = read_yaml(file)
    known = {name: row.get("default", "") for name, row in action["inputs"].items()}
    unknown = set(inputs) - set(known)
    assert not unknown, unknown
    context = {f"inputs.{name}": value for name, value in (known | inputs).items()}
    context["github.action_path"] = str(file.parent)
    run = ActionRun()
    for number, step in enumerate(action["runs"]["steps"]):
        output, summary, script = (temporary / f"{name}{number}" for name in ("output", "summary", "script"))
        output.touch()
        script.write_text(step["run"], encoding="utf-8")
        assert step["shell"] == "bash"
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=folder,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))},
                **{name: evaluated(value, context) for name, value in step.get("env", {}).items()},
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKSPACE": str(folder),
                "RUNNER_TEMP": str(temporary),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        run.codes.append(ended.returncode)
        run.printed += ended.stdout
        run.summary += summary.read_text(encoding="utf-8") if summary.exists() else ""
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            context[f"steps.{step['id']}.outputs.{name}"] = value
        if ended.returncode:
            break
    run.outputs = {name: evaluated(row["value"], context) for name, row in action["outputs"].items()}
    return run


def evaluated(text: str, context: dict[str, str]) -> str:
    """Return a value with its expressions filled in; what is not known is empty, as the runner has it."""
    return _EXPRESSION.sub(lambda match: context.get(match[1], ""), text)
