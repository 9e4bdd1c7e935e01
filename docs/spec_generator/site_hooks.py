"""MkDocs hooks: files of the repository that a page links to become pages of the site.

A link to `../../model/claims/claims.py` becomes a link to `source/model/claims/claims.py.html`, a page with the text of
the file. Pictures are copied. A link to a folder or to another kind of file becomes plain text.

The line of calls at the top of every page is left out of the search; otherwise every page would match every function.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent.parent
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(\.\./\.\./([^)#]+)(#[^)]*)?\)")
_CALLS = re.compile(r"^(\*Calls:\* .+)$", re.MULTILINE)
_HEAD = "---\nsearch:\n  exclude: true\nhide: [toc]\n---\n"
_LANGUAGES = {".py": "python", ".toml": "toml", ".md": "markdown"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that pages link to."""
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
    """Rewrite the links to those files, and mark the line of calls."""
    return _CALLS.sub(r"\1\n{ .calls data-search-exclude }", _LINK.sub(_moved, markdown))


def _moved(match: re.Match[str]) -> str:
    mark, text, name = match[1], match[2], match[3]
    suffix = Path(name).suffix
    if suffix in (".svg", ".png"):
        return f"{mark}[{text}](source/{name})"
    return f"[{text}](source/{name}.md)" if suffix in _LANGUAGES else text
