"""Reads a page of otaproof: its elements in order, and what is wrong with it as HTML; raises nothing for bad markup."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass(slots=True)
class Element:
    """An element, with the text in it."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    """The tags around it, outermost first."""
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page, read."""

    elements: list[Element] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read entities as the characters that they stand for."""
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that begins."""
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.problems.append(f"<{tag}> has an attribute twice")
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(e.tag for e in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Note an element that ends, which must be the last that began."""
        if not self._open or self._open[-1].tag != tag:
            self.problems.append(f"</{tag}> ends {self._open[-1].tag if self._open else 'nothing'}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Add a text to every element that it lies in."""
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        """Return the elements of a tag."""
        return [element for element in self.elements if element.tag == tag]

    def of_class(self, name: str) -> list[Element]:
        """Return the elements of a class."""
        return [element for element in self.elements if name in element.attributes.get("class", "").split()]


def read_page(text: str) -> Page:
    """Return a page, read to its end."""
    page = Page()
    page.feed(text)
    page.close()
    page.problems += [f"<{element.tag}> does not end" for element in page._open]
    return page


def flaws(page: Page) -> list[str]:
    """Return what is wrong with a page: markup, names, links, and what a reader who cannot see it would miss."""
    return [*page.problems, *_names(page), *_landmarks(page), *_headings(page), *_texts(page), *_requests(page)]


def _names(page: Page) -> Iterator[str]:
    names = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    yield from (f"id {name} is there twice" for name in set(names) if names.count(name) > 1)
    wanted = [e.attributes["href"][1:] for e in page.elements if e.attributes.get("href", "").startswith("#")]
    wanted += [e.attributes["aria-labelledby"] for e in page.elements if "aria-labelledby" in e.attributes]
    yield from (f"nothing is called {name}" for name in wanted if name not in names)


def _landmarks(page: Page) -> Iterator[str]:
    if not page.all("html") or not page.all("html")[0].attributes.get("lang"):
        yield "no language"
    yield from (f"not one <{tag}>" for tag in ("main", "header", "footer", "nav", "h1") if len(page.all(tag)) != 1)


def _headings(page: Page) -> Iterator[str]:
    levels = [int(element.tag[1]) for element in page.elements if re.fullmatch("h[1-6]", element.tag)]
    yield from (f"h{after} follows h{before}" for before, after in pairwise(levels) if after > before + 1)


def _texts(page: Page) -> Iterator[str]:
    if len(page.all("table")) != len(page.all("caption")):
        yield "a table has no caption"
    for picture in page.all("svg"):
        if picture.attributes.get("aria-hidden") != "true" and not picture.attributes.get("aria-label"):
            yield "a picture has no text"
    yield from ("a button has no name" for button in page.all("button") if not button.attributes.get("aria-label"))


def _requests(page: Page) -> Iterator[str]:
    """Yield what would be loaded, or run, or refused by a policy of hashes."""
    for element in page.elements:
        for name, value in element.attributes.items():
            is_address = name in ("src", "href", "srcset", "action", "data", "poster", "xlink:href")
            if is_address and not value.startswith("#") and value != "data:,":
                yield f"{element.tag} leads to {value}"
            if name == "style" or name.startswith("on"):
                yield f"{element.tag} has an attribute {name}"
