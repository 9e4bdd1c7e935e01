"""The page of sources: every id that rows, claims and actions cite, with file, symbol and commit."""

from .spec_page import SpecPage, anchor, code, repo_file, source_place, source_url, sources


def sources_page() -> SpecPage:
    """Return the page."""
    page = SpecPage("sources", "Sources")
    page.add(
        f"Each project is read at one commit. Line numbers go out of date, so an id names a file and a symbol. The "
        f"list is {repo_file('docs/sources.toml')}; a test fails on an id that is cited and not listed, or listed and "
        "not cited."
    )
    page.heading("Commits")
    page.table(
        ("pin", "", "commit"),
        (
            (code(name), pin["name"], f"[{pin['commit'][:12]}]({pin['repository']}/tree/{pin['commit']})")
            for name, pin in sources()["pin"].items()
        ),
    )
    page.heading("Ids")
    page.table(
        ("id", "subject", "file and symbol", "other releases"),
        (
            (
                anchor(source_id) + source_id,
                source["title"],
                f"[{source['file']}]({source_url(source_id)}): {code(source_place(source_id))} ({source['pin']})",
                source.get("differs", ""),
            )
            for source_id, source in sources()["source"].items()
        ),
    )
    return page
