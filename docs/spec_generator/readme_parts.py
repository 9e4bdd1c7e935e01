"""The generated parts of README.md, each between `<!-- NAME: made by docs/build_readme.py -->` and its end mark."""

import difflib
import re
import textwrap
from collections.abc import Callable
from functools import partial

from .left_out_text import left_out_sentence
from .readme_claims import claims_table
from .readme_listings import LISTINGS, masked, shown
from .spec_page import ROOT, calls_table, fenced

README = ROOT / "README.md"
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def library_example() -> str:
    """Return the first code of the page of the library, and its test."""
    blocks = _PYTHON.findall((ROOT / "docs/spec/library.md").read_text(encoding="utf-8"))
    (test,) = (block for block in blocks if "@pytest.mark" in block)
    return "\n\n".join(fenced(block, "python") for block in (blocks[0], test))


PARTS: dict[str, Callable[[], str]] = {
    "calls": lambda: linked(calls_table()),
    "claims": claims_table,
    "library": library_example,
    "left-out": lambda: linked(textwrap.fill(left_out_sentence("claims.md"), WIDTH)),
    **{f"listing-{listing.name}": partial(lambda item: fenced(shown(item)), listing) for listing in LISTINGS},
}
"""The function that generates each part."""
WIDTH = 120


def linked(markdown: str) -> str:
    """Return Markdown of docs/spec with its links seen from README.md."""
    return re.sub(r"\]\((?=[a-z-]+\.md)", "](docs/spec/", markdown)


def with_part(text: str, name: str, made: str) -> str:
    """Return a README with one part up to date, unchanged if only seconds differ; ValueError without the marks."""
    begin, end = f"<!-- {name}: made by docs/build_readme.py -->\n", f"<!-- end of {name} -->\n"
    match = re.search(f"{re.escape(begin)}(.*?){re.escape(end)}", text, re.DOTALL)
    if match is None:
        raise ValueError(f"README.md: no part between {begin.strip()} and {end.strip()}")
    body = f"\n{made.rstrip()}\n\n"
    if masked(body) == masked(match[1]):
        return text
    return f"{text[: match.start(1)]}{body}{text[match.end(1) :]}"


def write_readme() -> None:
    """Write README.md with all parts up to date."""
    text = README.read_text(encoding="utf-8")
    for name, make in PARTS.items():
        text = with_part(text, name, make())
    README.write_text(text, encoding="utf-8")


def difference(name: str) -> str:
    """Return how a part of README.md differs from its generated text, as a unified diff; empty if it does not."""
    text = README.read_text(encoding="utf-8")
    made = with_part(text, name, PARTS[name]())
    lines = difflib.unified_diff(text.splitlines(), made.splitlines(), "README.md", f"what {name} is now", lineterm="")
    return "\n".join(lines)
