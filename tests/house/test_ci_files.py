"""action.yml, the hooks of pre-commit, the template of GitLab and the Dockerfile do what they say."""

import json
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from composite_action import ActionRun, read_yaml, run_action

from otaproof.cli.exit_code import ExitCode
from otaproof.cli.main import build_app
from otaproof.impl.image.format import build_image
from places import ROOT

ACTION = ROOT / "action.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
GITLAB = ROOT / "templates/otaproof.yml"
DOCKERFILE = ROOT / "Dockerfile"
PARTITIONS = "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,,0x2000\na,app,ota_0,,64K\nb,app,ota_1,,64K\n"
DEVICE = 'partitions = "partitions.csv"\nrunning = "app.bin"\nrollback = true\nfaults = "F0"\nproofs = false\n'
HOSTILE = ('"; touch pwned; "', "$(touch pwned)", "`touch pwned`", "a'b", "*", "$HOME", "x; touch pwned", "-- --help")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a device that violates some claims."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "partitions.csv").write_text(PARTITIONS)
    (folder / "app.bin").write_bytes(build_image(size=1200, version="1", seed=1))
    (folder / "otaproof.toml").write_text(DEVICE)
    return folder


def script(file: Path, text: str) -> Path:
    """Write a program."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def otaproof(folder: Path) -> Path:
    """Return a program that is the otaproof under test."""
    return script(folder / "otaproof", f'exec {shlex.quote(sys.executable)} -m otaproof.cli.main "$@"')


def recorder(folder: Path) -> Path:
    """Return a program that notes its arguments, each on a line, in the file `arguments` of its directory."""
    return script(folder / "otaproof", f"printf '%s\\n' \"$@\" > {shlex.quote(str(folder / 'arguments'))}")


def python_with(program: Path, log: Path) -> Path:
    """Return a Python that notes what it is asked for, and whose environments have a program."""
    return script(
        program.parent / "python3",
        f'echo "$*" >> {shlex.quote(str(log))}\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; '
        f'cp {shlex.quote(str(program))} "$3/bin/otaproof"; fi',
    )


def acted(checkout: Path, tmp_path: Path, program: Path, **inputs: str) -> ActionRun:
    """Return what comes of the action; program: what it installs."""
    temporary = tmp_path / "runner"
    temporary.mkdir(exist_ok=True)
    python = python_with(program, tmp_path / "installed.log")
    named = {name.replace("_", "-"): value for name, value in inputs.items()}
    return run_action(small_copy(tmp_path), {"python": str(python), **named}, checkout, temporary)


def small_copy(tmp_path: Path) -> Path:
    """Return the action in a folder of its own, as the whole tree is copied by it."""
    folder = tmp_path / "action"
    folder.mkdir(exist_ok=True)
    (folder / "action.yml").write_text(ACTION.read_text())
    return folder / "action.yml"


def test_no_script_of_the_action_has_an_expression() -> None:
    """What a pull request names would be run as shell."""
    action = read_yaml(ACTION)
    steps = action["runs"]["steps"]
    assert "composite" == action["runs"]["using"] and len(steps) == 2
    for step in steps:
        assert "${{" not in step["run"] and step["shell"] == "bash"
    passed = {value for step in steps for value in step["env"].values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} <= passed
    assert all(row["description"] for part in ("inputs", "outputs") for row in action[part].values())


def test_action_tells_what_fails(checkout: Path, tmp_path: Path) -> None:
    """Annotations, summary, files and outputs; the step fails as the command does."""
    run = acted(checkout, tmp_path, otaproof(tmp_path / "bin"), sarif="out.sarif", junit="out.xml")
    assert [0, 1] == run.codes
    assert ("fails", "1", "out.sarif") == tuple(run.outputs[name] for name in ("verdict", "exit-code", "sarif"))
    assert ("out.xml", "") == (run.outputs["junit"], run.outputs["report"])
    assert json.loads((checkout / "out.sarif").read_text())["runs"]
    assert re.search(r"^::error file=partitions\.csv,title=otaproof check%3A C", run.printed, re.MULTILINE)
    assert run.summary.startswith("### otaproof check: fails")


def test_action_installs_what_is_locked_at_its_own_path(checkout: Path, tmp_path: Path) -> None:
    """By hash, then the package without its dependencies and without a network."""
    acted(checkout, tmp_path, otaproof(tmp_path / "bin"))
    log = (tmp_path / "installed.log").read_text().splitlines()
    assert ["-c", "-m"] == [line.split()[0] for line in log[:2]]
    locked, package = (line for line in log if " install " in line)
    assert f"--require-hashes --requirement {tmp_path / 'action/requirements-core.lock'}" in locked
    assert "--no-deps --no-build-isolation" in package
    assert not list((tmp_path / "runner").glob("otaproof.*/source"))


def test_action_passes_with_a_policy(checkout: Path, tmp_path: Path) -> None:
    """Exit code 0, which is what the file says."""
    run = acted(checkout, tmp_path, otaproof(tmp_path / "bin"), fail_on="never", args="--seed 3\n--chunk 512")
    assert [0, 0] == run.codes and "passes" == run.outputs["verdict"]
    assert "seed 3" in run.printed
    assert "::error" not in run.printed


def test_action_tells_bad_input_apart(checkout: Path, tmp_path: Path) -> None:
    """Not as a claim that fails."""
    run = acted(checkout, tmp_path, otaproof(tmp_path / "bin"), args="--fualts F1", sarif="out.sarif")
    assert ([0, 2], "bad input", "") == (run.codes, run.outputs["verdict"], run.outputs["sarif"])
    assert "::error title=otaproof check::bad input (exit code 2); the log says why" in run.printed


@pytest.mark.parametrize("text", HOSTILE)
def test_inputs_of_the_action_are_arguments(checkout: Path, tmp_path: Path, text: str) -> None:
    """Each of them arrives as it is; args are split at blanks, and nothing is expanded."""
    program = recorder(tmp_path / "bin")
    run = acted(checkout, tmp_path, program, project=text, fail_on=text, args=text, sarif=text, report=text)
    assert [0, 0] == run.codes
    wanted = ["check", "--github", *text.split(), "--fail-on", text, "--sarif", text, "--report", text, "--", text]
    assert wanted == (tmp_path / "bin/arguments").read_text().splitlines()
    assert not list(tmp_path.rglob("pwned"))


def test_output_with_a_line_end_is_not_told(checkout: Path, tmp_path: Path) -> None:
    """It would set another output."""
    name = "a\nverdict=passes"
    run = acted(checkout, tmp_path, otaproof(tmp_path / "bin"), sarif=name)
    assert (checkout / name).exists()
    assert ("fails", "") == (run.outputs["verdict"], run.outputs["sarif"])


def hooks() -> dict[str, dict[str, Any]]:
    """Return the hooks by their ids."""
    return {hook["id"]: hook for hook in read_yaml(HOOKS)}


def test_hooks_are_complete() -> None:
    """What pre-commit wants of a manifest, and commands that there are."""
    assert {"otaproof-doctor", "otaproof-check"} == set(hooks())
    for hook in hooks().values():
        assert {"id", "name", "description", "entry", "args", "language", "pass_filenames", "files"} == set(hook)
        assert ("python", False) == (hook["language"], hook["pass_filenames"])
        program, *arguments = shlex.split(hook["entry"])
        assert "otaproof" == program
        build_app(arguments[0])[arguments[0]]


@pytest.mark.parametrize(
    ("file", "ids"),
    [
        ("partitions.csv", {"otaproof-doctor", "otaproof-check"}),
        ("firmware/my_partitions_8M.csv", {"otaproof-doctor", "otaproof-check"}),
        ("sdkconfig", {"otaproof-doctor", "otaproof-check"}),
        ("fw/sdkconfig.defaults.esp32s3", {"otaproof-doctor", "otaproof-check"}),
        ("sdkconfig.ci-release", {"otaproof-doctor", "otaproof-check"}),
        ("platformio.ini", {"otaproof-doctor", "otaproof-check"}),
        ("otaproof.toml", {"otaproof-check"}),
        ("otaproof-baseline.json", {"otaproof-check"}),
        ("pyproject.toml", {"otaproof-check"}),
        ("main/main.c", set()),
        ("docs/sdkconfig/readme.md", set()),
        ("partitions.csv.md", set()),
    ],
)
def test_hooks_run_for_what_they_read(file: str, ids: set[str]) -> None:
    """As pre-commit searches the pattern in the name of a file that is staged."""
    assert ids == {id_ for id_, hook in hooks().items() if re.search(hook["files"], file)}


@pytest.mark.parametrize(
    ("id_", "more", "code"), [("otaproof-doctor", (), 1), ("otaproof-check", (), 1), ("otaproof-check", ("--x",), 2)]
)
def test_entry_of_a_hook_runs(id_: str, more: tuple[str, ...], code: int, checkout: Path, tmp_path: Path) -> None:
    """In the root of the repository, with its arguments or those of its user."""
    (checkout / "otaproof.toml").write_text(DEVICE.replace('faults = "F0"\n', ""))
    (checkout / "sdkconfig").write_text("CONFIG_PARTITION_TABLE_TWO_OTA=y\n")
    hook = hooks()[id_]
    otaproof(tmp_path / "bin")
    ended = subprocess.run(
        [*shlex.split(hook["entry"]), *(more or hook["args"])],
        cwd=checkout,
        env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert code == ended.returncode, ended.stderr


def gitlab() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of the template, and its only job."""
    head, jobs = yaml.safe_load_all(GITLAB.read_text(encoding="utf-8"))
    ((name, job),) = jobs.items()
    assert "$[[ inputs.job ]]" == name
    return head["spec"]["inputs"], job


def ran_gitlab(checkout: Path, program: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Return what comes of the job's script, with inputs as GitLab fills them in."""
    known, job = gitlab()
    values = {name: row["default"] for name, row in known.items()} | {"package": ""}
    values |= {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {
        name: re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda match: values[match[1]], text)
        for name, text in job["variables"].items()
    }
    (text,) = job["script"]
    return subprocess.run(
        ["sh", "-c", text],
        cwd=checkout,
        env={"PATH": f"{program.parent}:/usr/bin:/bin", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_job_of_gitlab_gives_its_artifacts(checkout: Path, tmp_path: Path) -> None:
    """Also where claims are violated, which fails the job."""
    _, job = gitlab()
    assert "always" == job["artifacts"]["when"]
    ended = ran_gitlab(checkout, otaproof(tmp_path / "bin"))
    assert 1 == ended.returncode, ended.stderr
    for name in (job["artifacts"]["reports"]["junit"], *job["artifacts"]["paths"]):
        assert (checkout / name).stat().st_size
    assert 0 == ran_gitlab(checkout, otaproof(tmp_path / "bin"), fail_on="never").returncode


@pytest.mark.parametrize("text", HOSTILE)
def test_inputs_of_gitlab_are_arguments(checkout: Path, tmp_path: Path, text: str) -> None:
    """Each of them arrives as it is; args are split at blanks, and nothing is expanded."""
    assert "$[[" not in gitlab()[1]["script"][0]
    ended = ran_gitlab(checkout, recorder(tmp_path / "bin"), project=text, args=text, fail_on=text)
    assert 0 == ended.returncode, ended.stderr
    files = ["--junit", "otaproof.xml", "--out", "otaproof.json"]
    wanted = ["check", *text.split(), *files, "--fail-on", text, "--", text]
    assert wanted == (tmp_path / "bin/arguments").read_text().splitlines()
    assert not list(tmp_path.rglob("pwned"))


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with what follows them."""
    lines = re.sub(r"\\\n", " ", DOCKERFILE.read_text(encoding="utf-8")).splitlines()
    parts = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return [(name, rest) for name, rest in parts]


def test_image_is_made_of_files_that_are_there() -> None:
    """And none of them is left out of the context."""
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from=" not in rest]
    assert [["requirements-core.lock"], ["."]] == copied
    for (source,) in copied:
        assert (ROOT / source).exists() and source not in ignored
    needed = {"LICENSE", "README.md", "pyproject.toml", "cli", "tests", "examples", "model"}
    assert not needed & set(ignored)


def test_image_runs_as_nobody_special_from_a_base_that_can_be_pinned() -> None:
    """All that is installed is locked by hash; the command is otaproof."""
    found = instructions()
    assert ("ARG", "BASE=python:3.11-slim") == found[0]
    assert {"${BASE} AS build", "${BASE}"} == {rest for name, rest in found if name == "FROM"}
    last = found[[name for name, _ in found].index("FROM", 2) :]
    assert ("USER", "1000") in last and ("ENTRYPOINT", '["otaproof"]') in last
    installs = [rest for name, rest in found if name == "RUN" and " install " in rest]
    assert 2 == len(installs)
    assert "--require-hashes --requirement /otaproof.lock" in installs[0]
    assert "--no-deps --no-build-isolation" in installs[1]


def yaml_blocks() -> list[Any]:
    """Return what the blocks of YAML on the page say, in order: GitHub, GitLab, pre-commit."""
    page = (ROOT / "docs/spec/ci.md").read_text(encoding="utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]


def test_examples_of_the_page_name_what_there_is() -> None:
    """Inputs and outputs of the action, inputs of the template, ids of hooks."""
    github, included, hooked = yaml_blocks()
    action = read_yaml(ACTION)
    steps = github["jobs"]["otaproof"]["steps"]
    (ours,) = (step for step in steps if step["uses"].startswith("otaproof/"))
    assert set(ours["with"]) <= set(action["inputs"])
    told = re.findall(rf"steps\.{ours['id']}\.outputs\.([\w-]+)", json.dumps(github))
    assert told and set(told) <= set(action["outputs"])
    (template,) = included["include"]
    assert template["remote"].endswith("/COMMIT/templates/otaproof.yml")
    assert set(template["inputs"]) <= set(gitlab()[0])
    (repository,) = hooked["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == set(hooks())


def test_page_names_every_input_and_output_and_exit_code() -> None:
    """So that nothing of the action is only in its file."""
    page = (ROOT / "docs/spec/ci.md").read_text(encoding="utf-8")
    action = read_yaml(ACTION)
    inputs, outputs = re.findall(r"Its inputs are (.*?); its outputs (.*?)\.\n", page, re.DOTALL)[0]
    assert list(action["inputs"]) == re.findall(r"`([a-z][a-z-]*)`", inputs)
    assert list(action["outputs"]) == re.findall(r"`([a-z][a-z-]*)`", outputs)
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert set(map(int, ExitCode)) == codes
