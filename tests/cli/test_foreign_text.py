"""Text of strangers is text: on the terminal, in SARIF, SVG, DOT and Mermaid; test_github.py has the others."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from otaproof.bounded_input import shown
from otaproof.campaign.upgrade.script import Scenario
from otaproof.campaign.upgrade.upgrade_token import CutPoint, encode_token, make_token
from otaproof.cli.main import main
from otaproof.cli.reports.sarif import message_text
from otaproof.cli.terminal import status_line, terminal
from otaproof.diagrams.drawing.escapes import dot_text, mermaid_text, xml_text
from otaproof.diagrams.drawing.flow import Edge, Flow, Node
from otaproof.diagrams.drawing.sequence import Message, Remark, Sequence
from otaproof.impl.partitions.partition import Partition
from otaproof.impl.partitions.table import encode_table
from worlds import small_world

HOSTILE = (
    *("[red]x[/]", "[/x]", "[link=x]y", ":smile:", "\x1b[31mred", "\x1b]8;;x\x1b\\y", "\x9b31m", "a\x7fb", "a\rb"),
    *("a\u202eb", "a\u200bb", "\u2066a", "<script>", "</text>", "&amp;", "](http://x)", "[a](http://x)", "\\[a\\](x)"),
    *("a`b`", "```", "a|b", "a\nb", "a;b#c", "%%{init:{}}%%", '"x"', "\\N\\G", "\udcff\udc9b", "{a}", "a\ufffeb"),
)
"""Labels of at most 16 bytes, as a partition table can hold them."""
LINK = re.compile(r"(?<!\\)(?:\\\\)*\[(?:\\.|[^\]\\])*\]\(")
"""Where a plain-text message of SARIF has a link."""


def table_with(label: str) -> tuple[Partition, ...]:
    """Return a partition table whose first slot is called so."""
    return (
        Partition("otadata", 1, 0, 0xD000, 0x2000),
        Partition(label, 0, 0x10, 0x10000, 0x10000),
        Partition("ota_1", 0, 0x11, 0x20000, 0x10000),
    )


@pytest.mark.parametrize("label", HOSTILE)
def test_label_is_text_on_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], label: str) -> None:
    """As it is, with what paints written out; in the warnings of doctor and its SARIF as well."""
    table, otadata, sarif = (tmp_path / name for name in ("table.bin", "otadata.bin", "out.sarif"))
    table.write_bytes(encode_table(table_with(label)))
    otadata.write_bytes(b"\xff" * 0x2000)
    assert main(["explain", "--otadata", str(otadata), "--partitions", str(table), "--no-history", "--idf", "5.1"]) == 0
    said = capsys.readouterr().out
    # A report wraps its lines, so white space is one blank.
    assert shown(" ".join(re.split(r"[\t\n\r ]+", label))) in said and said.replace("\n", "").isprintable()
    table.write_bytes(encode_table(table_with(label)[:2]))
    assert main(["doctor", "--partitions", str(table), "--sarif", str(sarif)]) == 1
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    messages = [result["message"]["text"] for result in json.loads(sarif.read_text())["runs"][0]["results"]]
    assert messages and not any(LINK.search(message) for message in messages)


@contextmanager
def colours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make rich take the standard streams for a terminal."""
    with monkeypatch.context() as context:
        context.setenv("FORCE_COLOR", "1")
        context.setenv("COLUMNS", "200")
        yield


@pytest.mark.parametrize("text", [text for text in HOSTILE if "\r" not in text])
def test_console_and_status_line_show_it_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Nothing is read as markup, even where a report forgets to say so; rich itself leaves CR out."""
    with colours(monkeypatch):
        terminal().print(text)
        with status_line(text) as tell:
            tell(f"{text}!")
    said = capsys.readouterr()
    assert shown(text, keeps_lines=True) in said.out
    assert shown(text) in said.err and not set(text) & {"\x9b", "\u202e"} & set(said.err)


@pytest.mark.parametrize("text", HOSTILE)
def test_message_of_sarif_has_no_link(text: str) -> None:
    """Brackets are escaped; a link of ours would be found."""
    assert not LINK.search(message_text(text)) and message_text(text).replace("\n", "").isprintable()
    assert LINK.search("see [this](1)")


@pytest.mark.parametrize("text", HOSTILE)
def test_svg_has_it_as_text(text: str) -> None:
    """An XML reader gets back what is shown, and no element."""
    root = ElementTree.fromstring(f'<a b="{xml_text(text)}">{xml_text(text)}</a>')
    expected = shown(text, keeps_lines=True)
    assert (expected, expected.replace("\n", " "), 0) == (root.text, root.get("b"), len(root))


@pytest.mark.parametrize("label", HOSTILE)
def test_picture_of_a_token_is_well_formed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    """The token of a stranger draws his labels, and nothing else."""
    world = small_world()
    token = make_token(world, "C1", Scenario.UPGRADE, CutPoint(1, 0, None))
    renamed = tuple(replace(p, label=label) if p.label == "ota_0" else p for p in token.device.table)
    placed = tuple((label if name == "ota_0" else name, number) for name, number in token.device.placed)
    text = encode_token(replace(token, device=replace(token.device, table=renamed, placed=placed)))
    monkeypatch.chdir(tmp_path)
    assert main(["diagram", "partition-layout", "--token", text, "--format", "svg"]) == 0
    root = ElementTree.parse(tmp_path / "partition-layout.svg").getroot()
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert shown(label, keeps_lines=True) in {element.text for element in root.iter()}


@pytest.mark.parametrize("text", HOSTILE)
def test_mermaid_has_one_line_and_no_statement_of_his(text: str) -> None:
    """No entity, tag, directive, Markdown string or code block but ours."""
    for made in (mermaid_text(text), mermaid_text(text, "<br/>").replace("<br/>", " ")):
        rest = re.sub(r"#(?:\d+|quot);|&(?:amp|lt);", "", made)
        assert rest.isprintable() and not set(rest) & set('#;%`\\"<&')


@pytest.mark.parametrize("text", HOSTILE)
def test_drawings_escape_what_they_are_given(text: str) -> None:
    """Flow charts and sequences, in every place that takes a text."""
    flow = Flow("f", text, text, (Node("a", text), Node("b", text)), (Edge("a", "b", text),), notes=(text,))
    events = (Message("application", "flash", text), Remark(text))
    sequence = Sequence("s", text, text, events).drawing()
    plain = Flow("f", "x", "x", (Node("a", "x"), Node("b", "x")), (Edge("a", "b", "x"),), notes=("x",))
    assert flow.mermaid().count("\n") == plain.mermaid().count("\n")
    for made in (flow.mermaid(), sequence.mermaid(), flow.dot(), sequence.dot(), sequence.svg()):
        assert made.replace("\n", "").replace("\t", "").isprintable()
        assert "```" not in made or made in (flow.dot(), sequence.dot(), sequence.svg())
    ElementTree.fromstring(sequence.svg())
    assert dot_text(text).isprintable()
