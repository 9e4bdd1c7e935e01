"""A project of somebody else's reads its own files, and no others unless that is asked for."""

import json
from pathlib import Path

import pytest
from doctor_projects import OPTIONS, Broken, make_image, make_project

from otaproof.cli.main import main
from otaproof.errors import InputError
from otaproof.project.doctor.load import load_subject
from otaproof.project.inputs import Inputs
from otaproof.project.resolve import resolve

SECRET = "root:x:0:0:hunter2"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file beside the project that is none of its business."""
    path = tmp_path / "secret"
    path.write_text(SECRET)
    return path


def refused(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    """Have the commands refuse the project in one line that shows nothing of the other file."""
    for command in (["doctor"], ["check", "--no-proofs"]):
        assert main([*command, str(project)]) == 2
        said = capsys.readouterr()
        assert "leads out of" in said.err and "--outside" in said.err and said.err.count("\n") == 1
        assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize("name", ["../secret", "main/../../secret", "{secret}"])
def test_table_of_another_directory_is_refused(
    tmp_path: Path, secret: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """CONFIG_PARTITION_TABLE_CUSTOM_FILENAME leads wherever its writer wants."""
    options = {"PARTITION_TABLE_CUSTOM_FILENAME": f'"{name.format(secret=secret)}"'}
    (tmp_path / "project/main").mkdir(parents=True)
    refused(capsys, make_project(tmp_path / "project", Broken(options)))


@pytest.mark.parametrize(
    "name",
    [
        *("sdkconfig", "partitions.csv", "build/project_description.json", "build/flasher_args.json"),
        *("build/bootloader/bootloader.bin", "build/partition_table/partition-table.bin", "sdkconfig.defaults"),
    ],
)
def test_link_that_leads_out_is_refused(
    tmp_path: Path, secret: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """As a file of the project, and as a directory that holds one."""
    project = make_project(tmp_path / "project")
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(secret)
    refused(capsys, project)


def test_images_that_a_build_names_elsewhere_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """app_bin and the file of flasher_args.json."""
    (tmp_path / "other.bin").write_bytes(make_image())
    for name, value in (
        ("project_description.json", {"app_bin": "../../other.bin"}),
        ("flasher_args.json", {"app": {"file": str(tmp_path / "other.bin")}}),
    ):
        project = make_project(tmp_path / name)
        (project / "build" / name).write_text(json.dumps(value))
        refused(capsys, project)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "\udc80", "", "/", "~"])
def test_project_that_cannot_be_is_none(tmp_path: Path, name: str) -> None:
    """What a build names may be no path at all: then its own options count."""
    (tmp_path / "project_description.json").write_text(json.dumps({"project_path": name, "app_bin": name}))
    assert not resolve(Inputs(tmp_path)).has_options


def test_project_that_a_build_names_is_refused_unless_it_lies_around_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """project_path is any directory of the machine; one around the build is its own."""
    make_project(tmp_path / "victim")
    build = tmp_path / "download/build"
    build.mkdir(parents=True)
    (build / "project_description.json").write_text(json.dumps({"project_path": str(tmp_path / "victim")}))
    refused(capsys, build)
    inner = tmp_path / "victim/out/deep"
    inner.mkdir(parents=True)
    (inner / "project_description.json").write_text(json.dumps({"project_path": str(tmp_path / "victim")}))
    assert resolve(Inputs(inner)).has_options


def test_outside_is_followed_where_that_is_asked_for(tmp_path: Path) -> None:
    """The options of many projects are links to common ones."""
    common = tmp_path / "common"
    common.write_text("".join(f"CONFIG_{name}={value}\n" for name, value in OPTIONS.items()))
    project = make_project(tmp_path / "project")
    (project / "sdkconfig").unlink()
    (project / "sdkconfig").symlink_to(common)
    with pytest.raises(InputError, match="leads out of"):
        resolve(Inputs(project))
    assert resolve(Inputs(project, follows_outside=True)).has_options


def test_links_inside_the_project_and_to_it_are_followed(tmp_path: Path) -> None:
    """Only what lies elsewhere is not."""
    project = make_project(tmp_path / "project")
    (project / "sdkconfig").rename(project / "sdkconfig.common")
    (project / "sdkconfig").symlink_to("sdkconfig.common")
    (tmp_path / "link").symlink_to(project)
    assert resolve(Inputs(tmp_path / "link")).has_options and resolve(Inputs(tmp_path / "link/build")).has_options


def test_sources_elsewhere_are_not_read(tmp_path: Path) -> None:
    """Whether the application accepts itself is unknown then."""
    (tmp_path / "other.c").write_text("esp_ota_mark_app_valid_cancel_rollback();")
    project = make_project(tmp_path / "project")
    for source in project.rglob("*.c"):
        source.unlink()
        source.symlink_to(tmp_path / "other.c")
    subject = load_subject(Inputs(project))
    assert (None, False) == (subject.accept_call, subject.has_sources)
