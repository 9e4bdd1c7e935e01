"""What the site does otherwise than a code host: files of the repository that a page links to become pages.

A page says `../../model/claims/claims.py`; the site has `source/model/claims/claims.py.html` for it, with the text in
a block. Pictures are copied; a folder, and what is no text, becomes the name alone.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent.parent
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(\.\./\.\./([^)#]+)(#[^)]*)?\)")
_HEAD = "---\nsearch:\n  exclude: true\nhide: [toc]\n---\n"
_LANGUAGES = {".py": "python", ".toml": "toml", ".md": "markdown"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what pages link to."""
    linked: set[str] = set()
    for page in files.documentation_pages():
        linked |= {match[3] for match in _LINK.finditer(page.content_string)}
    for name in sorted(linked):
        path = ROOT / name
        if path.suffix in (".svg", ".png"):
            files.append(File.generated(config, f"source/{name}", abs_src_path=str(path)))
        elif path.suffix in _LANGUAGES:
            text = path.read_text(encoding="utf-8")
            fence = "`" * 4
            listing = f"{_HEAD}\n# {name}\n\n{fence}{_LANGUAGES[path.suffix]}\n{text}\n{fence}\n"
            files.append(File.generated(config, f"source/{name}.md", content=listing))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lead links there."""
    return _LINK.sub(_moved, markdown)


def _moved(match: re.Match[str]) -> str:
    mark, text, name = match[1], match[2], match[3]
    suffix = Path(name).suffix
    if suffix in (".svg", ".png"):
        return f"{mark}[{text}](source/{name})"
    return f"[{text}](source/{name}.md)" if suffix in _LANGUAGES else text
