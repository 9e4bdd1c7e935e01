"""The patch that selector/UPSTREAM.md proposes, and the release that it is for."""

import re
import shutil
import subprocess
from pathlib import Path

from places import ROOT

PAGE = (ROOT / "selector/UPSTREAM.md").read_text()
PATCH = re.findall(r"```diff\n(.*?)```", PAGE, re.DOTALL)[0]
RELEASE = re.findall(r"Against v(\S+):", PAGE)[0]


def patched(idf: Path, folder: Path) -> None:
    """Put the files of a release that the patch changes into a folder, and apply it there."""
    for name in re.findall(r"^--- a/(\S+)", PATCH, re.MULTILINE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(idf / name, folder / name)
    done = subprocess.run(["git", "apply", "-"], input=PATCH, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
