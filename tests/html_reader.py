"""Reads a page of otaproof: its elements in order, and what is wrong with it as HTML; raises nothing for bad markup."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

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
